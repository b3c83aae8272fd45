"""Inputs that are the target under another name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fallline.data.preparing.levels import codes, levels_of
from fallline.data.preparing.target import Target
from fallline.data.reading.columns import Column, Table

__all__ = ["twins_of_target"]

FEW = 10
"""With fewer rows, an input may tell the classes by chance."""


def twins_of_target(table: Table, target: Target, inputs: Sequence[str]) -> list[str]:
    """A sentence for each input column that equals the target, or stands for its classes one by one.

    >>> from fallline.data.reading import read_table
    >>> trees = read_table("a,b,kind\\n" + "1,0,oak\\n2,1,ash\\n3,0,oak\\n" * 4, name="trees.csv")
    >>> twins_of_target(trees, Target.of(trees, "kind"), ["a", "b"])
    ["trees.csv, column 'b': it tells the target 'kind' in every row. Leave it out if it is not known beforehand."]
    """
    told = []
    for name in inputs if len(table) >= FEW else ():
        column = table[name]
        if any(_same(column, table[other], target) for other in target.columns):
            of = " and ".join(repr(other) for other in target.columns)
            told.append(
                f"{table.file}, column {name!r}: it tells the target {of} in every row. "
                "Leave it out if it is not known beforehand."
            )
    return told


def _same(column: Column, other: Column, target: Target) -> bool:
    if column.missing.any() or column.kind not in ("number", "text"):
        return False
    if not target.classes:
        return bool(np.array_equal(column.numbers, other.numbers))
    levels = levels_of(column)
    if len(levels) != len(target.classes):
        return False
    pairs = {*zip(codes(column, levels).tolist(), codes(other, target.classes).tolist(), strict=True)}
    return len(pairs) == len(levels)
