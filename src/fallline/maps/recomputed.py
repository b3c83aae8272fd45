"""Some cells of each tile computed again: what can be done for files whose checksums do not know a tile's place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.map_record import MapSpec
from fallline.maps.rows import pack
from fallline.maps.tiles import Tile, Values, at_cells

__all__ = ["misplaced"]


def misplaced(spec: MapSpec, tiles: Iterable[tuple[Tile, Values]]) -> Tile | None:
    """The first tile that does not hold the values of its first, middle and last cell; None where all do.

    All cells are computed at once, and to the bit, so this is for the machine's arithmetic alone.
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
