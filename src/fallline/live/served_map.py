"""A map's file for a page that asks for its pictures, values and runs one at a time. Few of the values are in memory."""

from __future__ import annotations

import math
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from fallline.experiment.axes import Axis
from fallline.lab.limits import refuse_slow_map
from fallline.lab.work.runs import describe_run
from fallline.live.tile_page import figure_of, page_of_tiles, refuse_without_tiles
from fallline.live.tile_pyramid import SIDE, Cells, cells_of_tile, deepest_level, padded, picture_tile
from fallline.maps.cells import at_cells
from fallline.maps.file import MapFile
from fallline.maps.large import LargeMap
from fallline.maps.map import Map
from fallline.maps.regions import Regions
from fallline.maps.replay import replay
from fallline.measures.own import OwnMeasure
from fallline.views.pictures.map_colours import MapColours

__all__ = ["ServedMap", "readable"]

Json = dict[str, Any]

DPI = 160
"""Pixels in an inch of the picture below the map."""

KEPT_LEVEL = 2
"""The cells of the tiles down to this level stay in memory: 1,024 along an axis."""

MOST_LOSSES = 20_001
"""Losses of a run that are sent, at most: of a longer run, every second, third ... of them, and the last."""


class ServedMap:
    """A map in its file, which stays open. One thread uses it, as SQLite demands; `picture` and `run` may be called from another.

    Parameters
    ----------
    path
        The map's file. Tiles that another process adds later are not seen.

    Raises
    ------
    UsageError
        The file holds no map, or a map that has no picture tiles.
    """

    def __init__(self, path: Path) -> None:
        self.map = LargeMap.open(path)
        refuse_without_tiles(self.map)
        self.spec = self.map.spec
        self.small = self.map.thinned()
        self.levels = deepest_level(*self.spec.shape)
        self._colours: dict[int, MapColours] = {}
        self._file = MapFile.open(path)
        self._regions = Regions(self._file, self.spec)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def page(self) -> str:
        """The document, which requests its style, its script, the tiles, and what the reader asks for."""
        measures = [wanted.label for wanted in self.spec.measures]
        return page_of_tiles(
            self.map, self.colours(0), figure_of(self.map, live=False, measures=measures), picture="picture/0.png",
            head='<link rel="stylesheet" href="served.css">', script='<script type="module" src="served.js"></script>',
        )  # fmt: skip

    def colours(self, measure: int) -> MapColours:
        """The colours of a measure, by its place."""
        if measure not in self._colours:
            self._colours[measure] = MapColours(self.small, self.spec.measures[measure].name)
        return self._colours[measure]

    def picture(self, measure: int) -> bytes | None:
        """The picture of the small copy with the meaning of its colours, as PNG; None for a measure that the map has not."""
        return self.colours(measure).picture.bytes("png", DPI) if measure < len(self.spec.measures) else None

    def tile(self, measure: int, z: int, i: int, y: int) -> bytes | None:
        """The picture tile z/i/y, whose y counts from the top; None outside of the map. Unknown cells are transparent."""
        rows, columns = self.spec.shape
        if measure >= len(self.spec.measures) or z > self.levels or max(i, y) >= 2**z:
            return None
        j = 2**z - 1 - y
        wide = SIDE << (self.levels - z)
        if i * wide >= columns or j * wide >= rows:
            return None
        cells = self._of_coarse(z, i, j) if z <= KEPT_LEVEL else cells_of_tile(self._regions, z, i, j)
        return picture_tile(self.colours(measure).of(*cells))

    @cached_property
    def _coarse(self) -> Cells:
        """The cells of all tiles of level `KEPT_LEVEL`. They lie all over the file, so they are read once."""
        every = 1 << (self.levels - min(KEPT_LEVEL, self.levels))
        return self._regions.read(0, self.spec.x.count, 0, self.spec.y.count, (every, every))

    def _of_coarse(self, z: int, i: int, j: int) -> Cells:
        """The cells of a tile of a level that is no deeper than `KEPT_LEVEL`."""
        every = 1 << (min(KEPT_LEVEL, self.levels) - z)
        planes, known = self._coarse
        rows, columns = (slice(n * SIDE * every, (n + 1) * SIDE * every, every) for n in (j, i))
        return padded(self.spec, {name: plane[rows, columns] for name, plane in planes.items()}, known[rows, columns])

    def cell(self, column: int, row: int) -> Map | None:
        """The map of one cell, with its values as far as the file holds them; None outside of the map."""
        x, y = self.spec.x, self.spec.y
        if column >= x.count or row >= y.count:
            return None
        one = Map(self.spec.over(Axis.of(x.name, [x.values[column]]), Axis.of(y.name, [y.values[row]])))
        one.fill(*self._regions.read(column, column + 1, row, row + 1))
        return one

    def run(self, column: int, row: int, kept: Map) -> Json:
        """The run of a cell, trained again with its path, and whether it has the values that are `kept` of the cell.

        Raises
        ------
        UsageError
            The run takes too long for a page, or needs a function that a map file does not hold.
        """
        refuse_slow_map(kept.spec)
        run = replay(self.spec, column, row)
        told, arrays = describe_run(self.spec, run)
        every = -(-len(arrays["losses"]) // MOST_LOSSES)
        losses = arrays["losses"][:-1:every].tolist() + arrays["losses"][-1:].tolist()
        return {
            **{key: told[key] for key in ("steps", "outcome", "numbers")},
            "starts": self.spec.starts, "same": self._same(column, row, kept), "every": every,
            "losses": [loss if math.isfinite(loss) else None for loss in losses],
        }  # fmt: skip

    def _same(self, column: int, row: int, kept: Map) -> bool | None:
        """Whether the cell, trained again, has the kept values; None where that cannot be said."""
        if not kept.complete or any(isinstance(w.measure, OwnMeasure) for w in self.spec.measures):
            return None
        again = at_cells(self.spec, np.array([column]), np.array([row]))
        return all(again[name].tobytes() == kept.plane(name).tobytes() for name in self.spec.names)


def readable(cell: Map) -> Json:
    """The values of the map of one cell for a page: a number, or a text where JSON has no number."""
    known = cell.at(0, 0) if cell.complete else {}
    return {"values": [{"label": w.label, "value": _plain(known[w.name])} for w in cell.spec.measures if known]}


def _plain(value: float | str) -> float | str:
    if isinstance(value, str) or math.isfinite(value):
        return value
    return "not a number" if math.isnan(value) else "∞" if value > 0 else "−∞"
