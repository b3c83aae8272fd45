"""How a text table is written: separator of cells, decimal sign, whether the first line names the columns."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from fallline.data.reading.cells import MISSING, NumberForm, plain_number
from fallline.errors import UsageError, shown

__all__ = ["SEPARATORS", "Dialect", "detected", "rows_of"]

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}
"""Signs between cells, and what a sentence calls them. Of equally good ones the first is taken; spaces only where no other is."""

SAMPLE_ROWS = 200
"""The rows by which a dialect is told."""

SAMPLE = 200_000
"""The characters by which a dialect is told."""

_COMMA_NUMBER = re.compile(r"[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?")
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+")
_POINTS_AND_COMMA = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{3})+(,[0-9]+)?")


@dataclass(frozen=True)
class Dialect:
    """How a text table is written. What is None is detected.

    Parameters
    ----------
    separator
        The sign between cells: a comma, a semicolon, a tab, a bar, or spaces.
    decimal
        The sign between units and tenths: a point or a comma.
    thousands
        The sign between groups of three digits; "" for none.
    header
        Whether the first line names the columns. Without names they are x1, x2, ...
    encoding
        As Python names it, "cp1252".
    missing
        Cells that say that a value is missing, besides empty ones; by default, NA, N/A, NaN, NULL, None and ?.

    Examples
    --------
    >>> Dialect(separator=";", decimal=",").number_form.number("1,5")
    1.5
    """

    separator: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    header: bool | None = None
    encoding: str | None = None
    missing: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        names = {"tab": "\t", "\\t": "\t", "space": " ", "comma": ",", "semicolon": ";", "bar": "|"}
        if self.separator in names:
            object.__setattr__(self, "separator", names[self.separator])
        for what, value, allowed in (
            ("separator", self.separator, SEPARATORS), ("decimal", self.decimal, (".", ",")),
            ("thousands", self.thousands, ("", ",", ".", "'", " ")),
        ):  # fmt: skip
            if value is not None and value not in allowed:
                raise UsageError(f"{what} must be one of {', '.join(map(repr, allowed))}; got {shown(value)}.")
        if self.decimal is not None and self.decimal == self.thousands:
            raise UsageError(f"decimal and thousands must differ; both are {self.decimal!r}.")
        if self.missing is not None:
            words = (self.missing,) if isinstance(self.missing, str) else tuple(self.missing)
            object.__setattr__(self, "missing", tuple(str(word).strip() for word in words))
        if self.header is not None and not isinstance(self.header, bool):
            raise UsageError(f"header must be True or False; got {shown(self.header)}.")

    @property
    def number_form(self) -> NumberForm:
        """How numbers are written."""
        decimal = self.decimal or ("." if self.thousands != "." else ",")
        return NumberForm(decimal, self.thousands or "")

    def told(self) -> str:
        """What was detected or given, as a part of a sentence.

        >>> Dialect(";", ",", "", True, "UTF-8").told()
        'cells between semicolons, decimal commas, a line of names'
        """
        form = self.number_form
        parts = [f"cells between {SEPARATORS[self.separator or ',']}"]
        parts += ["decimal commas"] if form.decimal == "," else []
        parts += [f"thousands between {form.thousands!r}"] if form.thousands else []
        parts += [] if self.encoding in (None, "UTF-8") else [f"encoding {self.encoding}"]
        return ", ".join([*parts, "a line of names" if self.header else "no line of names"])


def rows_of(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """The number of the last line and the cells of each row that has any, without spaces around them.

    Raises
    ------
    csv.Error
        The text is not CSV.
    """
    lines: Iterable[str] = io.StringIO(text, newline="")
    if separator == " ":
        lines = (line.strip(" ") for line in lines)
    reader = csv.reader(lines, strict=True, delimiter=separator, skipinitialspace=separator == " ")
    for row in reader:
        cells = list(map(str.strip, row))
        if any(cells):
            yield reader.line_num, cells


def detected(text: str, told: Dialect) -> Dialect:
    """Return the dialect of a text with nothing left open. What is told is kept.

    >>> detected("a;b\\n1,5;2\\n", Dialect())
    Dialect(separator=';', decimal=',', thousands='', header=True, encoding=None, missing=None)
    """
    separator = told.separator or _separator(text, "," in (told.decimal, told.thousands))
    rows = [row for _, row in _sample(text, separator)]
    dialect = replace(told, separator=separator, thousands=told.thousands or "")
    if told.decimal is None:
        cells = list(itertools.chain.from_iterable(rows))
        comma = told.thousands in (None, ".", "'", " ") and _has_decimal_commas(cells)
        points = comma and told.thousands is None and any(_POINTS_AND_COMMA.fullmatch(c) and "," in c for c in cells)
        dialect = replace(
            dialect,
            decimal=dialect.number_form.decimal if not comma else ",",
            thousands="." if points else dialect.thousands,
        )
    return dialect if told.header is not None else replace(dialect, header=_has_header(rows, dialect))


def _sample(text: str, separator: str) -> list[tuple[int, list[str]]]:
    """The first rows, until the text is no CSV."""
    part = text[:SAMPLE]
    if len(text) > SAMPLE:
        part = part[: part.rfind("\n") + 1] or part
    rows: list[tuple[int, list[str]]] = []
    with contextlib.suppress(csv.Error):  # reading the whole text tells the line
        rows.extend(itertools.islice(rows_of(part, separator), SAMPLE_ROWS))
    return rows


def _separator(text: str, commas_in_numbers: bool) -> str:
    """The separator by which most rows have the same number of cells, most of those are numbers, and fewest hold other separators."""
    scores: dict[str, tuple[float, float, float]] = {}
    for separator in SEPARATORS:
        if separator == " " and scores:
            break
        if separator == "," and commas_in_numbers and '"' not in text[:SAMPLE]:
            continue
        rows = [row for _, row in _sample(text, separator)]
        if not rows:
            continue
        count, times = Counter(map(len, rows)).most_common(1)[0]
        if count < 2:
            if max(map(len, rows)) < 2 or len(rows[0]) < 2:
                continue
            times = 0  # the first line alone has several cells
        cells = [cell for row in rows[1:] or rows for cell in row]
        texts = [c for c in cells if plain_number(c) is None and _COMMA_NUMBER.fullmatch(c) is None]
        mixed = sum(any(other in c for other in ",;\t|" if other != separator) for c in texts)
        scores[separator] = times / len(rows), -len(texts) / max(1, len(cells)), -mixed / max(1, len(cells))
    return max(scores, key=lambda s: scores[s], default=",")


def _has_decimal_commas(cells: Sequence[str]) -> bool:
    """Whether cells such as 1,5 are numbers: some must be, for which 1,500 might be thousands, and none may be such as 1.5."""
    if any("." in cell and plain_number(cell) is not None for cell in cells if not _POINTS_AND_COMMA.fullmatch(cell)):
        return False
    if any("," in cell and _POINTS_AND_COMMA.fullmatch(cell) for cell in cells):
        return True
    return any(_COMMA_NUMBER.fullmatch(cell) and not _GROUPED.fullmatch(cell) for cell in cells)


def _has_header(rows: Sequence[Sequence[str]], dialect: Dialect) -> bool:
    """Whether the first row names the columns.

    It does if a text stands above numbers. Numbers above numbers are names only if they count the columns, 0, 1, 2, ..., or are
    years in a row. Where all columns are texts, names are those that occur nowhere below.
    """
    if len(rows) < 2:
        return True
    form, missing = dialect.number_form, MISSING if dialect.missing is None else {"", *dialect.missing}
    first, rest = rows[0], [row for row in rows[1:] if len(row) == len(rows[0])]
    of_numbers = []
    for k in range(len(first)):
        cells = [row[k] for row in rest if row[k] not in missing]
        wrong = sum(form.number(cell) is None for cell in cells)
        if cells and wrong <= len(cells) // 10:  # a few typing errors do not make a column of texts
            of_numbers.append(k)
    above = [first[k] for k in of_numbers if first[k] not in missing]
    if any(form.number(cell) is None for cell in above):
        return True
    texts = [k for k in range(len(first)) if k not in of_numbers]
    unlike = len({*first}) == len(first) and not any(first[k] in {row[k] for row in rest} for k in texts)
    if not above:
        return unlike
    numbers = [form.number(cell) for cell in above]
    counted = numbers == [float(k) for k in range(len(numbers))] and len(numbers) + len(texts) > 1
    years = len(numbers) > 1 and all(n is not None and 1900 <= n <= 2100 for n in numbers)
    years = years and all(b == (a or 0) + 1 for a, b in itertools.pairwise(numbers))
    return (counted or years) and unlike and not any(list(row) == list(first) for row in rest)
