"""A table from the text of a CSV file in any usual dialect."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Sequence

from fallline.data.reading.cells import MISSING, plain_number
from fallline.data.reading.columns import Table
from fallline.data.reading.dialect import Dialect, detected, rows_of
from fallline.data.reading.typed import typed
from fallline.errors import DataError
from fallline.sentences import listed

__all__ = ["MOST_CELLS", "text_table"]

MOST_CELLS = 10_000_000
"""The most cells of a text table. In memory a cell takes about 100 bytes, so this is 1 GB."""


def text_table(text: str, file: str, dialect: Dialect | None = None) -> Table:
    """Return the table of a text. Messages call it by the name of its file.

    Raises
    ------
    DataError
        The text is not CSV, a name is missing or stands twice, it has no row, or its rows differ in length.

    Examples
    --------
    >>> read = text_table("a;b\\n1,5;2\\n", "t.csv")
    >>> read, read.notes
    (Table('t.csv', 1 rows; a: number, b: number), ('t.csv: cells between semicolons, decimal commas, a line of names.',))
    """
    found = detected(text, dialect or Dialect())
    assert found.separator is not None
    lines: list[int] = []
    rows: list[list[str]] = []
    at = rows_of(text, found.separator)
    cells = 0
    while True:
        try:
            line, row = next(at)
        except StopIteration:
            break
        except csv.Error as error:
            line = _line(text, lines)
            raise DataError(f"{file}, line {line}: this is not CSV ({error}).") from None
        cells += len(row)
        if cells > MOST_CELLS:
            raise DataError(f"{file} may have at most {MOST_CELLS:,} cells as text; it has more. Save it as Parquet.")
        lines.append(line)
        rows.append(row)
    names = rows[0] if rows and found.header else [f"x{k + 1}" for k in range(len(rows[0]) if rows else 0)]
    first = 1 if found.header else 0
    if len(rows) <= first:
        raise DataError(f"{file} must have a line of names and at least one row; it has no row.")
    where = f"line {lines[0]}"
    body, places = rows[first:], lines[first:]
    _check_lengths(names, body, places, file, where)
    by_column = list(map(list, zip(*body, strict=True)))
    notes = [f"{file}: {found.told()}."]
    if not names[0] and len(names) > 1 and _counts_rows(by_column[0]):
        names, by_column = names[1:], by_column[1:]
        notes.append(f"{file}: the first column has no name and counts the rows; it is left out.")
    _check_names(names, file, where, 1 + len(rows[0]) - len(names))
    form = found.number_form
    marks = MISSING if found.missing is None else {"", *found.missing}
    columns = {name: typed(name, column, form, marks) for name, column in zip(names, by_column, strict=True)}
    return Table(file, columns, places, tuple(notes), bool(found.header))


def _line(text: str, lines: Sequence[int]) -> int:
    """The line on which reading stopped: after the last row that was read, and any empty lines after it."""
    return (lines[-1] if lines else 0) + 1


def _check_lengths(
    names: Sequence[str], rows: Sequence[Sequence[str]], lines: Sequence[int], file: str, where: str
) -> None:
    wrong = [(line, len(row)) for line, row in zip(lines, rows, strict=True) if len(row) != len(names)]
    if wrong:
        line, cells = wrong[0]
        more = f" So must {listed([f'line {line}' for line, _ in wrong[1:]])}." if wrong[1:] else ""
        raise DataError(f"{file}, line {line}: a row must have {len(names)} cells, as {where} has; got {cells}.{more}")


def _check_names(names: Sequence[str], file: str, where: str, first: int) -> None:
    seen: set[str] = set()
    for k, name in enumerate(names):
        if not name or name in seen:
            raise DataError(f"{file}, {where}, column {k + first}: a column must have a name of its own; got {name!r}.")
        seen.add(name)


def _counts_rows(cells: Sequence[str]) -> bool:
    """Whether a column holds whole numbers that rise by 1 from 0 or 1."""
    numbers = [plain_number(cell) for cell in cells]
    return numbers[0] in (0.0, 1.0) and all(
        b is not None and b == (a or 0.0) + 1 for a, b in itertools.pairwise(numbers)
    )
