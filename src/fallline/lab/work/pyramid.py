"""The plane in tiles, as in a geographic map: level z has 2^z by 2^z tiles of 64 x 64 cells, row 0 at the bottom.

Cell k of tile i on level z is the centre at (64 i + k + 1/2) / (64 2^z) of the axis's range, on the axis's own scale,
computed exactly and rounded once. So a tile depends only on the state and (z, i, j), and zooming deeper blurs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UsageError
from fallline.experiment.axes import Axis
from fallline.experiment.experiment import View
from fallline.experiment.map_record import MapSpec
from fallline.lab.resolved_state import SIDE, ResolvedState, whole_axis

__all__ = [
    "DEEPEST",
    "TilePlace",
    "cells_of_sketch",
    "read_place",
    "strips",
    "tile_spec",
    "view_spec",
]

Values = dict[str, NDArray[Any]]

DEEPEST = 46
"""The deepest level. A zoom of 2^46 is finer than the spacing of doubles."""

MOST_CELLS = 1024
"""The most cells along a side of an exported map."""

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


def cells_of_sketch(apart: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The cells of a sketch, columns and rows; each of a coarser sketch is one of a finer."""
    at = np.arange(1 if apart > 1 else 0, SIDE, apart)
    i, j = np.meshgrid(at, at)
    return i.ravel(), j.ravel()


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
