"""A zoom into a map: key frames around one place of the plane, each twice as deep as the one before it.

A place is a fraction of the plane along each axis, kept as an exact fraction. A key frame takes whole cells of the plane
divided into more and more of them, so its values are correctly rounded, however deep it is: no difference of nearly equal
numbers is ever taken. A frame between two key frames is scaled from both.
"""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline import exact
from fallline.errors import SettingError, UsageError
from fallline.experiment.axes import MOST_CELLS, Axis
from fallline.experiment.map_record import MapSpec
from fallline.maps.key_frames import DEEPEST, boundary_cell, divided, key_frames, trains
from fallline.maps.map import Map, compute_map

__all__ = ["MIDDLE", "SCOUTS", "Zoom", "boundary_place", "place_of", "scouts"]

Place = tuple[Fraction, Fraction]
"""How far along each axis, from 0 to 1 of its whole range."""

MIDDLE = (Fraction(1, 2), Fraction(1, 2))
"""The middle of the plane."""

SCOUTS = 64
"""Cells along each axis of the maps that look for a boundary."""

SCOUT_ZOOM = 8
"""How much deeper each of these maps is than the one before it."""

PLACES = 2**100
"""Parts of an axis among which a given centre is placed."""


@dataclass(frozen=True)
class Zoom:
    """A zoom from a whole map down to a depth, around one place.

    Parameters
    ----------
    spec
        The map that it begins with, of two ranges.
    place
        Where it leads.
    depth
        How many times narrower the last frame is than the first, on each axis.

    Raises
    ------
    SettingError
        The depth is below 1, or neighbouring cells would be the same number there.

    Examples
    --------
    >>> from fallline.experiment.map_spec import map_spec
    >>> spec = map_spec("quadratic", x="learning_rate=0..0.4", y="momentum=0..0.9", optimizer_="momentum", size=8)
    >>> zoom = Zoom(spec, (Fraction(1, 3), Fraction(1, 2)), 100.0)
    >>> [str(key.x) for key in zoom.keys[::3]]
    ['learning_rate=0..0.4:0-7/8', 'learning_rate=0..0.4:17-24/64', 'learning_rate=0..0.4:166-173/512']
    """

    spec: MapSpec
    place: Place
    depth: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "spec", self.spec.over(divided(self.spec.x), divided(self.spec.y)))
        if not 1 <= self.depth < math.inf:
            raise SettingError(f"depth must be a number of at least 1; got {self.depth:g}.")
        limit = self.deepest
        if self.depth > limit:
            raise SettingError(
                f"depth must be at most {limit:.1e} here: deeper, neighbouring cells are the same number in "
                f"{self.spec.dtype}. Take fewer cells, or a narrower first map."
            )

    @property
    def keys(self) -> list[MapSpec]:
        """The key frames, from the whole map on, as deep as the zoom goes."""
        return [self._key(k) for k in range(math.floor(math.log2(self.depth)) + 1)]

    @property
    def deepest(self) -> float:
        """The largest power of two at which all cells of a frame are different numbers in the map's precision."""
        most = math.floor(math.log2(MOST_CELLS // max(self._cells)))
        k = bisect(range(1, most + 1), 0, key=lambda k: 0 if self._distinct(k) else 1)
        return 2.0**k

    @property
    def centre(self) -> tuple[float, float]:
        """The values on both axes where the zoom leads."""
        x, y = (
            exact.between(a.low, a.high, [math.floor(p * PLACES)], PLACES, logarithmic=a.scale == "log").item()
            for a, p in zip((self.spec.x, self.spec.y), self.place, strict=True)
        )
        return x, y

    @property
    def ulps(self) -> float:
        """How many floats apart neighbouring cells of the deepest key frame are, at least."""
        key = self.keys[-1]
        gaps = []
        for axis in (key.x, key.y):
            values = axis.values.astype(self.spec.dtype)
            gaps.append(float(np.min(np.diff(values) / np.spacing(np.abs(values[1:])))) if axis.count > 1 else math.inf)
        return min(gaps)

    def frame(self, number: int, frames: int) -> tuple[int, float]:
        """The key frame before one of so many frames, and how much deeper the frame is: from 1 to 2.

        Depths have equal ratios.

        >>> from fallline.experiment.map_spec import map_spec
        >>> spec = map_spec("booth", x="start.x=-1..1", y="start.y=-1..1", size=8)
        >>> zoom = Zoom(spec, (Fraction(1, 2), Fraction(1, 2)), 8.0)
        >>> [(key, round(scale, 2)) for key, scale in (zoom.frame(k, 3) for k in range(3))]
        [(0, 1.0), (1, 1.41), (3, 1.0)]
        """
        level = math.log2(self.depth) * (number / max(1, frames - 1) if frames > 1 else 1.0)
        key = min(math.floor(level + 1e-9), len(self.keys) - 1)
        return key, 2.0 ** max(0.0, level - key)

    def cells_under(self, key: int, scale: float, of_key: int, pixels: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """The columns and rows of a key frame that lie under the pixels of a frame; -1 where it ends.

        The frame is `scale` times deeper than the key frame `key`.
        """
        spec, found = self._key(of_key), []
        for axis, place in ((spec.x, self.place[0]), (spec.y, self.place[1])):
            first, cells = axis.part or (0, axis.count)
            low, high = self._ends(axis.name)
            width = (high - low) / 2**key / Fraction(scale)
            middle = min(max(place, low + width / 2), high - width / 2)
            across = float(width * cells)  # cells of this key frame along the frame
            at = float(middle * cells - first) + (np.arange(pixels) + 0.5 - pixels / 2) * (across / pixels)
            k = np.floor(at).astype(np.int64)
            # The outer key frame covers the whole frame, but for half a cell at its border.
            inside = (k >= 0) & (k < axis.count)
            found.append(np.where(inside, k, -1) if of_key > key else np.clip(k, 0, axis.count - 1))
        return found[0], found[1]

    def _key(self, k: int) -> MapSpec:
        return self.spec.over(self._window(self.spec.x, self.place[0], k), self._window(self.spec.y, self.place[1], k))

    @property
    def _cells(self) -> tuple[int, int]:
        return (self.spec.x.part or (0, 1))[1], (self.spec.y.part or (0, 1))[1]

    def _ends(self, name: str) -> tuple[Fraction, Fraction]:
        """Where the first map begins and ends on an axis."""
        axis = self.spec.axes[name]
        first, cells = axis.part or (0, axis.count)
        return Fraction(first, cells), Fraction(first + axis.count, cells)

    def _window(self, axis: Axis, place: Fraction, k: int) -> Axis:
        first, cells = axis.part or (0, axis.count)
        finer = cells * 2**k
        low, high = first * 2**k, (first + axis.count) * 2**k - axis.count
        begin = math.floor(place * finer) - axis.count // 2
        return replace(axis, part=(min(max(begin, low), high), finer))

    def _distinct(self, k: int) -> bool:
        key = self._key(k)
        return all(bool((np.diff(axis.values.astype(self.spec.dtype)) > 0).all()) for axis in (key.x, key.y))

    def maps(
        self, folder: Path | None = None, *, progress: Callable[[int, int], None] | None = None, **options: Any
    ) -> Iterator[Map]:
        """The key frames as maps; with a folder, each in a file of its own, so that they are computed once.

        `progress` is told the cells that are done and all cells, of all key frames. The options are as for `compute_map`.
        """
        keys = self.keys
        for k, spec in enumerate(keys):
            out = None if folder is None else folder / f"key-{k:02d}.fallmap"
            yield compute_map(spec, out=out, progress=_part(progress, k, len(keys)), **options)


def _part(progress: Callable[[int, int], None] | None, k: int, count: int) -> Callable[[int, int], None] | None:
    """The progress of map k of so many, as that of all of them."""
    return None if progress is None else lambda done, cells: progress(k * cells + done, count * cells)


def place_of(spec: MapSpec, x: float, y: float) -> Place:
    """The place of two values on the axes of a map.

    Raises
    ------
    UsageError
        A value lies outside its axis, or the axis is not a range.

    Examples
    --------
    >>> from fallline.experiment.map_spec import map_spec
    >>> spec = map_spec("booth", x="learning_rate=1e-4..1e-2:log", y="start.x=-1..1", size=8)
    >>> [float(place) for place in place_of(spec, 1e-3, 0.5)]
    [0.5, 0.75]
    """
    places = []
    for axis, value in ((divided(spec.x), x), (divided(spec.y), y)):
        if not axis.low <= value <= axis.high:
            raise UsageError(
                f"the centre must lie on the map: {axis.name} in {axis.low:g}..{axis.high:g}; got {value:g}."
            )
        part = exact.place(value, axis.low, axis.high, PLACES, logarithmic=axis.scale == "log")
        places.append(Fraction(min(part, PLACES - 1), PLACES))
    return places[0], places[1]


def scouts(depth: float) -> int:
    """How many small maps follow a boundary down to a depth.

    >>> scouts(1.0), scouts(1e12)
    (1, 14)
    """
    return 1 + math.floor(math.log(min(depth, DEEPEST), SCOUT_ZOOM))


def boundary_place(
    spec: MapSpec, depth: float, *, seed: int = 0, folder: Path | None = None, side: int = SCOUTS, **options: Any
) -> Place:
    """A place on the boundary between training and divergence, to be zoomed into down to a depth.

    Small maps follow the boundary inwards; in each, a keyed draw chooses a cell of it.

    Parameters
    ----------
    spec
        The map, with the measure "convergence", "outcome" or "diverged".
    depth
        How deep.
    seed
        Key of the draw.
    folder
        Where the small maps are kept, so that they are computed once.
    side
        Cells of a small map along each axis.
    options
        As for `compute_map`.

    Raises
    ------
    UsageError
        The map has no such measure, or no boundary.

    Examples
    --------
    >>> from fallline.experiment.map_spec import map_spec
    >>> spec = map_spec("quadratic", x="learning_rate=0.01..0.4", y="momentum=0..0.9", optimizer_="momentum", steps=60,
    ...                 measures="diverged", size=64)
    >>> x, y = boundary_place(spec, 1e3)
    >>> rate, momentum = 0.01 + 0.39 * float(x), 0.9 * float(y)
    >>> abs(rate - 2 * (1 + momentum) / 10) < 0.1
    True
    """
    small = spec.over(_coarse(divided(spec.x), side), _coarse(divided(spec.y), side))
    if folder is not None:
        options["file"] = lambda number: folder / f"scout-{number:02d}.fallmap"
    place: Place | None = None
    for number, scout in enumerate(key_frames(small, scouts(depth), zoom=SCOUT_ZOOM, seed=seed, **options)):
        cell = boundary_cell(trains(scout), seed, number)
        if cell is not None:
            place = _middle(scout.x, cell[0]), _middle(scout.y, cell[1])
    if place is None:
        raise UsageError("this map has no boundary between training and divergence to follow: name a centre.")
    return place


def _coarse(axis: Axis, side: int) -> Axis:
    """The same piece of a range in `side` cells, if the cells of the whole range are then whole ones."""
    first, cells = axis.part or (0, axis.count)
    if first * side % axis.count or cells * side % axis.count:
        return axis
    return replace(axis, count=side, part=(first * side // axis.count, cells * side // axis.count))


def _middle(axis: Axis, cell: int) -> Fraction:
    first, cells = axis.part or (0, axis.count)
    return Fraction(2 * (first + cell) + 1, 2 * cells)
