"""Tiles: the cells of a map in rectangles, coarse ones first.

Every 16th cell of both axes is computed first, then every 4th, then all others; no cell is computed twice. The tiles
decide only the order of the work: the values of a cell depend on the spec and the cell alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.map_record import MapSpec

__all__ = ["LARGEST_TILE", "Tile", "around", "in_layout", "layout", "smallest_side", "tile_size"]

STRIDES = (16, 4, 1)
"""Distances between cells along an axis, from coarse to fine."""

LARGEST_TILE = 2**20
"""Cells of a tile, at most."""

TILE_BYTES = 2**25
"""Bytes of the states that are kept of a tile's runs, at most, if the tile has more than one cell."""


class Tile(NamedTuple):
    """The cells of columns x0..x1 and rows y0..y1 (ends excluded) on the lattice of `stride`, less those of `coarser`.

    >>> Tile(1, 4, 0, 0, 8, 4).indices()[0].tolist()[:5]
    [1, 2, 3, 5, 6]
    """

    stride: int
    coarser: int
    x0: int
    y0: int
    x1: int
    y1: int

    def indices(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Column and row of each cell, row by row."""
        j, i = np.meshgrid(
            np.arange(self.y0, self.y1, self.stride), np.arange(self.x0, self.x1, self.stride), indexing="ij"
        )
        if self.coarser:
            new = (i % self.coarser != 0) | (j % self.coarser != 0)
            return i[new], j[new]
        return i.ravel(), j.ravel()

    @property
    def cells(self) -> int:
        """Number of cells."""
        new = _lattice(self.y0, self.y1, self.stride) * _lattice(self.x0, self.x1, self.stride)
        known = _lattice(self.y0, self.y1, self.coarser) * _lattice(self.x0, self.x1, self.coarser)
        return new - known if self.coarser else new

    def __str__(self) -> str:
        return f"columns {self.x0} to {self.x1 - 1}, rows {self.y0} to {self.y1 - 1}, every {self.stride}"


def _lattice(first: int, end: int, stride: int) -> int:
    """How many multiples of `stride` a tile has along an axis, where it begins at a multiple or `stride` is 0."""
    return -(-end // stride) - -(-first // stride) if stride else 0


def layout(spec: MapSpec, tile_cells: int | None = None, device: str = "cpu") -> Iterator[Tile]:
    """The tiles of a map, coarse first, each of about `tile_cells` cells; `tile_size` of them by default."""
    if tile_cells is None:
        tile_cells = tile_size(spec, device)
    rows, columns = spec.shape
    power = math.log2(max(1, min(tile_cells, LARGEST_TILE)))
    longest = round(math.log2(LARGEST_TILE) / 2)
    for coarser, stride in _strides(spec):
        side = stride * 2 ** (min(round(power), longest) if rows == 1 else round(power / 2))
        for y0 in range(0, rows, side):
            for x0 in range(0, columns, side):
                tile = _tile(spec, coarser, stride, side, x0, y0)
                if not coarser or tile.cells:
                    yield tile


def tile_size(spec: MapSpec, device: str = "cpu") -> int:
    """The cells of a tile of about a third of a second.

    A device that trains a hundred thousand runs at once takes larger ones, of a few seconds.
    """
    each = spec.work / spec.cells
    starts = spec.starts * spec.objective.dimension  # numbers that the starts of one cell take
    least, work, most = (64, 6e9, 65536) if device == "cpu" else (65536, 2e13, LARGEST_TILE)
    kept = max(1, spec.memory_of_states)
    return int(min(most, max(least, work / each), max(1, 2e7 / starts), max(1, TILE_BYTES / kept)))


def in_layout(spec: MapSpec, tile: Tile) -> bool:
    """Whether `layout` gives that tile for some number of cells.

    >>> from fallline.experiment.map_spec import map_spec
    >>> spec = map_spec("rosenbrock", x="start.x=-2..2", y="start.y=-1..3", size=20)
    >>> in_layout(spec, Tile(1, 0, 8, 16, 16, 20)), in_layout(spec, Tile(1, 0, 4, 16, 12, 20))
    (True, False)
    """
    rows, columns = spec.shape
    if (tile.coarser, tile.stride) not in _strides(spec) or not (0 <= tile.x0 < columns and 0 <= tile.y0 < rows):
        return False
    for power in range(LARGEST_TILE.bit_length() // 2 + 1):
        side = tile.stride * 2**power
        if tile.x0 % side or tile.y0 % side:
            return False
        if tile == _tile(spec, tile.coarser, tile.stride, side, tile.x0, tile.y0):
            return not tile.coarser or tile.cells > 0
    return False


def smallest_side(tile: Tile) -> int:
    """The side of the smallest square of the tilings that holds a tile. One at the end of the map may be cut off.

    >>> smallest_side(Tile(4, 16, 0, 64, 32, 84))
    32
    """
    cells = -(-max(tile.x1 - tile.x0, tile.y1 - tile.y0) // tile.stride)
    return tile.stride << (cells - 1).bit_length()


def around(spec: MapSpec, tile: Tile) -> Iterator[Tile]:
    """The larger tiles of a map that hold all cells of a tile, and have the same stride."""
    side = 2 * smallest_side(tile)
    while side <= tile.stride * 2 ** (LARGEST_TILE.bit_length() // 2):
        larger = _tile(spec, tile.coarser, tile.stride, side, tile.x0 // side * side, tile.y0 // side * side)
        if larger != tile:
            yield larger
        side *= 2


def _strides(spec: MapSpec) -> list[tuple[int, int]]:
    """Pairs (coarser, stride) of a map, coarse first: small maps are computed at once."""
    strides = [s for s in STRIDES if s == 1 or (spec.cells > 1024 and min(spec.shape) >= 4 * s)]
    return list(zip([0, *strides[:-1]], strides, strict=True))


def _tile(spec: MapSpec, coarser: int, stride: int, side: int, x0: int, y0: int) -> Tile:
    """The tile of that side at a corner, cut off at the ends of the map."""
    rows, columns = spec.shape
    return Tile(stride, coarser, x0, y0, min(columns, x0 + side), min(rows, y0 + side))
