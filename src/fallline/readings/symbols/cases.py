"""Derivatives of expressions with Max, Min, Abs and cases. Ties are decided by the rule of `readings.reverse.choices`.

SymPy's own derivatives take the mean of both sides at a tie, or neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import sympy
from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanAtom, BooleanFunction

from fallline.readings.reverse.choices import square_free

__all__ = ["compare", "conditional", "is_condition", "slope"]

Expression: TypeAlias = Any  # sympy.Expr: SymPy ships no types

MOST_CASES = 2
"""The most selections inside a selection for which an equation treats ties: each doubles the number of cases."""

_SELECTIONS = (sympy.Max, sympy.Min, sympy.Abs, sympy.Piecewise)
_ORDER = (sympy.Gt, sympy.Ge, sympy.Lt, sympy.Le)


def is_condition(x: Any) -> bool:
    """Whether x is a condition. SymPy's own test would also accept its symbols."""
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
    """Derivatives by these variables. Each part of an expression is differentiated once."""

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
        if isinstance(choice, sympy.Piecewise):
            return self._of_cases(choice.args, variable)
        if isinstance(choice, sympy.Abs):
            x, y, larger = choice.args[0], sympy.S.Zero, self.of(choice.args[0], variable)
            smaller = -larger
        else:
            x, *others = sorted(choice.args, key=lambda a: (a.is_number, sympy.default_sort_key(a)))
            y = choice.func(*others)
            larger, smaller = self.of(x, variable), self.of(y, variable)
            if isinstance(choice, sympy.Min):
                larger, smaller = smaller, larger
        grows = self._grows(x, y, sympy.Gt)
        exceeds = compare(sympy.Gt, x, y)
        if grows is None:  # too many cases: the equation leaves ties out
            return (
                larger if larger == smaller else sympy.Piecewise((larger, exceeds), (smaller, compare(sympy.Lt, x, y)))
            )
        return conditional(_or_tie(x, y, grows), larger, smaller)

    def _of_cases(self, cases: Sequence[Any], variable: sympy.Symbol) -> Expression:
        (value, condition), *rest = cases
        if not rest:
            return self.of(value, variable)
        counts = self._met(condition, value, sympy.Piecewise(*rest))
        return conditional(counts, self.of(value, variable), self._of_cases(rest, variable))

    def _met(self, condition: Any, yes: Expression, no: Expression) -> Any:
        """The condition just before the point if the branches meet there, else the condition at the point."""
        if isinstance(condition, BooleanFunction):
            return condition.func(*(self._met(part, yes, no) for part in condition.args))
        if not isinstance(condition, _ORDER):
            return condition
        x, y = condition.gts, condition.lts
        strict = isinstance(condition, sympy.Gt | sympy.Lt)
        grows = self._grows(x, y, sympy.Gt if strict else sympy.Ge)
        if grows in (None, sympy.S.false if strict else sympy.S.true):
            return condition
        meet = self._meet(x, y, yes, no)
        return _or_tie(x, y, sympy.And(meet, grows) if strict else sympy.Or(sympy.Not(meet), grows))

    def _meet(self, x: Expression, y: Expression, yes: Expression, no: Expression) -> Any:
        """Whether both branches have the same value and finite tangents at the tie of x and y."""
        values = [yes, no, self._tangent(yes), self._tangent(no)]
        if x.is_Symbol or y.is_Symbol:  # at the tie one is the other
            values = [v.subs(*((x, y) if x.is_Symbol else (y, x))) for v in values]
            if any(v.has(sympy.nan, sympy.zoo, sympy.oo) for v in values):
                return sympy.false
        return sympy.And(
            compare(sympy.Eq, *values[:2]), *(compare(sympy.Lt, sympy.Abs(t), sympy.oo) for t in values[2:])
        )

    def _grows(self, x: Expression, y: Expression, relation: Any) -> Any:
        """Whether x is larger than y just before a tie; None if the condition has too many cases."""
        return _without_cases(self._tangent(x) - self._tangent(y), relation)

    def _tangent(self, x: Expression) -> Expression:
        speeds = zip(square_free(), self._variables, strict=False)
        return -sum(sympy.sqrt(n) * self.of(x, variable) for n, variable in speeds)


def _outermost(expression: Expression) -> Iterator[Expression]:
    """Yield the selections of an expression that stand inside no other. Those of a condition have no slope."""
    if isinstance(expression, _SELECTIONS):
        yield expression
    elif not is_condition(expression):
        for part in expression.args:
            yield from _outermost(part)


def compare(relation: Any, x: Expression, y: Expression) -> Any:
    """Return the relation of x and y. With cases it stays unevaluated: SymPy would also compare cases that do not apply."""
    x, y = sympy.sympify(x), sympy.sympify(y)
    if relation is sympy.Lt and y in (sympy.oo, float("inf")):  # SymPy cannot compare 1/0 with infinity
        return sympy.Ne(1 / x, 0)
    cases = x.has(sympy.Piecewise) or y.has(sympy.Piecewise)
    return relation(x, y, evaluate=False) if cases else relation(x, y)


def _or_tie(x: Expression, y: Expression, tie: Any) -> Any:
    """Whether x is larger than y, or equal to it while `tie` holds."""
    if tie in (sympy.true, sympy.false):
        return compare(sympy.Ge if tie else sympy.Gt, x, y)
    return sympy.Or(compare(sympy.Gt, x, y), sympy.And(compare(sympy.Eq, x, y), tie))


def _without_cases(value: Expression, relation: Any) -> Any:
    """Return the relation of a value to 0 as a condition without cases; None if it has too many of them."""
    if len(value.atoms(sympy.Piecewise)) > MOST_CASES:
        return None
    value = sympy.piecewise_fold(value)
    if not isinstance(value, sympy.Piecewise):
        return relation(value, 0)
    left: Any = sympy.true
    holds = []
    for case, condition in value.args:
        holds.append(sympy.And(left, condition, relation(case, 0)))
        left = sympy.And(left, sympy.Not(condition))
    return sympy.simplify_logic(sympy.Or(*holds))
