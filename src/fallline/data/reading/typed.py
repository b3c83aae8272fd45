"""Cells of text become a column: numbers, texts, dates, or numbers with texts among them."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import numpy as np

from fallline.data.reading.cells import MISSING, NumberForm, is_date
from fallline.data.reading.columns import Column, Kind

__all__ = ["typed"]


def typed(name: str, cells: Sequence[str], form: NumberForm, missing: Collection[str] = MISSING) -> Column:
    """Return the column of these cells.

    >>> [typed("a", cells, NumberForm()).kind for cells in (["1", "NA"], ["x", "y", "1"], ["1", "x"], ["2024-01-31"])]
    ['number', 'text', 'mixed', 'date']
    """
    texts = [None if cell in missing else cell for cell in cells]
    known = {cell: form.number(cell) for cell in {*texts} if cell is not None}
    numbers = np.array([math.nan if (value := known.get(cell or "")) is None else value for cell in texts])
    marks = tuple(dict.fromkeys(cell for cell in cells if cell in missing))
    return Column(name, _kind(known), numbers, texts, form.fault, marks)


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
