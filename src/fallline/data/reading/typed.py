"""Cells of text become a column: numbers, texts, dates, or numbers with texts among them."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from fallline.data.reading.cells import MISSING, NumberForm, is_date
from fallline.data.reading.columns import Column, Kind

__all__ = ["typed"]


_LETTERS = re.compile(r"[0-9+\-.eE\n]+", re.ASCII)


def typed(name: str, cells: Sequence[str], form: NumberForm, missing: Collection[str] = MISSING) -> Column:
    """Return the column of these cells.

    >>> [typed("a", cells, NumberForm()).kind for cells in (["1", "NA"], ["x", "y", "1"], ["1", "x"], ["2024-01-31"])]
    ['number', 'text', 'mixed', 'date']
    """
    texts = [None if cell in missing else cell for cell in cells]
    read = _all_numbers(texts, form)
    if read is not None:
        marks = tuple(dict.fromkeys(cell for cell in cells if cell in missing)) if None in texts else ()
        return Column(name, "number", read, texts, form.fault, marks)
    known = {cell: form.number(cell) for cell in {*texts} if cell is not None}
    numbers = np.array([math.nan if (value := known.get(cell or "")) is None else value for cell in texts])
    marks = tuple(dict.fromkeys(cell for cell in cells if cell in missing))
    return Column(name, _kind(known), numbers, texts, form.fault, marks)


def _all_numbers(texts: Sequence[str | None], form: NumberForm) -> NDArray[np.float64] | None:
    """The numbers of a column that holds nothing else, NaN where a cell is missing; None if it may hold something else.

    It is many times faster than cell by cell. From these letters alone Python makes the floats that `plain_number` makes, or none.

    >>> _all_numbers(["1", None, "-2.5e1"], NumberForm()).tolist(), _all_numbers(["1", "e"], NumberForm())
    ([1.0, nan, -25.0], None)
    """
    known = [text for text in texts if text is not None]
    joined = "\n".join(known)
    if form.thousands or not known:
        return None
    if form.decimal == ",":
        if "." in joined:
            return None
        joined = joined.replace(",", ".")
    if not _LETTERS.fullmatch(joined):
        return None
    try:
        numbers = np.array(list(map(float, joined.split("\n"))))
    except ValueError:
        return None
    if len(numbers) != len(known):  # a cell of several lines
        return None
    if len(known) == len(texts):
        return numbers
    every = np.full(len(texts), math.nan)
    every[[k for k, text in enumerate(texts) if text is not None]] = numbers
    return every


def _kind(known: dict[str, float | None]) -> Kind:
    """What cells are of which these are the different ones, with the number that each holds."""
    if not known:
        return "empty"
    others = [cell for cell, value in known.items() if value is None]
    nearly = [cell for cell in others if _is_nearly_number(cell)]
    if not others:
        return "number"
    if 2 * len(others) <= len(known) or len(nearly) == len(others):
        return "date" if len(others) == len(known) and all(map(is_date, others)) else "mixed"
    return "date" if 2 * sum(map(is_date, others)) > len(known) else "text"


def _is_nearly_number(cell: str) -> bool:
    """Whether a cell is meant as a number: infinite, or with a comma."""
    return bool(NumberForm().fault(cell))
