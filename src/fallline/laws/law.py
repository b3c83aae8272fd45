"""A law and what a test of it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from fallline.runs.execution import EVERY_CORE, Execution

__all__ = ["HOLDS", "Finding", "Law", "Trial", "finding"]

HOLDS = 0.95
"""The share of starts that must agree for the verdict "holds"."""


@dataclass(frozen=True)
class Trial:
    """How a law is tested.

    Attributes
    ----------
    starts
        How many starts each case has.
    seed
        Key of the starts.
    execution
        Threads and device.
    """

    starts: int = 100
    seed: int = 0
    execution: Execution = field(default=EVERY_CORE)


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

    @property
    def verdict(self) -> str:
        """ "holds" if 95 % of the starts agree, "fails" otherwise, "could not tell" without a start."""
        if not self.starts:
            return "could not tell"
        return "holds" if self.share >= HOLDS else "fails"


@dataclass(frozen=True)
class Law:
    """A published result.

    Attributes
    ----------
    name
        As on the command line.
    statement
        The law in a sentence.
    equation
        LaTeX of the prediction.
    source
        Who published it, and where.
    setting
        What is trained here to test it.
    test
        Takes a `Trial` and yields a `Finding` for each case.
    """

    name: str
    statement: str
    equation: str
    source: str
    setting: str
    test: Callable[[Trial], Iterator[Finding]]


def finding(
    case: str, quantity: str, predicted: float, values: ArrayLike, tolerance: float, *, note: str = ""
) -> Finding:
    """The finding of one case from the value of each start. A start whose value is not finite does not agree.

    >>> f = finding("b = 0.5", "rate", 2.0, [2.0, 2.01, 1.9], 0.02)
    >>> f.measured, round(f.share, 3), f.verdict
    (2.0, 0.667, 'fails')
    """
    v = np.asarray(values, dtype=np.float64).ravel()
    if not v.size:
        return Finding(case, quantity, predicted, np.nan, np.nan, np.nan, tolerance, np.nan, 0, note)
    agree = np.abs(v - predicted) <= tolerance * (abs(predicted) or 1.0)
    finite = v[np.isfinite(v)]
    measured, low, high = np.quantile(finite, (0.5, 0.025, 0.975)).tolist() if finite.size else (np.nan,) * 3
    return Finding(
        case, quantity, float(predicted), measured, low, high, tolerance, float(agree.mean()), v.size, note
    )  # fmt: skip
