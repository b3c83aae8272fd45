"""A trace: it makes the columns with which code is called, and a program of what the code returns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fallline.readings.portable.column import Column, as_column
from fallline.readings.portable.columns import Columns
from fallline.readings.portable.program import Program, Table

__all__ = ["Trace"]


class Trace:
    """Code that is being traced. Its inputs are `Columns`, which stand for arrays.

    Parameters
    ----------
    exact
        Whether only operations are allowed that have the same bits on every machine.

    Examples
    --------
    >>> trace = Trace()
    >>> losses, steps = trace.column("losses", "float32"), trace.number("steps")
    >>> program = trace.program({"mean": np.where(np.isfinite(losses), losses / (steps + 1), np.nan)})
    >>> for node in program.nodes:
    ...     print(node.op, node.dtype, *node.operands)
    isfinite bool 0
    number int64 1
    add int64 1 3
    astype float32 4
    divide float32 0 5
    number float32 nan
    select float32 2 6 7
    """

    def __init__(self, *, exact: bool = True) -> None:
        self.table = Table(exact=exact)

    def column(self, name: str, dtype: Any) -> Any:
        """Return an input that has a value for each run."""
        return self._input(name, dtype)[0]

    def columns(self, name: str, dtype: Any, count: int, *, each: bool = True) -> Any:
        """Return an input of `count` numbers for each run, or for all of them."""
        return self._input(name, dtype, count=count, each=each)

    def number(self, name: str, kind: type[int | float] = int) -> Any:
        """Return an input that is one of Python's numbers."""
        return self._input(name, np.dtype(kind), each=False)[0].item()

    def program(self, results: Mapping[str, Any]) -> Program:
        """Return the program that computes those arrays."""
        values = {}
        for name, result in results.items():
            entries = [as_column(self.table, x) for x in np.asarray(result, dtype=object).ravel()]
            values[name] = [x.value for x in entries]
        return self.table.program(values)

    def _input(self, name: str, dtype: Any, **form: Any) -> Any:
        values = self.table.input(name, np.dtype(dtype).name, **form)
        return Columns.of([Column(self.table, value) for value in values])
