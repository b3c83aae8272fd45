"""An axis of a map: a setting's name and the values it takes, one for each column or row of cells.

Both ends are values of the axis. Values are correctly rounded (`fallline.exact`), so the same text gives the same bits on
every machine; a platform's own `pow` or NumPy's `logspace` would not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fallline import exact
from fallline.errors import SettingError, UsageError, shown
from fallline.experiment.choices import NUMBERS
from fallline.settings import SETTINGS

__all__ = ["LARGEST_WHOLE", "NO_AXIS", "Axis", "takes_whole_numbers"]

LONGEST = 2**24
"""Values of an axis, at most. A longer one is a mistake."""

MOST_CELLS = 2**62
"""Cells of a divided range, at most. With more, several cells would share one number."""

LARGEST_WHOLE = 2**53
"""Axis values are floats, which hold every whole number up to this one."""


@dataclass(frozen=True)
class Axis:
    """A setting's name and its values, from low to high, both included.

    Parameters
    ----------
    name
        The setting: "learning_rate", "learning_rate.1" (of layer 1), "momentum", "seed", "initial_scale", "initial_offset", "start.x".
    low, high
        First and last value.
    count
        Number of values.
    scale
        "linear", or "log" for equal ratios.
    listed
        The values, if they follow no rule; otherwise empty. Listed values with equal ratios have the scale "log".
    part
        (first, cells): the values are the centres of cells first, first + 1, ... of the range divided into so many
        equal cells, on the axis's own scale. So a cell has the same bits in every piece of the plane.
        A setting of whole numbers takes the nearest whole number.

    Examples
    --------
    >>> Axis("learning_rate", 1e-4, 1e-2, 3, "log").values.tolist()
    [0.0001, 0.001, 0.01]
    >>> print(Axis("momentum", 0, 0.99, 512))
    momentum=0..0.99
    >>> print(Axis("momentum", 0, 1, 2, part=(3, 8)), Axis("momentum", 0, 1, 2, part=(3, 8)).values.tolist())
    momentum=0..1:3-4/8 [0.4375, 0.5625]
    """

    name: str
    low: float
    high: float
    count: int
    scale: Literal["linear", "log"] = "linear"
    listed: tuple[float, ...] = ()
    part: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        for name in ("low", "high"):
            object.__setattr__(self, name, float(getattr(self, name)))  # equal axes have equal descriptions
        wrong = [v for v in self.listed or (self.low, self.high) if not math.isfinite(v)]
        if wrong:
            raise SettingError(f"{self.name} must have finite values; got {wrong[0]:g}.")
        if not 1 <= self.count <= LONGEST:
            raise SettingError(f"the {self.name} axis must have from 1 to {LONGEST:,} values; got {self.count:,}.")
        if self.listed:
            return
        if self.part is not None:
            first, cells = self.part
            if not (first >= 0 and first + self.count <= cells <= MOST_CELLS):
                raise SettingError(
                    f"{self.name} must take cells within its division, 0 to {cells - 1:,} and at most {MOST_CELLS:,} of them; "
                    f"got {first:,} to {first + self.count - 1:,}."
                )
        if self.low > self.high or (self.low == self.high and self.count > 1):
            hint = f" Write {self.name}={self.high:g}..{self.low:g}." if self.low > self.high else ""
            raise SettingError(f"{self.name} must run from low to high; got {self.low:g}..{self.high:g}.{hint}")
        if self.scale == "log" and self.low <= 0:
            raise SettingError(
                f"a log axis must have positive ends; {self.name} starts at {self.low:g}. "
                "Raise its low end or leave out :log."
            )

    @classmethod
    def of(cls, name: str, values: Sequence[float] | NDArray[Any]) -> Axis:
        """An axis of listed values."""
        listed = tuple(float(v) for v in values)
        for a, b in pairwise(listed):
            if b <= a:
                raise SettingError(
                    f"the values of the {name} axis must rise; {number_as_text(b)} comes after {number_as_text(a)}."
                )
        return cls._listed(name, listed)

    @classmethod
    def _listed(cls, name: str, values: tuple[float, ...]) -> Axis:
        if not values:
            raise SettingError(f"the {name} axis must have at least one value; got none.")
        return cls(name, min(values), max(values), len(values), _scale_of(values), listed=values)

    @cached_property
    def values(self) -> NDArray[Any]:
        """The values, (count,): numbers; names on an axis of choices. Read-only."""
        values = self._computed()
        values.setflags(write=False)
        return values

    @property
    def positions(self) -> NDArray[np.float64]:
        """The values as numbers, (count,): where they stand in pictures."""
        return self.values

    def at(self, k: int) -> Any:
        """The value of cell k."""
        return self.values[k].item()

    def position(self, value: Any) -> float:
        """A value as a number: where it stands in pictures.

        Raises
        ------
        SettingError
            The value is no number.
        """
        try:
            return float(value)
        except (TypeError, ValueError):
            raise SettingError(f"{self.name} must be a number on this map; got {shown(value)}.") from None

    def _computed(self) -> NDArray[Any]:
        if self.listed:
            return np.array(self.listed)
        if self.part is not None:
            return self._centres(*self.part)
        if self.count == 1:
            return np.array([self.low])
        if self._counts_up:
            return self.low + np.arange(self.count, dtype=np.float64)
        return exact.between(self.low, self.high, range(self.count), self.count - 1, logarithmic=self.scale == "log")

    @property
    def _counts_up(self) -> bool:
        """Whether the values are all whole numbers from low to high."""
        return (
            self.scale == "linear" and self.low == math.floor(self.low) and self.high - self.low == self.count - 1
            and max(-self.low, self.high) <= LARGEST_WHOLE
        )  # fmt: skip

    def _centres(self, first: int, cells: int) -> NDArray[np.float64]:
        """Centres of the cells first, first + 1, ... of `cells`: at the fraction (2k + 1) / (2 cells) of the range."""
        places = range(2 * first + 1, 2 * (first + self.count), 2)
        values = exact.between(self.low, self.high, places, 2 * cells, logarithmic=self.scale == "log")
        return (np.floor(values + 0.5) if takes_whole_numbers(self.name) else values) + 0.0

    @cached_property
    def edges(self) -> NDArray[np.float64]:
        """Borders between cells for pictures, (count + 1,): half-way, on the axis's own scale."""
        v = self.positions
        if self.scale == "log":
            if self.count == 1:
                return np.array([v[0] / 2, v[0] * 2])
            inner = np.clip(np.sqrt(v[:-1]) * np.sqrt(v[1:]), v[:-1], v[1:])
            return np.concatenate([v[:1] * (v[:1] / inner[:1]), inner, v[-1:] * (v[-1:] / inner[-1:])])
        if self.count == 1:
            step = np.array([0.5 * (abs(float(v[0])) or 1.0)])
            return np.concatenate([v - step, v + step])
        half = np.diff(v) / 2
        return np.concatenate([v[:1] - half[:1], v[:-1] + half, v[-1:] + half[-1:]])

    def place(self, value: Any) -> int:
        """The index of the cell that is nearest to a value, on the axis's own scale.

        Raises
        ------
        UsageError
            The value lies outside the axis.
        """
        value, edges = self.position(value), np.sort(self.edges[[0, -1]])
        if not edges[0] <= value <= edges[1]:
            raise UsageError(f"{self.name} must be in {self.low:g}..{self.high:g} on this map; got {value:g}.")
        v = self.values
        if self.scale == "log" and self.count > 1:
            k = min(max(1, int(np.searchsorted(v, value))), self.count - 1)
            middle = Fraction(float(v[k - 1])) * Fraction(float(v[k]))  # its square root divides the two cells
            return k - 1 if Fraction(value) ** 2 <= middle else k
        return int(np.argmin(np.abs(v - value)))

    def between(self, low: float, high: float, count: int | None = None) -> Axis:
        """The same axis over another range."""
        if takes_whole_numbers(self.name):
            return Axis(self.name, math.floor(low), math.ceil(high), math.ceil(high) - math.floor(low) + 1)
        return Axis(self.name, low, high, count or self.count, self.scale)

    @property
    def exists(self) -> bool:
        """Whether this is an axis; False for `NO_AXIS`, the second axis of a map of one dimension."""
        return bool(self.name)

    def describe(self) -> dict[str, Any]:
        """The axis as plain data, for a map file."""
        if self.listed:
            return {"name": self.name, "values": list(self.listed)}
        d = {"name": self.name, "low": self.low, "high": self.high, "count": self.count, "scale": self.scale}
        return d if self.part is None else d | {"part": list(self.part)}

    @classmethod
    def from_description(cls, d: Mapping[str, Any]) -> Axis:
        """The inverse of `describe`."""
        if "values" in d:
            return cls._listed(d["name"], tuple(float(v) for v in d["values"]))
        first, cells = d.get("part", (0, 0))
        part = (int(first), int(cells)) if cells else None
        return cls(d["name"], float(d["low"]), float(d["high"]), int(d["count"]), d["scale"], part=part)

    @property
    def short(self) -> str:
        """The axis in a few words: of many listed values, the first two and the last.

        >>> Axis.of("momentum", [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.9]).short
        'momentum=0,0.1,...,0.9'
        """
        if len(self.listed) <= 6:
            return str(self)
        return f"{self.name}={self.listed[0]:g},{self.listed[1]:g},...,{self.listed[-1]:g}"

    def __str__(self) -> str:
        if self.listed:
            return f"{self.name}={','.join(number_as_text(v) for v in self.listed)}"
        text = f"{self.name}={number_as_text(self.low)}..{number_as_text(self.high)}{':log' if self.scale == 'log' else ''}"
        return text if self.part is None else f"{text}:{self.part[0]}-{self.part[0] + self.count - 1}/{self.part[1]}"


NO_AXIS = Axis("", 0.0, 0.0, 1, listed=(0.0,))
"""What a map of one dimension has as its second axis: a single row, and no setting."""


def _scale_of(values: tuple[float, ...]) -> Literal["linear", "log"]:
    """The scale of listed values: "log" if three or more are positive and have equal ratios, but for rounding to whole numbers.

    >>> _scale_of((10.0, 22.0, 47.0, 102.0)), _scale_of((1.0, 2.0, 3.0)), _scale_of((10.0, 22.0, 40.0, 102.0))
    ('log', 'linear', 'linear')
    """
    if len(values) < 3 or values[0] <= 0 or not all(map(math.isfinite, values)):
        return "linear"
    array = np.array(values)
    steps = np.diff(np.log(array))
    if np.allclose(steps, steps.mean(), rtol=1e-6, atol=1e-12):
        return "log"
    if (array % 1).any() or np.ptp(np.diff(array)) == 0 or array[0] >= array[-1]:
        return "linear"
    ratios = np.geomspace(array[0], array[-1], len(array))
    return "log" if np.allclose(array, ratios, rtol=1e-12, atol=0.5 + 1e-9) else "linear"


def takes_whole_numbers(name: str) -> bool:
    """Whether the setting of that name is a whole number."""
    declared = NUMBERS.get(name) or SETTINGS.get(name)
    return declared is not None and declared.whole


def number_as_text(value: float) -> str:
    """The shortest text that reads back to the same float, and no longer than `g` has it where that does."""
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
