"""A data set: inputs, targets, and what they are called."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fallline.errors import DataError, ShapeError

__all__ = ["Dataset", "one_hot"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Inputs X, (batch, n_in), and targets T, (batch, n_out); one-hot rows where targets are classes.

    Parameters
    ----------
    X: inputs, finite numbers.
    T: targets, finite numbers.
    name: what pictures call it.
    columns: names of the inputs.
    classes: names of the classes; empty where the targets are values.

    >>> Dataset.of([[0.0, 1.0], [2.0, 3.0]], [1, 0])
    Dataset('data', 2 samples, 2 inputs, 2 classes)
    """

    X: NDArray[np.float64]
    T: NDArray[np.float64]
    name: str = "data"
    columns: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for letter, array in (("X", self.X), ("T", self.T)):
            if array.ndim != 2 or not len(array):
                raise ShapeError(f"{letter} must have the shape (samples, columns); got {array.shape}.")
            bad = np.argwhere(~np.isfinite(array))
            if len(bad):
                row, column = bad[0]
                raise DataError(
                    f"{letter} must hold finite numbers; row {row}, column {column} holds {array[row, column]}. "
                    "Remove or fill in such rows first."
                )
        if len(self.X) != len(self.T):
            raise ShapeError(f"X and T must have one row for each sample; got X {self.X.shape} and T {self.T.shape}.")

    @classmethod
    def of(cls, X: ArrayLike, y: ArrayLike, *, name: str = "data") -> Dataset:
        """From inputs and targets: a vector of whole numbers or texts means classes, anything else values."""
        inputs = np.asarray(X, dtype=np.float64)
        targets = np.asarray(y)
        columns = tuple(f"x{k + 1}" for k in range(inputs.shape[-1]))
        if targets.ndim == 1 and targets.dtype.kind in "iuUSOb":
            names, index = np.unique(targets, return_inverse=True)
            return cls(inputs, one_hot(index, len(names)), name, columns, tuple(str(n) for n in names))
        values = np.asarray(targets, dtype=np.float64)
        return cls(inputs, values.reshape(len(values), -1), name, columns)

    @property
    def labels(self) -> NDArray[np.int64]:
        """The class of each sample as a number."""
        return np.asarray(self.T.argmax(axis=-1))

    def __len__(self) -> int:
        return len(self.X)

    def __repr__(self) -> str:
        what = f"{len(self.classes)} classes" if self.classes else f"{self.T.shape[1]} targets"
        return f"Dataset({self.name!r}, {len(self)} samples, {self.X.shape[1]} inputs, {what})"


def one_hot(labels: ArrayLike, classes: int) -> NDArray[np.float64]:
    """Rows of the unit matrix: class 1 of 3 is (0, 1, 0)."""
    return np.eye(classes)[np.asarray(labels, dtype=np.int64)]
