"""Arrays of columns, to which NumPy hands the operations of the code that is traced.

The axis of runs is not among the axes of such an array: an array of runs is traced as an array without axes, and the
parameters (runs, P) as an array (P,).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import numpy as np

from fallline.errors import TraceError
from fallline.readings.portable import functions
from fallline.readings.portable.column import Column, applied, as_column, as_number, chosen, converted
from fallline.readings.scalars import Scalars

__all__ = ["Columns"]

ELEMENTWISE = (
    "add", "subtract", "multiply", "divide", "floor_divide", "negative", "power", "absolute", "sqrt", "sign", "floor", "rint",
    "maximum", "minimum", "isfinite", "isnan", "greater", "greater_equal", "less", "less_equal", "equal", "not_equal",
    "logical_and", "logical_or", "logical_not", "bitwise_and", "bitwise_or", "bitwise_xor", "invert",
    "exp", "log", "log1p", "tanh", "sin", "cos",
)  # fmt: skip


def power_of_two(exponent: Column) -> float:
    """2 to the power of a constant column."""
    known = exponent.table.constant(exponent.value)
    if known is None:
        raise TraceError("ldexp takes a plain number as exponent")
    return 2.0 ** int(known)


class Columns(Scalars):
    """An array of columns."""

    functions: ClassVar[dict[str, Callable[..., Any]]] = {
        **{name: partial(applied, name) for name in ELEMENTWISE},
        "positive": lambda x: x,
        "square": lambda x: applied("multiply", x, x),
        "ldexp": lambda x, exponent: applied("multiply", x, power_of_two(exponent)),
        "clip": lambda x, low, high: applied("minimum", applied("maximum", x, low), high),
    }
    conditional = staticmethod(chosen)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the arrays of runs for which these columns stand, not that of this array of objects."""
        return np.result_type(*(x.dtype for x in self.entries()))

    def astype(self, dtype: Any, *_: Any, **__: Any) -> Any:
        """Return the columns converted to another type."""
        return self.each(partial(converted, dtype=dtype))

    def item(self, *_: Any) -> Any:
        """Return the number as one of Python's, which does not decide the type of a result."""
        [number] = self.entries()
        return self.of(as_number(number))

    def argmax(self, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> Any:
        """Return the place of the first largest entry; NaN counts as the largest."""
        return self._wrap(functions.place_of_extreme(self._along(axis), np.less_equal))

    def argmin(self, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> Any:
        """Return the place of the first smallest entry; NaN counts as the smallest."""
        return self._wrap(functions.place_of_extreme(self._along(axis), np.greater_equal))

    def elementary(self, name: str) -> Any:
        """Return an elementary function of the columns, which is not rounded as `exact` rounds it."""
        return self.each(partial(applied, name))

    def entries(self) -> list[Column]:
        """The columns, in a list."""
        return list(np.asarray(self).ravel())

    def each(self, function: Callable[[Column], Column]) -> Any:
        """Return the columns that a function makes of these."""
        return self._wrap(np.frompyfunc(function, 1, 1)(np.asarray(self)))

    def _along(self, axis: int | None) -> list[Any]:
        entries = np.asarray(self)
        return list(entries.ravel() if axis is None else np.moveaxis(entries, axis, 0))

    def typed(self, x: Any) -> Any:
        """Return NumPy's numbers as constants of their types; other values are returned unchanged."""
        if isinstance(x, Columns) or not isinstance(x, np.ndarray | np.generic) or x.dtype == object:
            return x
        constants = np.empty(np.shape(x), dtype=object)
        constants.ravel()[:] = [as_column(self.entries()[0].table, number) for number in np.ravel(x)]
        return constants.view(Columns)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
        inputs = tuple(self.typed(x) for x in inputs)
        if method == "accumulate" and ufunc.__name__ in ("add", "maximum", "minimum"):
            function = np.frompyfunc(self.functions[ufunc.__name__], 2, 1)
            return self._wrap(function.accumulate(np.asarray(inputs[0]), axis=kwargs.get("axis", 0), dtype=object))
        if method == "reduce" and ufunc is np.add:
            raise TraceError("sums are taken in pairs; use cumsum, whose order is that of the entries")
        return super().__array_ufunc__(ufunc, method, *inputs, out=out, **kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        args = tuple([self.typed(x) for x in a] if isinstance(a, list | tuple) else self.typed(a) for a in args)
        known = functions.KNOWN.get(func.__name__)
        if known is not None:
            return self._wrap(known(*args, **kwargs))
        return super().__array_function__(func, types, args, kwargs)

    def __format__(self, form: str) -> str:
        return format(self.entries()[0], form) if not self.shape else super().__format__(form)

    def __repr__(self) -> str:
        return f"Columns({self.entries()})"
