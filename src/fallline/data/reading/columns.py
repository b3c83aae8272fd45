"""A table that was read: columns of numbers and texts, with the places of their cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fallline.errors import DataError, UnknownNameError
from fallline.sentences import listed

__all__ = ["Column", "Kind", "Table"]

Floats = NDArray[np.float64]

Kind = Literal["number", "text", "mixed", "date", "empty", "other"]
"""Of what the cells of a column are: mixed are numbers with some texts among them; empty is a column of missing cells; other is
what a data frame may hold besides, such as lists."""


@dataclass(frozen=True, eq=False)
class Column:
    """A column of a table.

    Parameters
    ----------
    name
        Its name.
    kind
        What its cells are.
    numbers
        The number of each cell, NaN where a cell holds none.
    texts
        Each cell as text; None where it is missing.
    why
        What a sentence may say of a cell that is no number, such as how to write it.
    marks
        What stands in its missing cells.
    """

    name: str
    kind: Kind
    numbers: Floats
    texts: Sequence[str | None]
    why: Callable[[str], str] = field(default=lambda cell: "", repr=False)
    marks: tuple[str, ...] = ()

    @cached_property
    def missing(self) -> NDArray[np.bool_]:
        """Which cells are missing."""
        return np.array([text is None for text in self.texts], dtype=np.bool_)

    @cached_property
    def wrong(self) -> NDArray[np.bool_]:
        """Which cells are neither missing nor finite numbers."""
        return ~self.missing & ~np.isfinite(self.numbers)

    def take(self, rows: NDArray[np.bool_]) -> Column:
        """The same column of some rows."""
        texts = [text for text, kept in zip(self.texts, rows, strict=True) if kept]
        return Column(self.name, self.kind, self.numbers[rows], texts, self.why, self.marks)


@dataclass(frozen=True, eq=False)
class Table:
    """A table: columns, and what was found out while it was read.

    Parameters
    ----------
    file
        What messages call it: the name of its file, or "the table".
    columns
        Its columns, by name.
    lines
        The line of each row in the file; empty for a data frame, whose rows are counted from 0.
    notes
        What was detected and done, a sentence each.
    named
        Whether the file names its columns; else they are x1, x2, ...

    Examples
    --------
    >>> from fallline.data.reading import read_table
    >>> read_table("size,kind\\n1,oak\\n2,ash\\n", name="trees.csv")
    Table('trees.csv', 2 rows; size: number, kind: text)
    """

    file: str
    columns: dict[str, Column]
    lines: Sequence[int] = ()
    notes: tuple[str, ...] = ()
    named: bool = True

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())).numbers)

    def __repr__(self) -> str:
        columns = ", ".join(f"{name}: {column.kind}" for name, column in list(self.columns.items())[:20])
        more = f" and {len(self.columns) - 20} more" if len(self.columns) > 20 else ""
        return f"Table({self.file!r}, {len(self)} rows; {columns}{more})"

    def __getitem__(self, name: str) -> Column:
        """The column of that name.

        Raises
        ------
        DataError
            The table has no column of that name.
        """
        if name not in self.columns:
            hint = (
                "" if self.named else "Its first line seems to be a sample; if it names the columns, say header=True."
            )
            raise DataError(f"{self.file}: {UnknownNameError('a column', name, self.columns, hint)}")
        return self.columns[name]

    def place(self, row: int) -> str:
        """What messages call a row.

        >>> from fallline.data.reading import read_table
        >>> read_table("a,b\\n1,2\\n").place(0)
        'line 2'
        """
        return f"line {self.lines[row]}" if len(self.lines) else f"row {row}"

    def places(self, rows: Sequence[int]) -> str:
        """Several rows, as a list within a sentence."""
        return listed([self.place(int(row)) for row in rows])

    def take(self, rows: NDArray[np.bool_]) -> Table:
        """The same table of some rows."""
        lines = [line for line, kept in zip(self.lines, rows, strict=True) if kept] if len(self.lines) else ()
        return replace(self, columns={name: column.take(rows) for name, column in self.columns.items()}, lines=lines)

    def weights(self, name: str) -> Floats:
        """A column of weights of samples: numbers at least 0, not all 0.

        Raises
        ------
        DataError
            A cell is not such a number, or the table has no such column.
        """
        column = self[name]
        bad = np.flatnonzero(column.missing | column.wrong | (column.numbers < 0))
        if len(bad):
            raise DataError(
                f"{self.file}, {self.place(int(bad[0]))}, column {name!r}: a weight must be a number at least 0; "
                f"got {column.texts[bad[0]] or 'nothing'}."
            )
        if not column.numbers.any():
            raise DataError(f"{self.file}, column {name!r}: a weight must be above 0; all are 0.")
        return column.numbers
