"""The sharpness of runs as measures of a map: after the last step, times the learning rate, and the largest on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.one_rate import one_rate
from fallline.problems import LandscapeObjective, NetworkObjective
from fallline.runs.execution import Execution
from fallline.runs.sharpness import penalty_of, sharpness_along, sharpness_at
from fallline.runs.training import Training
from fallline.shapes import Shaped

__all__ = ["SHARPEST", "sharpness_measures", "sharpness_steps"]

Floats = NDArray[Any]

SHARPEST = 1e-6
"""Residual, as a share of the eigenvalue, up to which the sharpness at the end of a run is computed."""


def sharpness_steps(steps: int) -> tuple[int, ...]:
    """The numbers of steps after which `largest_sharpness` looks: 17 from 0 to the last, evenly spaced.

    >>> sharpness_steps(4), sharpness_steps(160)[:4]
    ((0, 1, 2, 3, 4), (0, 10, 20, 30))
    """
    return tuple(sorted({steps * k // 16 for k in range(17)}))


def sharpness_measures(
    training: Training, wanted: Sequence[str], ends: Shaped[Floats, "runs P"], execution: Execution
) -> dict[str, Shaped[Floats, " runs"]]:
    """Those of the measures "sharpness", "sharpness_times_rate" and "largest_sharpness" that are wanted, each (runs,).

    `ends` are the last parameters, NaN where the loss is not finite; there the sharpness is NaN, too. With minibatches the Hessian is still that of the loss of all samples. Hessians are computed in float64.
    """
    objective = training.objective
    assert isinstance(objective, NetworkObjective | LandscapeObjective)  # runs in lanes have no others
    found: dict[str, Floats] = {}
    rated = "sharpness_times_rate" in wanted
    preconditioned = rated and training.method.optimizer.preconditioner is not None
    rate = one_rate(training.method) if rated else None
    if "sharpness" in wanted or (rated and not preconditioned):
        w = np.asarray(ends, dtype=np.float64)
        found["sharpness"] = sharpness_at(
            objective, w, l2=penalty_of(training), tolerance=SHARPEST, execution=execution
        ).values
    if rated:
        sharpness = (
            sharpness_along(training, [training.steps], preconditioned=True, tolerance=SHARPEST, execution=execution)[
                :, 0
            ]
            if preconditioned
            else found["sharpness"]
        )
        found["sharpness_times_rate"] = rate * sharpness
    if "largest_sharpness" in wanted:
        along = sharpness_along(training, sharpness_steps(training.steps), execution=execution)
        found["largest_sharpness"] = along.max(axis=1)  # NaN where a run diverged
    return {name: found[name] for name in wanted}
