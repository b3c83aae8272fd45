"""Inputs brought to mean 0 and standard deviation 1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fallline.errors import DataError

__all__ = ["standardized"]


def standardized(X: NDArray[np.float64], columns: Sequence[str], source: str) -> NDArray[np.float64]:
    """Each column less its mean, divided by its standard deviation.

    A column is first divided by a power of two near its largest value. That rounds nothing, and keeps the squares of 1e200
    and of 1e-200 within the range of floats.

    >>> standardized(np.array([[1e200], [3e200]]), ["a"], "data").tolist()
    [[-1.0], [1.0]]

    Raises
    ------
    DataError
        A column is the same in every row.
    """
    for name, same in zip(columns, (X[0] == X).all(axis=0), strict=True):
        if same:
            raise DataError(f"{source}: column {name!r} is the same in every row; leave it out to standardize.")
    scaled = np.ldexp(X, -np.frexp(np.abs(X).max(axis=0))[1])
    return np.asarray((scaled - scaled.mean(axis=0)) / scaled.std(axis=0))
