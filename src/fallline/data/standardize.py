"""Bring inputs to mean 0 and standard deviation 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fallline.errors import DataError

__all__ = ["Standardization"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Standardization:
    """What brings columns to mean 0 and standard deviation 1: called with other rows, it does the same to them.

    Each column is first divided by a power of two near its largest value. This division is exact, and it keeps the squares
    of 1e200 and of 1e-200 within the range of floats.

    Attributes
    ----------
    exponent
        Of the power of two that each column is divided by.
    mean, deviation
        Of the columns after that division.

    Examples
    --------
    >>> scaling = Standardization.of(np.array([[1e200], [3e200]]), ["a"], "data")
    >>> scaling(np.array([[1e200], [4e200]])).tolist()
    [[-1.0], [2.0]]
    """

    exponent: NDArray[np.int32]
    mean: Floats
    deviation: Floats

    @classmethod
    def of(cls, X: Floats, columns: Sequence[str], source: str, weights: Floats | None = None) -> Standardization:
        """The standardization that brings X, with rows of these weights, to mean 0 and standard deviation 1.

        Raises
        ------
        DataError
            If a column is the same in every row. The message begins with `source`.
        """
        for name, same in zip(columns, (X[0] == X).all(axis=0), strict=True):
            if same:
                raise DataError(f"{source}: column {name!r} is the same in every row; leave it out to standardize.")
        exponent = np.frexp(np.abs(X).max(axis=0))[1]
        scaled = np.ldexp(X, -exponent)
        if weights is None:
            return cls(exponent, scaled.mean(axis=0), scaled.std(axis=0))
        mean = np.average(scaled, axis=0, weights=weights)
        return cls(exponent, mean, np.sqrt(np.average((scaled - mean) ** 2, axis=0, weights=weights)))

    def __call__(self, X: Floats) -> Floats:
        return np.asanyarray((np.ldexp(X, -self.exponent) - self.mean) / self.deviation)
