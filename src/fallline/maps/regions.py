"""Rectangles of a map, read from its file: only the tiles that they need, and no more than a few at a time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fallline.errors import OutputError
from fallline.experiment.map_record import MapSpec
from fallline.maps.cells import Values
from fallline.maps.file import MapFile
from fallline.maps.rows import bits, blank
from fallline.maps.tiles import Tile, smallest_side

__all__ = ["Regions"]

KEPT = 2**26
"""Bytes of tiles that are kept for the next rectangle."""


class Regions:
    """The rectangles of the map in a file that is open."""

    def __init__(self, file: MapFile, spec: MapSpec) -> None:
        self._file, self.spec = file, spec
        self._grids: dict[tuple[int, int, int], dict[tuple[int, int], tuple[Tile, int]]] = {}
        for tile, row in file.rows_of_tiles().items():
            side = smallest_side(tile)
            grid = self._grids.setdefault((tile.stride, tile.coarser, side), {})
            grid[tile.x0 // side, tile.y0 // side] = tile, row
        self._kept: OrderedDict[int, Values] = OrderedDict()
        self._size = 0

    def read(
        self, x0: int, x1: int, y0: int, y1: int, every: tuple[int, int] = (1, 1)
    ) -> tuple[Values, NDArray[np.bool_]]:
        """The values of each measure in columns x0..x1 and rows y0..y1 (ends excluded), and which of them are known.

        With `every` (kx, ky), of every kx-th column and every ky-th row alone; x0 and y0 are multiples of them.

        Raises
        ------
        OutputError
            The file is damaged, or two of its tiles have different values of a cell.
        """
        kx, ky = every
        shape = -(-(y1 - y0) // ky), -(-(x1 - x0) // kx)
        planes = {w.name: np.full(shape, blank(self.spec, w), self.spec.dtype_of(w)) for w in self.spec.measures}
        known = np.zeros(shape, dtype=bool)
        for tile, row in self._within(x0, x1, y0, y1, every):
            i, j = tile.indices()
            here = (i >= x0) & (i < x1) & (j >= y0) & (j < y1)
            if kx > 1 or ky > 1:
                here &= (i % kx == 0) & (j % ky == 0)
            at = (j[here] - y0) // ky, (i[here] - x0) // kx
            twice = known[at]
            for name, column in self._values(tile, row).items():
                if name not in planes:
                    continue
                its = column[here]
                if twice.any() and (bits(planes[name][at][twice]) != bits(its[twice])).any():
                    raise OutputError(f"{self._file.path} has two values of {name} for a cell of the tile of {tile}.")
                planes[name][at] = its
            known[at] = True
        return planes, known

    def _within(self, x0: int, x1: int, y0: int, y1: int, every: tuple[int, int]) -> Iterator[tuple[Tile, int]]:
        for (_, coarser, side), grid in self._grids.items():
            if coarser and all(k % coarser == 0 for k in every):
                continue  # the cells that are asked for are in coarser tiles
            for row in range(y0 // side, -(-y1 // side)):
                for column in range(x0 // side, -(-x1 // side)):
                    if (column, row) in grid:
                        yield grid[column, row]

    def _values(self, tile: Tile, row: int) -> Values:
        """The values of a tile, checked."""
        if row in self._kept:
            self._kept.move_to_end(row)
            return self._kept[row]
        values = self._file.tile_at(row, tile, self.spec)
        self._kept[row] = values
        self._size += _bytes(values)
        while self._size > KEPT and len(self._kept) > 1:
            self._size -= _bytes(self._kept.popitem(last=False)[1])
        return values


def _bytes(values: Values) -> int:
    return sum(column.nbytes for column in values.values())
