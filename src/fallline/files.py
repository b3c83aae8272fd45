"""Users' files: read as UTF-8 text, and written whole or not at all.

A result never replaces an existing file unless the caller asks for it.
"""

from __future__ import annotations

import csv
import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fallline.errors import ExistsError, FalllineError, OutputError, UsageError, visible

__all__ = ["csv_cell", "read_bytes", "read_text", "refuse_existing", "replacing", "write", "write_csv"]

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""Characters with which a spreadsheet begins a formula."""


def read_bytes(path: str | Path, error: type[FalllineError] = UsageError) -> bytes:
    """Return the content of a file that the user has named.

    Raises
    ------
    FalllineError
        The file cannot be read. The class is `error`.
    """
    try:
        return Path(path).read_bytes()
    except OSError as failure:
        raise error(f"{path} cannot be read: {_reason(failure)}.") from None


def read_text(path: str | Path, error: type[FalllineError] = UsageError) -> str:
    """Return the text of a file that the user has named. A byte order mark at its beginning is dropped.

    Raises
    ------
    FalllineError
        The file cannot be read, or is not UTF-8. The class is `error`.

    Examples
    --------
    >>> import tempfile; folder = tempfile.TemporaryDirectory()
    >>> table = Path(folder.name, "table.csv")
    >>> _ = table.write_bytes(b"a,b,\\xff\\n")
    >>> read_text(table)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    fallline.errors.UsageError: ...table.csv must be UTF-8 text; byte 5 is invalid.
    >>> folder.cleanup()
    """
    try:
        return read_bytes(path, error).decode("utf-8-sig")
    except UnicodeDecodeError as failure:
        raise error(f"{path} must be UTF-8 text; byte {failure.start + 1} is invalid.") from None


def _reason(failure: OSError) -> str:
    """Why the system refused, as the end of a sentence."""
    return (failure.strerror or str(failure)).lower()


def csv_cell(value: Any) -> Any:
    r"""Return the cell of a CSV file for a value. Text that a spreadsheet would run as a formula gets an apostrophe.

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
    """Raise OutputError if the path exists and may not be replaced. A device or a pipe is never replaced."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise OutputError(f"{path} is a device or a pipe: choose another place.")
    if path.exists() and not overwrite:
        raise ExistsError(f"{path} exists and stays as it is")


@contextmanager
def replacing(path: str | Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside `path`. It replaces `path` when the block succeeds, and is deleted when it fails."""
    target = Path(path)
    refuse_existing(target, overwrite=overwrite)
    if not target.parent.is_dir():
        raise OutputError(f"{target.parent} is not a directory: make it first, or choose another place.")
    temporary = target.with_name(f".{uuid.uuid4().hex[:12]}.{target.name}")
    try:
        yield temporary
        os.replace(temporary, target)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(f"{target} cannot be written: {_reason(error)}.") from None
    finally:
        temporary.unlink(missing_ok=True)


def write(path: str | Path, content: bytes, *, overwrite: bool = False) -> Path:
    """Write a file and return its path."""
    with replacing(path, overwrite=overwrite) as temporary, open(temporary, "xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    return Path(path)
