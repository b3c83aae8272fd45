"""Levels of a category, and classes of a target: which cells are the same one, and what it is called."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fallline.data.reading.cells import plain_number
from fallline.data.reading.columns import Column

__all__ = ["codes", "levels_of"]


def levels_of(column: Column, rows: NDArray[np.bool_] | None = None) -> tuple[str, ...]:
    """The levels of a column in order: numbers by size, texts by their letters. A missing cell has no level.

    Equal numbers are one level, however they are written: it is called as in the file if that is always the same, else plainly.

    >>> from fallline.data.reading import read_table
    >>> levels_of(read_table("a,k\\n1,1\\n2,1.0\\n3,+1\\n4,01\\n5,0\\n")["k"])
    ('0', '1')
    """
    pairs = {
        (text, float(number) if column.kind == "number" else None)
        for text, number, kept in zip(column.texts, column.numbers, _all(column) if rows is None else rows, strict=True)
        if kept and text is not None
    }
    if column.kind != "number":
        return tuple(sorted({text for text, _ in pairs}))
    spellings: dict[float, list[str]] = {}
    for text, number in pairs:
        spellings.setdefault((number or 0.0) + 0.0, []).append(text)  # -0 is 0
    return tuple(_name(number, spellings[number]) for number in sorted(spellings))


def codes(column: Column, levels: Sequence[str]) -> NDArray[np.int64]:
    """The place of each cell's level in the list; -1 where the cell is missing or has another level.

    >>> from fallline.data.reading import read_table
    >>> codes(read_table("a,k\\n1,oak\\n2,NA\\n3,elm\\n4,ash\\n")["k"], ["ash", "oak"]).tolist()
    [1, -1, -1, 0]
    """
    by_text = {level: k for k, level in enumerate(levels)}
    by_number = {}
    if column.kind == "number":  # True and False are called so, and are numbers
        for k, level in enumerate(levels):
            number = {"False": 0.0, "True": 1.0}.get(level, plain_number(level))
            if number is not None:
                by_number[number] = k
    found = [
        -1 if text is None else by_text.get(text, by_number.get(float(number), -1))
        for text, number in zip(column.texts, column.numbers, strict=True)
    ]
    return np.array(found, dtype=np.int64)


def _all(column: Column) -> NDArray[np.bool_]:
    return np.ones(len(column.numbers), dtype=np.bool_)


def _name(number: float, texts: Sequence[str]) -> str:
    if len(texts) == 1 and (plain_number(texts[0]) is not None or texts[0] in ("True", "False")):
        return texts[0]
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)
