"""Arrays of SymPy expressions: a page that is called with them returns expressions.

Arithmetic is exact. A Python float of a page (`0.5`, `math.sqrt(2)`, `2 * math.pi`) becomes the exact number that it
stands for, so that results simplify. A float that stands for no simple number stays a float.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, ClassVar, TypeAlias

import numpy as np
import sympy

from fallline.errors import FalllineError, TraceError
from fallline.readings.scalars import Scalars
from fallline.readings.symbols import cases

__all__ = ["Expressions", "exact", "read"]

Expression: TypeAlias = Any  # sympy.Expr: SymPy ships no types


def exact(x: Any) -> Any:
    """Return the exact number that the float x stands for, if there is a simple one; anything else unchanged.

    A simple number has few decimals or is a small fraction, or is such a number times pi, e or a root, or plus e.

    >>> exact(0.01), exact(2 * math.pi), exact(math.sqrt(2 * math.pi)), exact(0.25)
    (1/100, 2*pi, sqrt(2)*sqrt(pi), 1/4)
    """
    if isinstance(x, bool | np.bool_) or not isinstance(x, int | float | np.integer | np.floating):
        return x
    if math.isfinite(x) and x == int(x):
        return sympy.Integer(int(x))
    x = float(x)
    sign, root = sympy.sign(x), sympy.sqrt
    forms: tuple[tuple[float, Callable[[Any], Any]], ...] = (
        (x, lambda q: q),
        (x / math.pi, lambda q: q * sympy.pi),
        (x / math.e, lambda q: q * sympy.E),
        (x - math.e, lambda q: q + sympy.E),
        (x * x, lambda q: sign * root(q)),
        (x * x / math.pi, lambda q: sign * root(q * sympy.pi)),
        (x * x * math.pi, lambda q: sign * root(q / sympy.pi)),
    )
    for value, form in forms:
        q = _simple(value)
        if q:
            return form(sympy.Rational(q.numerator, q.denominator))
    return sympy.Float(x)


def _simple(x: float) -> Fraction | None:
    """Return the fraction of few digits that x equals to rounding, or None."""
    if not math.isfinite(x):
        return None
    decimal, small = Fraction(f"{x:.12g}"), Fraction(x).limit_denominator(60)
    near = 8 * math.ulp(x)
    if abs(float(small) - x) <= near and abs(small.numerator) < 10**6:
        return small
    if abs(float(decimal) - x) <= near and decimal.denominator <= 10**6:
        return decimal
    return None


class Expressions(Scalars):
    """An array of SymPy expressions that follows NumPy's protocols.

    >>> x = Expressions.of(sympy.Symbol("x"))
    >>> (np.exp(0.5 * x) + 2).item()
    exp(x/2) + 2
    """

    functions: ClassVar[dict[str, Callable[..., Any]]] = {
        "absolute": sympy.Abs, "add": lambda x, y: _or(x, y), "arccos": sympy.acos, "arcsin": sympy.asin,
        "arctan": sympy.atan, "bitwise_and": sympy.And, "bitwise_or": sympy.Or, "cbrt": sympy.cbrt,
        "ceil": sympy.ceiling, "cos": sympy.cos, "cosh": sympy.cosh, "erf": sympy.erf,
        "exp": sympy.exp,
        "exp2": lambda x: 2**x, "expit": lambda x: 1 / (1 + sympy.exp(-x)), "expm1": lambda x: sympy.exp(x) - 1,
        "fabs": sympy.Abs, "float_power": lambda x, y: x**y, "floor": sympy.floor, "hypot": lambda x, y: sympy.sqrt(x**2 + y**2), "invert": sympy.Not, "log": sympy.log, "log10": lambda x: sympy.log(x, 10),
        "log1p": lambda x: sympy.log(1 + x), "log2": lambda x: sympy.log(x, 2),
        "logaddexp": lambda x, y: sympy.log(sympy.exp(x) + sympy.exp(y)), "logical_and": sympy.And,
        "logical_not": sympy.Not, "logical_or": sympy.Or, "maximum": sympy.Max, "minimum": sympy.Min,
        "multiply": lambda x, y: _and(x, y), "reciprocal": lambda x: 1 / x, "sign": sympy.sign, "sin": sympy.sin, "sinh": sympy.sinh, "sqrt": sympy.sqrt,
        "tan": sympy.tan, "tanh": sympy.tanh,
    } | {
        name: functools.partial(cases.compare, relation)
        for name, relation in {
            "equal": sympy.Eq, "greater": sympy.Gt, "greater_equal": sympy.Ge, "less": sympy.Lt,
            "less_equal": sympy.Le, "not_equal": sympy.Ne,
        }.items()
    }  # fmt: skip

    @staticmethod
    def conditional(condition: Any, yes: Any, no: Any) -> Any:
        return cases.conditional(condition, _quantity(exact(yes)), _quantity(exact(no)))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
        return super().__array_ufunc__(ufunc, method, *(_exact_entries(x) for x in inputs), out=out, **kwargs)


def _exact_entries(x: Any) -> Any:
    return x if isinstance(x, Expressions) else np.frompyfunc(exact, 1, 1)(np.asarray(x, dtype=object))


def _quantity(x: Any) -> Any:
    """A condition as 1 or 0; anything else unchanged."""
    return cases.conditional(x, sympy.S.One, sympy.S.Zero) if cases.is_condition(x) else x


def _and(x: Any, y: Any) -> Any:
    """The product; of two conditions whether both hold, as NumPy has it for arrays of booleans."""
    return sympy.And(x, y) if cases.is_condition(x) and cases.is_condition(y) else _quantity(x) * _quantity(y)


def _or(x: Any, y: Any) -> Any:
    """The sum; of two conditions whether one of them holds."""
    return sympy.Or(x, y) if cases.is_condition(x) and cases.is_condition(y) else _quantity(x) + _quantity(y)


def read(page: Callable[..., Any], *arguments: Any, **settings: Any) -> Any:
    """Call the page with SymPy arguments, and return the expression or the nested tuple of expressions.

    >>> x, y = sympy.symbols("x y")
    >>> read(lambda x, y: (1 - x) ** 2 + 0.5 * np.maximum(x, y), x, y)
    (1 - x)**2 + Max(x, y)/2
    """
    try:
        return _unwrap(page(*(_wrap(a) for a in arguments), **{k: _wrap(v) for k, v in settings.items()}))
    except FalllineError:
        raise
    except (TypeError, AttributeError, ValueError, NotImplementedError) as error:
        name = getattr(page, "__name__", "the function")
        raise TraceError(
            f"{name} cannot be read with symbols ({error}). "
            f"Write it with + - * / ** and NumPy's functions, and np.where instead of if."
        ) from error


def _wrap(x: Any) -> Any:
    return (
        tuple(_wrap(a) for a in x) if isinstance(x, tuple) else x if isinstance(x, Expressions) else Expressions.of(x)
    )


def _unwrap(x: Any) -> Any:
    if isinstance(x, tuple | list):
        return tuple(_unwrap(a) for a in x)
    if isinstance(x, np.ndarray):
        return x if x.ndim else sympy.sympify(exact(x.item()))
    return sympy.sympify(exact(x))
