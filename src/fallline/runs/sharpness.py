"""Sharpness along training: the largest eigenvalue of the Hessian of many runs side by side, at chosen steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import SettingError, UsageError
from fallline.problems import LandscapeObjective, NetworkObjective
from fallline.runs.checkpoints import Checkpoints
from fallline.runs.eigenvalues import Largest, drawn, largest_eigenvalues
from fallline.runs.execution import EVERY_CORE, Execution
from fallline.runs.lanes import paused
from fallline.runs.second_order import hessian_products
from fallline.runs.training import Training
from fallline.shapes import Shaped

__all__ = ["sharpness_along", "sharpness_at"]

Floats = NDArray[Any]
Scale = Callable[[int, Floats, Floats], Floats]
"""From (step, parameters (runs, P), states (runs, P, states)): the preconditioner's diagonal, (runs, P)."""


def sharpness_at(
    objective: NetworkObjective | LandscapeObjective,
    w: Shaped[Floats, "runs P"],
    *,
    preconditioner: Shaped[Floats, "runs P"] | None = None,
    start: Shaped[Floats, "runs P"] | None = None,
    tolerance: float = 1e-6,
    execution: Execution = EVERY_CORE,
) -> Largest:
    """The largest eigenvalue of the Hessian H at each point, or of D^-1 H for a preconditioner's diagonal D.

    Parameters
    ----------
    start
        Eigenvectors at points near by, to begin with. A drawn vector is added, so that another eigenvector that has become
        the largest since is found.
    tolerance
        As for `largest_eigenvalues`. Where the largest two eigenvalues are near each other, residuals of 1e-2 and even 1e-4 may
        be those of the second: with 1e-2 that was so in 1 of 100 runs, with 1e-4 in 1 of 1,000, with 1e-6 in none.

    Examples
    --------
    >>> from fallline.problems import objective
    >>> sharpness_at(objective("quadratic"), np.ones((2, 2))).values.round(12).tolist()
    [10.0, 10.0]
    """
    first = drawn(*w.shape)
    if start is not None:
        first = first / np.sqrt(w.shape[1]) + np.where(np.isfinite(start).all(axis=1, keepdims=True), start, 0)
    if preconditioner is None:
        return largest_eigenvalues(
            lambda v, which: hessian_products(objective, w[which], v, execution=execution), first, tolerance=tolerance
        )
    root = np.sqrt(preconditioner)  # D^-1/2 H D^-1/2 is symmetric and has the eigenvalues of D^-1 H
    return largest_eigenvalues(
        lambda v, which: hessian_products(objective, w[which], v / root[which], execution=execution) / root[which],
        first, tolerance=tolerance,
    )


def sharpness_along(
    training: Training,
    at: Sequence[int],
    *,
    scale: Scale | None = None,
    tolerance: float = 1e-4,
    execution: Execution = EVERY_CORE,
) -> Shaped[Floats, "runs at"]:
    """The sharpness of runs before each of these steps, (runs, len(at)); NaN once a run's loss is no longer finite.

    Parameters
    ----------
    at
        Steps, rising, from 0 on. The runs of `training` are trained as far as the last of them.
    scale
        The preconditioner's diagonal; none if None.
    """
    if list(at) != sorted(set(at)) or not at or at[0] < 0:
        raise SettingError(f"steps must rise from 0 on; got {list(at)}.")
    if training.method.schedule.name != "constant":
        raise UsageError(
            "the sharpness along a run needs a constant learning rate: a schedule depends on the run's length."
        )
    objective = training.objective
    if not isinstance(objective, NetworkObjective | LandscapeObjective):
        raise UsageError(f"the sharpness of runs needs a network or a landscape; got {objective!r}.")
    longer = replace(training, steps=4 * (at[-1] + 100))  # so that runs may pause at each of the steps
    P, states = objective.dimension, len(training.method.optimizer.state)
    after: Checkpoints | None = None
    vectors: Floats | None = None
    values = np.empty((training.runs, len(at)))
    for k, step in enumerate(at):
        after = paused(longer, step, execution=execution, after=after)
        w = np.asarray(after.values[:, :P], dtype=np.float64)
        state = after.values[:, P : P * (1 + states)].reshape(len(w), P, states)
        diagonal = None if scale is None else scale(step, w, state)
        found = sharpness_at(
            objective, w, preconditioner=diagonal, start=vectors, tolerance=tolerance, execution=execution
        )
        values[:, k], vectors = found.values, found.vectors
    return values
