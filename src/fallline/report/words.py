"""Numbers and estimates as the report's sentences have them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import ArrayLike

from fallline.runs.intervals import Estimate
from fallline.views.numerals import listed, number

__all__ = [
    "FILTERS",
    "axis",
    "broken",
    "count",
    "fixed",
    "interval",
    "joined",
    "loss",
    "place",
    "point",
    "sentence",
    "share",
    "stacked",
    "steps",
]


def fixed(value: float, decimals: int = 2) -> str:
    """A number with so many digits after the point.

    >>> fixed(-33.5149), fixed(float("inf"))
    ('−33.51', '∞')
    """
    if not math.isfinite(value):
        return number(value)
    text = f"{value:,.{decimals}f}"
    if not text.strip("-0.,"):
        text = text.lstrip("-")  # no minus before a zero
    return text.replace("-", "−")


def interval(estimate: Estimate, digits: int = 4) -> str:
    """An estimate with its interval, to so many significant digits.

    >>> interval(Estimate(159.52, 156.8, 161.5)), interval(Estimate(0.018581, 0.01622, 0.0231))
    ('159.5 [156.8, 161.5]', '0.01858 [0.01622, 0.0231]')
    """
    value, low, high = (number(0.0 if v == 0 else v, digits) for v in estimate)
    return f"{value} [{low}, {high}]"


def share(estimate: Estimate) -> str:
    """A share in percent with its interval.

    >>> share(Estimate(0.552, 0.5211, 0.583))
    '55.2 % [52.1, 58.3]'
    """
    return f"{100 * estimate.value:.1f} % [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]"


def stacked(text: str) -> Markup:
    """A cell of a table: the value, and its interval below."""
    value, bracket, rest = text.partition(" [")
    below = f'<span class="interval">[{escape(rest)}</span>' if bracket else ""
    return Markup(f"{escape(value)}{below}")  # noqa: S704  # escaped


def broken(text: str) -> Markup:
    """A point, each coordinate on a line of its own."""
    return Markup(", <br>").join(text.split(", "))


def sentence(text: str) -> str:
    """With a capital at its beginning."""
    return text[:1].upper() + text[1:]


def steps(estimate: Estimate) -> str:
    """A median number of steps; "not within the run" where fewer than half of the runs get there."""
    if not math.isfinite(estimate.value):
        return "never, for most"
    low, high = ("∞" if math.isinf(v) else f"{v:.0f}" for v in (estimate.low, estimate.high))
    return f"{estimate.value:.0f} [{low}, {high}]"


def point(values: ArrayLike, decimals: int = 6) -> str:
    """A point: "(0.157429, 0.010189)"."""
    return f"({', '.join(fixed(float(v), decimals) for v in np.ravel(values))})"


def place(values: ArrayLike) -> str:
    """Where a run ends: a point, or "none" where it has overflowed."""
    return point(values) if np.isfinite(values).all() else "none"


def loss(value: float, digits: int = 6) -> str:
    """A loss, or "none" where it is not finite."""
    return number(value, digits) if math.isfinite(value) else "none"


def axis(name: str) -> str:
    """A map's axis in words: "learning_rate.2" to "learning rate of layer 2", "start.x" to "x of the start"."""
    head, _, part = name.partition(".")
    if not part:
        return head.replace("_", " ")
    return f"{part} of the start" if head == "start" else f"{head.replace('_', ' ')} of layer {part}"


def count(n: int, word: str) -> str:
    """How many of a thing.

    >>> count(1, "run"), count(3, "run"), count(1200, "start")
    ('one run', 'three runs', '1,200 starts')
    """
    small = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    return f"{small[n] if n < len(small) else format(n, ',')} {word}{'' if n == 1 else 's'}"


def joined(words: Sequence[str]) -> str:
    """Words as a sentence has them: "a, b and c"."""
    return listed(list(words))


FILTERS: dict[str, Any] = {
    "fixed": fixed, "interval": interval, "share": share, "steps": steps, "point": point, "count": count,
    "joined": joined, "number": number, "stacked": stacked, "broken": broken, "sentence": sentence, "place": place, "loss": loss, "axis": axis,
}  # fmt: skip
