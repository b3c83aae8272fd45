"""Writing results: as a whole or not at all, and never over what exists unless told to."""

from __future__ import annotations

import csv
import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fallline.errors import OutputError, visible

__all__ = ["csv_cell", "refuse_existing", "replacing", "write", "write_csv"]

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula."""


def csv_cell(value: Any) -> Any:
    r"""A cell of a CSV file. A text that a spreadsheet would take for a formula gets an apostrophe in front.

    >>> csv_cell("=1+1"), csv_cell("-1.5"), csv_cell("cats"), csv_cell(-1.5)
    ("'=1+1", '-1.5', 'cats', -1.5)
    >>> print(csv_cell("one\ntwo"))
    one\u000atwo
    """
    if not isinstance(value, str):
        return value
    text = visible(value)
    if not text.startswith(_FORMULA):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text


def write_csv(stream: Any, rows: Iterable[Iterable[Any]]) -> None:
    """Write rows as CSV to a text stream; floats read back to the same bits."""
    csv.writer(stream).writerows([csv_cell(value) for value in row] for row in rows)


def refuse_existing(path: Path, *, overwrite: bool = False) -> None:
    """One sentence if the path exists and may not be replaced; a device or a pipe never may."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise OutputError(f"{path} is a device or a pipe: choose another place.")
    if path.exists() and not overwrite:
        raise OutputError(f"{path} exists and stays as it is: choose another name, or give --force to replace it.")


@contextmanager
def replacing(path: str | Path, *, overwrite: bool = False) -> Iterator[Path]:
    """A temporary path beside `path`, which takes its place when the block ends well and vanishes when it does not."""
    target = Path(path)
    refuse_existing(target, overwrite=overwrite)
    if not target.parent.is_dir():
        raise OutputError(f"{target.parent} is no directory: make it first, or choose another place.")
    temporary = target.with_name(f".{uuid.uuid4().hex[:12]}.{target.name}")
    try:
        yield temporary
        os.replace(temporary, target)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"{target} cannot be written: {(error.strerror or str(error)).lower()}.") from None
    finally:
        temporary.unlink(missing_ok=True)


def write(path: str | Path, content: bytes, *, overwrite: bool = False) -> Path:
    """Write a file and return its path."""
    with replacing(path, overwrite=overwrite) as temporary, open(temporary, "xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    return Path(path)
