"""`read_table`: a table from a file, a text, or a data frame."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

from fallline.data.reading.columns import Table
from fallline.data.reading.dialect import Dialect
from fallline.data.reading.encoding import decoded
from fallline.data.reading.frames import frame_table, is_frame, parquet_table
from fallline.data.reading.text import text_table
from fallline.errors import DataError, UsageError, shown
from fallline.files import read_bytes

__all__ = ["MOST_BYTES", "file_text", "is_table", "read_table"]

MOST_BYTES = 200_000_000
"""The most bytes of a text table."""

_SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".dat", ".data", ".parquet", ".pq")


def is_table(value: object) -> bool:
    """Whether a value is a table, a data frame, or names a table's file by its suffix.

    >>> is_table("flowers.csv"), is_table("moons")
    (True, False)
    """
    if isinstance(value, str):
        return value.lower().endswith(_SUFFIXES)
    return isinstance(value, Path | Table) or is_frame(value)


def read_table(source: Any, *, name: str | None = None, dialect: Dialect | None = None) -> Table:
    """Read a table: a CSV file in any usual dialect, a Parquet file, a data frame, or the text of a CSV file.

    Parameters
    ----------
    source
        A path; a data frame of pandas, polars or pyarrow; a table that was read; or a text of several lines.
    name
        What messages call it; by default, the name of the file.
    dialect
        How a text is written; what it leaves open is detected.

    Raises
    ------
    DataError
        It cannot be read, or is not a table.

    Examples
    --------
    >>> read_table("size;kind\\n1,5;oak\\n2;ash\\n", name="trees.csv")["size"].numbers.tolist()
    [1.5, 2.0]
    """
    if dialect is not None and not isinstance(dialect, Dialect):
        raise UsageError(f"dialect must be a Dialect, such as Dialect(separator=';'); got {shown(dialect)}.")
    if isinstance(source, Table):
        return source
    if is_frame(source):
        return frame_table(source, name or "the table")
    if isinstance(source, str) and "\n" in source:
        return text_table(source.removeprefix("\ufeff"), name or "the table", dialect)
    if not isinstance(source, str | Path):
        raise UsageError(
            f"a table must be a file, or a data frame of pandas, polars or pyarrow; got {type(source).__name__}."
        )
    path = Path(source)
    name = name or path.name
    content = read_bytes(path, DataError)
    if content.startswith(b"PAR1") or path.suffix.lower() in (".parquet", ".pq"):
        return parquet_table(content, name)
    text, encoding = _text(content, name, dialect)
    return text_table(text, name, Dialect(**{**_told(dialect), "encoding": encoding}))


def file_text(path: str | Path, dialect: Dialect | None = None) -> str:
    """The text of a CSV file.

    Raises
    ------
    DataError
        It cannot be read, or is no text.
    """
    return _text(read_bytes(path, DataError), Path(path).name, dialect)[0]


def _told(dialect: Dialect | None) -> dict[str, Any]:
    return {} if dialect is None else dict(vars(dialect))


def _text(content: bytes, name: str, dialect: Dialect | None) -> tuple[str, str]:
    if content.startswith(b"PK\x03\x04") and zipfile.is_zipfile(io.BytesIO(content)):
        raise DataError(f"{name} is a workbook or an archive, not text. Save its sheet as CSV.")
    if content.startswith(b"PAR1"):
        raise DataError(f"{name} is a Parquet file; this place takes CSV.")
    if len(content) > MOST_BYTES:
        raise DataError(
            f"{name} may have at most {MOST_BYTES:,} bytes as text; it has {len(content):,}. Save it as Parquet."
        )
    return decoded(content, name, None if dialect is None else dialect.encoding)
