"""The names and rows of a CSV file: which character separates cells, and whether its first line names the columns."""

from __future__ import annotations

import csv
import io
import itertools

from fallline.errors import DataError
from fallline.sentences import listed

__all__ = ["Row", "columns_and_rows", "number_in"]

Row = tuple[int, list[str]]
"""The number of a line, and its cells."""

SEPARATORS = (",", ";", "\t")
"""Characters between cells. The first of them that splits the first line is taken."""


def columns_and_rows(text: str, file: str) -> tuple[list[str], list[Row]]:
    """Return the names of the columns, and each row with its line number. Messages call the file by its name.

    Cells are separated by commas; by semicolons or tabs if the first line has no comma.

    Raises
    ------
    DataError
        The text is not CSV, its first line does not name the columns, it has no row, or its rows differ in length.

    Examples
    --------
    >>> columns_and_rows("a;b\\n1;2\\n", "t.csv")
    (['a', 'b'], [(2, ['1', '2'])])
    """
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=_separator(text))
        names = [name.strip() for name in next(reader, [])]
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise DataError(f"{file}, line {reader.line_num}: this is not CSV ({error}).") from None
    _check_names(names, file)
    if not rows:
        raise DataError(f"{file} must have a line of names and at least one row; it has no row.")
    wrong = [(line, len(row)) for line, row in rows if len(row) != len(names)]
    if wrong:
        line, cells = wrong[0]
        more = f" So must {listed([f'line {line}' for line, _ in wrong[1:]])}." if wrong[1:] else ""
        raise DataError(f"{file}, line {line}: a row must have {len(names)} cells, as line 1 has; got {cells}.{more}")
    return names, rows


def number_in(cell: str) -> float | None:
    """The number that a cell holds; None if it holds none, or none that is finite.

    >>> number_in(" 1e3"), number_in("inf"), number_in("")
    (1000.0, None, None)
    """
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None


def _separator(text: str) -> str:
    first = text.lstrip("\r\n").partition("\n")[0]
    for separator in SEPARATORS:
        try:
            if len(next(csv.reader([first], delimiter=separator), [])) > 1:
                return separator
        except csv.Error:
            return SEPARATORS[0]  # reading the whole text gives the line of the error
    return SEPARATORS[0]


def _check_names(names: list[str], file: str) -> None:
    """Refuse a first line that does not name the columns: it holds samples, a name twice, or an empty name."""
    numbers = [number for name in names if (number := number_in(name)) is not None]
    # Whole numbers that rise, as 0, 1, 2 or years, may be names.
    if any(n != int(n) for n in numbers) or any(a >= b for a, b in itertools.pairwise(numbers)):
        cell = next(name for name in names if number_in(name) is not None)
        raise DataError(
            f"{file}, line 1: the first line must name the columns; it holds numbers, such as {cell}. Put a line of names "
            f"above it: {','.join(f'x{k + 1}' for k in range(min(len(names), 5) - 1)) or 'x1'}{',...' if len(names) > 5 else ''},target."
        )
    for k, name in enumerate(names):
        if not name or name in names[:k]:
            raise DataError(f"{file}, line 1, column {k + 1}: a column must have a name of its own; got {name!r}.")
