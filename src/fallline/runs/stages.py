"""Runs side by side in stages: trained for some steps, looked at, and trained on, those that are still wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fallline.problems import NetworkObjective
from fallline.runs.checkpoints import Checkpoints, checkpoint_step
from fallline.runs.engine import name_of, train
from fallline.runs.execution import EVERY_CORE, Execution
from fallline.runs.training import Training
from fallline.runs.trajectory import Moment, moments
from fallline.shapes import Shaped

__all__ = ["Judge", "Stages", "judge_of", "losses_of", "stages_of"]

Floats = NDArray[Any]

LARGE = 2000
"""Parameters from which products of matrices are most of the work."""


class Stages(Protocol):
    """Runs in stages. A run whose loss is no longer finite has NaN as its parameters.

    Attributes
    ----------
    step
        The updates that are done.
    points
        The parameters after them.
    losses
        The mean of the losses before the updates of the last stage; NaN if one of them is not finite.
    arithmetic
        "machine": the same to the bit everywhere; "numpy": exact to rounding alone.
    """

    arithmetic: str
    step: int
    points: Shaped[Floats, "runs P"]
    losses: Shaped[Floats, " runs"]

    def advance(self, step: int) -> None:
        """Train up to that step."""

    def keep(self, wanted: Shaped[NDArray[np.bool_], " runs"]) -> None:
        """Train only those runs from here on. The results of the others have no effect on them."""


def stages_of(training: Training, execution: Execution = EVERY_CORE) -> Stages:
    """Return the runs of a training, before the first step, with the engine that suits them.

    >>> from fallline.experiment.method import method
    >>> from fallline.problems import objective
    >>> how = method(learning_rate=0.1)
    >>> runs = stages_of(Training(objective("quadratic"), how, 50, np.array([[2.0, 1.0], [1.0, 1.0]])))
    >>> runs.advance(2)
    >>> runs.points.round(4).tolist()
    [[1.62, 0.0], [0.81, 0.0]]
    """
    if one_by_one(training, training.runs) and not training.full_loss:
        from fallline.runs import one_run  # late: it loads LLVM

        with suppress(one_run.NotScalableError):
            return one_run.OneByOne(training)
    if name_of(training.objective) == "machine":
        return _InLanes(training, execution)
    return _WithNumPy(training)


Judge: TypeAlias = Callable[
    [Shaped[Floats, "runs P"]], tuple[Shaped[Floats, " runs"], Shaped[Floats, "runs batch n_out"] | None]
]
"""From the parameters of runs to their losses, and to their answers where these cost nothing more."""


def losses_of(
    training: Training, execution: Execution = EVERY_CORE
) -> Callable[[Shaped[Floats, "runs P"]], Shaped[Floats, " runs"]]:
    """Return the function from parameters to the loss of all samples: the first value of `judge_of`.

    >>> from fallline.experiment.method import method
    >>> from fallline.problems import objective
    >>> loss = losses_of(Training(objective("quadratic"), method(), 0, np.zeros(2)))
    >>> loss(np.array([[2.0, 1.0], [1.0, 1.0]])).tolist()
    [7.0, 5.5]
    """
    judge = judge_of(training, execution)
    return lambda points: judge(points)[0]


def judge_of(training: Training, execution: Execution = EVERY_CORE) -> Judge:
    """Return the function from parameters to the loss of all samples and the answers, with the arithmetic of `stages_of`.

    Parameters
    ----------
    training
        Runs without steps. Their settings must be numbers; their starts are not read.
    """
    single: Judge | None = None
    large = training.objective.dimension > LARGE  # lanes would compute the gradient, too
    if isinstance(training.objective, NetworkObjective):
        from fallline.runs import one_run

        with suppress(one_run.NotScalableError):
            single = one_run.Losses(training).with_answers

    def judge(points: Shaped[Floats, "runs P"]) -> Any:
        if single is not None and (large or one_by_one(training, len(points))):
            return single(points)
        return train(replace(training, starts=points), ("final_loss",), execution=execution)["final_loss"], None

    return judge


def one_by_one(training: Training, runs: int) -> bool:
    """Whether so many runs are to be trained one by one, each with its samples in the lanes of vectors.

    Lanes of runs are faster where the runs fill them: one run takes about as long as half of the runs of a vector, and less
    where products of matrices are most of the work.
    """
    objective = training.objective
    if not isinstance(objective, NetworkObjective):
        return False
    if name_of(objective) == "numpy":
        return True
    from fallline.readings.machine.target import vector_bytes

    lanes = vector_bytes() // np.dtype(training.dtype).itemsize
    share = 0.75 if objective.dimension > LARGE else 0.5
    return runs <= share * lanes * -(-runs // lanes)


class _InLanes:
    """Compiled runs: each stage goes on from the checkpoints of the last."""

    arithmetic = "machine"

    def __init__(self, training: Training, execution: Execution) -> None:
        self.step = 0
        self.points = np.array(np.broadcast_to(training.starts, (training.runs, training.objective.dimension)))
        self.losses = np.full(training.runs, np.nan)
        self._execution = execution
        self._training = _longer(training)
        self._after: Checkpoints | None = None

    def advance(self, step: int) -> None:
        from fallline.runs import lanes  # late: it loads LLVM

        history = np.full((self._training.runs, self._training.steps + 1), np.nan, self._training.dtype)
        self._after = lanes.paused(
            self._training, step, (), execution=self._execution, after=self._after, history=history
        )
        self.losses = history[:, self.step : step].mean(axis=-1)
        self.points = self._after.values[:, : self._training.objective.dimension].copy()
        self.step = step

    def keep(self, wanted: Shaped[NDArray[np.bool_], " runs"]) -> None:
        self._training = self._training.some(wanted)
        self.points, self.losses = self.points[wanted], self.losses[wanted]
        if self._after is not None:
            self._after = Checkpoints(self._after.step, self._after.values[wanted])


class _WithNumPy:
    """Runs with NumPy: a loop that stands still between two stages."""

    arithmetic = "numpy"

    def __init__(self, training: Training) -> None:
        self.step = 0
        starts = np.asarray(training.starts, training.dtype)
        self.points = np.array(np.broadcast_to(starts, (training.runs, training.objective.dimension)))
        self.losses = np.full(training.runs, np.nan)
        self._wanted = np.ones(training.runs, np.bool_)
        self._moments: Iterator[Moment] = moments(
            training.objective,
            training.method,
            self.points,
            training.steps + 1,
            rows=_more(training.rows, 1),
            full_loss=training.full_loss,
        )
        self._moment = next(self._moments)

    def advance(self, step: int) -> None:
        losses = []
        for _ in range(step - self.step):
            losses.append(self._moment.loss)
            self._moment = next(self._moments)
        with np.errstate(invalid="ignore"):
            self.losses = np.mean(losses, axis=0)[self._wanted]
        self.step = step
        finite = np.isfinite(self._moment.w).all(axis=-1, keepdims=True)
        self.points = np.where(finite, self._moment.w, np.nan)[self._wanted]

    def keep(self, wanted: Shaped[NDArray[np.bool_], " runs"]) -> None:
        self._wanted[self._wanted] = wanted
        self.points, self.losses = self.points[wanted], self.losses[wanted]


def _longer(training: Training) -> Training:
    """Return a training so long that its runs can pause before every step of this one and after the last."""
    steps = training.steps
    while checkpoint_step(steps) < training.steps:
        steps += max(1, training.steps - checkpoint_step(steps))
    return replace(training, steps=steps, rows=_more(training.rows, steps - training.steps))


def _more(
    rows: Shaped[NDArray[np.int64], "steps batch"] | None, extra: int
) -> Shaped[NDArray[np.int64], "more batch"] | None:
    """Return the minibatches with the last one repeated, for steps that are never made."""
    return None if rows is None else np.concatenate([rows, np.repeat(rows[-1:], extra, axis=0)])
