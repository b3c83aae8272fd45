"""The box-counting dimension of a boundary over many windows, with an interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fallline import random

__all__ = ["Dimension", "dimension"]

DRAWS = 1000
"""Bootstrap samples behind an interval."""


@dataclass(frozen=True)
class Dimension:
    """The median of local slopes over all windows and scales, and its interval of 95 %.

    Attributes
    ----------
    value
        The median.
    low, high
        The interval: from bootstrap samples of starts, of each start's windows, and of each window's scales.
    windows
        How many windows had a boundary.
    """

    value: float
    low: float
    high: float
    windows: int

    def __str__(self) -> str:
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


def dimension(slopes: Sequence[Sequence[ArrayLike]]) -> Dimension:
    """The dimension from the `boundary.local_slopes` of windows: one list for each start, in it the slopes of each window.

    >>> print(dimension([[[1.0, 1.0], [1.0]], [[1.1, 1.0]]]))
    1.00 [1.00, 1.10]
    """
    starts = [[np.asarray(s, dtype=np.float64) for s in windows if np.size(s)] for windows in slopes]
    starts = [windows for windows in starts if windows]
    if not starts:
        return Dimension(float("nan"), float("nan"), float("nan"), 0)
    medians = [_resampled(starts, draw) for draw in range(DRAWS)]
    low, high = (float(v) for v in np.quantile(medians, (0.025, 0.975)))
    value = float(np.median(np.concatenate([s for windows in starts for s in windows])))
    return Dimension(value, low, high, sum(len(windows) for windows in starts))


def _resampled(starts: list[list[NDArray[np.float64]]], draw: int) -> float:
    """The median of one bootstrap sample: starts are drawn with replacement, then windows of each, then scales of each."""
    most = max(len(windows) for windows in starts) * (1 + max(len(s) for windows in starts for s in windows))
    numbers = iter(random.uniform(draw, "bootstrap", len(starts) * (1 + most)))

    def drawn(items: Sequence[Any]) -> list[Any]:
        return [items[int(next(numbers) * len(items))] for _ in items]

    kept: list[Any] = []
    for windows in drawn(starts):
        for scales in drawn(windows):
            kept.extend(drawn(scales))
    return float(np.median(kept))
