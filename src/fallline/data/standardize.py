"""Bring inputs to mean 0 and standard deviation 1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fallline.errors import DataError

__all__ = ["standardized"]


def standardized(X: NDArray[np.float64], columns: Sequence[str], source: str) -> NDArray[np.float64]:
    """Subtract from each column its mean, and divide it by its standard deviation.

    Each column is first divided by a power of two near its largest value. This division is exact, and it keeps the squares
    of 1e200 and of 1e-200 within the range of floats.

    Raises
    ------
    DataError
        If a column is the same in every row. The message begins with `source`.

    Examples
    --------
    >>> standardized(np.array([[1e200], [3e200]]), ["a"], "data").tolist()
    [[-1.0], [1.0]]
    """
    for name, same in zip(columns, (X[0] == X).all(axis=0), strict=True):
        if same:
            raise DataError(f"{source}: column {name!r} is the same in every row; leave it out to standardize.")
    scaled = np.ldexp(X, -np.frexp(np.abs(X).max(axis=0))[1])
    return np.asarray((scaled - scaled.mean(axis=0)) / scaled.std(axis=0))
