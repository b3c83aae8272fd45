"""Convert inputs and targets (lists, labels, texts, one number for each sample) to the arrays of a data set."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fallline.errors import DataError, ShapeError, shown

__all__ = ["MOST_CLASSES", "as_inputs", "as_targets", "one_hot", "targets_for"]

Floats = NDArray[np.float64]

MOST_CLASSES = 20
"""A target with more different whole numbers than this, as ages are, is read as values, not classes. A network whose loss is
of classes still gets one-hot rows of them (`targets_for`)."""

MOST_ENTRIES = 10**8
"""The most entries of a table of one-hot rows: 0.8 GB."""


def one_hot(labels: Any, classes: int) -> Floats:
    """Return a row of the unit matrix for each label: class 1 of 3 is (0, 1, 0)."""
    return np.eye(classes)[np.asarray(labels, dtype=np.int64)]


def as_inputs(X: Any) -> Floats:
    """Return inputs as an array of finite numbers, (samples, columns)."""
    array = _numbers(X, "X")
    if array.ndim == 1 and len(array):
        raise ShapeError(
            f"X must have the shape (samples, columns); got {array.shape}. For a single input write X[:, None], for a "
            "single sample X[None, :]."
        )
    return _finite(_table(array, "X"), "X")


def as_targets(y: Any) -> tuple[Floats, tuple[str, ...]]:
    """Return targets as an array, (samples, columns), and the names of the classes if they are classes.

    One text, truth value or whole number for each sample is a class, unless there are more than `MOST_CLASSES` different
    whole numbers; everything else is a value.

    >>> as_targets(["no", "yes"])
    (array([[1., 0.],
           [0., 1.]]), ('no', 'yes'))
    >>> as_targets([0.5, 1.5])[0].tolist()
    [[0.5], [1.5]]
    """
    labels = _labels(y)
    if labels is None:
        array = _numbers(y, "T")
        return _finite(_table(array[:, None] if array.ndim == 1 else array, "T"), "T"), ()
    names, index = np.unique(labels, return_inverse=True)
    if len(names) * len(labels) > MOST_ENTRIES:
        raise DataError(
            f"T must hold fewer classes: {len(names):,} different ones in {len(labels):,} samples are too many."
        )
    return one_hot(index, len(names)), tuple(str(name) for name in names)


def targets_for(
    T: Floats, classes: tuple[str, ...], kind: Literal["classes", "labels", "values"], outputs: int
) -> tuple[Floats, tuple[str, ...]]:
    """Return targets in the form that a loss of that kind with that many outputs takes, and the names of the classes.

    Class numbers in one column become one-hot rows. For a single label, one-hot rows of two classes become 0 or 1. For a
    single value, one-hot rows of classes that are numbers become these numbers. Other targets are returned unchanged.

    >>> targets_for(np.array([[0.0], [2.0]]), (), "classes", 3)[0].tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    # One-hot rows of a single class have one column, too; a column of 0 and 1 has two classes and is no one-hot row.
    single = outputs == 1 and T.shape[1] == len(classes)
    if T.shape[1] == outputs and not single:
        return T, classes
    numbers = T[:, 0] if T.shape[1] == 1 and not classes else _class_numbers(T, classes)
    if kind == "classes" and numbers is not None and (numbers == np.round(numbers)).all():
        distinct = np.unique(numbers)
        if distinct[0] >= 0 and distinct[-1] < outputs:
            return one_hot(numbers, outputs), tuple(str(k) for k in range(outputs))
        if len(distinct) == outputs:
            return one_hot(np.searchsorted(distinct, numbers), outputs), tuple(f"{v:g}" for v in distinct)
    if kind == "labels" and single and len(classes) == 2:
        return T[:, 1:], classes
    if kind == "labels" and single and len(classes) == 1:
        raise DataError(f"T must hold two classes; the target of every sample is {classes[0]!r}.")
    if kind == "values" and single and numbers is not None:
        return numbers[:, None], ()
    return T, classes


def _class_numbers(T: Floats, classes: tuple[str, ...]) -> Floats | None:
    """Return the class of each sample as the number that names it; None if the names are not numbers."""
    try:
        return np.array([float(name) for name in classes])[T.argmax(axis=-1)] if classes else None
    except ValueError:
        return None


def _labels(y: Any) -> NDArray[Any] | None:
    """Return one class for each sample (texts, truth values or whole numbers); None if the targets are values."""
    array = _array(y, "T")
    if array.ndim != 1:
        return None
    if array.dtype.kind == "O":  # pandas keeps texts so
        entries = array.tolist()
        for row, entry in enumerate(entries):
            if entry is None or (isinstance(entry, float) and entry != entry):
                raise DataError(
                    f"T must hold a target for each sample; row {row} holds {entry}. Fill it in or remove the row."
                )
        if len({isinstance(entry, str) for entry in entries}) > 1:
            raise DataError("T must hold either texts or numbers; it holds both.")
        array = _array(entries, "T")
    if array.dtype.kind in "iu" and len(np.unique(array)) > MOST_CLASSES:
        return None
    return array if array.dtype.kind in "iuUSb" and len(array) else None


def _array(values: Any, letter: str) -> NDArray[Any]:
    if values is None:
        raise DataError(f"{letter} must hold numbers; got None.")
    if np.ma.is_masked(values):
        raise DataError(f"{letter} must hold a number in each place; some are masked. Fill them in or remove the rows.")
    try:
        return np.asarray(values)
    except ValueError:
        raise ShapeError(f"{letter} must have rows of the same length.") from None


def _numbers(values: Any, letter: str) -> Floats:
    array = _array(values, letter)
    if array.dtype.kind in "cMm":
        raise DataError(f"{letter} must hold real numbers; it is of type {array.dtype}.")
    try:
        return array.astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError):
        raise DataError(f"{letter} must hold numbers; {_first_other(array)}.") from None


def _first_other(array: NDArray[Any]) -> str:
    for place in np.ndindex(array.shape):
        try:
            float(array[place])
        except (TypeError, ValueError, OverflowError):
            where = ", ".join(f"{word} {k}" for word, k in zip(("row", "column"), place, strict=False))
            return f"{where or 'it'} holds {shown(array[place].item() if isinstance(array[place], np.generic) else array[place])}"
    return f"it is of type {array.dtype}"


def _table(array: Floats, letter: str) -> Floats:
    if array.ndim != 2 or not len(array):
        raise ShapeError(f"{letter} must have the shape (samples, columns); got {array.shape}.")
    return array


def _finite(array: Floats, letter: str) -> Floats:
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        row, column = bad[0]
        raise DataError(
            f"{letter} must hold finite numbers; row {row}, column {column} holds {array[row, column]}. "
            "Remove or fill in such rows first."
        )
    return array
