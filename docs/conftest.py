"""Examples of the documentation run in a temporary folder, so that the files that they write are gone afterwards."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def in_a_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an example that names a file mean one of its own."""
    monkeypatch.chdir(tmp_path)
