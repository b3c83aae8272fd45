"""The samples of a fit in one fixed order, in which equal samples stand once with the sum of their weights.

So the fitted model depends neither on the order of the rows nor on whether a row stands twice or has the weight 2, and no
copy of a training sample can stand among those that judge the training.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import DataError
from fallline.shapes import Shaped

__all__ = ["Samples"]

Floats = NDArray[Any]

MOST_NUMBERS = 2 * 10**7
"""The most numbers of a table whose equal rows are looked for; larger tables keep their order."""


@dataclass(frozen=True, eq=False)
class Samples:
    """Inputs, targets, and weights of mean 1.

    Attributes
    ----------
    X, T
        Inputs and targets.
    weights
        Of the samples.
    place
        For each row of the user's table the sample that it became; -1 for a row of weight 0.
    """

    X: Shaped[Floats, "batch n_in"]
    T: Shaped[Floats, "batch n_out"]
    weights: Shaped[Floats, " batch"]
    place: Shaped[NDArray[np.int64], " rows"]

    @classmethod
    def of(
        cls,
        X: Shaped[Floats, "rows n_in"],
        T: Shaped[Floats, "rows n_out"],
        weights: Shaped[Floats, " rows"] | None = None,
    ) -> Samples:
        """Return the samples of a table.

        Raises
        ------
        DataError
            A weight is negative or not finite, or all are 0.

        Examples
        --------
        >>> samples = Samples.of(np.array([[2.0], [1.0], [2.0]]), np.array([[0.0], [1.0], [0.0]]))
        >>> samples.X.tolist(), samples.place.tolist(), samples.weights.round(4).tolist()
        ([[1.0], [2.0]], [1, 0, 1], [0.6667, 1.3333])
        """
        counted = np.ones(len(X)) if weights is None else np.asarray(weights, dtype=np.float64)
        wrong = np.flatnonzero(~(np.isfinite(counted) & (counted >= 0)))
        if len(wrong):
            raise DataError(f"weights must be finite numbers at least 0; sample {wrong[0]} has {counted[wrong[0]]}.")
        used = np.flatnonzero(counted)
        if not len(used):
            raise DataError("weights must not all be 0: no sample would be left to learn from.")
        both = np.column_stack([X[used], T[used]]) + 0.0  # -0 is 0
        if both.size <= MOST_NUMBERS:
            order = np.argsort(_keys(both), kind="stable")
            ordered = both[order]
            first = np.ones(len(order), np.bool_)
            first[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
            group = np.empty(len(order), np.int64)
            group[order] = np.cumsum(first) - 1
            chosen = used[order[first]]
        else:
            group, chosen = np.arange(len(used)), used
        total = np.bincount(group, counted[used])
        place = np.full(len(X), -1, np.int64)
        place[used] = group
        return cls(X[chosen], T[chosen], total / total.mean(), place)

    def __len__(self) -> int:
        return len(self.X)

    @property
    def inputs(self) -> Shaped[NDArray[np.int64], " batch"]:
        """The number of each sample's inputs: samples with the same inputs and other targets have the same.

        They may not be parted by folds: training samples with the inputs of a kept one would all have another target.

        >>> Samples.of(np.array([[2.0], [1.0], [2.0]]), np.array([[0.0], [1.0], [1.0]])).inputs.tolist()
        [0, 1, 1]
        """
        other = np.ones(len(self), np.int64)
        other[1:] = (self.X[1:] != self.X[:-1]).any(axis=1)  # equal inputs stand together
        return np.cumsum(other) - 1

    @property
    def own_weights(self) -> Shaped[Floats, " batch"] | None:
        """The weights, or None if they are all equal."""
        return None if (self.weights == self.weights[0]).all() else self.weights


def _keys(rows: Shaped[Floats, "rows columns"]) -> NDArray[Any]:
    """Return bytes that are in the order of the rows, column after column. `lexsort` takes three times as long.

    >>> rows = np.array([[1.0, -2.0], [1.0, -3.0], [-1e-9, 5.0], [1.0, 0.0]])
    >>> np.argsort(_keys(rows)).tolist()
    [2, 1, 0, 3]
    """
    bits = np.ascontiguousarray(rows).view(np.int64)
    ordered = np.where(bits < 0, ~bits, bits ^ np.int64(-(2**63))).astype(">i8")  # negative numbers from the lowest on
    return ordered.view(f"V{8 * rows.shape[1]}")[:, 0]
