"""Windows that follow a boundary inwards: the key frames of a zoom.

Each window is a part of the first map's plane, divided into whole cells, so a place deep in the plane has the same bits
however it was reached. The next window is centred on a cell of the boundary that a keyed draw chooses: so many windows are a
sample of the boundary, and not a choice of its most beautiful places.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline import random
from fallline.errors import SettingError, UsageError
from fallline.experiment.axes import MOST_CELLS, Axis
from fallline.experiment.map_record import MapSpec
from fallline.maps.boundary import boundary
from fallline.maps.map import Map, compute_map

__all__ = ["DEEPEST", "boundary_cell", "divided", "key_frames", "trains", "window"]

DEEPEST = 2**40
"""The deepest zoom: beyond it neighbouring cells of a map over several decades are soon the same number."""


def trains(m: Map) -> NDArray[np.bool_]:
    """Which cells of a map train, (rows, columns), by the map's measure "convergence", "outcome" or "diverged".

    Raises
    ------
    UsageError
        The map has none of these measures.
    """
    if "convergence" in m.spec.names:
        return np.asarray(m["convergence"] < 0)
    if "diverged" in m.spec.names:
        return np.asarray(m["diverged"] == 0)
    raise UsageError(
        "a zoom along a boundary needs the measure convergence or diverged; "
        f"this map has {', '.join(m.spec.names)}. Name one with measures=..."
    )


def window(axis: Axis, cell: int, zoom: int) -> Axis:
    """The axis `zoom` times finer, around the middle of one of its cells and within the plane; the same number of cells.

    >>> axis = Axis("momentum", 0, 1, 4, part=(0, 4))
    >>> [str(window(axis, cell, 8)) for cell in (0, 2)]
    ['momentum=0..1:2-5/32', 'momentum=0..1:18-21/32']
    """
    first, cells = (0, axis.count) if axis.part is None else axis.part
    finer = cells * zoom
    centre = (first + cell) * zoom + zoom // 2
    return replace(axis, part=(min(max(centre - axis.count // 2, 0), finer - axis.count), finer))


def key_frames(
    spec: MapSpec,
    frames: int,
    *,
    zoom: int = 8,
    seed: int = 0,
    inside: Callable[[Map], NDArray[np.bool_]] = trains,
    file: Callable[[int], Path] | None = None,
    **options: Any,
) -> Iterator[Map]:
    """Maps, each `zoom` times deeper than the one before it; the first one shows the whole plane.

    They end early where a window holds no boundary.

    Parameters
    ----------
    spec
        The plane, its size and measures. Both axes must be ranges.
    frames
        How many maps.
    zoom
        How much deeper each map is than the one before it.
    seed
        Which cells of the boundary are chosen: a cell depends on the seed and the number of the frame alone.
    inside
        Which cells are on one side of the boundary.
    file
        From the number of a frame to its map file; none unless given.
    options
        As for `compute_map`: threads, device, progress.

    Raises
    ------
    SettingError
        `zoom` is not from 2 to 64, or the last map would be more than 2^40 times deeper than the first.
    """
    if not 2 <= zoom <= 64:
        raise SettingError(f"zoom must be from 2 to 64; got {zoom}.")
    if frames < 1 or zoom ** (frames - 1) > DEEPEST or max(spec.shape) * zoom ** (frames - 1) > MOST_CELLS:
        raise SettingError(
            f"frames must be at least 1, and the last one at most 2^40 times deeper than the first; got {frames}."
        )
    x, y = (divided(axis) for axis in (spec.x, spec.y))
    for number in range(frames):
        m = compute_map(spec.over(x, y), out=None if file is None else file(number), **options)
        yield m
        cell = boundary_cell(inside(m), seed, number)
        if cell is None:
            return
        x, y = window(x, cell[0], zoom), window(y, cell[1], zoom)


def boundary_cell(inside: NDArray[np.bool_], seed: int, number: int) -> tuple[int, int] | None:
    """The column and the row of the boundary's cell that a keyed draw chooses in a frame; None without a boundary.

    >>> boundary_cell(np.array([[True, True, False]]), 0, 0)
    (1, 0)
    """
    rows, columns = np.nonzero(boundary(inside))
    if not rows.size:
        return None
    k = int(random.uniform(seed, "key frame", 1, number)[0] * rows.size)
    return int(columns[k]), int(rows[k])


def divided(axis: Axis) -> Axis:
    """The axis as a part of its range, divided into cells: the whole range, unless it is a part already.

    Raises
    ------
    UsageError
        The axis is not a range.
    """
    if not axis.exists or axis.listed:
        raise UsageError(f"a zoom needs two axes that are ranges; {axis.name or 'the second one'} is not a range.")
    return axis if axis.part is not None else replace(axis, part=(0, axis.count))
