"""The plane step by step: the value of every run of a tile after each step, so that the page can play the map."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.lab.resolved_state import SIDE, ResolvedState
from fallline.lab.work.pyramid import TilePlace, strips, tile_spec
from fallline.maps.film import even_steps, values_at

__all__ = ["film_of_tile"]

MOST_FRAMES = 240
"""The most steps that are kept; of longer runs, evenly spaced ones."""


def film_of_tile(resolved: ResolvedState, place: TilePlace) -> Generator[None, None, dict[str, NDArray[Any]]]:
    """The steps shown, (frames,), the value of each cell after each of them, (frames, 64, 64), row 0 lowest, and the steps at
    which the cells diverged, (64, 64), -1 for never.

    The values are those of `fallline.maps.film.played`: the loss, or the map's own measure. A cell with several starts has one
    value of theirs, by the measure's rule. From the first loss that is not finite on, values are NaN.
    It pauses between strips of rows, so that other pages get their turn.

    >>> from fallline.lab.resolved_state import resolve_state
    >>> from fallline.lab.state import default_state
    >>> work = film_of_tile(resolve_state(default_state(), {}), TilePlace(0, 0, 0))
    >>> try:
    ...     next(work)
    ... except StopIteration as done:
    ...     {name: array.shape for name, array in done.value.items()}
    {'steps': (31,), 'values': (31, 64, 64), 'diverged_at': (64, 64)}
    """
    spec = tile_spec(resolved, place)
    steps = even_steps(spec.steps, MOST_FRAMES)
    values = np.empty((len(steps), SIDE, SIDE), np.float32)
    diverged_at = np.empty((SIDE, SIDE), np.int32)
    for i, j in strips(spec):
        if j[0]:
            yield
        values[:, j, i], diverged_at[j, i], _ = values_at(spec, i, j, steps)
    return {"steps": steps.astype(np.int32), "values": values, "diverged_at": diverged_at}
