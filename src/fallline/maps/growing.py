"""Fill a map tile by tile, and keep its values in its file."""

from __future__ import annotations

from collections.abc import Callable, Generator
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, Protocol

from fallline.experiment.map_record import MapSpec
from fallline.maps.cells import Values
from fallline.maps.earlier import Earlier, check_kept
from fallline.maps.file import MapFile
from fallline.maps.parts import Part
from fallline.maps.tiles import Tile, layout
from fallline.maps.workers import computed
from fallline.maps.writer import MapWriter
from fallline.runs.execution import Execution, Progress
from fallline.settings import SETTINGS

__all__ = ["Growing", "growing"]


class Growing(Protocol):
    """A map that is being filled: `MapValues` in memory, or `LargeMap` in its file."""

    @property
    def spec(self) -> MapSpec:
        """The objective, method, axes and measures."""

    @property
    def path(self) -> Path | None:
        """The map's file, if it has one."""

    def take(self, file: MapFile) -> None:
        """Have what an open file of the map holds."""

    def set(self, tile: Tile, values: Values) -> None:
        """Have a tile, which the file holds by now."""

    @property
    def begun(self) -> bool:
        """Whether any cell is known."""

    def missing(self, tile: Tile) -> int:
        """How many of a tile's cells are not known."""

    @property
    def complete(self) -> bool:
        """Whether all cells are known."""

    @property
    def sha256(self) -> str:
        """The hash of all values."""


def growing(
    result: Growing,
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
            result.take(file)
        # An unfinished file may hold tiles of another size. Compute only tiles with a cell that is not known yet.
        some = result.begun
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
