"""The values of a map, as far as they are known, and shares and intervals made from them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UnknownNameError, UsageError, visible
from fallline.experiment.axes import Axis
from fallline.experiment.map_record import MapSpec
from fallline.maps.best import best_place, lost_cells
from fallline.maps.cells import STATES, Values
from fallline.maps.file import MapFile
from fallline.maps.places import place_on
from fallline.maps.rows import blank
from fallline.maps.shares import intervals_of_shares, share_over_seeds
from fallline.maps.tiles import Tile
from fallline.measures.measure import RequestedMeasure
from fallline.measures.outcome import OUTCOMES
from fallline.measures.outcome_array import OutcomeArray

__all__ = ["MapValues"]


class MapValues:
    """The values of a map, row 0 at the bottom (the lowest y), column 0 at the left (the lowest x).

    All arrays that it returns are read-only. In a map of one dimension they have the one axis, (columns,).

    Attributes
    ----------
    spec
        The objective, method, axes and measures.
    path
        Its map file, or None.
    """

    def __init__(self, spec: MapSpec, path: Path | None = None) -> None:
        self.spec, self.path = spec, path
        self._known = np.zeros(spec.shape, dtype=bool)

    @cached_property
    def _values(self) -> dict[str, NDArray[Any]]:
        """The values of each measure. They are allocated on first use, so that an empty map takes no memory."""
        values = {}
        for wanted in self.spec.measures:
            values[wanted.name] = np.full(self.spec.shape, blank(self.spec, wanted), self.spec.dtype_of(wanted))
        return values

    @cached_property
    def states(self) -> NDArray[Any]:
        """The states that are kept of each cell's runs, (rows, columns, starts * numbers), of a map without a file."""
        return np.full((*self.spec.shape, self.spec.starts * self.spec.kept), np.nan, self.spec.dtype)

    @property
    def x(self) -> Axis:
        """The axis from left to right."""
        return self.spec.x

    @property
    def y(self) -> Axis:
        """The axis from bottom to top; an axis without a name in a map of one dimension."""
        return self.spec.y

    @property
    def axes(self) -> dict[str, NDArray[Any]]:
        """The values of each axis by name, x first: numbers, or the names of choices."""
        return {name: axis.values for name, axis in self.spec.axes.items()}

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the measures."""
        return self.spec.names

    @property
    def values(self) -> NDArray[Any]:
        """The values of the first measure, (rows, columns); `map[name]` has any other."""
        return self[self.spec.names[0]]

    def __getitem__(self, name: str) -> NDArray[Any]:
        values = self._in_its_shape(self.plane(name))
        return OutcomeArray.of(values) if self._wanted(name).measure.kind == "outcomes" else values

    def plane(self, name: str) -> NDArray[Any]:
        """The values of a measure as numbers, (rows, columns), also in a map of one dimension."""
        self._wanted(name)
        return _read_only(self._values[name])

    def _wanted(self, name: str) -> RequestedMeasure:
        for wanted in self.spec.measures:
            if wanted.name == name:
                return wanted
        raise UnknownNameError("measure of this map", name, self.measures)

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which cells are computed, (rows, columns)."""
        return self._in_its_shape(_read_only(self._known))

    def _in_its_shape(self, plane: NDArray[Any]) -> NDArray[Any]:
        """An array over the plane, without the axis that a map of one dimension does not have."""
        return plane[0] if self.spec.one_dimensional else plane

    @property
    def complete(self) -> bool:
        """Whether every cell is known."""
        return bool(self._known.all())

    @property
    def begun(self) -> bool:
        """Whether any cell is known."""
        return bool(self._known.any())

    @property
    def done(self) -> int:
        """How many cells are known."""
        return int(self._known.sum())

    @property
    def sha256(self) -> str:
        """SHA-256 of all values: measure by measure, row by row from the bottom, little-endian."""
        if not self.complete:
            raise UsageError(
                f"a map that is not complete has no hash; {int(self._known.sum())} of {self._known.size} cells are known."
            )
        digest = hashlib.sha256()
        for values in self._values.values():
            digest.update(np.ascontiguousarray(values).data.cast("B"))
        return digest.hexdigest()

    def take(self, file: MapFile) -> None:
        """Set the values of all tiles of an open file of this map. Each is checked."""
        for tile, values in file.tiles(self.spec):
            self.set(tile, values)

    def set(self, tile: Tile, values: Values) -> None:
        """Set the values of a tile's cells."""
        i, j = tile.indices()
        for name, array in self._values.items():
            array[j, i] = values[name]
        if self.spec.kept and self.path is None:
            self.states[j, i] = values[STATES]
        self._known[j, i] = True

    def fill(self, planes: Mapping[str, NDArray[Any]], known: NDArray[np.bool_]) -> None:
        """Set the values of all cells, from arrays (rows, columns)."""
        for name, array in self._values.items():
            array[:] = planes[name]
        self._known[:] = known

    def missing(self, tile: Tile) -> int:
        """How many of a tile's cells are not known."""
        return int((~self._known[tile.indices()[::-1]]).sum())

    def cell(
        self, x: float | str | Mapping[str, Any] | None = None, y: float | str | None = None, **axes: float | str
    ) -> dict[str, Any]:
        """The cell nearest to (x, y): the values of the axes there, then its measures. Its outcome is a name.

        >>> from fallline.maps.mapping import map
        >>> m = map("booth", x=("learning_rate", 0.01, 0.05), y=("start.x", [-1, 1]), size=5, steps=9)
        >>> m.cell(0.02, -1) == m.cell(**{"learning_rate": 0.02, "start.x": -1})
        True
        """
        return self.at(*place_on(self.spec, x, y, axes))

    def at(self, column: int, row: int = 0) -> dict[str, Any]:
        """The cell of a column and a row: the values of the axes there, then its measures.

        Examples
        --------
        >>> from fallline.maps.mapping import map
        >>> m = map("booth", x=("learning_rate", [0.01, 0.02]), steps=0)
        >>> m.at(1)
        {'learning_rate': 0.02, 'final_loss': 104.0}
        """
        places = zip(self.spec.axes.items(), (column, row), strict=False)
        place = {name: axis.values[k].item() for (name, axis), k in places}
        return place | {wanted.name: self._readable(wanted, row, column) for wanted in self.spec.measures}

    def _readable(self, wanted: RequestedMeasure, row: int, column: int) -> float | str:
        """One value: the name of an outcome, otherwise a number."""
        value = self._values[wanted.name][row : row + 1, column]
        return str(OutcomeArray.of(value).names[0]) if wanted.measure.kind == "outcomes" else float(value[0])

    def best(self, measure: str | None = None, *, better: Literal["low", "high"] | None = None) -> dict[str, Any]:
        """The cell with the best value of a measure, as `cell` returns it. `run_at(m.best())` is its run.

        Parameters
        ----------
        measure
            One of the map's measures; by default, the first.
        better
            Which values are better. Built-in measures know; for others say "low" or "high".

        Raises
        ------
        UsageError
            No cell has a value, or nobody said which values are better.

        Notes
        -----
        Cells of runs that failed are left out. Of equally good cells, the one with the lowest y, then the lowest x.

        Examples
        --------
        >>> from fallline.maps.mapping import map
        >>> m = map("booth", x=("learning_rate", 0.01, 0.2), size=5, steps=9)
        >>> {name: round(value, 4) for name, value in m.best().items()}
        {'learning_rate': 0.0575, 'final_loss': 3.5492}
        """
        wanted = self._wanted(measure or self.measures[0])
        planes = {name: self.plane(name) for name in self.measures}
        row, column = best_place(self.spec, wanted, better, planes, self._known)
        return self.at(column, row)

    def lost(self, wanted: RequestedMeasure) -> NDArray[np.bool_]:
        """Cells without a value of that measure, (rows, columns): unknown ones, and failed runs where they have none."""
        planes = {name: self.plane(name) for name in self.measures}
        return ~self._known | lost_cells(wanted, planes, self.spec.steps)

    def share(self, outcome: str = "diverged") -> dict[str, NDArray[Any]]:
        """Share of runs with that outcome along the axis that is not the seed, with its 95 % interval (Wilson).

        Needs the measure "outcome" (or "diverged" for that one) and a seed axis.

        Examples
        --------
        >>> from fallline.maps.mapping import map
        >>> m = map("booth", x="learning_rate=0.1,0.2", y="seed=0..99", start=None, steps=50, measures="outcome")
        >>> m.share("diverged")["share"].tolist()
        [0.0, 1.0]
        """
        counted = outcome == "diverged" and "diverged" in self.measures
        return share_over_seeds(self.spec, lambda: self["diverged"] if counted else self["outcome"] == outcome)

    def interval(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The 95 % interval of the measure "diverged" for each cell, over its starts: low and high, (rows, columns).

        NaN where the cell is not known yet.

        Examples
        --------
        >>> from fallline.maps.mapping import map
        >>> m = map("booth", x="learning_rate=0.1,0.2", start=None, starts=100, steps=50, measures="diverged")
        >>> low, high = m.interval()
        >>> low.round(2).tolist(), high.round(2).tolist()
        ([0.0, 0.96], [0.04, 1.0])
        """
        return intervals_of_shares(self["diverged"], self.known, self.spec.starts)

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
        return visible(f"Map({s.head}: {s.plane_text}, {s.size_text} cells, {s.steps} steps{done})")


def _read_only(values: NDArray[Any]) -> NDArray[Any]:
    view = values.view()
    view.setflags(write=False)
    return view
