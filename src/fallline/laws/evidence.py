"""Evidence of a law as plain data: what was measured, as curves and planes, beside what the law predicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.axes import Axis
from fallline.plotting import Plotted, draw

__all__ = ["Curves", "Evidence", "Line", "Plane", "Region", "evidence_from"]

Floats = NDArray[Any]
Line = tuple[Floats, Floats]
"""The points (x, y) of a line."""

DIGITS = 7
"""Significant digits of evidence as data. Pictures need no more."""


class _Drawn(Plotted):
    """What all evidence has: a name, a title, and a picture."""

    name: str
    title: str

    def plot(self, **options: Any) -> Any:
        """The evidence as a picture; options as for `draw_evidence`."""
        return draw("evidence", self, **options)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}: {self.title})"


@dataclass(frozen=True, eq=False, repr=False)
class Curves(_Drawn):
    """A quantity of several starts along another one.

    Attributes
    ----------
    name
        Of the picture's file.
    title
        What is seen, in a few words.
    x, y
        Labels of the axes.
    at
        The values along x, (points,).
    measured
        By case: the curves of some starts, (starts, points).
    predicted
        By case, or by a name of its own: what the law predicts, (points,).
    thresholds
        By name: values of x at which the law predicts a change.
    log
        Which axes are logarithmic: "", "x", "y" or "xy".
    """

    name: str
    title: str
    x: str
    y: str
    at: Floats
    measured: Mapping[str, Floats]
    predicted: Mapping[str, Floats] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    log: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "kind": "curves", "name": self.name, "title": self.title, "x": self.x, "y": self.y, "at": _short(self.at),
            "measured": {case: _short(values) for case, values in self.measured.items()},
            "predicted": {case: _short(values) for case, values in self.predicted.items()},
            "thresholds": dict(self.thresholds), "log": self.log,
        }  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Plane(_Drawn):
    """A quantity over two settings.

    Attributes
    ----------
    name, title
        As for `Curves`.
    x, y
        The settings.
    label
        What the values are.
    values
        One for each cell, (y, x); NaN for a cell without a value.
    lines
        By name: lines that the law predicts. A line of one point is a point.
    lost
        What a cell without a value is.
    """

    name: str
    title: str
    x: Axis
    y: Axis
    label: str
    values: Floats
    lines: Mapping[str, Line] = field(default_factory=dict)
    lost: str = "diverged"

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "kind": "plane", "name": self.name, "title": self.title, "x": self.x.describe(), "y": self.y.describe(),
            "label": self.label, "values": _short(self.values), "lines": _lines_short(self.lines), "lost": self.lost,
        }  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Region(_Drawn):
    """Where in a plane of settings a law holds: of each cell, the share of its starts that agree with the prediction.

    Attributes
    ----------
    name, title, x, y, lines
        As for `Plane`.
    starts
        How many starts each cell has.
    shares
        What became of the starts: "agree" first, then what else can happen. Shares of each cell, (y, x), that add up to 1.
    counted
        What the shares count, if not single runs.
    """

    name: str
    title: str
    x: Axis
    y: Axis
    starts: int
    shares: Mapping[str, Floats]
    lines: Mapping[str, Line] = field(default_factory=dict)
    counted: str = "runs"

    @property
    def agree(self) -> Floats:
        """The share of the starts of each cell that agree, (y, x)."""
        return self.shares["agree"]

    @property
    def sentence(self) -> str:
        """What became of all starts together."""
        parts = [f"{100 * float(np.mean(s)):.1f} % {name}" for name, s in self.shares.items()]
        runs = self.agree.size * self.starts
        return f"Of {runs:,} {self.counted}, {self.starts} in each of {self.agree.size:,} cells: {', '.join(parts)}."

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "kind": "region", "name": self.name, "title": self.title, "x": self.x.describe(), "y": self.y.describe(),
            "starts": self.starts, "shares": {name: _short(s) for name, s in self.shares.items()}, "lines": _lines_short(self.lines),
            "counted": self.counted,
        }  # fmt: skip


Evidence: TypeAlias = Curves | Plane | Region


def evidence_from(d: Mapping[str, Any]) -> Evidence:
    """The inverse of `to_dict`, to `DIGITS` digits.

    >>> line = Curves("a", "A", "x", "y", np.arange(2.0), {"one": np.array([[1.0, np.nan]])})
    >>> evidence_from(line.to_dict()).measured["one"].tolist()
    [[1.0, nan]]
    """
    kept = {key: value for key, value in d.items() if key != "kind"}
    if d["kind"] == "curves":
        several = {key: {name: _array(v) for name, v in kept[key].items()} for key in ("measured", "predicted")}
        return Curves(**kept | several | {"at": _array(kept["at"])})
    kept |= {side: Axis.from_description(kept[side]) for side in ("x", "y")}
    kept["lines"] = {name: (_array(x), _array(y)) for name, (x, y) in kept["lines"].items()}
    if d["kind"] == "plane":
        return Plane(**kept | {"values": _array(kept["values"])})
    return Region(**kept | {"shares": {name: _array(s) for name, s in kept["shares"].items()}})


def _short(values: Any) -> Any:
    """Nested lists with short numbers; None for what JSON has no number for."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim:
        return [_short(part) for part in array]
    return float(f"{array:.{DIGITS}g}") if np.isfinite(array) else None


def _lines_short(lines: Mapping[str, Line]) -> dict[str, Any]:
    return {name: [_short(x), _short(y)] for name, (x, y) in lines.items()}


def _array(values: Any) -> Floats:
    return np.array(values, dtype=np.float64)  # None becomes NaN
