"""Data as a user gives them: a data set, arrays, data frames, or a table and its target column."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fallline.data.dataset import Dataset, check_index
from fallline.data.generated import GENERATED
from fallline.data.reading.sources import is_table, read_table
from fallline.errors import UsageError

__all__ = ["as_dataset", "with_target"]


def with_target(data: Any, target: str | Sequence[str] | None) -> Any:
    """Return data with the target column of a table beside it, (table, target). Other data are returned unchanged.

    Raises
    ------
    UsageError
        A table has no target, or something else has.

    Examples
    --------
    >>> with_target("flowers.csv", "species")
    ('flowers.csv', 'species')
    """
    a_table = is_table(data) and not (isinstance(data, str) and data in GENERATED)
    if target is None:
        if a_table:
            raise UsageError('a table needs the column to learn: give target="..." after it, or (table, "...").')
        return data
    if not a_table:
        raise UsageError(
            f"target names the column to learn of a table, a data frame or a file; got {type(data).__name__}."
        )
    return data, target


def as_dataset(data: object) -> Dataset:
    """Return a data set from a data set; from inputs and targets (X, y) as arrays or data frames; or from a table and its target.

    Raises
    ------
    UsageError
        If the data have none of these forms.

    Examples
    --------
    >>> as_dataset(([[0.0, 1.0], [2.0, 3.0]], ["rose", "tulip"]))
    Dataset('data', 2 samples, 2 inputs, 2 classes)
    """
    if isinstance(data, Dataset):
        return data
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise UsageError(f"data must be a data set, or inputs and targets (X, y); got {type(data).__name__}.")
    X, y = data
    if is_table(X) and (isinstance(y, str) or (isinstance(y, tuple | list) and _are_columns(X, y))):
        from fallline.data.tables import read_data  # it loads pydantic, which arrays do not need

        return read_data(X, y)
    return _of_frame(X, y) if _needs_preparation(X) else Dataset.of(X, y)


def _are_columns(X: Any, y: Sequence[Any]) -> bool:
    """Whether a list is names of columns, not texts as targets: a file has no rows beside it, a frame has such columns."""
    if not y or not all(isinstance(name, str) for name in y):
        return False
    names = X.collect_schema().names() if hasattr(X, "collect_schema") else getattr(X, "columns", ())
    return isinstance(X, str | Path) or {*y} <= {str(name) for name in names}


def _needs_preparation(X: Any) -> bool:
    """Whether inputs are a data frame that NumPy does not take for numbers: pyarrow's, or one with texts."""
    if isinstance(X, str | Path) or not is_table(X):
        return False
    try:
        return np.asarray(X).dtype.kind not in "fiub" or type(X).__module__.startswith("pyarrow")
    except Exception:  # whatever a library raises for columns that it cannot bring together
        return True


def _of_frame(X: Any, y: Any) -> Dataset:
    from fallline.data.preparing import Preparation

    check_index(X, y)
    read = read_table(X, name="X")
    preparation = Preparation.of(read)
    if hasattr(y, "to_pylist"):  # pyarrow's columns
        y = y.to_pylist()
    return Dataset(preparation(read), y, columns=preparation.names, notes=preparation.notes)
