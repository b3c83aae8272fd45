"""`Target`: which columns of a table are learned, and whether as classes, labels or values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fallline.data.preparing.faults import Faults
from fallline.data.preparing.levels import codes, levels_of
from fallline.data.reading.columns import Column, Table
from fallline.data.targets import MOST_CLASSES, one_hot
from fallline.errors import DataError, UnknownNameError

__all__ = ["TASKS", "Target", "Task"]

Task = Literal["classification", "regression"]

TASKS: tuple[Task, ...] = ("classification", "regression")

MOST = 1000
"""The most classes that a table may have."""


@dataclass(frozen=True)
class Target:
    """Which columns of a table are learned, and as what.

    Parameters
    ----------
    columns
        Their names.
    task
        "classification" or "regression". Several columns of a classification are labels, 0 or 1.
    classes
        The classes of a single column, in order.
    note
        How the task was found, a sentence.

    Examples
    --------
    >>> from fallline.data.reading import read_table
    >>> trees = read_table("size,age\\n1,3\\n3,4\\n", name="trees.csv")
    >>> Target.of(trees, "age").note
    "trees.csv: the target 'age' has 2 different whole numbers, learned as classes; task 'regression' learns them as values."
    >>> Target.of(trees, "age", "regression")(trees).tolist()
    [[3.0], [4.0]]
    """

    columns: tuple[str, ...]
    task: Task
    classes: tuple[str, ...] = ()
    note: str = ""

    @classmethod
    def of(cls, table: Table, target: str | Sequence[str], task: Task | None = None) -> Target:
        """The target of a table; a task that is not told is guessed.

        Raises
        ------
        DataError
            A cell is missing, or is not what the task needs; or there is nothing to learn.
        """
        if task is not None and task not in TASKS:
            raise UnknownNameError("task", task, TASKS)
        names = (target,) if isinstance(target, str) else tuple(target)
        if not names:
            raise DataError(f"{table.file}: a target column must be named; there are {', '.join(table.columns)}.")
        if len(names) > 1:
            return cls._several(table, names, task)
        column = table[names[0]]
        faults = Faults(table)
        _check_cells(faults, column, task)
        faults.check()
        whole = column.kind == "number" and (column.numbers == np.floor(column.numbers)).all()
        found, note = (task, "") if task else _guess(column, bool(whole))
        if found == "regression":
            return cls(names, "regression", (), f"{table.file}: {note}" if note else "")
        classes = levels_of(column)
        if len(classes) < 2:
            raise DataError(
                f"{table.file}: the target {names[0]!r} is {classes[0]!r} in every row; there is nothing to learn."
            )
        if len(classes) > MOST:
            raise DataError(
                f"{table.file}: the target {names[0]!r} has {len(classes):,} classes; at most {MOST:,} are allowed."
            )
        return cls(names, "classification", classes, f"{table.file}: {note}" if note else "")

    @classmethod
    def _several(cls, table: Table, names: tuple[str, ...], task: Task | None) -> Target:
        faults = Faults(table)
        for name in names:
            faults.missing(table[name], "Fill it in or remove the row.", "the target")
            faults.numbers(table[name], "Several target columns must be numbers.")
        faults.check()
        labels = all(np.isin(table[name].numbers, (0, 1)).all() for name in names)
        if task == "classification" and not labels:
            raise DataError(f"{table.file}: several target columns are labels only if all cells are 0 or 1.")
        return cls(names, task or ("classification" if labels else "regression"))

    def __call__(self, table: Table) -> NDArray[np.float64]:
        """Return the targets of the rows of a table, (rows, outputs): one-hot rows of classes, labels or values.

        Raises
        ------
        DataError
            A cell is missing, no number, or of another class.
        """
        faults = Faults(table)
        for name in self.columns:
            faults.missing(table[name], "Fill it in or remove the row.", "the target")
            if not self.classes:
                faults.numbers(table[name])
        faults.check()
        if not self.classes:
            return np.column_stack([table[name].numbers for name in self.columns])
        found = self.labels(table)
        if (found < 0).any():
            row = int(np.flatnonzero(found < 0)[0])
            cell = table[self.columns[0]].texts[row]
            raise DataError(f"{table.file}, {table.place(row)}: {UnknownNameError('a class', cell, self.classes)}")
        return one_hot(found, len(self.classes))

    def labels(self, table: Table) -> NDArray[np.int64]:
        """The class of each row as its place in `classes`; -1 for another class."""
        return codes(table[self.columns[0]], self.classes)

    def to_json(self) -> dict[str, Any]:
        """Return the target as plain data."""
        return {"columns": list(self.columns), "task": self.task, "classes": list(self.classes)}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Target:
        """The inverse of `to_json`, without the note.

        Raises
        ------
        DataError
            The data are not of its schema.

        Examples
        --------
        >>> Target.from_json({"columns": ["kind"], "task": "classification", "classes": ["ash", "oak"]}).classes
        ('ash', 'oak')
        """
        columns, classes = plain.get("columns"), plain.get("classes")
        lists = all(isinstance(v, list) and all(isinstance(t, str) for t in v) for v in (columns, classes))
        if not lists or {*plain} != {"columns", "task", "classes"} or plain["task"] not in TASKS or not columns:
            raise DataError("a target must have columns, task and classes, and nothing else.")
        return cls(tuple(columns or ()), plain["task"], tuple(classes or ()))


def _check_cells(faults: Faults, column: Column, task: Task | None) -> None:
    faults.missing(column, "Fill it in or remove the row.", "the target")
    if column.kind in ("date", "other"):
        faults.kind(column)
    elif task == "regression" or column.kind == "number":
        faults.numbers(column)
    elif column.kind == "mixed" and task is None:
        faults.numbers(column, "If these are names of classes, say so: task 'classification'.")


def _guess(column: Column, whole: bool) -> tuple[Task, str]:
    """The task of a target that nobody told, and how it was found."""
    what = f"the target {column.name!r}"
    if column.kind != "number":
        return "classification", f"{what} holds texts, learned as {len(levels_of(column))} classes."
    if whole and len(levels_of(column)) <= MOST_CLASSES:
        many = f"{what} has {len(levels_of(column))} different whole numbers, learned as classes"
        return "classification", f"{many}; task 'regression' learns them as values."
    return "regression", f"{what} holds numbers, learned as values; task 'classification' learns them as classes."
