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
    exponents = np.frexp(np.abs(X).max(axis=0))[1]
    columns = np.ldexp(X, -exponents).T
    low, middle, high = quantiles(columns, (0.25, 0.5, 0.75), weights)
    width = np.where(high > low, high - low, np.ptp(columns, axis=-1) / 2)  # equal quartiles: half of the range
    return [Scale(int(e), float(m), float(d), smooth=True) for e, m, d in zip(exponents, middle, width, strict=True)]


def quantiles(columns: Floats, shares: Sequence[float], weights: Floats | None = None) -> list[Floats]:
    """Return for each share q the smallest number at which q of the weight is reached; the mean with the next if it is so exactly.

    So the median of two numbers is their mean. A weight of 2 counts as two rows do, which NumPy's interpolating quantiles cannot
    promise. Source: definition 2 of Hyndman & Fan 1996.

    >>> quantiles(np.array([[3.0, 1.0, 2.0, 7.0]]), (0.5, 0.7)), quantiles(np.array([[1.0, 2.0]]), (0.5,), np.array([3.0, 1.0]))
    ([array([2.5]), array([3.])], [array([1.])])
    """
    if weights is None:
        ordered, reached = np.sort(columns, axis=-1), np.arange(1.0, columns.shape[-1] + 1)[None]
    else:
        order = np.argsort(columns, axis=-1, kind="stable")
        ordered, reached = np.take_along_axis(columns, order, axis=-1), np.cumsum(weights[order], axis=-1)
    every = np.arange(len(ordered))
    found = []
    for q in shares:
        at, beyond = ((reached >= q * reached[:, -1:] * (1 + slack)).argmax(axis=-1) for slack in (-1e-12, 1e-12))
        a, b = ordered[every, at], ordered[every, beyond]
        found.append(np.where(a == b, a, a / 2 + b / 2))  # whose sum may not overflow
    return found
