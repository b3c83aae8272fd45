"""Scales of numbers: what brings a column near 0 with a width near 1, by its training rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fallline.data.standardize import Standardization

__all__ = ["SCALINGS", "Scale", "Scaling", "quantiles", "scales_of", "smoothly_clipped"]

Floats = NDArray[np.float64]

Scaling = Literal["none", "standard", "robust"]

SCALINGS: tuple[Scaling, ...] = ("none", "standard", "robust")
"""Nothing; mean 0 and standard deviation 1; or the median and the quartiles, with outliers clipped smoothly to (-3, 3), as RealMLP
has it (Holzmüller, Grinsztajn & Steinwart 2024, arXiv:2407.04491)."""


CLIP = 3.0
"""Where smooth clipping ends."""


@dataclass(frozen=True)
class Scale:
    """What is done to the numbers of a column: (x / 2^exponent - centre) / width, then, if smooth, x / sqrt(1 + (x/3)^2).

    The division by the power of two is exact, and keeps squares within the range of floats.

    >>> Scale(0, 1.0, 2.0)(np.array([1.0, 5.0])).tolist()
    [0.0, 2.0]
    """

    exponent: int
    centre: float
    width: float
    smooth: bool = False

    def __call__(self, x: Floats) -> Floats:
        scaled = (np.ldexp(x, -self.exponent) - self.centre) / self.width
        return smoothly_clipped(scaled) if self.smooth else np.asarray(scaled)


def smoothly_clipped(z: Floats) -> Floats:
    """z / sqrt(1 + (z/3)^2), which lies in [-3, 3].

    >>> smoothly_clipped(np.array([0.5, -1e300])).round(3).tolist()
    [0.493, -3.0]
    """
    z = np.clip(z, -1e100, 1e100)  # so that no square overflows
    return np.asarray(z / np.sqrt(1 + (z / CLIP) ** 2))


def scales_of(X: Floats, scaling: Scaling, weights: Floats | None = None) -> list[Scale | None]:
    """The scale of each column by these rows, or by rows of those weights. No column may be the same in every row.

    >>> scales_of(np.array([[1.0], [3.0]]), "standard")
    [Scale(exponent=2, centre=0.5, width=0.25, smooth=False)]
    """
    if scaling == "none" or not X.shape[1]:
        return [None] * X.shape[1]
    if scaling == "standard":
        by = Standardization.of(X, ["" for _ in X.T], "", weights)
        return [Scale(int(e), float(m), float(d)) for e, m, d in zip(by.exponent, by.mean, by.deviation, strict=True)]
    return [_robust(x, np.ones(len(x)) if weights is None else weights) for x in X.T]


def _robust(x: Floats, weights: Floats) -> Scale:
    """Median and distance of the quartiles; half of the range where the quartiles are equal."""
    exponent = int(np.frexp(np.abs(x).max())[1])
    x = np.ldexp(x, -exponent)
    low, middle, high = quantiles(x, (0.25, 0.5, 0.75), weights)
    width = high - low if high > low else (float(x.max()) - float(x.min())) / 2
    return Scale(exponent, middle, width, smooth=True)


def quantiles(x: Floats, shares: Sequence[float], weights: Floats | None = None) -> list[float]:
    """Return for each share q the smallest number at which q of the weight is reached; the mean with the next if it is so exactly.

    So the median of two numbers is their mean. A weight of 2 counts as two rows do, which NumPy's interpolating quantiles cannot
    promise. Source: definition 2 of Hyndman & Fan 1996.

    >>> quantiles(np.array([3.0, 1.0, 2.0, 7.0]), (0.5, 0.7)), quantiles(np.array([1.0, 2.0]), (0.5,), np.array([3.0, 1.0]))
    ([2.5, 3.0], [1.0])
    """
    order = np.argsort(x, kind="stable")
    reached = np.cumsum(np.ones(len(x)) if weights is None else weights[order])
    found = []
    for q in shares:
        goal = q * reached[-1]
        at, beyond = np.searchsorted(reached, [goal * (1 - 1e-12), goal * (1 + 1e-12)], side="left")
        a, b = float(x[order[at]]), float(x[order[min(beyond, len(x) - 1)]])
        found.append(a if a == b else a / 2 + b / 2)  # whose sum may not overflow
    return found
