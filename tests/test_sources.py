"""What holds for the source files themselves: their length, and that each can be found by its name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SOURCES = Path(__file__).resolve().parents[1] / "src/fallline"
FILES = sorted(path for suffix in ("py", "js") for path in SOURCES.rglob(f"*.{suffix}"))
SHORTEST, LONGEST = 20, 300
ENTRY_POINTS = {
    "__init__.py",  # says what lives in a folder
    "__main__.py",  # runs the command line
    "page.js",  # starts the page in a browser's tab
    "widget.js",  # starts it in a notebook
    "live.js",  # starts a live page
    "folder.js",  # starts the page of a folder of tiles
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCES)))
def test_a_file_holds_one_idea(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= LONGEST
    assert lines >= SHORTEST or path.name in ENTRY_POINTS


@pytest.mark.parametrize("page", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_the_files_that_a_page_names_exist(page: str) -> None:
    text = (SOURCES.parents[1] / page).read_text(encoding="utf-8")
    named = re.findall(r"`((?:[\w.]+/)+[\w.]+\.\w+)`", text)
    roots = (SOURCES.parents[1], SOURCES, SOURCES / "readings")
    absent = [name for name in named if not any((root / name).exists() for root in roots)]
    assert named
    assert not absent
