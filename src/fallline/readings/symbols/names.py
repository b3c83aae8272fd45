"""The symbols of equations: a network's values by layer and index, one sample's, and sums over all samples."""

from __future__ import annotations

from typing import Any, TypeAlias

import sympy

__all__ = ["SAMPLE", "SAMPLES", "Partial", "one_sample", "over_samples", "sampled", "symbol"]

Expression: TypeAlias = Any  # sympy.Expr: SymPy ships no types

SAMPLE = sympy.Symbol("i", integer=True, positive=True)
"""The index of a sample."""

SAMPLES = sympy.Symbol("m", integer=True, positive=True)
"""The number of samples."""


class Partial(sympy.Function):  # type: ignore[misc]  # SymPy ships no types
    """The left side of a gradient's equation: the partial derivative of one symbol by another, unevaluated."""

    nargs = 2


def symbol(letter: str, layer: int | str | None = None, *indices: int | str) -> sympy.Symbol:
    """The symbol of a network's value: letter, layer above, indices below.

    >>> symbol("w", 1, 2, 3).name, symbol("w", 1, 12, 3).name, symbol("x", None, 2).name
    ('w^{(1)}_{23}', 'w^{(1)}_{12,3}', 'x_{2}')
    """
    comma = "," if any(len(str(k)) > 1 for k in indices) else ""
    above = "" if layer is None else f"^{{({layer})}}"
    return sympy.Symbol(f"{letter}{above}" + (f"_{{{comma.join(map(str, indices))}}}" if indices else ""), real=True)


def sampled(letter: str, layer: int | None, *indices: int) -> sympy.Indexed:
    """The symbol of sample i's value."""
    return sympy.IndexedBase(symbol(letter, layer, *indices), real=True)[SAMPLE]


def one_sample(expression: Expression) -> Expression:
    """The expression without the sample index i."""
    return expression.replace(lambda node: isinstance(node, sympy.Indexed), lambda node: node.base.label)


def over_samples(term: Expression) -> Expression:
    """The sum of a term over the samples i = 1..m. Factors without i stand before the sum."""
    factor, rest = sympy.sympify(term).as_independent(SAMPLE, as_Add=False)
    return factor * (sympy.Sum(rest, (SAMPLE, 1, SAMPLES)) if rest.has(SAMPLE) else rest * SAMPLES)
