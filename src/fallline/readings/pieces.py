"""Derivatives of expressions with Max, Min and Abs, as cases, by the rule of `readings.choices` for ties.

SymPy's own derivatives take the mean of both sides at a tie, or none of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import sympy
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanAtom, BooleanFunction

from fallline.readings.choices import square_free

__all__ = ["conditional", "is_condition", "slope"]

Expression: TypeAlias = Any  # sympy.Expr: SymPy ships no types

MOST_CASES = 2
"""Selections inside a selection, beyond which an equation says nothing of its ties: the cases double with each."""

_SELECTIONS = (sympy.Max, sympy.Min, sympy.Abs)


def is_condition(x: Any) -> bool:
    """Whether x is true or false; SymPy counts its symbols as such, too."""
    return isinstance(x, Relational | BooleanFunction | BooleanAtom)


def conditional(condition: Any, yes: Expression, no: Expression) -> Expression:
    """`yes` where the condition holds, else `no`."""
    condition = sympy.sympify(condition)
    if not is_condition(condition):  # a number is true unless it is 0
        condition = sympy.Ne(condition, 0)
    if condition in (sympy.true, sympy.false):
        return yes if condition else no
    return yes if yes == no else sympy.Piecewise((yes, condition), (no, True))


def slope(expression: Expression, variable: sympy.Symbol, variables: Sequence[sympy.Symbol]) -> Expression:
    """The derivative of the expression by one of its variables.

    >>> x, y = sympy.symbols("x y", real=True)
    >>> slope(x * sympy.Min(x, 1), x, [x])
    x*Piecewise((0, x > 1), (1, True)) + Min(1, x)
    >>> slope(sympy.Max(x, y), x, [x, y])
    Piecewise((1, x >= y), (0, True))
    """
    return _Slopes(variables).of(expression, variable)


class _Slopes:
    """Derivatives by these variables; each part of an expression is worked out once."""

    def __init__(self, variables: Sequence[sympy.Symbol]) -> None:
        self._variables = variables
        self._known: dict[tuple[Expression, sympy.Symbol], Expression] = {}

    def of(self, expression: Expression, variable: sympy.Symbol) -> Expression:
        key = expression, variable
        if key not in self._known:
            self._known[key] = self._derived(expression, variable)
        return self._known[key]

    def _derived(self, expression: Expression, variable: sympy.Symbol) -> Expression:
        choices = dict.fromkeys(_outermost(expression))
        names = {choice: sympy.Dummy(f"s{k}", real=True) for k, choice in enumerate(choices)}
        smooth = expression.xreplace(names)
        total = sympy.diff(smooth, variable)
        for choice, name in names.items():
            total += sympy.diff(smooth, name) * self._of_selection(choice, variable)
        return total.xreplace({name: choice for choice, name in names.items()})

    def _of_selection(self, choice: Expression, variable: sympy.Symbol) -> Expression:
        if isinstance(choice, sympy.Abs):
            (x,) = choice.args
            along = self.of(x, variable)
            return self._by_size(x, sympy.S.Zero, along, -along)
        x, *others = sorted(choice.args, key=lambda a: (a.is_number, sympy.default_sort_key(a)))
        y = choice.func(*others)
        dx, dy = self.of(x, variable), self.of(y, variable)
        return self._by_size(x, y, *((dx, dy) if isinstance(choice, sympy.Max) else (dy, dx)))

    def _by_size(self, x: Expression, y: Expression, larger: Expression, smaller: Expression) -> Expression:
        """`larger` where x is larger than y, at a tie just before it, and `smaller` elsewhere: see `readings.choices`."""
        speeds = [sympy.sqrt(n) for n, _ in zip(square_free(), self._variables, strict=False)]
        along = [self.of(x, v) - self.of(y, v) for v in self._variables]
        before = _positive(-sum(speed * part for speed, part in zip(speeds, along, strict=True)))
        exceeds = _compare(sympy.Gt, x, y)
        if before is None:
            return larger if larger == smaller else sympy.Piecewise((larger, exceeds), (smaller, _compare(sympy.Lt, x, y)))
        if before in (sympy.true, sympy.false):
            return conditional(_compare(sympy.Ge, x, y) if before else exceeds, larger, smaller)
        return conditional(sympy.Or(exceeds, sympy.And(_compare(sympy.Eq, x, y), before)), larger, smaller)


def _outermost(expression: Expression) -> Iterator[Expression]:
    """The selections of an expression that stand inside no other; those of a condition have no slope."""
    if isinstance(expression, _SELECTIONS):
        yield expression
    elif not is_condition(expression):
        for part in expression.args:
            yield from _outermost(part)


def _compare(relation: Any, x: Expression, y: Expression) -> Any:
    """The relation; one of cases as it stands, as SymPy would compare the cases that do not apply, too."""
    cases = x.has(sympy.Piecewise) or y.has(sympy.Piecewise)
    return relation(x, y, evaluate=False) if cases else relation(x, y)


def _positive(value: Expression) -> Any:
    """Whether the value is positive, as a condition without cases; None where it has too many of them to be read."""
    if len(value.atoms(sympy.Piecewise)) > MOST_CASES:
        return None
    value = sympy.piecewise_fold(value)
    if not isinstance(value, sympy.Piecewise):
        return value > 0
    left: Any = sympy.true
    holds = []
    for case, condition in value.args:
        holds.append(sympy.And(left, condition, case > 0))
        left = sympy.And(left, sympy.Not(condition))
    return sympy.simplify_logic(sympy.Or(*holds))
