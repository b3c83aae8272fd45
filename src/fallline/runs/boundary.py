"""The boundary between two outcomes on a map, and its box-counting dimension.

A map of a quadratic objective has a smooth boundary: dimension 1, measured as 1.0 to 1.1. That of a network is fractal
(Sohl-Dickstein 2024, "The boundary of neural network trainability is fractal", arXiv:2402.06184).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fallline.errors import ShapeError

__all__ = ["boundary", "box_counting_dimension", "box_counts"]


def boundary(inside: ArrayLike) -> NDArray[np.bool_]:
    """Cells with a neighbour, left, right, above or below, of the other kind: (rows, columns) to the same.

    >>> boundary([[True, True, False]]).tolist()
    [[False, True, True]]
    """
    a = np.asarray(inside, dtype=bool)
    if a.ndim != 2:
        raise ShapeError(f"a boundary needs a map of rows and columns; got shape {a.shape}.")
    edge = np.zeros_like(a)
    across, up = a[:, 1:] != a[:, :-1], a[1:] != a[:-1]
    edge[:, 1:] |= across
    edge[:, :-1] |= across
    edge[1:] |= up
    edge[:-1] |= up
    return edge


def box_counts(edge: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sides of boxes, 1, 2, 4, ... cells up to a quarter of the map, and how many boxes of each hold an edge cell.

    >>> sides, counts = box_counts(np.eye(16, dtype=bool))
    >>> sides.tolist(), counts.tolist()
    ([1, 2, 4], [16, 8, 4])
    """
    e = np.asarray(edge, dtype=bool)
    sides, counts = [], []
    side = 1
    while side <= min(e.shape) // 4:
        rows, columns = (-(-n // side) * side for n in e.shape)
        padded = np.pad(e, ((0, rows - e.shape[0]), (0, columns - e.shape[1])))
        boxes = padded.reshape(rows // side, side, columns // side, side).any(axis=(1, 3))
        sides.append(side)
        counts.append(int(boxes.sum()))
        side *= 2
    return np.array(sides), np.array(counts)


def box_counting_dimension(edge: ArrayLike) -> float:
    """Median of the local slopes -d log(boxes) / d log(side): 1 for a smooth line, 2 for what fills the plane.

    NaN where there is no edge. The map should have 64 rows and columns or more.

    >>> box_counting_dimension(np.eye(64, dtype=bool))
    1.0
    """
    sides, counts = box_counts(edge)
    if not len(counts) or not counts.all():
        return float("nan")
    slopes: Any = -np.diff(np.log2(counts)) / np.diff(np.log2(sides))
    return float(np.median(slopes)) if len(slopes) else float("nan")
