"""Intervals for shares and medians. They assume nothing about the distribution of the values."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fallline.shapes import Shaped

__all__ = ["Estimate", "median", "share"]


class Estimate(NamedTuple):
    """A value and the interval that covers the truth with 95 % confidence."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4g} [{self.low:.4g}, {self.high:.4g}]"


def share(count: int, total: int) -> Estimate:
    """A share with Wilson's interval (Wilson 1927), which stays inside [0, 1] and holds for 0 of n, too.

    >>> print(share(0, 1000))
    0 [0, 0.003827]
    """
    z = 1.959963984540054  # 97.5 % point of the normal distribution
    p = count / total
    centre = (p + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total))
    return Estimate(p, max(0.0, centre - half) if count else 0.0, min(1.0, centre + half) if count < total else 1.0)


def median(values: Shaped[NDArray[Any], " starts"]) -> Estimate:
    """The median with the interval of order statistics: exact for any distribution, infinities included.

    The k-th smallest of n values lies below the true median with a binomial probability.

    >>> print(median(np.arange(101.0)))
    50 [40, 60]
    """
    from scipy.stats import binom  # late: scipy.stats takes long to import

    ordered = np.sort(np.where(np.isnan(values), np.inf, values))
    n = len(ordered)
    k = int(binom.ppf(0.025, n, 0.5))
    low = ordered[k - 1] if k >= 1 else -np.inf  # fewer than six values have no such interval
    high = ordered[n - k] if k >= 1 else np.inf
    middle = ordered[n // 2] if n % 2 else _mean(ordered[n // 2 - 1], ordered[n // 2])
    return Estimate(float(middle), float(low), float(high))


def _mean(a: float, b: float) -> float:
    return a if a == b else (a + b) / 2  # inf and inf is inf; numpy would give it too, but warn for inf - inf
