"""Points drawn by hand: each has two inputs and a class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fallline.data.dataset import Dataset, one_hot
from fallline.errors import DataError

__all__ = ["points_by_hand"]


def points_by_hand(points: Sequence[Sequence[float]]) -> Dataset:
    """Make a data set from points [x, y, class] with classes 0, 1, ...; the data set has at least two classes.

    Raises
    ------
    DataError
        If there are no points, or one of them is not [x, y, class].

    Examples
    --------
    >>> points_by_hand([[0, 1, 0], [2, 1, 1], [2, 0, 1]])
    Dataset('points', 3 samples, 2 inputs, 2 classes)
    """
    for k, point in enumerate(points):
        if len(point) != 3 or point[2] < 0 or point[2] != int(point[2]) or point[2] > 99:
            raise DataError(f"a point must be [x, y, class] with a class 0, 1, ...; point {k + 1} is {list(point)!r}.")
    if not len(points):
        raise DataError("points must be at least one; got none.")
    values = np.array([point[:2] for point in points], dtype=np.float64)
    kinds = np.array([int(point[2]) for point in points])
    count = max(2, int(kinds.max()) + 1)
    return Dataset(values, one_hot(kinds, count), "points", ("x1", "x2"), tuple(str(k) for k in range(count)))
