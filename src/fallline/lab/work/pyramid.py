"""The plane in tiles, as in a geographic map: level z has 2^z by 2^z tiles of 64 x 64 cells, row 0 at the bottom.

Cell k of tile i on level z is the centre at (64 i + k + 1/2) / (64 2^z) of the axis's range, on the axis's own scale,
computed exactly and rounded once. So a tile depends only on the state and (z, i, j), and zooming deeper blurs nothing.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UsageError
from fallline.experiment.axes import Axis
from fallline.experiment.experiment import View
from fallline.experiment.map_record import MapSpec
from fallline.lab.resolved_state import SIDE, ResolvedState, whole_axis
from fallline.maps.cells import at_cells
from fallline.runs.execution import Execution

__all__ = [
    "DEEPEST",
    "TilePlace",
    "compute_tile",
    "read_place",
    "strips",
    "tile_in_strips",
    "tile_spec",
    "view_spec",
]

Values = dict[str, NDArray[Any]]

DEEPEST = 46
"""The deepest level. A zoom of 2^46 is finer than the spacing of doubles."""

MOST_CELLS = 1024
"""The most cells along a side of an exported map."""

SLOW = 1.2e10
"""Floating-point operations of a tile that takes long enough, some tenths of a second, to be sketched first."""

COARSE = 4
"""A sketch trains one cell of this many in each direction."""

STRIP = 6e9
"""Floating-point operations after which another page gets its turn: about a tenth of a second on two cores. A tile of the
seed study is one strip, since threads wait for each other at the end of a strip."""


@dataclass(frozen=True)
class TilePlace:
    """A tile's level, column and row."""

    z: int
    i: int
    j: int


def read_place(value: Any) -> TilePlace:
    """A place from [z, i, j].

    >>> read_place([1, 2, 0])
    Traceback (most recent call last):
    fallline.errors.UsageError: a tile must be [z, i, j] with z from 0 to 46 and i, j from 0 to 2^z - 1; got [1, 2, 0].
    """
    if (
        isinstance(value, list)
        and len(value) == 3
        and all(isinstance(n, int) and not isinstance(n, bool) for n in value)
        and 0 <= value[0] <= DEEPEST
        and all(0 <= n < 2 ** value[0] for n in value[1:])
    ):
        return TilePlace(*value)
    raise UsageError(
        f"a tile must be [z, i, j] with z from 0 to {DEEPEST} and i, j from 0 to 2^z - 1; got {repr(value)[:60]}."
    )


def tile_spec(resolved: ResolvedState, place: TilePlace) -> MapSpec:
    """The spec of one tile."""
    plane, cells = resolved.state.map, SIDE * 2**place.z
    return resolved.spec.over(
        whole_axis(plane.x, SIDE, (SIDE * place.i, cells)), whole_axis(plane.y, SIDE, (SIDE * place.j, cells))
    )


def strips(spec: MapSpec) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """The cells of a tile that are trained at a time, columns and rows: some of its rows, the lowest first."""
    rows = int(max(1, min(SIDE, STRIP / (spec.work / spec.cells) // SIDE)))
    for first in range(0, SIDE, rows):
        j, i = np.meshgrid(np.arange(first, min(SIDE, first + rows)), np.arange(SIDE), indexing="ij")
        yield i.ravel(), j.ravel()


def is_slow(resolved: ResolvedState) -> bool:
    """Whether a tile takes long enough to be sketched first; all tiles of a state are the same work."""
    return resolved.spec.work >= SLOW


def sketch(
    resolved: ResolvedState, place: TilePlace, progress: Callable[[int, int], None] | None = None
) -> Values | None:
    """Every fourth run of a tile in both directions, each standing for the 4 x 4 cells around it: the measures, (64, 64).

    It is shown while a slow tile is trained. None if the tile is known already. `progress` may end the work by raising.
    """
    if _kept.get((resolved.state.computing, place)) is not None:
        return None
    spec = tile_spec(resolved, place)
    j, i = np.meshgrid(np.arange(1, SIDE, COARSE), np.arange(1, SIDE, COARSE), indexing="ij")
    values = at_cells(spec, i.ravel(), j.ravel(), execution=Execution(progress=progress))
    side = SIDE // COARSE
    return {name: v.reshape(side, side).repeat(COARSE, 0).repeat(COARSE, 1) for name, v in values.items()}


def tile_in_strips(
    resolved: ResolvedState, place: TilePlace, progress: Callable[[int, int], None] | None = None
) -> Generator[None, None, Values]:
    """The measures of a tile's cells, each (64, 64), and the values of its axes, "x" and "y" (64,).

    It pauses between strips of rows, so that other pages get their turn. `progress` is called every few milliseconds with the
    cells done and their number, and may end the work by raising.
    """
    key = (resolved.state.computing, place)
    known = _kept.get(key)
    if known is not None:
        return known
    spec = tile_spec(resolved, place)
    pieces: list[Values] = []
    for i, j in strips(spec):
        if pieces:
            yield

        def look(done: int, of: int, first: int = int(j[0])) -> None:
            if progress is not None:
                progress(first * SIDE + done, SIDE * SIDE)

        pieces.append(at_cells(spec, i, j, execution=Execution(progress=look)))
    values = {name: np.concatenate([p[name] for p in pieces]).reshape(SIDE, SIDE) for name in pieces[0]}
    values |= {"x": spec.x.values, "y": spec.y.values}
    _kept.put(key, values)
    return values


def compute_tile(resolved: ResolvedState, place: TilePlace) -> Values:
    """A tile at once.

    >>> from fallline.lab.resolved_state import resolve_state
    >>> from fallline.lab.state import default_state
    >>> values = compute_tile(resolve_state(default_state(), {}), TilePlace(0, 0, 0))
    >>> values["final_loss"].shape, values["final_loss"].dtype.name, round(float(values["final_loss"].min()), 4)
    ((64, 64), 'float32', 26.8975)
    """
    work = tile_in_strips(resolved, place)
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


def view_spec(resolved: ResolvedState, view: View, across: int = 512) -> MapSpec:
    """The spec of the part in view, of about `across` cells a side: whole cells of one level, so the picture's own values."""
    if not 1 <= across <= MOST_CELLS:
        raise UsageError(
            f"a map that is exported from the lab has at most {MOST_CELLS} x {MOST_CELLS} cells; got {across:,} x {across:,}, "
            f"which is {across * across:,} runs. Export the study or the Python lines and compute it with `fallline map`."
        )
    axes = resolved.state.map.axes
    width = max(min(1, high) - max(0, low) for low, high in (view.x, view.y))
    level = 0
    while level < DEEPEST and SIDE * 2 ** (level + 1) * width <= across:
        level += 1
    cells = SIDE * 2**level

    def part(which: str) -> Axis:
        low, high = (min(1.0, max(0.0, end)) for end in getattr(view, which))
        first = min(int(low * cells), cells - 1)
        last = max(first, min(cells - 1, int(np.ceil(high * cells)) - 1))
        return whole_axis(axes[which], last - first + 1, (first, cells))

    return resolved.spec.over(part("x"), part("y"))
