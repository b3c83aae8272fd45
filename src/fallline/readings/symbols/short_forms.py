"""Shorter forms of equal expressions, and derivatives in their shortest form."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import sympy

from fallline.readings.symbols import cases

__all__ = ["partial", "tidy", "unbranch"]

Expression: TypeAlias = Any  # sympy.Expr: SymPy ships no types


def partial(expression: Expression, coordinate: sympy.Symbol, coordinates: Sequence[sympy.Symbol] = ()) -> Expression:
    """Return the derivative of the expression by one of its coordinates, in its shortest form.

    `coordinates` are all of them; without it, `coordinate` is the only one.

    >>> x, y = sympy.symbols("x y")
    >>> partial((1 - x) ** 2 + 100 * (y - x**2) ** 2, x, [x, y])
    2*(200*x**3 - 200*x*y + x - 1)
    """
    return tidy(cases.slope(sympy.sympify(expression), coordinate, coordinates or [coordinate]))


def tidy(expression: Expression) -> Expression:
    """Return the shortest of several equal forms. The factored form is preferred if it is not much longer."""
    forms = [expression, sympy.factor_terms(expression), sympy.factor(expression)]
    if expression.is_polynomial(*expression.free_symbols):
        forms.append(sympy.factor_terms(sympy.expand(expression)))
    weights = [len(str(form)) * (0.8 if form is forms[2] else 1) for form in forms]
    return forms[weights.index(min(weights))]


def unbranch(expression: Expression) -> Expression:
    """Return the expression without cases that only guard against overflow.

    Pages use the exponential of minus the magnitude, with one case for each sign of a variable. If both cases are the
    same function in exact arithmetic, the shorter formula replaces them.

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


def _length(expression: Expression) -> tuple[int, int]:
    return expression.count_ops(), len(str(expression))


def _equal(f: Expression, g: Expression, z: sympy.Symbol) -> bool:
    """Whether f and g are the same function of z: equal at 0, with equal derivatives."""
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
