"""Train starts side by side with early stopping: each ensemble keeps the parameters of its best epoch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.models.jury import Jury
from fallline.problems.weighted import WeightedObjective
from fallline.runs.execution import Execution
from fallline.runs.stages import Judge, judge_of, stages_of
from fallline.runs.training import Training
from fallline.shapes import Shaped

__all__ = ["Members", "at_epochs", "best_epochs"]

Floats = NDArray[Any]

STEPS = 4
"""The fewest steps between two looks at the validation loss: a look costs about as much as a step on those samples."""

SHARE = 16
"""Later looks lie a sixteenth of the epochs so far apart: the more a start has learned, the less an epoch changes it."""

LEAST_FALL = 1e-9
"""A validation loss is lower if it is lower by this share. The loss of an ensemble's mean answer is computed with NumPy, whose last
bits depend on the machine; the epoch that is kept does not."""


@dataclass(frozen=True, eq=False)
class Members:
    """Starts that were trained, each at the best epoch of its ensemble.

    Attributes
    ----------
    parameters
        Of each start; NaN where its loss was not finite at that epoch.
    best_epoch, last_epoch
        Where the validation loss of its ensemble was lowest, and where it ended.
    diverged
        Whether its loss stopped being finite.
    epochs
        When the curves were taken.
    curve, validation_curve
        Losses of training and validation at those epochs; NaN after a start has ended.
    arithmetic
        "machine": the same to the bit everywhere; "numpy": exact to rounding alone.
    """

    parameters: Shaped[Floats, "runs P"]
    best_epoch: Shaped[NDArray[np.int64], " runs"]
    last_epoch: Shaped[NDArray[np.int64], " runs"]
    diverged: Shaped[NDArray[np.bool_], " runs"]
    epochs: Shaped[NDArray[np.int64], " looks"]
    curve: Shaped[Floats, "runs looks"]
    validation_curve: Shaped[Floats, "runs looks"]
    arithmetic: str = "machine"

    @property
    def kept_losses(self) -> Shaped[Floats, " runs"]:
        """The validation loss of each start at the epoch at which it was kept; NaN without one.

        >>> losses, kept, ends = np.array([[3.0, 1.0, 2.0]]), np.array([2]), np.array([3])
        >>> Members(losses, kept, ends, ends < 0, np.array([1, 2, 3]), losses, losses).kept_losses.tolist()
        [1.0]
        """
        if not self.validation_curve.size:
            return np.full(len(self.best_epoch), np.nan)
        at = np.searchsorted(self.epochs, self.best_epoch).clip(0, len(self.epochs) - 1)
        return np.asarray(self.validation_curve[np.arange(len(at)), at])

    def some(self, which: Shaped[NDArray[Any], " chosen"]) -> Members:
        """Return some of the starts.

        >>> losses = np.array([[1.0, 0.2], [1.0, 0.3]])
        >>> ends = np.array([2, 2])
        >>> Members(losses, ends, ends, ends < 0, np.array([1, 2]), losses, losses).some(np.array([1])).curve.tolist()
        [[1.0, 0.3]]
        """
        return Members(
            self.parameters[which], self.best_epoch[which], self.last_epoch[which], self.diverged[which], self.epochs,
            self.curve[which], self.validation_curve[which],
        )  # fmt: skip


def best_epochs(
    training: Training,
    validation: WeightedObjective | None,
    jury: Jury | None,
    *,
    per_epoch: int,
    patience: int,
    execution: Execution,
    progress: Callable[[int], None],
) -> Members:
    """Train the starts for `training.steps` updates, or until no ensemble has improved for `patience` epochs.

    All starts of an ensemble are kept at one epoch: that of the lowest validation loss of their mean answer. It lies later than
    the best epochs of the starts, as averaging takes away a part of what each of them learned too much; and it depends less on
    chance.

    Parameters
    ----------
    training
        The runs. Its steps must be a multiple of `per_epoch`.
    validation, jury
        The network on samples that no step sees, and the ensembles' loss on them; without them each start keeps its last
        parameters.
    per_epoch
        Steps of an epoch.
    patience
        Epochs without a lower validation loss; 0 for no such end.
    execution, progress
        How the runs are carried out; what is told the epochs that are done.
    """
    runs, P = training.runs, training.objective.dimension
    looks = _looks(training.steps // per_epoch, -(-STEPS // per_epoch))
    curve, curve_of_validation = np.full((2, runs, len(looks)), np.nan)
    best = np.full(runs, np.inf)
    parameters = np.full((runs, P), np.nan)
    best_epoch, last_epoch = np.zeros((2, runs), np.int64)
    diverged = np.zeros(runs, np.bool_)
    alive = np.arange(runs)
    stages, judge = stages_of(training, execution), _judge(validation, training, execution)
    for look, epoch in enumerate(looks):
        stages.advance(epoch * per_epoch)
        curve[alive, look] = stages.losses
        judged, answers = judge(stages.points)
        curve_of_validation[alive, look] = judged
        finite = np.isfinite(stages.points).all(axis=-1) & np.isfinite(judged)
        of_ensemble = np.zeros(runs)
        if jury is not None:
            of_ensemble = jury.losses(
                stages.points[finite], alive[finite], answers if answers is None else answers[finite]
            )
        better = (of_ensemble < best * (1 - LEAST_FALL)) if jury is not None else np.ones(runs, np.bool_)
        best[better], best_epoch[better], parameters[better] = of_ensemble[better], epoch, np.nan
        kept = finite & better[alive]
        parameters[alive[kept]] = stages.points[kept]
        last_epoch[alive] = epoch
        diverged[alive[~finite]] = True
        waited = epoch - best_epoch[alive]
        wanted = finite & ((waited < patience) if patience and jury is not None else finite)
        progress(epoch)
        if not wanted.all():
            alive = alive[wanted]
            if not len(alive):
                curve, curve_of_validation, looks = (
                    curve[:, : look + 1],
                    curve_of_validation[:, : look + 1],
                    looks[: look + 1],
                )
                break
            stages.keep(wanted)
    return Members(
        parameters, best_epoch, last_epoch, diverged, np.array(looks), curve,
        curve_of_validation if validation is not None else np.empty((runs, 0)),
        stages.arithmetic,
    )  # fmt: skip


def at_epochs(
    training: Training, epochs: Shaped[NDArray[np.int64], " runs"], *, per_epoch: int, execution: Execution
) -> Shaped[Floats, "runs P"]:
    """Train each start up to its own epoch, and return the parameters; NaN for epoch 0, and where they are not finite.

    Parameters
    ----------
    training
        The runs. Its schedule is that of the whole training, whose epochs they may not reach.
    epochs
        Of each run.
    per_epoch, execution
        Steps of an epoch, and how the runs are carried out.
    """
    parameters = np.full((training.runs, training.objective.dimension), np.nan)
    alive = np.flatnonzero(epochs > 0)
    if not len(alive):
        return parameters
    stages = stages_of(training.some(epochs > 0), execution)
    for epoch in np.unique(epochs[alive]):
        stages.advance(int(epoch) * per_epoch)
        arrived = epochs[alive] == epoch
        parameters[alive[arrived]] = stages.points[arrived]
        alive = alive[~arrived]
        if len(alive):
            stages.keep(~arrived)
    return parameters


def _looks(epochs: int, stride: int) -> list[int]:
    """Return the epochs after which the validation loss is looked at; the last is one of them."""
    looks = [0]
    while looks[-1] < epochs:
        looks.append(min(epochs, looks[-1] + max(stride, looks[-1] // SHARE)))
    return looks[1:]


def _judge(validation: WeightedObjective | None, training: Training, execution: Execution) -> Judge:
    """Return the validation loss and the answers as a function of parameters, by compiled code in float64."""
    if validation is None:
        return lambda points: (np.zeros(len(points)), None)
    rows = None if training.rows is None else training.rows[:0]
    # No step reads the settings, so those of any run do; and the penalty is no part of what the answers are judged by.
    numbers: dict[str, Any] = {name: float(np.ravel(value)[0]) for name, value in training.method.values.items()}
    how = training.method.with_(numbers | ({"l2": 0.0} if "l2" in numbers else {}))
    starts = training.starts if training.starts.ndim == 1 else training.starts[:1]
    judging = replace(training, objective=validation, method=how, steps=0, starts=starts, rows=rows, dtype="float64")
    return judge_of(judging, execution)
