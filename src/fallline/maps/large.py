"""A map that is larger than memory: its values stay in its file, and are read a rectangle at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from fallline.errors import UsageError, visible
from fallline.experiment.map_record import MapSpec
from fallline.maps.cells import Values
from fallline.maps.file import MapFile
from fallline.maps.loading import load_map
from fallline.maps.map import Map
from fallline.maps.regions import Regions
from fallline.maps.thinning import strides_to, thinned_by
from fallline.maps.tiles import Tile, around

__all__ = ["IN_MEMORY", "LargeMap", "map_at", "open_map"]

IN_MEMORY = 2**28
"""Bytes of values: commands leave those of a larger map in its file."""

BAND = 2**25
"""Bytes of the rows that are hashed at a time."""

SHOWN = 1024
"""Cells along an axis of a map's small copy."""


class LargeMap:
    """A map in its file. It knows which tiles the file holds, and takes no memory for values.

    Attributes
    ----------
    spec, path
        As those of a `Map`.
    """

    def __init__(self, spec: MapSpec, path: Path) -> None:
        self.spec, self.path = spec, path
        self._held: set[Tile] = set()
        self._hash: str | None = None

    @classmethod
    def open(cls, path: Path) -> LargeMap:
        """The map in a file, of any size."""
        with MapFile.open(path) as file:
            large = cls(file.spec(in_memory=False), path)
            large.take(file)
        return large

    def take(self, file: MapFile) -> None:
        """Know the tiles of its open file. Each is checked when it is read."""
        self._held = file.keys()
        self._hash = file.provenance().get("sha256")

    def set(self, tile: Tile, values: Values) -> None:
        """Know that the file holds a tile."""
        self._held.add(tile)

    @property
    def begun(self) -> bool:
        """Whether any cell is computed."""
        return bool(self._held)

    def missing(self, tile: Tile) -> int:
        """How many cells of a tile have to be computed: all of them, or none if the file has it or a tile around it."""
        return 0 if tile in self._held or not self._held.isdisjoint(around(self.spec, tile)) else tile.cells

    @property
    def done(self) -> int:
        """How many cells the file holds."""
        return sum(t.cells for t in self._held if self._held.isdisjoint(around(self.spec, t)))

    @property
    def complete(self) -> bool:
        """Whether the file holds every cell."""
        return self.done == self.spec.cells

    @property
    def sha256(self) -> str:
        """The hash of all values, as that of a `Map`: kept in the file once it is complete, else made of all its tiles."""
        if not self.complete:
            raise UsageError(
                f"a map that is not complete has no hash; {self.done} of {self.spec.cells} cells are known."
            )
        if self._hash is None:
            self._hash = self._hashed()
        return self._hash

    def _hashed(self) -> str:
        rows, columns = self.spec.shape
        digest = hashlib.sha256()
        with self.regions() as regions:
            for wanted in self.spec.measures:
                height = max(1, BAND // (columns * self.spec.dtype_of(wanted).itemsize))
                height = max(64, 2 ** (height.bit_length() - 1))
                for y0 in range(0, rows, height):
                    planes, _ = regions.read(0, columns, y0, min(rows, y0 + height))
                    digest.update(np.ascontiguousarray(planes[wanted.name]).data.cast("B"))
        return digest.hexdigest()

    @contextmanager
    def regions(self) -> Iterator[Regions]:
        """The rectangles of the map, while its file is open for reading."""
        with MapFile.open(self.path) as file:
            yield Regions(file, self.spec)

    def thinned(self, most: int = SHOWN) -> Map:
        """Every second, third ... cell as a `Map` in memory, so that neither axis has more than `most`."""
        x, y = self.spec.x, self.spec.y
        every = strides_to(x, y, most)
        small = Map(self.spec.over(thinned_by(x, every[0]), thinned_by(y, every[1])))
        with self.regions() as regions:
            small.fill(*regions.read(0, x.count, 0, y.count, every))
        return small

    def plot(self, **options: Any) -> Any:
        """A picture of the small copy; see `Map.plot`."""
        return self.thinned().plot(**options)

    def __repr__(self) -> str:
        s = self.spec
        done = "" if self.complete else f", {100 * self.done / s.cells:.0f} % known"
        return visible(f"Map({s.head}: {s.plane_text}, {s.size_text} cells, {s.steps} steps{done})")


def map_at(spec: MapSpec, path: Path | None) -> Map | LargeMap:
    """The map of a spec that is computed into a file: in memory too, unless it is large."""
    return Map(spec, path) if path is None or spec.memory <= IN_MEMORY else LargeMap(spec, path)


def open_map(path: Path) -> Map | LargeMap:
    """The map in a file. The values of a large one stay there, unread."""
    with MapFile.open(path) as file:
        spec = file.spec(in_memory=False)
        if spec.memory <= IN_MEMORY:
            return load_map(path)
    return LargeMap.open(path)
