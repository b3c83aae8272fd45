"""Arrays whose entries are a reading's own scalars, and which follow NumPy's protocols.

A page calls `A @ W + rows(b)`, `where(z > 0, ...)`, `np.exp(x)`. For an array of this type NumPy passes each call to
the reading: arithmetic to the scalars' own operators, named functions to the reading's table. So neither a page of the
textbook nor a user's page needs to import the reading, and there is one version of it for all readings.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from fallline.errors import TraceError

__all__ = ["Scalars"]

_ARITHMETIC: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "negative": operator.neg,
    "positive": operator.pos,
    "power": operator.pow,
    "square": lambda x: x * x,
}


class Scalars(np.ndarray):
    """An object array of a reading's scalars. A reading subclasses it and fills in `functions`, `conditional`."""

    functions: ClassVar[dict[str, Callable[..., Any]]] = {}
    """The function of scalars for each NumPy or SciPy ufunc, by its name: "exp", "maximum", "greater", ..."""

    @staticmethod
    def conditional(condition: Any, yes: Any, no: Any) -> Any:
        """Return the value of `where(condition, yes, no)` for scalars."""
        raise NotImplementedError

    @classmethod
    def of(cls, values: Any) -> Any:
        """Return an array of this type with the values of a list, an array, or one scalar."""
        if isinstance(values, np.ndarray):
            return values.astype(object).view(cls)
        if isinstance(values, list | tuple):
            return np.array(values, dtype=object).view(cls)
        out = np.empty((), dtype=object)
        out[()] = values
        return out.view(cls)

    def shift(self) -> Any:
        """Return the shift of a log-sum-exp: 0 in exact arithmetic. A reading that rounds overrides it."""
        return self[..., :1] * 0

    def mean(self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False, **_: Any) -> Any:  # type: ignore[override]  # only those of NumPy's arguments that apply here
        """Return the mean. NumPy's own method would divide in place."""
        total = self.sum(axis=axis, keepdims=keepdims)
        return total / (self.size // max(1, np.size(total)))

    def __getitem__(self, key: Any) -> Any:
        value = super().__getitem__(key)
        return value if isinstance(value, Scalars) else type(self).of(value)

    def __setitem__(self, key: Any, value: Any) -> None:
        # NumPy would put an array without axes into the entry as it is.
        super().__setitem__(key, value.item() if isinstance(value, Scalars) and not value.shape else value)

    @np.errstate(all="ignore")  # constants are computed at once; 1 / 0 may stand in a branch that is not taken
    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
        name = ufunc.__name__
        plain = [np.asarray(x, dtype=object) for x in inputs]
        if name == "matmul" and method == "__call__":
            return self._wrap(np.matmul(*plain))
        function = self.functions.get(name) or _ARITHMETIC.get(name)
        if function is not None and out is not None:
            raise TraceError(f"{name} writes into an array in place, as x *= 2 does; write x = x * 2 instead.")
        if function is None or method not in ("__call__", "reduce"):
            known = ", ".join(sorted(self.functions | _ARITHMETIC))
            raise TraceError(f"{name} is not an operation that this reading knows; it knows {known}.")
        if method == "reduce":
            return self._wrap(_reduce(function, plain[0], **kwargs))
        return self._wrap(np.frompyfunc(function, len(plain), 1)(*plain))

    @np.errstate(all="ignore")
    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func is np.where:
            return self._wrap(np.frompyfunc(self.conditional, 3, 1)(*(np.asarray(a, dtype=object) for a in args)))
        if func in (np.concatenate, np.stack):
            parts = [np.asarray(a, dtype=object) for a in args[0]]
            return self._wrap(func(parts, *args[1:], **kwargs))
        return super().__array_function__(func, types, args, kwargs)

    def _wrap(self, result: Any) -> Any:
        return type(self).of(result) if not isinstance(result, np.ndarray) else result.view(type(self))


def _reduce(
    function: Callable[..., Any],
    array: Any,
    axis: Any = 0,
    keepdims: bool = False,
    initial: Any = np._NoValue,
    **_: Any,
) -> Any:
    """Reduce from left to right along one or several axes: the order is part of the arithmetic."""
    axes = range(array.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    axes = sorted(a % array.ndim for a in axes)
    moved = np.moveaxis(array, axes, range(len(axes)))
    rest = moved.shape[len(axes) :]
    flat = moved.reshape(-1, *rest)
    first = [] if initial is np._NoValue else [initial]
    summed = functools.reduce(np.frompyfunc(function, 2, 1), [*first, *flat])
    if keepdims:
        return np.expand_dims(np.asarray(summed, dtype=object), tuple(axes))
    return summed
