"""The symbolic reading in matrix form: a page, read with matrices as symbols, gives matrix equations.

Every value is a matrix, and samples are its rows. A broadcast or a sum is written as a product with a column of ones: a
bias row b added to each of m samples is 1_m b, a sum over samples is 1_m^T D, a sum over n units is D 1_n. A number
stands for itself in every entry.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import sympy
from numpy.lib.mixins import NDArrayOperatorsMixin

from fallline.errors import ShapeError, TraceError
from fallline.readings.symbols.expressions import exact

__all__ = ["Matrix", "call", "matrix", "ones", "unit"]

Count: TypeAlias = int | sympy.Symbol

_COMPARISONS = {
    "greater": ">", "greater_equal": ">=", "less": "<", "less_equal": "<=", "equal": "==", "not_equal": "!=",
}  # fmt: skip
_OF_NUMBERS: dict[str, Callable[..., Any]] = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "power": operator.pow, "negative": operator.neg,
}  # fmt: skip
_OPPOSITE = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "==": "!=", "!=": "=="}


@dataclass(frozen=True)
class Matrix(NDArrayOperatorsMixin):
    """A matrix expression that follows NumPy's protocols.

    Parameters
    ----------
    op
        "symbol", "number", "ones", "matmul", "transpose", "add", "subtract", "multiply" (by a number, or entry by
        entry), "divide", "power", "negative", "compare", "indicator", "partial", or "call" of an entrywise function.
    args
        Its operands.
    size
        Rows and columns.
    axes
        The axes that the page sees: both for a matrix, one for a vector, none for a number.
    name
        Name of a symbol or a function, or the sign of a comparison.
    value
        Value of a number.
    """

    op: str
    args: tuple[Matrix, ...]
    size: tuple[Count, Count]
    axes: tuple[int, ...] = (0, 1)
    name: str = ""
    value: Any = None

    @property
    def shape(self) -> tuple[Count, ...]:
        """The shape that the page sees."""
        return tuple(self.size[a] for a in self.axes)

    @property
    def ndim(self) -> int:
        return len(self.axes)

    @property
    def mT(self) -> Matrix:  # noqa: N802  # NumPy's name
        """The transpose."""
        if self.op == "transpose":
            return self.args[0]
        return Matrix("transpose", (self,), (self.size[1], self.size[0]))

    def sum(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Matrix:
        """Return the product with ones: from the right for a sum over units, from the left for a sum over samples."""
        axes = range(self.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
        result = self
        for a in sorted({self.axes[a] for a in axes}, reverse=True):
            n = result.size[a]
            if n != 1:
                whole = replace(result, axes=(0, 1))
                result = _product(whole, ones(n)) if a == 1 else _product(ones(n).mT, whole)
        kept = self.axes if keepdims else tuple(a for k, a in enumerate(self.axes) if k not in _places(axes, self.ndim))
        return replace(result, axes=kept)

    def shift(self) -> Matrix:
        """The shift of a log-sum-exp: 0, because arithmetic is exact."""
        return _number(0)

    def __getitem__(self, key: Any) -> Matrix:
        if self.op == "number":
            return self
        every = slice(None)
        if self.axes == (1,) and key == (..., every, None):
            return self.mT
        new_axis = {(1,): (..., None, every), (0,): (..., None), (): (..., None)}
        if key == new_axis.get(self.axes):
            return replace(self, axes=(0, 1) if self.axes else (1,))
        for k, rows in (0, slice(None, 1)), (-1, slice(-1, None)):
            if self.axes == (0, 1) and key in ((..., k, every), (..., rows, every)):
                row = _product(unit(self.size[0], last=k == -1).mT, self)
                return replace(row, axes=(1,) if key[1] == k else (0, 1))
        raise TraceError(f"a page in matrix form can take the first or last row of a matrix, but not {key!r}.")

    def reshape(self, shape: tuple[Count, Count]) -> Matrix:
        """Return the call of `reshape`."""
        return Matrix("call", (self,), shape, name="reshape")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
        if method == "reduce" and ufunc is np.add:
            return self.sum(kwargs.get("axis"), kwargs.get("keepdims", False))
        if method != "__call__" or out is not None:
            raise TraceError(f"{ufunc.__name__}.{method} cannot be read in matrix form.")
        args = tuple(matrix(x) for x in inputs)
        if ufunc is np.matmul:
            return _product(*args)
        return _entrywise(ufunc.__name__, args)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func is np.ones_like or func is np.zeros_like:
            return _number(1 if func is np.ones_like else 0)
        if func is np.where:
            return _where(*(matrix(a) for a in args))
        if func is np.sum:
            return args[0].sum(*args[1:], **kwargs)
        raise TraceError(f"{func.__name__} cannot be read in matrix form.")

    def replace(self, known: Mapping[Matrix, Matrix]) -> Matrix:
        """Return the expression with every part that equals a key of `known` replaced by its value."""
        if self in known:
            return replace(known[self], axes=self.axes)
        return replace(self, args=tuple(a.replace(known) for a in self.args))

    @property
    def calls(self) -> set[str]:
        """Names of all functions that the expression calls."""
        own = {self.name} if self.op == "call" else set()
        return own.union(*(a.calls for a in self.args))

    @np.errstate(all="ignore")  # an overflow where an indicator is 0
    def evaluate(self, values: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]] | None = None) -> Any:
        """Return the expression's value as a 2-D array, from 2-D arrays by the names of symbols."""
        if self.op == "symbol":
            return values[self.name]
        if self.op == "number":
            return float(self.value.subs({s: values[s.name] for s in self.value.free_symbols}))
        if self.op == "ones":
            n = self.size[0]
            return np.ones((int(values[n.name]) if isinstance(n, sympy.Symbol) else n, 1))
        a = [x.evaluate(values, functions) for x in self.args]
        if self.op == "transpose":
            return a[0].T
        if self.op == "indicator":
            return np.where(a[0], 1.0, 0.0)
        if self.op == "compare":
            return next(getattr(np, name) for name, sign in _COMPARISONS.items() if sign == self.name)(*a)
        if self.op == "multiply" and any(
            x.op == "indicator" for x in self.args
        ):  # 0 where the indicator is 0, whatever the other factor is
            mask, values_there = a if self.args[0].op == "indicator" else a[::-1]
            return np.where(mask, values_there, 0.0)
        if self.op == "call":
            known = functions or {}
            return (known[self.name] if self.name in known else getattr(np, self.name))(*a)
        return getattr(np, self.op)(*a)

    def __repr__(self) -> str:
        inner = ", ".join(map(repr, self.args))
        return self.name or (str(self.value) if self.op == "number" else f"{self.op}({inner})")


def matrix(x: Any, rows: Count = 1, columns: Count = 1, vector: bool = False) -> Matrix:
    """Return a symbol from its name, or a number. A matrix is returned unchanged; a vector is a row with one axis.

    >>> from fallline.readings.symbols import SAMPLES
    >>> X, W, b = matrix("X", SAMPLES, 2), matrix("W", 2, 3), matrix("b", 1, 3, vector=True)
    >>> X @ W + b[..., None, :]
    add(matmul(X, W), matmul(1_{m}, b))
    """
    if isinstance(x, Matrix):
        return x
    if isinstance(x, str):
        return Matrix("symbol", (), (rows, columns), (1,) if vector else (0, 1), name=x)
    return _number(x.item() if isinstance(x, np.ndarray) and x.size == 1 else x)


def ones(n: Count) -> Matrix:
    """The column of n ones."""
    return Matrix("ones", (), (n, 1), name=f"1_{{{n}}}")


def unit(n: Count, last: bool = False) -> Matrix:
    """The column of n entries whose first or last one is 1, and the others 0: e^T A is a row of A."""
    return Matrix("symbol", (), (n, 1), name=f"e_{{{n if last else 1}}}")


def call(name: str, *args: Matrix) -> Matrix:
    """Return the call of a function by its name, for each entry or row; it has the shape of the first argument."""
    return Matrix("call", args, args[0].size, args[0].axes, name=name)


def _number(x: Any) -> Matrix:
    return Matrix("number", (), (1, 1), (), value=sympy.sympify(exact(x)))


def _is(x: Matrix, value: int) -> bool:
    return x.op == "number" and x.value == value


def _places(axes: Any, ndim: int) -> set[int]:
    return {a % ndim for a in axes}


def _product(a: Matrix, b: Matrix) -> Matrix:
    if a.size[1] != b.size[0]:
        raise ShapeError(f"a matrix product needs equal inner sizes; got {a!r} of size {a.size} and {b!r} of {b.size}.")
    (p, a), (q, b) = _scaled(a), _scaled(b)
    return _times(p * q, Matrix("matmul", (a, b), (a.size[0], b.size[1])))


def _scaled(x: Matrix) -> tuple[Any, Matrix]:
    """Return the number that a matrix is multiplied by, and the other factor."""
    if x.op == "multiply" and x.args[0].op == "number":
        return x.args[0].value, replace(x.args[1], axes=x.axes)
    return sympy.S.One, x


def _times(number: Any, x: Matrix) -> Matrix:
    return x if number == 1 else Matrix("multiply", (_number(number), x), x.size, x.axes)


def _entrywise(name: str, args: tuple[Matrix, ...]) -> Matrix:
    if len(args) == 2:
        args = _broadcast(*args)
    a = args[0]
    if name in _OF_NUMBERS and all(x.op == "number" for x in args):
        return _number(_OF_NUMBERS[name](*(x.value for x in args)))
    if name in ("add", "subtract") and _is(args[1], 0):
        return a
    if (name == "add" and _is(a, 0)) or (name == "multiply" and _is(a, 1)):
        return args[1]
    if name in ("multiply", "divide") and _is(args[1], 1):
        return a
    if name == "multiply" and (_is(a, 0) or _is(args[1], 0)):
        return _number(0)
    if name == "divide" and args[1].op == "number":
        name, args = "multiply", (_number(1 / args[1].value), a)
    if name == "multiply":
        args = args[::-1] if args[1].op == "number" else args
        factors = [(x.value, _number(1)) if x.op == "number" else _scaled(x) for x in args]
        if any(p != 1 for p, _ in factors):
            return _times(factors[0][0] * factors[1][0], _entrywise("multiply", tuple(x for _, x in factors)))
    if name == "add" and args[1].op != "number":  # A + (-2) B is A - 2 B
        factor, other = _scaled(args[1])
        if factor.is_number and factor < 0:
            name, args = "subtract", (a, _times(-factor, other))
    if name == "square":
        name, args = "power", (a, _number(2))
    shape = max(args, key=lambda x: (x.ndim, x.op != "number"))
    if name in _COMPARISONS:
        return Matrix("compare", args, shape.size, shape.axes, name=_COMPARISONS[name])
    if name in ("add", "subtract", "multiply", "divide", "power", "negative"):
        return Matrix(name, args, shape.size, shape.axes)
    return Matrix("call", args, shape.size, shape.axes, name=name)


def _broadcast(a: Matrix, b: Matrix) -> tuple[Matrix, Matrix]:
    """Return both in the same size: a row or column that NumPy would repeat becomes a product with ones."""
    if not a.axes or not b.axes or a.shape == b.shape:
        return a, b
    rows, columns = (q if p == 1 else p for p, q in zip(a.size, b.size, strict=True))
    out = []
    for x in (a, b):
        if x.size[0] != rows and x.size[0] == 1 and 0 in (x.axes if x.ndim == 2 else (0,)):
            x = _product(ones(rows), replace(x, axes=(0, 1)))
        if x.size[1] != columns and x.size[1] == 1 and x.ndim == 2:
            x = _product(x, ones(columns).mT)
        if x.size != (rows, columns):
            raise ShapeError(f"arrays must have one shape; got {a!r} of shape {a.shape} and {b!r} of shape {b.shape}.")
        out.append(x)
    return out[0], out[1]


def _where(condition: Matrix, yes: Matrix, no: Matrix) -> Matrix:
    indicator = Matrix("indicator", (condition,), condition.size, condition.axes)
    if _is(yes, 1) and _is(no, 0):
        return indicator
    if condition.op != "compare":
        raise TraceError("where in matrix form needs a comparison such as z > 0 as its condition.")
    opposite = replace(indicator, args=(replace(condition, name=_OPPOSITE[condition.name]),))
    cases: Matrix = indicator * yes + opposite * no
    return cases
