"""The statistics of a preparation, by the training rows of a table alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fallline.data.preparing.faults import Faults
from fallline.data.preparing.inputs import CategoryInput, Indicator, Input, NumberInput
from fallline.data.preparing.levels import codes, levels_of
from fallline.data.preparing.scaling import SCALINGS, Scaling, quantiles, scales_of
from fallline.data.reading.columns import Column, Table
from fallline.errors import DataError, UnknownNameError
from fallline.sentences import listed

__all__ = ["MISSING_RULES", "MOST_LEVELS", "Missing", "fitted_inputs"]

Missing = Literal["refuse", "impute"]

MISSING_RULES: tuple[Missing, ...] = ("refuse", "impute")

MOST_LEVELS = 100
"""The most levels of a category."""

FEW_LEVELS = 10
"""A text that differs in more than half of the rows names the rows, if it has more levels than this; it is no category."""

ROUNDING = 2.0**-50
"""A column whose numbers differ by no more than this, relative to the largest, is the same in every row. Such differences come of
rounding: 14.62 that was computed in two ways would be scaled to +1 and -1."""


def fitted_inputs(
    table: Table, names: Sequence[str], rows: NDArray[np.bool_] | None, scaling: Scaling, missing: Missing,
    categories: Sequence[str],
) -> tuple[tuple[Input, ...], tuple[str, ...]]:  # fmt: skip
    """Return what each column becomes, and what was done, a sentence each.

    Raises
    ------
    DataError
        A column is neither numbers nor a category, or a cell is missing. All faults are told together.
    """
    if scaling not in SCALINGS:
        raise UnknownNameError("scaling", scaling, SCALINGS)
    if missing not in MISSING_RULES:
        raise UnknownNameError("missing", missing, MISSING_RULES)
    for name in categories:
        table[name]
    if rows is not None and not rows.any():
        raise DataError(f"{table.file}: at least one row must be trained on.")
    columns = [table[name] for name in names]
    _check(table, columns, missing, {*categories})
    training = columns if rows is None else [column.take(rows) for column in columns]
    inputs: list[Input] = []
    notes: list[str] = []
    for column in training:
        parts, told = _parts(column, missing, column.kind == "text" or column.name in categories, scaling != "none")
        inputs += parts
        notes += [f"{table.file}, column {column.name!r}: {sentence}" for sentence in told]
    if not inputs:
        raise DataError(f"{table.file}: no column is left to learn from. {' '.join(notes)}".rstrip())
    return tuple(_scaled(inputs, {c.name: c for c in training}, scaling)), tuple(notes)


def _check(table: Table, columns: Sequence[Column], missing: Missing, categories: set[str]) -> None:
    """Raise DataError with all faults of the columns, of all rows: what cannot be read is no statistic."""
    faults = Faults(table)
    for column in columns:
        if column.kind == "empty":
            if missing == "refuse":
                faults.add(column, None, "every cell is missing. Leave the column out.")
            continue
        if column.kind in ("date", "other"):
            faults.kind(column)
            continue
        if column.kind == "text" or column.name in categories:
            if column.kind == "number" and column.wrong.any():
                faults.numbers(column)
                continue
            levels = levels_of(column)
            known = int((~column.missing).sum())
            if len(levels) > MOST_LEVELS or (len(levels) > FEW_LEVELS and 2 * len(levels) > known):
                faults.add(
                    column, None, f"it has {len(levels)} different texts in {known} rows, such as {listed(levels)}: too many for a "
                    "category. Leave the column out.",
                )  # fmt: skip
        else:
            faults.numbers(column)
        if missing == "refuse":
            faults.missing(column, "Fill it in, remove the row or the column, or ask for missing cells to be imputed.")
    faults.check()


def _parts(column: Column, missing: Missing, category: bool, scaled: bool) -> tuple[list[Input], list[str]]:
    """What a column becomes by its training rows, and sentences about it. A constant has no width to scale by: it is left out."""
    parts: list[Input] = []
    notes: list[str] = []
    gone = int(column.missing.sum())
    if gone == len(column.missing):
        return [], ["every cell of the training rows is missing; it is left out."]
    filled = ""
    if category:
        levels = levels_of(column)
        counts = Counter(codes(column, levels)[~column.missing].tolist())
        fill = levels[max(range(len(levels)), key=lambda k: counts[k])] if missing == "impute" else None
        filled = f"the most frequent, {fill}"
        if len(levels) > 1:
            parts.append(CategoryInput(column.name, levels, fill))
            notes.append(f"a category of {len(levels)} levels, one input each.")
        else:
            notes.append(f"it is {levels[0]!r} in every training row; it is left out.")
    else:
        known = column.numbers[~column.missing]
        fill_number = float(quantiles(known[None], (0.5,))[0][0]) if missing == "impute" else None
        filled = f"the median, {fill_number:g}" if fill_number is not None else ""
        if scaled and known.max() - known.min() <= ROUNDING * np.abs(known).max():
            notes.append(f"it is {known[0]:g} in every training row; it is left out.")
        else:
            parts.append(NumberInput(column.name, fill_number))
    if gone and gone < len(column.missing):
        share = f"{gone} missing {'cell' if gone == 1 else 'cells'} of {len(column.missing)}"
        parts.append(Indicator(column.name))
        notes.append(f"{share} became {filled}; a further input tells which.")
    return parts, notes


def _scaled(inputs: Sequence[Input], columns: dict[str, Column], scaling: Scaling) -> list[Input]:
    """The same inputs with the scales of their numbers."""
    numbers = [part for part in inputs if isinstance(part, NumberInput)]
    if not numbers:
        return list(inputs)
    X = np.concatenate([part(columns[part.column]) for part in numbers], axis=1)
    scales = dict(zip((part.column for part in numbers), scales_of(X, scaling), strict=True))
    return [
        NumberInput(part.column, part.fill, scales[part.column]) if isinstance(part, NumberInput) else part
        for part in inputs
    ]
