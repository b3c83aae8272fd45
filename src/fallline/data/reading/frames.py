"""Tables from data frames (pandas, polars, pyarrow, through narwhals) and from Parquet files."""

from __future__ import annotations

import io
import math
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from fallline.data.reading.cells import MISSING
from fallline.data.reading.columns import Column, Kind, Table
from fallline.errors import DataError
from fallline.limits import memory_allowed

__all__ = ["frame_table", "is_frame", "parquet_table"]

_LIBRARIES = ("pandas", "polars", "pyarrow", "modin", "cudf", "duckdb", "ibis")


def is_frame(value: object) -> bool:
    """Whether a value is a data frame. A library that was never imported has none, and is not imported for the question.

    >>> is_frame([[1, 2]])
    False
    """
    home = type(value).__module__.partition(".")[0]
    if home not in _LIBRARIES or home not in sys.modules:
        return False
    import narwhals as nw

    read = nw.from_native(value, pass_through=True)
    return isinstance(read, nw.DataFrame | nw.LazyFrame)


def frame_table(frame: Any, name: str = "the table") -> Table:
    """Return the table of a data frame.

    Raises
    ------
    DataError
        It has no row, or a name stands twice.

    Examples
    --------
    >>> import pyarrow
    >>> frame_table(pyarrow.table({"size": [1.0, None], "kind": ["oak", "ash"]}))
    Table('the table', 2 rows; size: number, kind: text)
    """
    import narwhals as nw

    if hasattr(frame, "iloc") and all(
        isinstance(column, str) for column in frame.columns
    ):  # pandas lets a name stand twice
        _check_names([*frame.columns], name)
    try:
        read = nw.from_native(frame)
        read = read.collect() if isinstance(read, nw.LazyFrame) else read
        names = [str(column) for column in read.columns]
    except Exception as error:  # what narwhals and the libraries raise for names that stand twice
        raise DataError(f"{name} cannot be read: {_first_line(error)}") from None
    if not len(read) or not names:
        raise DataError(f"{name} must have at least one column and one row; it has the shape {read.shape}.")
    _check_names(names, name)
    return Table(
        name, {column: _column(column, read.get_column(own)) for column, own in zip(names, read.columns, strict=True)}
    )


def parquet_table(content: bytes, file: str) -> Table:
    """Return the table of a Parquet file. It needs pyarrow.

    Raises
    ------
    DataError
        pyarrow is absent, the file is damaged, or it would take too much memory.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise DataError(f"{file}: Parquet files need pyarrow. Install it: pip install 'fallline[tables]'.") from None
    try:
        source = parquet.ParquetFile(
            io.BytesIO(content), thrift_string_size_limit=10_000_000, thrift_container_size_limit=1_000_000,
            page_checksum_verification=True,
        )  # fmt: skip
        about = source.metadata
        size = 100.0 * about.num_rows * about.num_columns
        if size > memory_allowed():
            raise DataError(
                f"{file} has {about.num_rows:,} rows of {about.num_columns:,} columns, too many for this machine's memory."
            )
        table = source.read(use_threads=False)
        table.validate(full=True)
    except DataError:
        raise
    except (
        pa.ArrowException,
        OSError,
        ValueError,
        TypeError,
        KeyError,
        OverflowError,
        MemoryError,
        UnicodeError,
    ) as error:
        raise DataError(f"{file} is no Parquet file, or a damaged one: {_first_line(error)}") from None
    return frame_table(table, file)


def _check_names(names: Sequence[str], name: str) -> None:
    twice = [column for column, times in Counter(names).items() if times > 1]
    if twice:
        raise DataError(f"{name}: a column must have a name of its own; {twice[0]!r} stands twice.")


def _first_line(error: BaseException) -> str:
    text = (str(error).strip() or type(error).__name__).splitlines()[0]
    return text if text.endswith(".") else f"{text[:200]}."


def _column(name: str, series: Any) -> Column:
    """The column of a series: by its type, or, where it may hold anything, by its values."""
    import narwhals as nw

    kind = series.dtype
    if kind.is_temporal():
        values = series.to_list()
        return _of_values(name, "date", [None if _is_null(v) else str(v) for v in values])
    if kind.is_numeric() or kind == nw.Boolean:
        return _numbers(name, series.to_list())
    if kind in (nw.String, nw.Categorical) or isinstance(kind, nw.Enum) or kind == nw.Enum:
        return _of_texts(name, series.to_list())
    return _of_objects(name, series.to_list())


def _is_null(value: Any) -> bool:
    return (
        value is None or type(value).__name__ in ("NAType", "NaTType") or (isinstance(value, float) and value != value)
    )


def _numbers(name: str, values: Sequence[Any]) -> Column:
    missing = [_is_null(value) for value in values]
    numbers = np.array([math.nan if gone else _float(value) for value, gone in zip(values, missing, strict=True)])
    texts = [None if gone else _text(value) for value, gone in zip(values, missing, strict=True)]
    return Column(name, "empty" if all(missing) else "number", numbers, texts)


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _text(value: Any) -> str:
    """A number as the name of a class: 1.0 is called 1 only where it is a whole number of its type."""
    return str(value)


def _of_texts(name: str, values: Sequence[Any]) -> Column:
    """A column of texts stays one, even where the texts are digits: a frame has types. Missing values are its own, and ours."""
    texts = [None if _is_null(value) or str(value).strip() in MISSING else str(value).strip() for value in values]
    return _of_values(name, "text", texts)


def _of_values(name: str, kind: Kind, texts: Sequence[str | None]) -> Column:
    numbers = np.full(len(texts), math.nan)
    return Column(name, "empty" if all(text is None for text in texts) else kind, numbers, texts)


def _of_objects(name: str, values: Sequence[Any]) -> Column:
    """A column of Python objects, as pandas keeps texts with missing ones among them."""
    import datetime
    import decimal

    known = [value for value in values if not _is_null(value)]
    if known and all(isinstance(value, bool | int | float | decimal.Decimal | np.number | np.bool_) for value in known):
        return _numbers(
            name, [value if _is_null(value) else getattr(value, "item", lambda v=value: v)() for value in values]
        )
    if all(isinstance(value, str) for value in known):
        return _of_texts(name, values)
    if all(isinstance(value, datetime.date | datetime.time | datetime.timedelta | np.datetime64) for value in known):
        return _of_values(name, "date", [None if _is_null(value) else str(value) for value in values])
    if all(isinstance(value, str | int | float | bool) for value in known):
        numbers = np.array([float(v) if isinstance(v, int | float) and not _is_null(v) else math.nan for v in values])
        return Column(name, "mixed", numbers, [None if _is_null(value) else str(value) for value in values])
    return _of_values(name, "other", [None if _is_null(value) else repr(value)[:60] for value in values])
