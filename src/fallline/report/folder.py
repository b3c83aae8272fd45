"""The folder of a report: report.html, results.json and figures/, written whole or not at all."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path

from fallline.errors import ExistsError, OutputError

__all__ = ["NAMES", "refuse_report", "write_report"]

NAMES = ("report.html", "results.json", "figures")


def refuse_report(folder: Path, overwrite: bool, names: Sequence[str] = NAMES) -> None:
    """Raise OutputError if the folder is a file, or holds a report, with any of these names, that may not be replaced."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file; the report needs a folder. Choose another folder.")
    held = [name for name in names if (folder / name).exists()]
    if held and not overwrite:
        raise ExistsError(f"{folder} holds {held[0]} already")


def write_report(folder: Path, content: dict[str, bytes], overwrite: bool, names: Sequence[str] = NAMES) -> None:
    """Write all files or none: they are written to a new folder, and moved into place at the end.

    `names` are those of files and folders in the folder. Folders are created also if nothing is in them.
    """
    new = folder / f".new-{uuid.uuid4().hex}"
    try:
        try:
            new.mkdir(parents=True)
            for name in names:
                if not Path(name).suffix:
                    (new / name).mkdir()
            for name, data in content.items():
                (new / name).write_bytes(data)
            refuse_report(folder, overwrite, names)  # another process may have written a report in the meantime
            for name in names:
                target, old = folder / name, new / f"old-{name}"
                if target.exists():
                    os.replace(target, old)
                os.replace(new / name, target)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror or error}.") from None
