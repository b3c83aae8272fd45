"""Some cells of each tile computed again: the check for files whose checksums do not cover a tile's place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.map_record import MapSpec
from fallline.maps.cells import Values, at_cells
from fallline.maps.rows import pack
from fallline.maps.tiles import Tile
from fallline.runs import engine

__all__ = ["misplaced", "recomputable"]

_QUICK_WORK, _QUICK_PARAMETERS = 2e9, 64
"""Floating-point operations, and parameters of an objective to be compiled, that take a fraction of a second."""


def recomputable(spec: MapSpec, tiles: int, *, quick: bool) -> bool:
    """Whether three cells of each tile can be computed again to the bit; `quick`: in a fraction of a second."""
    work = 3 * tiles * spec.work / spec.cells
    long = work > _QUICK_WORK or spec.objective.dimension > _QUICK_PARAMETERS
    return engine.name_of(spec.objective) == "machine" and not (quick and long)


def misplaced(spec: MapSpec, tiles: Iterable[tuple[Tile, Values]]) -> Tile | None:
    """Return the first tile whose first, middle or last cell has other values when computed again; None if all agree.

    All cells are computed in one call and compared to the bit. So the objective must be one that is compiled.
    """
    kept: list[tuple[Tile, int, bytes]] = []
    places: list[NDArray[Any]] = []
    for tile, values in tiles:
        pick = sorted({0, tile.cells // 2, tile.cells - 1})
        kept.append((tile, len(pick), pack(spec, {name: column[pick] for name, column in values.items()})))
        places.append(np.stack(tile.indices())[:, pick])
    if not kept:
        return None
    fresh, at = at_cells(spec, *np.concatenate(places, axis=1)), 0
    for tile, count, packed in kept:
        if pack(spec, {name: column[at : at + count] for name, column in fresh.items()}) != packed:
            return tile
        at += count
    return None
