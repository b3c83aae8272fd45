"""The plane step by step: the loss of every run of a tile after each step, so that the page can play the map."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UsageError
from fallline.experiment.choices import CHOICES
from fallline.lab.resolved_state import SIDE, ResolvedState
from fallline.lab.work.pyramid import TilePlace, strips, tile_spec
from fallline.maps.cell_training import training_of
from fallline.measures.measure import over_starts
from fallline.runs import engine

__all__ = ["film_of_tile"]

MOST_FRAMES = 240
"""The most steps that are kept; of longer runs, evenly spaced ones."""


def frame_steps(steps: int) -> NDArray[np.int32]:
    """The steps that are shown, the first and the last among them.

    >>> frame_steps(4).tolist(), len(frame_steps(1000)), frame_steps(1000)[-1].item()
    ([0, 1, 2, 3, 4], 240, 1000)
    """
    if steps < MOST_FRAMES:
        return np.arange(steps + 1, dtype=np.int32)
    return np.linspace(0, steps, MOST_FRAMES).round().astype(np.int32)


def film_of_tile(resolved: ResolvedState, place: TilePlace) -> Generator[None, None, dict[str, NDArray[Any]]]:
    """The steps shown, (frames,), and the loss of each cell after each of them, (frames, 64, 64), row 0 lowest.

    A cell with several starts has the median of their losses. From the first loss that is not finite on, losses are NaN.
    It pauses between strips of rows, so that other pages get their turn.

    >>> from fallline.lab.resolved_state import resolve_state
    >>> from fallline.lab.state import default_state
    >>> work = film_of_tile(resolve_state(default_state(), {}), TilePlace(0, 0, 0))
    >>> try:
    ...     next(work)
    ... except StopIteration as done:
    ...     {name: values.shape for name, values in done.value.items()}
    {'steps': (31,), 'losses': (31, 64, 64)}
    """
    spec = tile_spec(resolved, place)
    if chosen := [name for name in spec.axes if name in CHOICES]:
        raise UsageError(f"a map with {chosen[0]} on an axis cannot be played: its runs do not have the same steps.")
    steps = frame_steps(spec.steps)
    parts: list[NDArray[Any]] = []
    for i, j in strips(spec):
        if parts:
            yield
        losses = engine.train(training_of(spec, i, j), ("history",))["history"][:, steps]
        cells = over_starts(losses.reshape(i.size, spec.starts, -1).swapaxes(1, 2), "median")
        parts.append(cells.astype(np.float32))
    losses = np.ascontiguousarray(np.concatenate(parts).T).reshape(len(steps), SIDE, SIDE)
    return {"steps": steps, "losses": losses}
