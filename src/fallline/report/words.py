"""Numbers and estimates in the report's sentences and tables."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import ArrayLike

from fallline.runs.intervals import Estimate
from fallline.sentences import capital
from fallline.views.numerals import listed, number
from fallline.views.words import axis_words

__all__ = [
    "FILTERS",
    "broken",
    "count",
    "fixed",
    "interval",
    "loss",
    "place",
    "point",
    "share",
    "stacked",
    "steps",
]


def fixed(value: float, decimals: int = 2) -> str:
    """Write a number with `decimals` digits after the point.

    >>> fixed(-33.5149), fixed(float("inf"))
    ('−33.51', '∞')
    """
    if not math.isfinite(value):
        return number(value)
    text = f"{value:,.{decimals}f}"
    if not text.strip("-0.,"):
        text = text.lstrip("-")  # no minus sign before a zero
    return text.replace("-", "−")


def interval(estimate: Estimate, digits: int = 4) -> str:
    """Write an estimate with its interval, to `digits` significant digits.

    >>> interval(Estimate(159.52, 156.8, 161.5)), interval(Estimate(0.018581, 0.01622, 0.0231))
    ('159.5 [156.8, 161.5]', '0.01858 [0.01622, 0.0231]')
    """
    value, low, high = (number(0.0 if v == 0 else v, digits) for v in estimate)
    return f"{value} [{low}, {high}]"


def share(estimate: Estimate) -> str:
    """Write a share in percent with its interval.

    >>> share(Estimate(0.552, 0.5211, 0.583))
    '55.2 % [52.1, 58.3]'
    """
    return f"{100 * estimate.value:.1f} % [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"


def stacked(text: str) -> Markup:
    """Write a cell of a table: the value, and its interval below."""
    value, bracket, rest = text.partition(" [")
    below = f'<span class="interval">[{escape(rest)}</span>' if bracket else ""
    return Markup(f"{escape(value)}{below}")  # noqa: S704  # escaped


def broken(text: str) -> Markup:
    """Write a point with each coordinate on its own line."""
    return Markup(", <br>").join(text.split(", "))


def steps(estimate: Estimate) -> str:
    """A median number of steps; "under half reach it" where the median is not finite."""
    if not math.isfinite(estimate.value):
        return "under half reach it"
    low, high = ("∞" if math.isinf(v) else f"{v:.0f}" for v in (estimate.low, estimate.high))
    return f"{estimate.value:.0f} [{low}, {high}]"


def point(values: ArrayLike, decimals: int = 6) -> str:
    """A point: "(0.157429, 0.010189)"."""
    return f"({', '.join(fixed(float(v), decimals) for v in np.ravel(values))})"


def place(values: ArrayLike) -> str:
    """The end of a run: a point, or "none" if it has overflowed."""
    return point(values) if np.isfinite(values).all() else "none"


def loss(value: float, digits: int = 6) -> str:
    """A loss, or "none" if it is not finite."""
    return number(value, digits) if math.isfinite(value) else "none"


def count(n: int, word: str) -> str:
    """Write a number of things.

    >>> count(1, "run"), count(3, "run"), count(1200, "start")
    ('one run', 'three runs', '1,200 starts')
    """
    small = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    return f"{small[n] if n < len(small) else format(n, ',')} {word}{'' if n == 1 else 's'}"


FILTERS: dict[str, Any] = {
    "fixed": fixed, "interval": interval, "share": share, "steps": steps, "point": point, "count": count,
    "joined": listed, "number": number, "stacked": stacked, "broken": broken, "sentence": capital, "place": place, "loss": loss, "axis": axis_words,
}  # fmt: skip
