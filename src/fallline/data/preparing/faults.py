"""Faults of the columns of a table: all are told together, each with its row and column."""

from __future__ import annotations

import numpy as np

from fallline.data.reading.columns import Column, Table
from fallline.errors import DataError, shown
from fallline.sentences import listed

__all__ = ["Faults"]


class Faults:
    """The faults found so far in a table."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.found: list[str] = []

    def check(self) -> None:
        """Raise DataError with all faults."""
        if self.found:
            raise DataError(" ".join(self.found))

    def add(self, column: Column, row: int | None, sentence: str) -> None:
        """A fault of a column, at a row if it has one."""
        where = "" if row is None else f", {self.table.place(row)}"
        self.found.append(f"{self.table.file}{where}, column {column.name!r}: {sentence}")

    def missing(self, column: Column, cure: str, what: str = "a cell") -> None:
        """Missing cells are a fault."""
        rows = np.flatnonzero(column.missing)
        if len(rows):
            marks = [mark for mark in column.marks if mark]
            told = f" ({' or '.join(map(repr, marks[:3]))})" if marks else ""
            also = f" So it is in {self.table.places([int(r) for r in rows[1:]])}." if len(rows) > 1 else ""
            self.add(column, int(rows[0]), f"{what} is missing{told}.{also} {cure}")

    def numbers(self, column: Column, cure: str = "") -> None:
        """Cells that are no finite numbers are a fault; missing ones are not."""
        if column.kind in ("date", "other"):
            self.kind(column)
            return
        rows = np.flatnonzero(column.wrong)
        if not len(rows):
            return
        first = column.texts[rows[0]] or ""
        more = ""
        if len(rows) == (~column.missing).sum() > 1:
            more = " No cell of the column is."
        elif len(rows) > 1:
            others = listed([f"{shown(column.texts[r])} in {self.table.place(int(r))}" for r in rows[1:]])
            more = f" So must {others}."
        why = column.why(first) or cure or "Correct it, or remove the row or the column."
        self.add(column, int(rows[0]), f"a cell must be a finite number; got {shown(first)}.{more} {why}")

    def kind(self, column: Column) -> None:
        """Columns of dates, and of anything that is neither number nor text, are a fault."""
        example = shown(next((text for text in column.texts if text is not None), ""))
        if column.kind == "date":
            self.add(
                column, None, f"it holds dates or times, such as {example}, which a network cannot take. Make numbers of them, such as "
                "the year, the month or the days since the first, or leave the column out.",
            )  # fmt: skip
        elif column.kind == "other":
            self.add(column, None, f"cells must be numbers or texts; got {example}. Leave the column out.")
