"""Calibration: whether answers of 80 percent are right in 80 percent of the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.models.fitting import Kind
from fallline.shapes import Shaped

__all__ = ["Calibration", "calibration"]

Floats = NDArray[Any]

BINS = 10
"""The most bins; with few rows there are fewer."""

FEWEST = 10
"""The fewest answers of a bin, on average."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """Answers in bins of as many answers each.

    Attributes
    ----------
    chance, right, count
        Of each bin: the mean probability that the networks give, the share that is right, and the answers.
    error
        The mean distance of the two, weighted by the answers: the expected calibration error.
    """

    chance: Shaped[Floats, " bins"]
    right: Shaped[Floats, " bins"]
    count: Shaped[NDArray[np.int64], " bins"]
    error: float


def calibration(
    answers: Shaped[Floats, "rows n_out"], T: Shaped[Floats, "rows n_out"], kind: Kind
) -> Calibration | None:
    """Return the calibration of probabilities; None for values.

    Of classes, that of the likeliest class of each row; of labels, that of each label.
    Source: Naeini, Cooper & Hauskrecht 2015 (with bins of equal counts).

    Examples
    --------
    >>> sure = np.repeat([[0.9, 0.1]], 20, axis=0)
    >>> found = calibration(sure, np.eye(2)[[0] * 16 + [1] * 4], "classes")
    >>> found.chance.tolist(), found.right.tolist(), round(found.error, 3)
    ([0.9], [0.8], 0.1)
    """
    if kind == "values" or not len(answers):
        return None
    if kind == "classes":
        chance, right = answers.max(axis=-1), answers.argmax(axis=-1) == T.argmax(axis=-1)
    else:
        chance, right = answers.ravel(), T.ravel() > 0.5
    order = np.argsort(chance, kind="stable")
    bins = max(1, min(BINS, len(chance) // FEWEST))
    edges = np.linspace(0, len(chance), bins + 1).round().astype(np.int64)
    values = np.asarray(chance, np.float64)[order]
    # Equal answers belong to one bin: an edge moves to the end of its run.
    ends = sorted({int(np.searchsorted(values, values[edge - 1], side="right")) for edge in edges[1:]})
    starts = [0, *ends[:-1]]
    parts = [order[a:b] for a, b in zip(starts, ends, strict=True)]
    means = np.array([np.asarray(chance, np.float64)[part].mean() for part in parts])
    shares = np.array([right[part].mean() for part in parts])
    count = np.array([len(part) for part in parts])
    return Calibration(means.round(12), shares, count, float(np.average(np.abs(means - shares), weights=count)))
