"""Picture tiles of a map, FOLDER/z/x/y.png: each level has twice as many pixels along an axis as the one before."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import OutputError
from fallline.experiment.map_record import MapSpec
from fallline.maps.regions import Regions
from fallline.maps.rows import blank

__all__ = ["SIDE", "Cells", "cells_of_tile", "deepest_level", "padded", "picture_tile", "write_tiles"]

SIDE = 256
"""Pixels of a tile along an axis. At the deepest level, a pixel is a cell."""

Colours = Callable[[Mapping[str, NDArray[Any]], NDArray[np.bool_]], NDArray[np.uint8]]
Cells = tuple[dict[str, NDArray[Any]], NDArray[np.bool_]]


def deepest_level(rows: int, columns: int) -> int:
    """The level at which a pixel is a cell. Level 0 is one tile.

    >>> deepest_level(256, 100), deepest_level(257, 100), deepest_level(65536, 65536)
    (0, 1, 8)
    """
    return (-(-max(rows, columns) // SIDE) - 1).bit_length()


def write_tiles(
    regions: Regions, colours: Colours, folder: Path, progress: Callable[[int, int], None]
) -> tuple[int, list[str]]:
    """Write the tiles of all levels. Return how many there are, and the names z/x/y of those that an unfinished map lacks.

    A tile is left out if neither it nor a finer one has a known cell. Only the coarsest of such tiles is named.

    A tile is named as in maps of the earth: z is its level, x counts from the left and y from the top. Level z has 2^z tiles along
    each axis, as far as they hold cells of the map; the map is at their lower left. A pixel of a coarser level is the lower left
    one of the four that it stands for, so each pixel is a run of the map, and no average.

    The tiles are made in the order of a Z-curve, in which neighbours come soon after each other: so each tile of the map's file is
    read once or twice, and the memory that is needed does not depend on the size of the map.

    Raises
    ------
    OutputError
        A tile cannot be written.
    """
    rows, columns = regions.spec.shape
    levels, written = deepest_level(rows, columns), 0
    total = -(-rows // SIDE) * -(-columns // SIDE)
    leaves = 0

    def made(z: int, i: int, j: int) -> tuple[Cells, list[str]] | None:
        """The cells of a tile, after it and all below it are written, and what is left out; None outside of the map."""
        nonlocal written, leaves
        name = _name(z, i, j)
        wide = SIDE << (levels - z)
        if i * wide >= columns or j * wide >= rows:
            return None
        absent: list[str] = []
        if z == levels:
            cells = cells_of_tile(regions, z, i, j)
            empty = not cells[1].any()
            leaves += 1
            progress(leaves, total)
        else:
            cells = padded(regions.spec, {}, np.zeros((0, 0), dtype=bool))
            empty = True
            for right, up in ((0, 0), (1, 0), (0, 1), (1, 1)):
                column, row = 2 * i + right, 2 * j + up
                inner = made(z + 1, column, row)
                if inner is None:
                    continue
                (planes, known), lacking = inner
                place = np.s_[up * SIDE // 2 : (up + 1) * SIDE // 2, right * SIDE // 2 : (right + 1) * SIDE // 2]
                for measure, plane in planes.items():
                    cells[0][measure][place] = plane[::2, ::2]
                cells[1][place] = known[::2, ::2]
                absent += lacking
                empty &= lacking == [_name(z + 1, column, row)]
        if empty:
            return cells, [name]
        _write(picture_tile(colours(*cells)), folder / f"{name}.png")
        written += 1
        return cells, absent

    whole = made(0, 0, 0)
    return written, whole[1] if whole else []


def _name(z: int, i: int, j: int) -> str:
    """The name of the tile in column i and row j of level z, counted from the lower left."""
    return f"{z}/{i}/{2**z - 1 - j}"


def cells_of_tile(regions: Regions, z: int, i: int, j: int) -> Cells:
    """The cells of the tile in column i and row j of level z, counted from the lower left, and which of them are known.

    It reads the tiles of the map's file that have these cells. A tile of a coarse level reads many.
    """
    rows, columns = regions.spec.shape
    every = 1 << (deepest_level(rows, columns) - z)
    wide = SIDE * every
    x0, y0 = i * wide, j * wide
    return padded(regions.spec, *regions.read(x0, min(columns, x0 + wide), y0, min(rows, y0 + wide), (every, every)))


def padded(spec: MapSpec, planes: dict[str, NDArray[Any]], known: NDArray[np.bool_]) -> Cells:
    """The cells in the lower left of a tile."""
    rows, columns = known.shape
    whole = {w.name: np.full((SIDE, SIDE), blank(spec, w), spec.dtype_of(w)) for w in spec.measures}
    for name, plane in planes.items():
        whole[name][:rows, :columns] = plane
    there = np.zeros((SIDE, SIDE), dtype=bool)
    there[:rows, :columns] = known
    return whole, there


def picture_tile(colours: NDArray[np.uint8]) -> bytes:
    """Colours, (rows, columns, 4) from the lowest row on, as a PNG picture."""
    from PIL import Image

    pixels = colours[::-1]  # pictures begin with the topmost row
    if pixels[..., 3].all():
        pixels = pixels[..., :3]
    picture = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(picture, "png", compress_level=6)
    return picture.getvalue()


def _write(picture: bytes, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error}.") from None
