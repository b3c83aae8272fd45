"""The symbolic reading: a page, read with SymPy expressions, gives equations.

Arithmetic is exact. A Python float that a page writes (`0.5`, `math.sqrt(2)`, `2 * math.pi`) becomes the number that
was meant, so that results simplify; one that is no simple number stays a float.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any, ClassVar, TypeAlias

import numpy as np
import sympy

from fallline.errors import FalllineError, TraceError
from fallline.readings.scalars import Scalars
from fallline.readings.symbols import cases

__all__ = [
    "SAMPLE", "SAMPLES", "Expressions", "Partial", "exact", "one_sample", "over_samples", "partial", "read", "sampled",
    "symbol", "tidy", "unbranch",
]  # fmt: skip

Expression: TypeAlias = Any  # sympy.Expr: SymPy ships no types

SAMPLE = sympy.Symbol("i", integer=True, positive=True)
"""The index of a sample."""

SAMPLES = sympy.Symbol("m", integer=True, positive=True)
"""The number of samples."""


def exact(x: Any) -> Any:
    """The exact number that the float x stands for, if there is a simple one; anything else unchanged.

    Simple: few decimals, a small fraction, such times pi or e or a square root, or such plus e.

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
    """The fraction of few digits that x is, to rounding, or None."""
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
    """What the page gives for SymPy arguments: an expression, or a nested tuple of them.

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
            f"{name} uses something that cannot be read with symbols ({error}). "
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


def over_samples(term: Expression) -> Expression:
    """The sum over samples i = 1..m of a term that holds values of sample i; factors without i stand before it."""
    factor, rest = sympy.sympify(term).as_independent(SAMPLE, as_Add=False)
    return factor * (sympy.Sum(rest, (SAMPLE, 1, SAMPLES)) if rest.has(SAMPLE) else rest * SAMPLES)


def partial(expression: Expression, coordinate: sympy.Symbol, coordinates: Sequence[sympy.Symbol] = ()) -> Expression:
    """The derivative of the expression by one of its coordinates (the only one unless all are given), in its shortest form.

    >>> x, y = sympy.symbols("x y")
    >>> partial((1 - x) ** 2 + 100 * (y - x**2) ** 2, x, [x, y])
    2*(200*x**3 - 200*x*y + x - 1)
    """
    return tidy(cases.slope(sympy.sympify(expression), coordinate, coordinates or [coordinate]))


def tidy(expression: Expression) -> Expression:
    """The shortest of several equal forms; for short polynomials the factored one."""
    forms = [expression, sympy.factor_terms(expression), sympy.factor(expression)]
    if expression.is_polynomial(*expression.free_symbols):
        forms.append(sympy.factor_terms(sympy.expand(expression)))
    weights = [len(str(form)) * (0.8 if form is forms[2] else 1) for form in forms]
    return forms[weights.index(min(weights))]


def unbranch(expression: Expression) -> Expression:
    """The expression without cases that only guard against overflow.

    Pages write exp of minus the magnitude, with cases for either sign of a variable. Where both cases are one formula
    in exact arithmetic, that formula is returned.

    >>> z = sympy.Symbol("z", real=True)
    >>> unbranch(sympy.Max(z, 0) + sympy.log(1 + sympy.exp(-sympy.Abs(z))))
    log(exp(z) + 1)
    """
    branches = (sympy.Piecewise, sympy.Max, sympy.Min, sympy.Abs)
    variables: Iterable[Expression] = {
        atom for branch in expression.atoms(*branches) for atom in branch.atoms(sympy.Indexed) or branch.free_symbols
    }
    for z in sorted(variables, key=str):
        real = sympy.Dummy("z", real=True)
        above, below = (
            expression.xreplace({z: signed}).xreplace({signed: real})
            for signed in (sympy.Dummy("z", positive=True), sympy.Dummy("z", negative=True))
        )
        if _equal(above, below, real):
            expression = min((above, below), key=_length).xreplace({real: z})
    return expression


def _of(kind: type) -> Callable[[Any], bool]:
    return lambda node: isinstance(node, kind)


def _length(expression: Expression) -> tuple[int, int]:
    return expression.count_ops(), len(str(expression))


def _equal(f: Expression, g: Expression, z: sympy.Symbol) -> bool:
    """Whether f and g are one function of z: equal at 0, and with equal derivatives."""
    difference = f - g
    if difference == 0:
        return True
    points: Sequence[float] = (-1.7, 0.3, 2.9)
    others = {s: sympy.Rational(k + 3, 7) for k, s in enumerate(sorted(difference.free_symbols - {z}, key=str))}
    indexed = {a: sympy.Rational(k + 2, 5) for k, a in enumerate(sorted(difference.atoms(sympy.Indexed), key=str))}
    if any(abs(difference.xreplace(indexed).subs({z: p, **others}).evalf()) > 1e-9 for p in points):
        return False
    at_zero = sympy.simplify(difference.subs(z, 0))
    return bool(at_zero == 0 and sympy.simplify(sympy.diff(difference, z)) == 0)


class Partial(sympy.Function):  # type: ignore[misc]  # SymPy ships no types
    """The left side of a gradient's equation: the partial derivative of one symbol by another, not yet worked out."""

    nargs = 2


def symbol(letter: str, layer: int | None = None, *indices: int | str) -> sympy.Symbol:
    """The symbol of a network's value: letter, layer above, indices below.

    >>> symbol("w", 1, 2, 3).name, symbol("w", 1, 12, 3).name, symbol("x", None, 2).name
    ('w^{(1)}_{23}', 'w^{(1)}_{12,3}', 'x_{2}')
    """
    comma = "," if any(len(str(k)) > 1 for k in indices) else ""
    above = "" if layer is None else f"^{{({layer})}}"
    return sympy.Symbol(f"{letter}{above}" + (f"_{{{comma.join(map(str, indices))}}}" if indices else ""), real=True)


def sampled(letter: str, layer: int | None, *indices: int) -> sympy.Indexed:
    """The same of sample i."""
    return sympy.IndexedBase(symbol(letter, layer, *indices), real=True)[SAMPLE]


def one_sample(expression: Expression) -> Expression:
    """The expression with the index i of the sample left out."""
    return expression.replace(_of(sympy.Indexed), lambda node: node.base.label)
