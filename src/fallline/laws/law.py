"""A law and what a test of it finds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fallline.errors import UsageError, shown
from fallline.laws.evidence import Curves, Plane, Region
from fallline.laws.trial import Trial
from fallline.sentences import capital

__all__ = ["DRAWN", "HOLDS", "Finding", "Law", "finding"]

HOLDS = 0.95
"""The share of starts that must agree for the verdict "holds"."""

DRAWN = 8
"""Starts whose curves are kept as evidence."""


SPELLED = {"relu": "ReLU", "mup": "muP"}
"""Words of names that are spelled with capitals."""


@dataclass(frozen=True)
class Finding:
    """What one case of a law gave.

    Attributes
    ----------
    case
        Optimizer and settings, in words.
    quantity
        What was measured of each start.
    predicted
        The law's value of it.
    measured, low, high
        Its median over the starts, and the range in which the middle 95 % of them lie.
    tolerance
        Up to which relative distance a start agrees with the prediction; absolute where the prediction is 0.
    share
        The share of the starts that agree.
    starts
        How many starts were measured.
    note
        What else belongs to it, such as how many starts reached the edge; "" if nothing does.
    above
        Whether the prediction is a bound: a start agrees if its value is larger.
    """

    case: str
    quantity: str
    predicted: float
    measured: float
    low: float
    high: float
    tolerance: float
    share: float
    starts: int
    note: str = ""
    above: bool = False

    @property
    def verdict(self) -> str:
        """ "holds" if 95 % of the starts agree, "fails" otherwise, "could not tell" without a start."""
        if not self.starts:
            return "could not tell"
        return "holds" if self.share >= HOLDS else "fails"

    @property
    def agreement(self) -> str:
        """When a start agrees: "within 5 %", a number where the prediction is 0 or the tolerance is tiny; "above" a bound."""
        if self.above:
            return "above"
        small = self.predicted == 0 or self.tolerance < 1e-4
        return f"within {self.tolerance:g}" if small else f"within {100 * self.tolerance:g} %"


@dataclass(frozen=True, repr=False)
class Law:
    r"""A published result, or a conjecture of your own.

    Attributes
    ----------
    name
        As on the command line: letters, digits and hyphens.
    statement
        The law in a sentence.
    equation
        LaTeX of the prediction; `\quad` stands between parts.
    source
        Who published it, and where.
    setting
        What is trained here to test it.
    test
        Takes a `Trial` and yields a `Finding` for each case, and `Curves` and `Plane` as evidence.
    prediction
        The law as a function: what it predicts.
    published
        Which figures the source reports, and where in it.
    region
        Takes a `Trial` and the number of cells along each side, and yields a `Region` for each plane of settings; None if no
        plane makes sense.
    """

    name: str
    statement: str
    equation: str
    source: str
    setting: str
    test: Callable[[Trial], Iterable[Finding | Curves | Plane]]
    prediction: Callable[..., Any] | None = None
    published: str = ""
    region: Callable[[Trial, int], Iterable[Region]] | None = None

    def __post_init__(self) -> None:
        for key in ("name", "statement", "equation", "source", "setting", "published"):
            if not isinstance(getattr(self, key), str):
                raise UsageError(f"{key} of a law must be a text; got {shown(getattr(self, key))}.")
        if not re.fullmatch(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*", self.name):
            raise UsageError(f"the name of a law must be letters and digits joined by hyphens; got {self.name!r}.")
        for key in ("test", "prediction", "region"):
            value = getattr(self, key)
            if not callable(value) and (key == "test" or value is not None):
                raise UsageError(f"{key} of the law {self.name} must be a function; got {shown(value)}.")

    @property
    def title(self) -> str:
        """The name as a heading: "Edge of stability"."""
        first, *rest = self.name.split("-")
        return " ".join([SPELLED.get(first, capital(first)), *(SPELLED.get(word, word) for word in rest)])

    def __repr__(self) -> str:
        return f"Law({self.name!r})"

    def findings(self, trial: Trial) -> list[Finding]:
        """The findings of a test, without the evidence."""
        return [f for f in self.test(trial) if isinstance(f, Finding)]


def finding(
    case: str, quantity: str, predicted: float, values: ArrayLike, tolerance: float, *, note: str = "",
    above: bool = False,
) -> Finding:  # fmt: skip
    """The finding of one case from the value of each start. A start whose value is not finite does not agree.

    If the prediction is a bound (`above`), a start agrees if its value is larger, by more than the tolerance.

    >>> f = finding("b = 0.5", "rate", 2.0, [2.0, 2.01, 1.9], 0.02)
    >>> f.measured, round(f.share, 3), f.verdict
    (2.0, 0.667, 'fails')
    """
    v = np.asarray(values, dtype=np.float64).ravel()
    if not v.size:
        return Finding(case, quantity, predicted, np.nan, np.nan, np.nan, tolerance, np.nan, 0, note, above)
    room = tolerance * (abs(predicted) or 1.0)
    agree = v > predicted + room if above else np.abs(v - predicted) <= room
    finite = v[np.isfinite(v)]
    measured, low, high = np.quantile(finite, (0.5, 0.025, 0.975)).tolist() if finite.size else (np.nan,) * 3
    return Finding(
        case, quantity, float(predicted), measured, low, high, tolerance, float(agree.mean()), v.size, note, above
    )  # fmt: skip
