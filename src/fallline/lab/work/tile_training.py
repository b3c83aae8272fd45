"""A tile of the map trained: some of its cells first, for a first picture, and then the others."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.map_record import MapSpec
from fallline.lab.resolved_state import SIDE, ResolvedState
from fallline.lab.work.kept_runs import KeptRuns
from fallline.lab.work.pyramid import TilePlace, cells_of_sketch, strips, tile_spec
from fallline.maps.cells import at_cells
from fallline.runs.execution import Execution

__all__ = ["TileTraining", "compute_tile", "sketches_of"]

Values = dict[str, NDArray[Any]]

SKETCHES = {1e9: 2, 1.2e10: 4}
"""A tile of so many floating-point operations, some hundredths or tenths of a second, is sketched first: one cell of this many
in each direction is trained before the others. A slow tile is sketched twice."""


def sketches_of(spec: MapSpec) -> list[int]:
    """The sketches of a tile, coarse first, as the distances between their cells.

    >>> from fallline.lab.resolved_state import resolve_state
    >>> from fallline.lab.state import default_state
    >>> sketches_of(resolve_state(default_state(), {}).spec)
    [2]
    """
    return sorted((apart for work, apart in SKETCHES.items() if spec.work >= work), reverse=True)


class TileTraining:
    """A tile that is trained step by step: sketches of some of its cells, and then the others. No cell is trained twice.

    Parameters
    ----------
    resolved, place
        The state and the tile's place.
    kept
        Runs that may be runs of the tile.

    Attributes
    ----------
    progress
        Called every few milliseconds with the cells done and their number; it may end the work by raising.
    """

    def __init__(self, resolved: ResolvedState, place: TilePlace, kept: KeptRuns | None = None) -> None:
        self.key, self.spec = (resolved.state.computing, place), tile_spec(resolved, place)
        self.kept, self.progress = kept, _no_progress
        self._done = np.zeros((SIDE, SIDE), dtype=bool)
        self._values: Values = {}

    @property
    def known(self) -> Values | None:
        """The whole tile, if it is in the cache."""
        return _kept.get(self.key)

    def sketch(self, apart: int) -> Values:
        """Train every `apart`-th cell in both directions, and let each stand for the cells around it: measures, (64, 64)."""
        at = slice(1, SIDE, apart)
        self._train(*cells_of_sketch(apart))
        return {name: v[at, at].repeat(apart, 0).repeat(apart, 1) for name, v in self._values.items()}

    def whole(self) -> Generator[None, None, Values]:
        """Train the cells that are left. It pauses between strips of rows, so that other pages get their turn."""
        if (known := self.known) is not None:
            return known
        for strip, (i, j) in enumerate(strips(self.spec)):
            if strip:
                yield
            self._train(i, j)
        values = self._values | {"x": self.spec.x.values, "y": self.spec.y.values}
        _kept.put(self.key, values)
        return values

    def _train(self, i: NDArray[np.int64], j: NDArray[np.int64]) -> None:
        """Train the cells at those columns and rows that are not trained yet."""
        missing = ~self._done[j, i]
        i, j, before = i[missing], j[missing], int(self._done.sum())
        if not len(i):
            return

        def look(done: int, of: int) -> None:
            self.progress(before + done, SIDE * SIDE)

        if self.kept is None:
            measures = at_cells(self.spec, i, j, Execution(progress=look))
        else:
            measures = self.kept.cells(self.spec, self.key[1], i, j, look)
        for name, cells in measures.items():
            self._values.setdefault(name, np.empty((SIDE, SIDE), cells.dtype))[j, i] = cells
        self._done[j, i] = True


def _no_progress(done: int, of: int) -> None:
    """Nobody waits."""


def compute_tile(resolved: ResolvedState, place: TilePlace) -> Values:
    """A tile at once.

    >>> from fallline.lab.resolved_state import resolve_state
    >>> from fallline.lab.state import default_state
    >>> values = compute_tile(resolve_state(default_state(), {}), TilePlace(0, 0, 0))
    >>> values["final_loss"].shape, values["final_loss"].dtype.name, round(float(values["final_loss"].min()), 4)
    ((64, 64), 'float32', 26.8975)
    """
    work = TileTraining(resolved, place).whole()
    while True:
        try:
            next(work)
        except StopIteration as done:
            values: Values = done.value
            return values


class _Kept:
    """Cache of recent tiles, shared by all pages: stepping back and a second page cost nothing."""

    def __init__(self, most: int) -> None:
        self.most, self.lock = most, threading.Lock()
        self.tiles: OrderedDict[tuple[str, TilePlace], Values] = OrderedDict()

    def get(self, key: tuple[str, TilePlace]) -> Values | None:
        with self.lock:
            values = self.tiles.get(key)
            if values is not None:
                self.tiles.move_to_end(key)
            return values

    def put(self, key: tuple[str, TilePlace], values: Values) -> None:
        with self.lock:
            self.tiles[key] = values
            while len(self.tiles) > self.most:
                self.tiles.popitem(last=False)


_kept = _Kept(600)  # about 40 kB each
