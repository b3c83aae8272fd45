"""Where runs ended: how far from their starts, and at which minimum."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.shapes import Shaped
from fallline.textbook.landscapes import Landscape

__all__ = ["REACHED", "distance", "minimum_reached"]

Floats = NDArray[Any]

REACHED = 0.01
"""A run has reached a minimum if it ends within this share of the diagonal of the landscape's window."""


def distance(start: Shaped[Floats, "... P"], end: Shaped[Floats, "runs P"]) -> Shaped[Floats, " runs"]:
    """The Euclidean distance from one point to another, in float64; infinite where a point is not finite.

    Squares are added in the order of the parameters, so that the bits are the same on every machine.

    >>> distance(np.zeros(2), np.array([[3.0, 4.0], [np.nan, 0]])).tolist()
    [5.0, inf]
    """
    with np.errstate(all="ignore"):
        away = np.abs(end.astype(np.float64) - start.astype(np.float64))
        largest = away.max(axis=-1, initial=0)
        # squares of numbers beyond these overflow or vanish; a power of 2 moves no bit
        scale = np.where(largest > 1e140, 2.0**600, np.where(largest < 1e-140, 2.0**-600, 1.0))
        squares = np.cumsum((away / scale[..., None]) ** 2, axis=-1)[..., -1]
        length = scale * np.sqrt(squares)
    return np.where(np.isnan(length), np.inf, length)


def minimum_reached(landscape: Landscape, end: Shaped[Floats, "runs P"]) -> Shaped[NDArray[np.int64], " runs"]:
    """The place in `landscape.minima` of the minimum that each run has reached, the nearest one; -1 for none.

    >>> from fallline.textbook.landscapes import LANDSCAPES
    >>> minimum_reached(LANDSCAPES["himmelblau"], np.array([[3.01, 2.0], [0.0, 0.0], [-3.78, -3.28]])).tolist()
    [0, -1, 2]
    """
    sides = [landscape.window[k % len(landscape.window)] for k in range(landscape.dimension)]
    diagonal = distance(*(np.array([[side[end] for side in sides]]) for end in (0, 1)))[0]
    away = np.stack([distance(np.array(point), end) for point in landscape.minima])
    return np.where(away.min(axis=0) <= REACHED * diagonal, away.argmin(axis=0), -1)
