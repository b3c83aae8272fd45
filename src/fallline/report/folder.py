"""The folder of a report: report.html, results.json and figures/, written whole or not at all."""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path

from fallline.errors import ExistsError, OutputError

__all__ = ["NAMES", "refuse_report", "write_report"]

NAMES = ("report.html", "results.json", "figures")


def refuse_report(folder: Path, overwrite: bool) -> None:
    """Raise OutputError if the folder is a file, or holds a report that may not be replaced."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file; the report needs a folder. Choose another folder.")
    held = [name for name in NAMES if (folder / name).exists()]
    if held and not overwrite:
        raise ExistsError(f"{folder} holds {held[0]} already")


def write_report(folder: Path, content: dict[str, bytes], overwrite: bool) -> None:
    """Write all files or none: they are written to a new folder, and moved into place at the end."""
    new = folder / f".new-{uuid.uuid4().hex}"
    try:
        try:
            (new / "figures").mkdir(parents=True)
            for name, data in content.items():
                (new / name).write_bytes(data)
            refuse_report(folder, overwrite)  # another process may have written a report in the meantime
            for name in NAMES:
                target, old = folder / name, new / f"old-{name}"
                if target.exists():
                    os.replace(target, old)
                os.replace(new / name, target)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror or error}.") from None
