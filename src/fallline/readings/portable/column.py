"""One column: a value of a table with its type, and operations on columns, whose types NumPy decides."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from fallline.errors import TraceError
from fallline.readings.constants import INEXACT
from fallline.readings.graph import COMPARISONS
from fallline.readings.portable.program import Table

__all__ = ["Column", "Number", "alike", "applied", "as_column", "as_number", "chosen", "converted", "table_of"]

Number: TypeAlias = bool | int | float

TYPES = ("float32", "float64", "int64", "int32", "uint8", "bool")
"""The types that a program may have."""

NARROW = ("int32", "uint8")
"""Types whose arithmetic wraps around."""

ARITHMETIC = ("add", "subtract", "multiply", "divide", "floor_divide", "negative", "absolute", "power")

OPERATORS = (*ARITHMETIC, *COMPARISONS)
"""Operations that Python has for its own numbers, with a number of Python's as the result."""

OF_TRUTHS = {
    "bitwise_and": "logical_and", "bitwise_or": "logical_or", "bitwise_xor": "not_equal", "invert": "logical_not",
}  # fmt: skip


class Column:
    """A number for each run, or one number for all of them.

    Attributes
    ----------
    table, value
        The table, and the number of the value in it.
    kind
        `int`, `float` or `bool` if it stands for a number of Python's, which does not decide the type of a result (NEP 50).
    """

    __slots__ = ("kind", "table", "value")

    def __init__(self, table: Table, value: int, kind: type[Number] | None = None) -> None:
        self.table, self.value, self.kind = table, value, kind

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(self.table.types[self.value])

    def __bool__(self) -> bool:
        if self.table.writing is not None:
            return self.table.writing.decides(self)
        raise TraceError("`if`, `and`, `or`, `not`, min and max need one truth value; use NumPy's where and minimum")

    def __format__(self, form: str) -> str:
        return self.table.writing.shows(self, form) if self.table.writing is not None else super().__format__(form)

    def __float__(self) -> float:
        raise TraceError("float(x) and np.asarray(x, dtype) need plain numbers; use x.astype(dtype)")

    __int__ = __index__ = __float__

    def __repr__(self) -> str:
        return f"value {self.value}, {self.dtype}"


def as_column(table: Table, x: Any) -> Column:
    """A number as a column: one of Python's keeps its kind, one of NumPy's its type. A column is returned unchanged."""
    if isinstance(x, Column):
        return x
    if isinstance(x, np.generic):
        return Column(table, table.number(_name(x.dtype), x.item()))
    if isinstance(x, bool | int | float):
        return Column(table, table.number(np.array(x).dtype.name, x), type(x))
    raise TraceError(f"a column cannot be combined with {type(x).__name__} {x!r}")


def _name(dtype: np.dtype[Any]) -> str:
    if dtype.name not in TYPES:
        raise TraceError(f"a portable program has no type {dtype}; it has {', '.join(TYPES)}")
    return dtype.name


def _kind_or_type(x: Column) -> Any:
    return x.kind if x.kind in (int, float) else x.dtype


def as_number(x: Column) -> Column:
    """The column as a number of Python's."""
    return Column(x.table, x.value, {"i": int, "u": int, "f": float, "b": bool}[x.dtype.kind])


def converted(x: Column, dtype: Any) -> Column:
    """The column as `astype` converts it."""
    name = _name(np.dtype(dtype))
    if x.dtype.name == name:
        return Column(x.table, x.value)
    constant = x.table.constant(x.value)
    if constant is not None:
        return Column(x.table, x.table.number(name, np.array(constant).astype(name).item()))
    return Column(x.table, x.table.node("astype", name, x.value))


def applied(operation: str, *operands: Any) -> Column:
    """The column that one of NumPy's elementwise functions makes of columns and numbers.

    The operands are converted to the types in which NumPy computes, and the result has the type that NumPy gives it.
    """
    table = table_of(*operands)
    columns = [as_column(table, x) for x in operands]
    types = [_kind_or_type(x) for x in columns]
    if operation in OF_TRUTHS:
        if any(t not in (bool, np.dtype(bool)) for t in types):
            raise TraceError(f"{operation} is portable for truth values only")
        return applied(OF_TRUTHS[operation], *columns)
    if operation == "power" and table.constant(columns[1].value) == 2:  # as NumPy's ** has it
        return applied("multiply", columns[0], columns[0])
    if operation in INEXACT and table.exact:
        raise TraceError(f"{operation} does not have the same bits on every machine")
    of_python = all(x.kind for x in columns)
    function: np.ufunc = getattr(np, operation)
    *takes, gives = function.resolve_dtypes((*([x.dtype for x in columns] if of_python else types), None))
    if (operation == "floor_divide" and gives.kind == "f") or (operation in ARITHMETIC and gives in NARROW):
        raise TraceError(
            f"{operation} of {gives} is not portable"
        )  # whose results are not those of JavaScript's numbers
    values = [converted(x, t).value for x, t in zip(columns, takes, strict=True)]
    kind = {"i": int, "f": float, "b": bool}[gives.kind] if of_python and operation in OPERATORS else None
    return Column(table, table.node(operation, _name(gives), *values), kind)


def chosen(condition: Any, yes: Any, no: Any) -> Column:
    """The column that `where` makes."""
    table = table_of(condition, yes, no)
    truth = converted(as_column(table, condition), bool)
    first, second = alike(table, yes, no)
    known = table.constant(truth.value)
    if known is not None:
        return first if known else second
    return Column(table, table.node("select", first.dtype.name, truth.value, first.value, second.value))


def alike(table: Table, *values: Any) -> list[Column]:
    """Columns of the one type that an array of these values has."""
    columns = [as_column(table, x) for x in values]
    dtype = np.result_type(*(x.kind(0) if x.kind else x.dtype for x in columns))
    return [converted(x, dtype) for x in columns]


def table_of(*values: Any) -> Table:
    """The table of those values that are columns."""
    return next(x.table for x in values if isinstance(x, Column))
