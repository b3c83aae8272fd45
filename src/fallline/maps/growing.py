"""Fill a map tile by tile, and keep its values in its file."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import Executor
from typing import Any

from fallline.maps.earlier import Earlier, check_kept
from fallline.maps.parts import Part
from fallline.maps.tiles import Tile, layout
from fallline.maps.values import MapValues
from fallline.maps.workers import computed
from fallline.maps.writer import MapWriter
from fallline.runs.execution import Execution, Progress
from fallline.settings import SETTINGS

__all__ = ["growing"]


def growing(
    result: MapValues,
    *,
    workers: int = 0,
    executor: Executor | None = None,
    client: Any = None,
    threads: int | None = None,
    device: str = "cpu",
    progress: Progress | None = None,
    overwrite: bool = False,
    tile_cells: int | None = None,
    order: Callable[[list[Tile]], list[Tile]] | None = None,
    earlier: Earlier | None = None,
    part: Part | None = None,
) -> Generator[Tile, None, None]:
    """Fill a map tile by tile, coarse first; yield each tile after its values are in the map and written to its file.

    `order` rearranges the tiles; it cannot change a value. With `overwrite`, a file of another map is replaced. The runs go
    on from the states of an `earlier` map, if there is one. With a `part`, its tiles alone are computed.
    """
    spec, workers = result.spec, int(SETTINGS["workers"].check(workers))
    check_kept(spec)
    file = None if result.path is None else MapWriter.create_or_resume(result.path, spec, overwrite=overwrite)
    try:
        if file is not None:
            for tile, values in file.tiles(spec):
                result.set(tile, values)
        # An unfinished file may hold tiles of another size. Compute only tiles with a cell that is not known yet.
        some = bool(result.known.any())
        wanted = list(layout(spec, tile_cells, device) if part is None else part.tiles(spec))
        tiles = [t for t in wanted if not (some and not result.missing(t))]
        total = sum(t.cells for t in wanted)
        done = total - sum(result.missing(t) if some else t.cells for t in tiles)
        if progress is not None:
            progress(done, total)
        queue = order(tiles) if order else tiles
        execution = Execution(threads, device)
        for tile, values in computed(
            spec, queue, workers=workers, executor=executor, client=client, execution=execution, earlier=earlier
        ):
            if file is not None:
                file.add(spec, tile, values)
            done += result.missing(tile) if some else tile.cells
            result.set(tile, values)
            if progress is not None:
                progress(done, total)
            yield tile
        if file is not None and part is not None:
            file.note("part", str(part))
        if file is not None and result.complete:
            file.finish(result.sha256)
    finally:
        if file is not None:
            file.close()
