"""An axis of a map: a setting's name and the values it takes, one for each column or row of cells.

Both ends are values of the axis. Values are correctly rounded from exact arithmetic, so the same text gives the same
bits on every machine; a platform's own `pow` or NumPy's `logspace` would not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fallline.errors import SettingError, UnknownNameError, UsageError
from fallline.problems import NetworkObjective, Objective
from fallline.settings import SETTINGS, Setting
from fallline.textbook.optimizers import Optimizer
from fallline.textbook.schedules import Schedule

__all__ = ["Axis", "axis", "axis_settings"]

LONGEST = 2**24
"""An axis of more values than this is a slip."""

MOST_CELLS = 2**62
"""A range divided into more cells than this has many of them on one number."""

_EXACT = Context(prec=50)


@dataclass(frozen=True)
class Axis:
    """A setting's name and its values, from low to high, both included.

    Parameters
    ----------
    name: the setting: "learning_rate", "learning_rate.1" (of layer 1), "momentum", "seed", "initial_scale", "start.x".
    low, high: first and last value.
    count: number of values.
    scale: "linear", or "log" for equal ratios.
    listed: the values themselves where they follow no rule; else empty.
    part: (first, cells): the values are the centres of cells first, first + 1, ... of the range divided into so many
        equal cells, on the axis's own scale. So the same cell has the same bits in whatever piece of the plane it stands.
        A setting of whole numbers takes the nearest whole number.

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
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            raise SettingError(f"{self.name} must have finite ends; got {self.low:g}..{self.high:g}.")
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
        if not listed:
            raise SettingError(f"the {name} axis must have at least one value; got none.")
        return cls(name, min(listed), max(listed), len(listed), listed=listed)

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """The values, (count,)."""
        if self.listed:
            return np.array(self.listed)
        if self.part is not None:
            return self._centres(*self.part)
        if self.count == 1:
            return np.array([self.low])
        if self.scale == "linear":
            first, span = Fraction(self.low), Fraction(self.high) - Fraction(self.low)
            return np.array([float(first + span * k / (self.count - 1)) for k in range(self.count)])
        low, log_ratio = Decimal(self.low), _EXACT.ln(_EXACT.divide(Decimal(self.high), Decimal(self.low)))
        inner = [
            float(_EXACT.multiply(low, _EXACT.exp(_EXACT.divide(_EXACT.multiply(log_ratio, k), self.count - 1))))
            for k in range(1, self.count - 1)
        ]
        return np.array([self.low, *inner, self.high])

    def _centres(self, first: int, cells: int) -> NDArray[np.float64]:
        """Centres of the cells first, first + 1, ... of `cells`: at the fraction (2k + 1) / (2 cells) of the range."""
        places = [2 * (first + k) + 1 for k in range(self.count)]
        if self.scale == "log":
            low, log_ratio = Decimal(self.low), _EXACT.ln(_EXACT.divide(Decimal(self.high), Decimal(self.low)))
            values = [
                float(_EXACT.multiply(low, _EXACT.exp(_EXACT.divide(_EXACT.multiply(log_ratio, k), 2 * cells))))
                for k in places
            ]
        else:
            start, span = Fraction(self.low), Fraction(self.high) - Fraction(self.low)
            values = [float(start + span * k / (2 * cells)) for k in places]
        declared = SETTINGS.get(self.name)
        return (
            np.array([math.floor(v + 0.5) for v in values] if declared is not None and declared.whole else values) + 0.0
        )

    @cached_property
    def edges(self) -> NDArray[np.float64]:
        """Borders between cells for pictures, (count + 1,): half-way, on the axis's own scale."""
        v = np.log(self.values) if self.scale == "log" else self.values
        if self.count == 1:
            step = np.array([0.5 * (abs(float(v[0])) or 1.0)])
            edges = np.concatenate([v - step, v + step])
        else:
            half = np.diff(v) / 2
            edges = np.concatenate([v[:1] - half[:1], v[:-1] + half, v[-1:] + half[-1:]])
        return np.exp(edges) if self.scale == "log" else edges

    def place(self, value: float) -> int:
        """The index of the cell that is nearest to a value, on the axis's own scale; outside, a sentence."""
        edges = np.sort(self.edges[[0, -1]])
        if not edges[0] <= value <= edges[1]:
            raise UsageError(f"{self.name} must be in {self.low:g}..{self.high:g} on this map; got {value:g}.")
        if self.scale == "log":
            return int(np.argmin(np.abs(np.log(self.values) - math.log(value))))
        return int(np.argmin(np.abs(self.values - value)))

    def between(self, low: float, high: float, count: int | None = None) -> Axis:
        """The same axis over another range."""
        if SETTINGS.get(self.name) is not None and SETTINGS[self.name].whole:
            return Axis(self.name, math.floor(low), math.ceil(high), math.ceil(high) - math.floor(low) + 1)
        return Axis(self.name, low, high, count or self.count, self.scale)

    def describe(self) -> dict[str, Any]:
        """What a map file keeps of it."""
        if self.listed:
            return {"name": self.name, "values": list(self.listed)}
        d = {"name": self.name, "low": self.low, "high": self.high, "count": self.count, "scale": self.scale}
        return d if self.part is None else d | {"part": list(self.part)}

    @classmethod
    def from_description(cls, d: Mapping[str, Any]) -> Axis:
        """The inverse of `describe`."""
        if "values" in d:
            return cls.of(d["name"], d["values"])
        first, cells = d.get("part", (0, 0))
        part = (int(first), int(cells)) if cells else None
        return cls(d["name"], float(d["low"]), float(d["high"]), int(d["count"]), d["scale"], part=part)

    def __str__(self) -> str:
        if self.listed:
            return f"{self.name}={','.join(f'{v:g}' for v in self.listed)}"
        text = f"{self.name}={_number(self.low)}..{_number(self.high)}{':log' if self.scale == 'log' else ''}"
        return text if self.part is None else f"{text}:{self.part[0]}-{self.part[0] + self.count - 1}/{self.part[1]}"


def axis(text: str | Axis, count: int = 512) -> Axis:
    """An axis from its text: NAME=LOW..HIGH, NAME=LOW..HIGH:log, or NAME=V1,V2,V3.

    NAME=LOW..HIGH:FIRST-LAST/CELLS is a piece of the range divided into cells: the centres of cells FIRST to LAST.
    A setting of whole numbers takes each of them, whatever `count` says.

    >>> axis("seed=0..999").count, axis("learning_rate=1e-5..1e-2:log", 64).values[-1].item()
    (1000, 0.01)
    >>> axis("learning_rate=1e-2..1e-5:log")
    Traceback (most recent call last):
    fallline.errors.SettingError: learning_rate must run from low to high; got 0.01..1e-05. Write \
        learning_rate=1e-05..0.01.
    """
    if isinstance(text, Axis):
        return text
    name, equals, rest = (part.strip() for part in text.partition("="))
    name = name if "." in name else name.replace("-", "_")
    if not (name and equals and rest):
        raise UsageError(f"an axis is written NAME=LOW..HIGH, such as momentum=0..0.99; got {text!r}.")
    divided = re.fullmatch(r"(.*):(\d+)-(\d+)/(\d+)", rest)
    if divided is not None:
        whole = axis(f"{name}={divided[1]}", count)
        first, last, cells = (int(divided[k]) for k in (2, 3, 4))
        return Axis(name, whole.low, whole.high, last - first + 1, whole.scale, part=(first, cells))
    rest, colon, scale = rest.partition(":")
    if colon and scale not in ("log", "linear"):
        raise UnknownNameError(f"scale of the {name} axis", scale, ("linear", "log"))
    try:
        if ".." not in rest:
            return Axis.of(name, [float(part) for part in rest.split(",")])
        low, high = (float(part) for part in re.split(r"\.\.", rest, maxsplit=1))
    except ValueError:
        raise UsageError(
            f"the range of an axis is written LOW..HIGH, such as 1e-5..1e-2, or as values with commas; got {rest!r}."
        ) from None
    declared = SETTINGS.get(name)
    if declared is not None and declared.whole and low <= high and low == int(low) and high == int(high):
        count = int(high) - int(low) + 1
    return Axis(name, low, high, count, "log" if scale == "log" else "linear")


def axis_settings(objective: Objective, optimizer: Optimizer, schedule: Schedule) -> dict[str, Setting]:
    """Every setting that may be an axis of a map of this objective, optimizer and schedule.

    >>> from fallline.problems import objective
    >>> from fallline.textbook.optimizers import OPTIMIZERS
    >>> from fallline.textbook.schedules import SCHEDULES
    >>> sorted(axis_settings(objective("rosenbrock"), OPTIMIZERS["momentum"], SCHEDULES["constant"]))
    ['initial_scale', 'learning_rate', 'momentum', 'seed', 'start.x', 'start.y']
    """
    names = [*optimizer.settings, "initial_scale", "seed"]
    found = {}
    if isinstance(objective, NetworkObjective):
        names.append("l2")
        for layer in range(1, objective.network.depth + 1):
            found[f"learning_rate.{layer}"] = SETTINGS["learning_rate"]
    found |= {name: SETTINGS[name] if name in SETTINGS else Setting(name, name, "a setting of its own", 0.0)
              for name in names}  # fmt: skip
    found |= {f"schedule.{name}": SETTINGS[name] for name in schedule.settings if name in SETTINGS and name != "steps"}
    labels = _coordinates(objective)
    start = {f"start.{k}": Setting(f"start.{k}", "w_0", "coordinate of the start", 0.0) for k in labels}
    return found | start


def start_coordinate(objective: Objective, name: str) -> int:
    """The place in the parameter vector that "start.x", "start.W1[0,0]" or "start.7" names."""
    label = name.removeprefix("start.")
    labels = _coordinates(objective)
    if label in labels:
        return labels.index(label)
    if label.isdigit() and int(label) < objective.dimension:
        return int(label)
    raise UnknownNameError("coordinate of the start", label, labels)


def check_axis(one: Axis, objective: Objective, optimizer: Optimizer, schedule: Schedule) -> None:
    """Refuse an axis that names no setting, or whose values leave the setting's range."""
    valid = axis_settings(objective, optimizer, schedule)
    if one.name.startswith("start."):
        start_coordinate(objective, one.name)
        return
    if one.name not in valid:
        shown = [name for name in valid if not name.startswith("start.")]
        starts = [name for name in valid if name.startswith("start.")]
        shown += starts if len(starts) <= 4 else [starts[0], starts[-1]]
        raise UnknownNameError("an axis", one.name, shown)
    for value in one.values if valid[one.name].whole else (one.low, one.high):
        number = float(value)
        try:
            valid[one.name].check(int(number) if number == int(number) else number)
        except SettingError as error:
            raise SettingError(f"axis {one}: {error}") from None


def _coordinates(objective: Objective) -> list[str]:
    return list(objective.labels)


def _number(value: float) -> str:
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
