"""What each input column of a table becomes: a scaled number, one-hot columns of a category, an indicator of missing cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from fallline.data.preparing.levels import codes
from fallline.data.preparing.scaling import Scale
from fallline.data.reading.columns import Column

__all__ = ["CategoryInput", "Indicator", "Input", "NumberInput"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class NumberInput:
    """A column of numbers.

    Attributes
    ----------
    column
        Its name in the table.
    fill
        What a missing cell becomes, the median of the training rows; None if missing cells are refused.
    scale
        What is done to the numbers; None for nothing.
    """

    kind: ClassVar[str] = "number"

    column: str
    fill: float | None = None
    scale: Scale | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return (self.column,)

    def __call__(self, column: Column) -> Floats:
        """The inputs of the rows, (rows, 1)."""
        x = np.where(column.missing, np.nan if self.fill is None else self.fill, column.numbers)
        return (x if self.scale is None else self.scale(x))[:, None]


@dataclass(frozen=True)
class CategoryInput:
    """A column of a category: a column of 0 and 1 for each of its levels. A level that no training row had has 0 in all of them.

    Attributes
    ----------
    column
        Its name in the table.
    levels
        The levels of the training rows.
    fill
        The level that a missing cell becomes, the most frequent one; None if missing cells are refused.
    """

    kind: ClassVar[str] = "category"

    column: str
    levels: tuple[str, ...]
    fill: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{self.column}={level}" for level in self.levels)

    def __call__(self, column: Column) -> Floats:
        """The inputs of the rows, (rows, levels)."""
        places = codes(column, self.levels)
        if self.fill is not None:
            places = np.where(column.missing, self.levels.index(self.fill), places)
        return np.asarray((places[:, None] == np.arange(len(self.levels))).astype(np.float64))


@dataclass(frozen=True)
class Indicator:
    """Whether a cell of a column is missing: 1 if so."""

    kind: ClassVar[str] = "indicator"

    column: str

    @property
    def names(self) -> tuple[str, ...]:
        return (f"{self.column} is missing",)

    def __call__(self, column: Column) -> Floats:
        """The inputs of the rows, (rows, 1)."""
        return column.missing.astype(np.float64)[:, None]


Input = NumberInput | CategoryInput | Indicator
