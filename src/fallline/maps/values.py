"""The values of a map, as far as they are known, and shares and intervals made from them."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UnknownNameError, UsageError, visible
from fallline.experiment.axes import Axis
from fallline.experiment.map_record import MapSpec
from fallline.maps.cells import Values
from fallline.maps.tiles import Tile
from fallline.measures.outcome import OUTCOMES, place
from fallline.runs.intervals import share as share_interval

__all__ = ["MapValues"]


class MapValues:
    """The values of a map, row 0 at the bottom (the lowest y), column 0 at the left (the lowest x).

    Attributes
    ----------
    spec
        The objective, method, axes and measures.
    known
        Which cells are computed, (rows, columns).
    path
        Its map file, or None.
    """

    def __init__(self, spec: MapSpec, path: Path | None = None) -> None:
        self.spec, self.path = spec, path
        self.known = np.zeros(spec.shape, dtype=bool)

    @cached_property
    def _values(self) -> dict[str, NDArray[Any]]:
        """The values of each measure. They are allocated on first use, so that an empty map takes no memory."""
        values = {}
        for wanted in self.spec.measures:
            dtype = self.spec.dtype_of(wanted)
            blank = np.nan if dtype.kind == "f" else -1 if dtype.kind == "i" else 255
            values[wanted.name] = np.full(self.spec.shape, blank, dtype)
        return values

    @property
    def x(self) -> Axis:
        """The axis from left to right."""
        return self.spec.x

    @property
    def y(self) -> Axis:
        """The axis from bottom to top."""
        return self.spec.y

    @property
    def axes(self) -> dict[str, NDArray[np.float64]]:
        """The values of both axes by name, x first."""
        return {self.x.name: self.x.values, self.y.name: self.y.values}

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the measures."""
        return self.spec.names

    @property
    def values(self) -> NDArray[Any]:
        """The values of the first measure, (rows, columns); `map[name]` has any other."""
        return self._values[self.spec.names[0]]

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self.measures:
            raise UnknownNameError("measure of this map", name, self.measures)
        return self._values[name]

    @property
    def complete(self) -> bool:
        """Whether every cell is known."""
        return bool(self.known.all())

    @property
    def sha256(self) -> str:
        """SHA-256 of all values: measure by measure, row by row from the bottom, little-endian."""
        if not self.complete:
            raise UsageError(
                f"a map that is not complete has no hash; {int(self.known.sum())} of {self.known.size} cells are known."
            )
        digest = hashlib.sha256()
        for values in self._values.values():
            digest.update(np.ascontiguousarray(values).data.cast("B"))
        return digest.hexdigest()

    def set(self, tile: Tile, values: Values) -> None:
        """Set the values of a tile's cells."""
        i, j = tile.indices()
        for name, array in self._values.items():
            array[j, i] = values[name]
        self.known[j, i] = True

    def cell(self, x: float, y: float) -> dict[str, float]:
        """The cell nearest to (x, y): the values of the axes there, then its measures."""
        i, j = self.x.place(x), self.y.place(y)
        place = {self.x.name: float(self.x.values[i]), self.y.name: float(self.y.values[j])}
        return place | {name: float(array[j, i]) for name, array in self._values.items()}

    def share(self, outcome: str = "diverged") -> dict[str, NDArray[np.float64]]:
        """Share of runs with that outcome along the axis that is not the seed, with its 95 % interval (Wilson).

        Needs the measure "outcome" (or "diverged" for that one) and a seed axis.
        """
        if "seed" not in self.spec.axes:
            raise UsageError(f"a share along an axis needs a seed axis; this map has {self.x.name} and {self.y.name}.")
        if outcome == "diverged" and "diverged" in self.measures:
            hit = self["diverged"]
        elif outcome not in OUTCOMES:
            raise UnknownNameError("outcome", outcome, OUTCOMES)
        else:
            hit = self["outcome"] == place(outcome)
        other, along = (self.y, 1) if self.x.name == "seed" else (self.x, 0)
        n = hit.shape[along]
        counts = np.rint(hit.sum(axis=along) * self.spec.starts).astype(int)
        estimates = [share_interval(int(k), n * self.spec.starts) for k in counts]
        columns = np.array(estimates).T
        return {other.name: other.values, "share": columns[0], "low": columns[1], "high": columns[2]}

    def interval(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The 95 % interval of the measure "diverged" for each cell, over its starts: low and high, (rows, columns).

        NaN where the cell is not known yet.
        """
        n = self.spec.starts
        counts, place = np.unique(np.rint(self["diverged"][self.known] * n), return_inverse=True)
        intervals = np.array([share_interval(int(k), n)[1:] for k in counts]).reshape(-1, 2)
        low, high = np.full(self.spec.shape, np.nan), np.full(self.spec.shape, np.nan)
        low[self.known], high[self.known] = intervals[place.ravel()].T
        return low, high

    def __eq__(self, other: object) -> bool:
        """Maps of the same runs are equal if the same cells are known, with the same values."""
        if not isinstance(other, MapValues):
            return NotImplemented
        return (
            self.spec.sha256 == other.spec.sha256 and np.array_equal(self.known, other.known)
            and all(np.array_equal(self[k], other[k], equal_nan=self[k].dtype.kind == "f") for k in self.measures)
        )  # fmt: skip

    def __hash__(self) -> int:
        return hash(self.spec.sha256)

    def __repr__(self) -> str:
        s = self.spec
        done = "" if self.complete else f", {100 * self.known.mean():.0f} % known"
        if "outcome" in self.measures and self.complete:
            counts = np.bincount(self["outcome"].ravel(), minlength=len(OUTCOMES))
            done = "".join(f", {100 * n / s.cells:.3g} % {o}" for o, n in zip(OUTCOMES, counts, strict=True) if n)
        elif self.known.any() and self.values.dtype.kind == "f":
            finite = self.values[self.known & np.isfinite(self.values)]
            lost = 1 - finite.size / max(1, int(self.known.sum()))
            if finite.size:
                done += f", {s.names[0]} from {finite.min():.6g} to {finite.max():.6g}"
            if lost:
                done += f", {100 * lost:.3g} % not finite"
        return visible(
            f"Map({s.objective.name}, {s.method.optimizer.name}: {s.x} by {s.y}, {s.x.count} x {s.y.count} cells, "
            f"{s.steps} steps{done})"
        )
