"""The ranges of z on which a function of one number is wrong, with their ends found by bisection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Range", "wrong_ranges"]

HALVINGS = 80
NOTHING = 1e-290
"""A smaller number is 0 in a sentence."""


@dataclass(frozen=True)
class Range:
    """The numbers between two ends, with one wrong point between them; an infinite end means that there is none.

    >>> str(Range(6.0, np.inf, 7.0)), str(Range(-np.inf, np.inf, 0.0)), str(Range(0.0, 0.0, 0.0))
    ('z > 6', 'all z', 'z = 0')
    """

    low: float
    high: float
    inside: float

    def __str__(self) -> str:
        if abs(self.high) < NOTHING and abs(self.low) < NOTHING:
            return "z = 0"
        if np.isinf(self.low):
            return "all z" if np.isinf(self.high) else f"z < {_number(self.high)}"
        if np.isinf(self.high):
            return f"z > {_number(self.low)}"
        return f"{_number(self.low)} < z < {_number(self.high)}"


def _number(value: float) -> str:
    return "0" if abs(value) < NOTHING else f"{value:.6g}"


def wrong_ranges(z: Any, wrong: Any, is_wrong: Callable[[float], bool]) -> list[Range]:
    """The runs of wrong points among the points z, each widened to where the function turns right.

    >>> points = np.array([-1.0, 0.0, 1.0, 4.0, 9.0])
    >>> [str(found) for found in wrong_ranges(points, points > 3, lambda z: z > 3)]
    ['z > 3']
    """
    order = np.argsort(z, kind="stable")
    z, wrong = z[order], np.asarray(wrong)[order]
    ranges, k = [], 0
    while k < len(z):
        if not wrong[k]:
            k += 1
            continue
        first = k
        while k < len(z) and wrong[k]:
            k += 1
        low = _edge(float(z[first]), float(z[first - 1]), is_wrong) if first else -np.inf
        high = _edge(float(z[k - 1]), float(z[k]), is_wrong) if k < len(z) else np.inf
        ranges.append(Range(float(low), float(high), float(z[(first + k - 1) // 2])))
    return ranges


def _edge(wrong: float, right: float, is_wrong: Callable[[float], bool]) -> float:
    """The number between a wrong and a right one at which the function turns right."""
    for _ in range(HALVINGS):
        middle = _middle(wrong, right)
        if middle in (wrong, right):
            break
        wrong, right = (middle, right) if is_wrong(middle) else (wrong, middle)
    return right


def _middle(a: float, b: float) -> float:
    """The arithmetic mean; the geometric one where the numbers have one sign and different sizes."""
    if a * b > 0 and not 0.5 < a / b < 2:
        return float(np.sign(a) * np.sqrt(abs(a)) * np.sqrt(abs(b)))
    return a / 2 + b / 2
