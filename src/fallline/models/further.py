"""A fit that goes on, epoch by epoch, with whatever samples come: what `partial_fit` does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline import random
from fallline.models.best_epoch import Members
from fallline.models.ensemble import Ensemble
from fallline.models.fitting import Fit, Kind, first_starts, network_for, values_scale
from fallline.models.samples import Samples
from fallline.models.scaling import Scaling
from fallline.models.settings import FitSettings
from fallline.problems.weighted import WeightedObjective
from fallline.runs.stages import stages_of
from fallline.runs.training import Training
from fallline.shapes import Shaped

__all__ = ["Further"]

Floats = NDArray[Any]


@dataclass(eq=False)
class Further:
    """An ensemble and the epochs that it has seen. Scalings are those of the first samples, or of the former fit.

    Each epoch begins with the optimizer's first state, as its steps may be on other samples than the last.
    """

    ensemble: Ensemble
    kind: Kind
    settings: FitSettings
    epochs: int = 0

    @classmethod
    def begin(
        cls, X: Shaped[Floats, "rows n_in"], T: Shaped[Floats, "rows n_out"], kind: Kind, settings: FitSettings,
        weights: Shaped[Floats, " rows"] | None, former: Fit | None = None,
    ) -> Further:  # fmt: skip
        """Begin with random starts, or with the ensemble of a former fit."""
        if former is not None:
            return cls(former.ensemble, kind, settings)
        samples = Samples.of(X, T, weights)
        centre, spread = values_scale(samples, kind)
        scaling = Scaling.of(samples.X, samples.weights, settings.scaling)
        network = network_for(settings, X.shape[1], T.shape[1], kind)
        starts = first_starts(network, samples, settings)
        return cls(Ensemble(network, np.asarray(starts, settings.dtype), scaling, centre, spread), kind, settings)

    def epoch(
        self, X: Shaped[Floats, "rows n_in"], T: Shaped[Floats, "rows n_out"], weights: Shaped[Floats, " rows"] | None
    ) -> Fit:
        """Train one epoch on these samples, and return the fit as it stands."""
        e, settings = self.ensemble, self.settings
        shares = np.ones(len(X)) if weights is None else weights
        some = shares > 0
        own = None if (shares[some] == shares[some][:1]).all() else shares[some]
        objective = WeightedObjective(
            e.network, e.scaling(np.asarray(X, np.float64)[some]), (T[some] - e.centre) / e.spread, own
        )
        count = len(objective.data)
        batch = settings.batch_of(count)
        steps = count // batch
        rows = None if batch == count else random.batches(settings.seed + self.epochs, count, batch, steps)
        own_values = {"l2": settings.l2_of(count)} if settings.l2_of(count) else {}
        if not settings.own_rate and "learning_rate" in settings.how.values:
            own_values["learning_rate"] = settings.rate_of(count)
        how = settings.how.with_(own_values)
        stages = stages_of(Training(objective, how, steps, e.parameters, rows, settings.dtype))
        stages.advance(steps)
        self.epochs += 1
        self.ensemble = replace(e, parameters=stages.points)
        runs = len(stages.points)
        each = np.full(runs, self.epochs)
        members = Members(
            stages.points, each, each, np.asarray(~np.isfinite(stages.points).all(axis=-1)), np.array([self.epochs]),
            np.asarray(stages.losses)[:, None], np.empty((runs, 0)), stages.arithmetic,
        )  # fmt: skip
        return Fit(
            self.ensemble, members, np.zeros(runs, np.int64), np.full(T.shape, np.nan), settings, ~members.diverged,
            self.ensemble,
        )  # fmt: skip
