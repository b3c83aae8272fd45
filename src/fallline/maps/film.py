"""A map step by step: its measure, or the loss, of every cell after each of some steps, for a moving picture."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UsageError
from fallline.experiment.choices import NUMBERS
from fallline.experiment.map_record import MapSpec
from fallline.experiment.method import method
from fallline.limits import check_memory
from fallline.maps.cell_training import training_of
from fallline.maps.cells import alike
from fallline.measures.measure import MEASURES, Measure
from fallline.measures.over_starts import over_starts
from fallline.runs import engine
from fallline.runs.execution import EVERY_CORE, Execution
from fallline.runs.training import Training
from fallline.shapes import Shaped

__all__ = [
    "UNPLAYABLE",
    "Film",
    "check_playable",
    "even_steps",
    "filmed",
    "frame_count",
    "is_playable",
    "played",
    "step_of_frame",
    "values_at",
]

UNPLAYABLE = "a map with steps on an axis cannot be played: its runs do not have the same steps."
"""What is said where one is to be played."""

_NUMBERS = 2**22
"""Losses and parameters that a piece of the work holds of all steps: 32 MB in float64."""

_OF_A_POINT = ("accuracy", "test_loss", "generalization_gap", "test_accuracy")
"""Measures of the parameters after a step, besides the loss. Others are of a whole run."""

_WORK = 6e9
"""Floating-point operations of a piece: some tenths of a second on two cores."""


@dataclass(frozen=True, eq=False)
class Film:
    """The values of a map after some of its steps.

    Attributes
    ----------
    spec
        The map.
    measure
        What the values are.
    steps
        The steps, (frames,), from 0 to the last one.
    values
        (frames, rows, columns), row 0 lowest. A cell with several starts has one value of theirs, by the measure's rule. From
        the first loss that is not finite on, values are NaN.
    diverged_at
        (rows, columns), the first step whose loss is not finite or beyond the cap; -1 for never.
    ends
        (rows, columns), the losses after the last step.
    """

    spec: MapSpec
    measure: Measure
    steps: NDArray[np.int64]
    values: NDArray[np.floating]
    diverged_at: NDArray[np.int64]
    ends: NDArray[np.floating]

    @property
    def label(self) -> str:
        """What the values are, in pictures."""
        return "loss" if self.measure.name == "final_loss" else self.measure.label

    def lost(self, frame: int) -> NDArray[np.bool_]:
        """The cells that have diverged by the step of a frame, (rows, columns)."""
        gone = (self.diverged_at >= 0) & (self.diverged_at <= self.steps[frame])
        return np.asarray(gone | ~np.isfinite(self.values[frame]))


def played(spec: MapSpec) -> Measure:
    """What is shown of a map after each step: its first measure, if that is one of the parameters at a step; else the loss.

    Networks too large for compiled kernels show the loss.
    """
    measure = spec.measures[0].measure
    compiled = engine.name_of(spec.objective) == "machine" and not any(name in NUMBERS for name in spec.axes)
    return measure if is_playable(measure) and compiled else MEASURES["final_loss"]


def is_playable(measure: Measure) -> bool:
    """Whether a measure is one of the parameters after a step, besides the loss."""
    return measure.name in _OF_A_POINT


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


def values_at(
    spec: MapSpec,
    i: NDArray[np.int64],
    j: NDArray[np.int64],
    steps: NDArray[np.int64],
    execution: Execution = EVERY_CORE,
) -> tuple[NDArray[np.floating], NDArray[np.int64], NDArray[np.floating]]:
    """The values of `played` in the cells at those columns and rows after each of the steps, (steps, cells); the steps at which
    the cells diverged, (cells,); and their last losses, (cells,).
    """
    check_playable(spec)
    values = np.empty((len(steps), len(i)), spec.dtype)
    diverged_at, ends = np.empty(len(i), np.int64), np.empty(len(i), spec.dtype)
    shown = played(spec)
    piece = max(1, _NUMBERS // _numbers_of_a_cell(spec))
    for some in alike(spec, i, j):
        places = np.flatnonzero(some)
        for first in range(0, len(places), piece):
            cells = places[first : first + piece]
            training = training_of(spec, i[cells], j[cells])
            runs, died, losses = _after_steps(training, steps, shown, execution)
            shape = (len(cells), spec.starts)
            values[:, cells] = over_starts(runs.reshape(len(steps), *shape), shown.over_starts)
            diverged_at[cells] = over_starts(died.reshape(shape), "median")
            ends[cells] = over_starts(losses.reshape(shape), "median")
    return values, diverged_at, ends


def _after_steps(
    training: Training, steps: NDArray[np.int64], shown: Measure, execution: Execution
) -> tuple[NDArray[np.floating], NDArray[np.int64], NDArray[np.floating]]:
    """The values of runs after the steps, (steps, runs), NaN where they are not finite; where they diverged; their last losses."""
    loss = shown.name == "final_loss"
    results = engine.train(training, ("history", "diverged_at", *(() if loss else ("path",))), execution=execution)
    history = results["history"]
    if loss:
        return history[:, steps].T, results["diverged_at"], history[:, -1]
    # The measure of a run that ends at once, at these parameters.
    l2 = {name: value for name, value in training.method.values.items() if name == "l2"}
    how, objective, dtype = method("gradient_descent").with_(l2), training.objective, training.dtype
    values = [
        engine.train(Training(objective, how, 0, results["path"][:, step], dtype=dtype), (shown.name,), execution=execution)
        for step in steps
    ]  # fmt: skip
    table = np.stack([value[shown.name] for value in values])
    return np.where(np.isfinite(table), table, np.nan), results["diverged_at"], history[:, -1]


def _numbers_of_a_cell(spec: MapSpec) -> int:
    """The numbers that are held of the runs of a cell while a film is made."""
    of_a_step = 1 if played(spec).name == "final_loss" else 1 + spec.objective.dimension
    return spec.starts * (spec.steps + 1) * of_a_step


def filmed(spec: MapSpec, frames: int, execution: Execution = EVERY_CORE) -> Generator[tuple[int, int], None, Film]:
    """Train the runs of a map and return what `played` shows of them after evenly spaced steps.

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
    >>> film.steps.tolist(), film.values[-1].tolist() == m.values.tolist()
    ([0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20], True)
    """
    steps = even_steps(spec.steps, frames)
    size = np.dtype(spec.dtype).itemsize
    each = _numbers_of_a_cell(spec)
    check_memory(
        float(size) * (len(steps) * spec.cells + each), f"a moving picture of {len(steps)} frames", "Take fewer frames."
    )
    values, diverged_at = np.empty((len(steps), spec.cells), spec.dtype), np.empty(spec.cells, np.int64)
    ends = np.empty(spec.cells, spec.dtype)
    piece = int(max(1, min(_NUMBERS // each, _WORK / (spec.work / spec.cells))))
    for first in range(0, spec.cells, piece):
        cells = slice(first, min(spec.cells, first + piece))
        j, i = np.divmod(np.arange(cells.start, cells.stop), spec.x.count)
        values[:, cells], diverged_at[cells], ends[cells] = values_at(spec, i, j, steps, execution)
        yield cells.stop, spec.cells
    shape = spec.shape
    return Film(spec, played(spec), steps, values.reshape(-1, *shape), diverged_at.reshape(shape), ends.reshape(shape))
