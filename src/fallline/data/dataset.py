"""A data set: inputs, targets, and their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fallline.data.features import FeatureInputs
from fallline.data.prepared import Prepared
from fallline.data.targets import as_inputs, as_targets, one_hot, targets_for
from fallline.errors import DataError, ShapeError

__all__ = ["Dataset", "check_index", "one_hot"]


@dataclass(frozen=True, eq=False, init=False)
class Dataset(Prepared):
    """Inputs X, (batch, n_in), and targets T, (batch, n_out); one-hot rows where targets are classes.

    X and T are read-only copies: what happens later to the arrays of the caller does not reach the data set.

    Parameters
    ----------
    X
        Inputs, finite numbers.
    T
        Targets: a table of finite numbers, or one target for each sample, as in scikit-learn: a text or a whole number is
        a class, any other number is a value. Whole numbers of which more than 20 differ, as ages do, are values, too.
    name
        The name that pictures show.
    columns
        Names of the inputs; by default, those of a data frame.
    classes
        Names of the classes; empty where the targets are values.
    test
        Samples that are kept for the test, with the same inputs, targets and classes; `split` makes them. No step of a
        training sees them.
    features
        How the inputs X are made of two raw inputs; None if they are as given. `with_features` sets it.
    notes
        What was detected in a table and done to it, a sentence each.

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
    test: Dataset | None = None
    features: FeatureInputs | None = None
    notes: tuple[str, ...] = ()

    def __init__(
        self,
        X: ArrayLike,
        T: ArrayLike,
        name: str = "data",
        columns: Sequence[str] = (),
        classes: Sequence[str] = (),
        test: Dataset | None = None,
        features: FeatureInputs | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        check_index(X, T)
        inputs = as_inputs(X)
        targets, names = as_targets(T)
        if len(inputs) != len(targets):
            raise ShapeError(f"X and T must have one row for each sample; got X {inputs.shape} and T {targets.shape}.")
        columns = tuple(columns) or _columns(X)
        if columns and len(columns) != inputs.shape[1]:
            raise ShapeError(f"columns must be {inputs.shape[1]} names, one for each input; got {len(columns)}.")
        classes = tuple(classes)
        if classes and names:
            targets = _in_order(targets, names, classes)
        fields = {
            "X": _kept(inputs),
            "T": _kept(targets),
            "name": name,
            "columns": columns,
            "classes": classes or names,
            "test": test,
            "features": features,
            "notes": tuple(notes),
        }
        for field, value in fields.items():
            object.__setattr__(self, field, value)
        self._check_test()

    def _check_test(self) -> None:
        """Refuse test samples with other columns or classes."""
        if self.test is None:
            return
        own, other = ((d.X.shape[1], d.T.shape[1], d.classes) for d in (self, self.test))
        if own != other:
            raise ShapeError(
                f"test samples must have the inputs, targets and classes of {self.name}, which are {_kind(*own)}; "
                f"they have {_kind(*other)}."
            )

    @classmethod
    def of(cls, X: ArrayLike, y: ArrayLike, *, name: str = "data") -> Dataset:
        """Make a data set from inputs and targets. The inputs are named as in a data frame, or x1, x2, ...

        >>> Dataset.of([[0.0, 1.0], [2.0, 3.0]], [1, 0]).columns
        ('x1', 'x2')
        """
        data = cls(X, y, name)
        if data.columns:
            return data
        return replace(data, columns=tuple(f"x{k + 1}" for k in range(data.X.shape[1])))

    def fitted(self, kind: Literal["classes", "labels", "values"], outputs: int) -> Dataset:
        """Return the data set with targets in the form that a loss of that kind with that many outputs takes.

        See `targets_for`.

        Examples
        --------
        >>> Dataset([[0.0], [1.0]], [[0.0], [1.0]]).fitted("classes", 2).T.tolist()
        [[1.0, 0.0], [0.0, 1.0]]
        """
        if self.test is None:
            T, classes = targets_for(self.T, self.classes, kind, outputs)
            return self if T is self.T else replace(self, T=T, classes=classes)
        both = np.concatenate([self.T, self.test.T])  # a class may be in one of the two alone
        T, classes = targets_for(both, self.classes, kind, outputs)
        if T is both:
            return self
        test = replace(self.test, T=T[len(self) :], classes=classes)
        return replace(self, T=T[: len(self)], classes=classes, test=test)

    @property
    def labels(self) -> NDArray[np.int64]:
        """The class of each sample, as a number.

        Examples
        --------
        >>> Dataset.of([[0.0], [1.0]], ["ash", "oak"]).labels.tolist()
        [0, 1]
        """
        if self.T.shape[1] == 1 and len(self.classes) == 2:  # 0 or 1 for a single output
            return np.asarray(self.T[:, 0], dtype=np.int64)
        return np.asarray(self.T.argmax(axis=-1))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Dataset):
            return NotImplemented
        names, others = ((d.name, d.columns, d.classes) for d in (self, other))
        same = names == others and np.array_equal(self.X, other.X) and np.array_equal(self.T, other.T)
        return same and self.test == other.test

    def __hash__(self) -> int:
        return hash((self.name, self.columns, self.classes, self.X.shape, (self.X + 0.0).tobytes()))

    def __len__(self) -> int:
        return len(self.X)

    def __repr__(self) -> str:
        targets = f"{len(self.classes)} classes" if self.classes else f"{self.T.shape[1]} targets"
        test = "" if self.test is None else f", {len(self.test)} test samples"
        return f"Dataset({self.name!r}, {len(self)} samples{test}, {self.X.shape[1]} inputs, {targets})"


def _kind(inputs: int, targets: int, classes: tuple[str, ...]) -> str:
    named = f" of the classes {', '.join(classes[:9])}" if classes else ""
    return f"{inputs} inputs and {targets} targets{named}"


def _kept(array: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a read-only copy; the array itself if it is one."""
    if not array.flags.writeable and array.flags.owndata:
        return array
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def _columns(X: object) -> tuple[str, ...]:
    """Return the names of a data frame's columns; () for an array."""
    names = getattr(X, "columns", None)
    return () if names is None or callable(names) else tuple(str(name) for name in names)


def check_index(X: object, T: object) -> None:
    """Raise DataError if two data frames hold the same samples in another order."""
    a, b = (getattr(values, "index", None) for values in (X, T))
    if a is None or b is None or callable(a) or callable(b) or len(a) != len(b):
        return
    if list(a) != list(b) and set(a) == set(b):
        raise DataError("X and T hold the same rows in another order: their indexes differ. Write T.loc[X.index].")


def _in_order(T: NDArray[np.float64], names: tuple[str, ...], classes: tuple[str, ...]) -> NDArray[np.float64]:
    """Return one-hot rows with their columns in the order of `classes`, which may also rename classes that are numbers."""
    if set(classes) == set(names):
        return T[:, [names.index(name) for name in classes]]
    if len(classes) != len(names):
        raise DataError(
            f"classes must name the {len(names)} classes of T ({', '.join(names[:9])}); got {len(classes)}."
        )
    if not all(name.lstrip("-").isdigit() for name in names):
        raise DataError(f"classes must be those of T, {', '.join(names[:9])}; got {', '.join(map(str, classes[:9]))}.")
    return T
