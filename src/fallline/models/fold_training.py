"""The training of the starts of one fold: on the other samples, judged by the fold; and again on all samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline import random
from fallline.experiment.method import Method, method
from fallline.models.best_epoch import Members, at_epochs, best_epochs
from fallline.models.jury import Jury
from fallline.models.kinds import Kind
from fallline.models.samples import Samples
from fallline.models.settings import FitSettings
from fallline.problems.weighted import WeightedObjective
from fallline.runs.execution import Execution
from fallline.runs.training import Training
from fallline.shapes import Shaped
from fallline.textbook.network import Network

__all__ = ["FoldTraining"]

Floats = NDArray[Any]

ONE = Execution(threads=1)
"""Folds train side by side, each in one thread."""


@dataclass(frozen=True, eq=False)
class FoldTraining:
    """What the starts of a fold are trained on, and how.

    Attributes
    ----------
    network
        Their architecture.
    inputs, learned, targets
        Of all samples: scaled inputs, the targets that are learned, which may be smoothed, and those that judge.
    samples
        The samples, with their weights.
    kept
        Which samples are in the fold: no step of the first training sees them.
    kind
        Of the targets.
    settings, values
        How the starts are trained; settings that differ from start to start, by name.
    """

    network: Network
    inputs: Shaped[Floats, "batch n_in"]
    learned: Shaped[Floats, "batch n_out"]
    targets: Shaped[Floats, "batch n_out"]
    samples: Samples
    kept: Shaped[NDArray[np.bool_], " batch"]
    kind: Kind
    settings: FitSettings
    values: Mapping[str, Floats]

    def train(
        self,
        starts: Shaped[Floats, "runs P"],
        ensemble: Shaped[NDArray[np.int64], " runs"],
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> Members:
        """Train starts of ensembles on all samples but those of the fold, which choose the epoch of each ensemble."""
        kept, weights = self.kept, self.samples.own_weights
        validation = jury = None
        if kept.any():
            own = None if weights is None else weights[kept]
            validation = WeightedObjective(self.network, self.inputs[kept], self.targets[kept], own)
            jury = Jury(
                self.network, self.inputs[kept], self.targets[kept], self.samples.weights[kept], self.kind, ensemble
            )
        training, per_epoch = self._training(~kept, starts, validation)
        return best_epochs(
            training, validation, jury, per_epoch=per_epoch, patience=self.settings.patience, execution=ONE,
            progress=lambda epoch: progress(epoch, self.settings.epochs),
        )  # fmt: skip

    def train_again(self, starts: Shaped[Floats, "runs P"], members: Members) -> Shaped[Floats, "runs P"]:
        """Train the same starts on all samples, and return their parameters at the epochs that the fold chose.

        Epochs count as in the first training: a sample is seen as often, and the steps of an epoch grow with the samples. A start
        that was not finite then is left out, which is NaN.
        """
        training, per_epoch = self._training(np.ones(len(self.kept), np.bool_), starts, None)
        points = at_epochs(training, members.best_epoch, per_epoch=per_epoch, execution=ONE)
        points[~np.isfinite(members.parameters).all(axis=-1)] = np.nan
        return points

    def _training(
        self, some: NDArray[np.bool_], starts: Floats, validation: WeightedObjective | None
    ) -> tuple[Training, int]:
        """Return the training on some samples, with the batch and the rate that suit those outside the fold; and the steps of an epoch."""
        settings, weights = self.settings, self.samples.own_weights
        objective = WeightedObjective(
            self.network, self.inputs[some], self.learned[some], None if weights is None else weights[some], validation
        )
        count, outside = int(some.sum()), int((~self.kept).sum())
        batch = settings.batch_of(outside)
        if batch == outside:
            batch = count
        per_epoch = count // batch
        steps = per_epoch * settings.epochs
        rows = None if batch == count else random.batches(settings.seed, count, batch, steps)
        how = _how(settings, steps, count, settings.rate_of(outside)).with_(self.values)
        return Training(objective, how, steps, starts, rows, settings.dtype), per_epoch


def _how(settings: FitSettings, steps: int, samples: int, rate: float) -> Method:
    """Return the method with its schedule, whose length is that of the run."""
    scheduled = method("gradient_descent", settings.schedule, steps)
    own = settings.how.schedule.name != "constant"
    values = {
        **settings.how.values,
        **({} if own else {k: v for k, v in scheduled.values.items() if k.startswith("schedule.")}),
    }
    if "learning_rate" in values:
        values["learning_rate"] = rate
    if settings.l2_of(samples):
        values["l2"] = settings.l2_of(samples)
    return replace(settings.how, schedule=settings.how.schedule if own else scheduled.schedule, values=values)
