"""A data set: inputs, targets, and their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fallline.data.targets import as_inputs, as_targets, one_hot, targets_for
from fallline.errors import ShapeError

__all__ = ["Dataset", "one_hot"]


@dataclass(frozen=True, eq=False, init=False)
class Dataset:
    """Inputs X, (batch, n_in), and targets T, (batch, n_out); one-hot rows where targets are classes.

    Parameters
    ----------
    X
        Inputs, finite numbers.
    T
        Targets: a table of finite numbers, or one target for each sample, as in scikit-learn: a text or a whole number is
        a class, any other number is a value.
    name
        The name that pictures show.
    columns
        Names of the inputs.
    classes
        Names of the classes; empty where the targets are values.

    Raises
    ------
    ShapeError, DataError
        If X or T is not a table of finite numbers, or they differ in length.

    Examples
    --------
    >>> Dataset([[0.0, 1.0], [2.0, 3.0]], ["rose", "tulip"])
    Dataset('data', 2 samples, 2 inputs, 2 classes)
    """

    X: NDArray[np.float64]
    T: NDArray[np.float64]
    name: str = "data"
    columns: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    def __init__(
        self, X: ArrayLike, T: ArrayLike, name: str = "data", columns: Sequence[str] = (), classes: Sequence[str] = ()
    ) -> None:
        inputs = as_inputs(X)
        targets, names = as_targets(T)
        if len(inputs) != len(targets):
            raise ShapeError(f"X and T must have one row for each sample; got X {inputs.shape} and T {targets.shape}.")
        fields = {
            "X": inputs,
            "T": targets,
            "name": name,
            "columns": tuple(columns),
            "classes": tuple(classes) or names,
        }
        for field, value in fields.items():
            object.__setattr__(self, field, value)

    @classmethod
    def of(cls, X: ArrayLike, y: ArrayLike, *, name: str = "data") -> Dataset:
        """Make a data set from inputs and targets; the inputs are named x1, x2, ...

        >>> Dataset.of([[0.0, 1.0], [2.0, 3.0]], [1, 0]).columns
        ('x1', 'x2')
        """
        data = cls(X, y, name)
        return replace(data, columns=tuple(f"x{k + 1}" for k in range(data.X.shape[1])))

    def fitted(self, kind: Literal["classes", "labels", "values"], outputs: int) -> Dataset:
        """Return the data set with targets in the form that a loss of that kind with that many outputs takes.

        See `targets_for`.
        """
        T, classes = targets_for(self.T, self.classes, kind, outputs)
        return self if T is self.T else replace(self, T=T, classes=classes)

    @property
    def labels(self) -> NDArray[np.int64]:
        """The class of each sample, as a number."""
        return np.asarray(self.T.argmax(axis=-1))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Dataset):
            return NotImplemented
        names, others = ((d.name, d.columns, d.classes) for d in (self, other))
        return names == others and np.array_equal(self.X, other.X) and np.array_equal(self.T, other.T)

    def __hash__(self) -> int:
        return hash((self.name, self.columns, self.classes, self.X.shape, (self.X + 0.0).tobytes()))

    def __len__(self) -> int:
        return len(self.X)

    def __repr__(self) -> str:
        targets = f"{len(self.classes)} classes" if self.classes else f"{self.T.shape[1]} targets"
        return f"Dataset({self.name!r}, {len(self)} samples, {self.X.shape[1]} inputs, {targets})"
