"""A map that grows: its values computed tile by tile, and kept in its file."""

from __future__ import annotations

from collections.abc import Callable, Generator

from fallline.errors import OutputError
from fallline.maps.file import MapFile
from fallline.maps.tiles import Tile, layout
from fallline.maps.values import MapValues
from fallline.maps.workers import computed
from fallline.settings import SETTINGS

__all__ = ["Progress", "growing"]

Progress = Callable[[int, int], None]
"""Called with (cells done, cells in all)."""


def growing(
    result: MapValues,
    *,
    workers: int = 0,
    threads: int | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
    tile_cells: int | None = None,
    order: Callable[[list[Tile]], list[Tile]] | None = None,
) -> Generator[Tile, None, None]:
    """Fill a map tile by tile, coarse first, and yield each tile once its values are in the map and safe in its file.

    `order` rearranges the work; it cannot change a value.
    """
    spec, workers = result.spec, int(SETTINGS["workers"].check(workers))
    file = None if result.path is None else MapFile.create_or_resume(result.path, spec)
    try:
        if file is not None:
            for tile, values in file.tiles(spec):
                result.set(tile, values)
        # A file that was begun with other tiles is gone on with: a tile all of whose cells are known is not computed.
        done = int(result.known.sum())
        tiles = [t for t in layout(spec, tile_cells, device) if not (done and _all_known(result, t))]
        if progress is not None:
            progress(done, spec.cells)
        queue = order(tiles) if order else tiles
        for tile, values in computed(spec, queue, workers=workers, threads=threads, device=device):
            if file is not None:
                file.add(spec, tile, values)
            fresh = tile.cells if not done else int((~result.known[tile.indices()[::-1]]).sum())
            result.set(tile, values)
            done += fresh
            if progress is not None:
                progress(done, spec.cells)
            yield tile
        if file is not None and result.complete:
            file.note("sha256", result.sha256)
            kept = file.provenance()["sha256"]
            if kept != result.sha256:
                raise OutputError(
                    f"{result.path} is damaged: its values give {result.sha256}, but it was finished with {kept}."
                )
    finally:
        if file is not None:
            file.close()


def _all_known(result: MapValues, tile: Tile) -> bool:
    return bool(result.known[tile.indices()[::-1]].all())
