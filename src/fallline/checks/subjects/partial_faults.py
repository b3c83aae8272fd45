"""Faults of partial derivatives: another derivative, 0, a constant factor, or terms that are missing or have wrong factors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fallline.textbook.landscapes import Landscape
from fallline.views.numerals import listed

if TYPE_CHECKING:
    import sympy

__all__ = ["PartialDerivatives"]

Rule = tuple[str, str]
"""The right equation, and the coded one."""

NEAR = 1e-8
"""A fitted factor this close to 0, 1 or -1 is taken for it."""


@dataclass(frozen=True)
class PartialDerivatives:
    """The partial derivatives of a landscape at some points: checked and right, each (points, coordinates).

    The first half of the points suggests a fault, and all of them confirm it.
    """

    landscape: Landscape
    names: Sequence[str]
    points: Any
    checked: Any
    right: Any

    def fault(self, k: int, tolerance: float) -> tuple[str, Rule | None]:
        """The fault of derivative k in words ("" if unknown), and the equations where both can be read.

        `tolerance` is the absolute error that counts as rounding.
        """
        right, checked, symbol = self.right[:, k], self.checked[:, k], f"∂f/∂{self.names[k]}"
        for j, name in enumerate(self.names):
            if j != k and np.abs(checked - self.right[:, j]).max() <= tolerance:
                return f"{symbol} holds ∂f/∂{name}", None
            if j != k and np.abs(checked + self.right[:, j]).max() <= tolerance:
                return f"{symbol} holds −∂f/∂{name}", None
        if np.abs(checked).max() <= tolerance:
            return f"{symbol} is 0", None
        equation = self._equation(k)
        half = len(right) // 2
        ratio = float(checked[:half] @ right[:half] / ((right[:half] @ right[:half]) or 1))
        if np.abs(checked - ratio * right).max() <= tolerance:
            negated = abs(ratio + 1) < 1e-9
            fault = f"the sign of {symbol} is wrong" if negated else f"{symbol} is {ratio:.6g} times what it should be"
            if equation is None:
                return fault, None
            text = _text(equation[0])
            return fault, (f"{symbol} = {text}", f"{symbol} = {f'−({text})' if negated else f'{ratio:.6g} ({text})'}")
        limit = float(np.abs(checked).max())
        if np.abs(checked - np.clip(right, -limit, limit)).max() <= tolerance:
            return f"{symbol} is limited to [−{limit:.6g}, {limit:.6g}]", None
        if np.abs(checked - np.abs(right)).max() <= tolerance:
            return f"{symbol} is the absolute value of what it should be", None
        fault, rule = ("", None) if equation is None else self._terms(checked, *equation, symbol, tolerance)
        added = float(np.median((checked - right)[:half]))
        if not fault and np.abs(checked - right - added).max() <= tolerance:
            return f"in {symbol} a constant {added:.6g} is added", None
        return fault, rule

    def fault_of_all(self, tolerance: Any) -> str:
        """The fault that all derivatives share: the gradient is normalised, or limited to a norm; "" if there is none."""
        norm = np.sqrt((self.right**2).sum(axis=1))
        lengths = np.sqrt((self.checked**2).sum(axis=1))
        with np.errstate(all="ignore"):
            unit = self.right / norm[:, None]
        if len(self.names) > 1 and np.nanmax(np.abs(self.checked - unit)) <= 1e-9:
            return "the gradient is divided by its length"
        longest = float(lengths.max())
        if len(self.names) > 1 and (lengths > longest * (1 - 1e-9)).sum() >= 3:
            limited = self.right * np.minimum(1, longest / np.maximum(norm, 1e-300))[:, None]
            if (np.abs(self.checked - limited).max(axis=0) <= tolerance).all():
                return f"the gradient is limited to the length {longest:.6g}"
        return ""

    def largest_error(self, k: int) -> str:
        """Where derivative k has its largest error, and both values there."""
        worst = int(np.abs(self.checked - self.right)[:, k].argmax())
        position = ", ".join(f"{a} = {v:.4g}" for a, v in zip(self.names, self.points[worst], strict=True))
        return f"at {position} it is {self.checked[worst, k]:.6g} for {self.right[worst, k]:.6g}"

    def _equation(self, k: int) -> tuple[sympy.Expr, list[sympy.Symbol]] | None:
        """Derivative k as an expression, and its symbols; None if the function cannot be read."""
        import sympy

        from fallline.readings.symbols import Expressions, unbranch

        symbols = sympy.symbols(list(self.names), real=True)
        try:
            value = self.landscape.function(*(Expressions.of(s) for s in symbols))
            return sympy.expand(sympy.diff(unbranch(np.asarray(value, dtype=object).item()), symbols[k])), symbols
        except Exception:  # a user's page may raise anything when it is called with symbols; the numbers remain valid
            return None

    def _terms(
        self, checked: Any, expression: sympy.Expr, symbols: list[sympy.Symbol], symbol: str, tolerance: float
    ) -> tuple[str, Rule | None]:
        """The terms of the right formula that are missing, or have another factor: a linear fit to the numbers."""
        import sympy

        terms, count = sympy.Add.make_args(expression), len(self.points)
        half = count // 2
        if len(terms) > half // 3:
            return "", None
        values = np.stack(
            [np.broadcast_to(sympy.lambdify(symbols, t, "numpy")(*self.points.T), count) for t in terms], axis=1
        )
        for columns in (values, np.hstack([values, np.ones((count, 1))])):
            size = np.abs(columns).max(axis=0)
            factors = np.linalg.lstsq((columns / size)[:half], checked[:half], rcond=None)[0] / size
            if np.abs(columns @ factors - checked).max() <= 100 * tolerance:
                break
        else:
            return "", None
        faults, coded = [], sympy.Integer(0)
        for term, factor in zip(terms, factors, strict=False):
            coded += _rational(factor) * term
            text = _text(-term if term.could_extract_minus_sign() else term)
            if abs(factor) < NEAR:
                faults.append(f"the term {text} is missing")
            elif abs(factor + 1) < NEAR:
                faults.append(f"the term {text} has the wrong sign")
            elif abs(factor - 1) > NEAR:
                faults.append(f"the term {text} is {float(factor):.6g} times what it should be")
        if len(factors) > len(terms):
            coded += _rational(factors[-1])
            faults.append(f"a constant {float(factors[-1]):.6g} is added")
        if not faults:
            return "", None
        rule = (f"{symbol} = {_text(expression)}", f"{symbol} = {_text(coded)}")
        return f"in {symbol} {listed(faults)}", rule


def _rational(factor: Any) -> sympy.Expr:
    import sympy

    return sympy.nsimplify(round(float(factor), 8), rational=True)


def _text(expression: sympy.Expr) -> str:
    from fallline.views.equations.text import Text

    return Text().write(expression)
