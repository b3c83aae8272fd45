"""A map step by step: the loss of every cell after each of some steps, for a moving picture."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UsageError
from fallline.experiment.map_record import MapSpec
from fallline.limits import check_memory
from fallline.maps.cell_training import training_of
from fallline.maps.cells import alike
from fallline.measures.measure import over_starts
from fallline.runs import engine
from fallline.runs.execution import EVERY_CORE, Execution
from fallline.shapes import Shaped

__all__ = [
    "UNPLAYABLE",
    "Film",
    "check_playable",
    "even_steps",
    "filmed",
    "frame_count",
    "losses_at",
    "step_of_frame",
]

UNPLAYABLE = "a map with steps on an axis cannot be played: its runs do not have the same steps."
"""What is said where one is to be played."""

_NUMBERS = 2**22
"""Losses that a piece of the work holds of all steps: 32 MB in float64."""

_WORK = 6e9
"""Floating-point operations of a piece: some tenths of a second on two cores."""


@dataclass(frozen=True, eq=False)
class Film:
    """The losses of a map after some of its steps.

    Attributes
    ----------
    spec
        The map.
    steps
        The steps, (frames,), from 0 to the last one.
    losses
        (frames, rows, columns), row 0 lowest. A cell with several starts has the median of their losses. From the first
        loss that is not finite on, losses are NaN.
    diverged_at
        (rows, columns), the first step whose loss is not finite or beyond the cap; -1 for never.
    """

    spec: MapSpec
    steps: NDArray[np.int64]
    losses: NDArray[np.floating]
    diverged_at: NDArray[np.int64]

    def lost(self, frame: int) -> NDArray[np.bool_]:
        """The cells that have diverged by the step of a frame, (rows, columns)."""
        gone = (self.diverged_at >= 0) & (self.diverged_at <= self.steps[frame])
        return np.asarray(gone | ~np.isfinite(self.losses[frame]))


def even_steps(steps: int, frames: int) -> NDArray[np.int64]:
    """At most so many evenly spaced steps, the first and the last among them.

    >>> even_steps(4, 10).tolist(), even_steps(1000, 6).tolist()
    ([0, 1, 2, 3, 4], [0, 200, 400, 600, 800, 1000])
    """
    count = frame_count(steps, frames)
    return np.asarray(step_of_frame(np.arange(count), count, steps)).astype(np.int64)


def frame_count(steps: int, frames: int) -> int:
    """The number of frames for runs of so many steps: a frame has a step of its own."""
    count: int = np.minimum(np.maximum(frames, 1), steps + 1).item()
    return count


def step_of_frame(frame: Shaped[NDArray[Any], "*shape"], count: int, steps: int) -> Shaped[NDArray[Any], "*shape"]:
    """The steps of frames 0, ..., count - 1, evenly spaced; a single frame shows the last step."""
    return np.where(np.asanyarray(count == 1), steps, np.rint(frame * (steps / np.maximum(count - 1, 1).item())))


def check_playable(spec: MapSpec) -> None:
    """Raise UsageError if the runs of the map differ in their number of steps."""
    if "steps" in spec.axes:
        raise UsageError(UNPLAYABLE)


def losses_at(
    spec: MapSpec,
    i: NDArray[np.int64],
    j: NDArray[np.int64],
    steps: NDArray[np.int64],
    execution: Execution = EVERY_CORE,
) -> tuple[NDArray[np.floating], NDArray[np.int64]]:
    """The losses of the cells at those columns and rows after each of the steps, (steps, cells), and the steps at which they
    diverged, (cells,).
    """
    check_playable(spec)
    losses = np.empty((len(steps), len(i)), spec.dtype)
    diverged_at = np.empty(len(i), np.int64)
    for some in alike(spec, i, j):
        training = training_of(spec, i[some], j[some])
        results = engine.train(training, ("history", "diverged_at"), execution=execution)
        shape = (int(some.sum()), spec.starts, -1)
        history = results["history"][:, steps].reshape(shape).swapaxes(1, 2)
        losses[:, some] = over_starts(history, "median").T
        diverged_at[some] = over_starts(results["diverged_at"].reshape(shape[:2]), "median")
    return losses, diverged_at


def filmed(spec: MapSpec, frames: int, execution: Execution = EVERY_CORE) -> Generator[tuple[int, int], None, Film]:
    """Train the runs of a map and return their losses after evenly spaced steps.

    It pauses between pieces of the work, and yields the cells done and all cells.

    Examples
    --------
    >>> import fallline as fl
    >>> m = fl.map("booth", x="learning_rate=0.01..0.2", y="momentum=0..0.9", optimizer="momentum", size=4, steps=20)
    >>> work = filmed(m.spec, 11)
    >>> try:
    ...     while True:
    ...         _ = next(work)
    ... except StopIteration as done:
    ...     film = done.value
    >>> film.steps.tolist(), film.losses[-1].tolist() == m.values.tolist()
    ([0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20], True)
    """
    steps = even_steps(spec.steps, frames)
    size = np.dtype(spec.dtype).itemsize
    each = spec.starts * (spec.steps + 1)
    check_memory(
        float(size) * (len(steps) * spec.cells + each), f"a moving picture of {len(steps)} frames", "Take fewer frames."
    )
    losses, diverged_at = np.empty((len(steps), spec.cells), spec.dtype), np.empty(spec.cells, np.int64)
    piece = int(max(1, min(_NUMBERS // each, _WORK / (spec.work / spec.cells))))
    for first in range(0, spec.cells, piece):
        cells = slice(first, min(spec.cells, first + piece))
        j, i = np.divmod(np.arange(cells.start, cells.stop), spec.x.count)
        losses[:, cells], diverged_at[cells] = losses_at(spec, i, j, steps, execution)
        yield cells.stop, spec.cells
    return Film(spec, steps, losses.reshape(len(steps), *spec.shape), diverged_at.reshape(spec.shape))
