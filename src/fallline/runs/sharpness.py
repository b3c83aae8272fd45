"""Sharpness along training: the largest eigenvalue of the Hessian of many runs side by side, at chosen steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import SettingError, UsageError
from fallline.problems import LandscapeObjective, NetworkObjective
from fallline.runs.checkpoints import Checkpoints
from fallline.runs.eigenvalues import Largest, drawn
from fallline.runs.execution import EVERY_CORE, Execution
from fallline.runs.lanczos import largest_of_hessians
from fallline.runs.lanes import paused
from fallline.runs.training import Training
from fallline.shapes import Shaped
from fallline.textbook.rates import length_of

__all__ = ["penalty_of", "points_along", "sharpness_along", "sharpness_at"]

Floats = NDArray[Any]


def sharpness_at(
    objective: NetworkObjective | LandscapeObjective,
    w: Shaped[Floats, "runs P"],
    *,
    l2: Floats | float | None = None,
    preconditioner: Shaped[Floats, "runs P"] | None = None,
    start: Largest | None = None,
    tolerance: float = 1e-6,
    execution: Execution = EVERY_CORE,
) -> Largest:
    """The largest eigenvalue of the Hessian H at each point, or of D^-1 H for a preconditioner's diagonal D.

    Parameters
    ----------
    l2
        Strength of the penalty of each run, or of all; that of the network if None.
    start
        The result at points near by, whose eigenvectors are begun with. A drawn vector is added, so that another eigenvector
        that has become the largest since is found.
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
        known = np.isfinite(start.vectors).all(axis=1, keepdims=True)
        first = first / np.sqrt(w.shape[1]) + np.where(known, start.vectors, 0)
    root = None if preconditioner is None else np.sqrt(preconditioner)
    # D^-1/2 H D^-1/2 is symmetric and has the eigenvalues of D^-1 H
    return largest_of_hessians(
        objective, w, first, roots=root, l2=l2, tolerance=tolerance, alike=None if start is None else start.products,
        execution=execution,
    )  # fmt: skip


def sharpness_along(
    training: Training,
    at: Sequence[int],
    *,
    preconditioned: bool = False,
    tolerance: float = 1e-4,
    execution: Execution = EVERY_CORE,
) -> Shaped[Floats, "runs at"]:
    """The sharpness of runs before each of these steps, (runs, len(at)); NaN once a run's loss is no longer finite.

    Parameters
    ----------
    at
        Steps, rising, from 0 on. The runs of `training` are trained as far as the last of them.
    preconditioned
        Whether the Hessian is divided by the optimizer's preconditioner, if it has one.
    """
    objective = training.objective
    if not isinstance(objective, NetworkObjective | LandscapeObjective):
        raise UsageError(f"the sharpness of runs needs a network or a landscape; got {objective!r}.")
    found: Largest | None = None
    values = []
    for step, w, states in points_along(training, at, execution=execution):
        diagonal = preconditioner(training, states, step) if preconditioned else None
        found = sharpness_at(
            objective, w, l2=penalty_of(training), preconditioner=diagonal, start=found, tolerance=tolerance,
            execution=execution,
        )  # fmt: skip
        values.append(found.values)
    return np.stack(values, axis=1)


def points_along(
    training: Training, at: Sequence[int], *, execution: Execution = EVERY_CORE
) -> Iterator[tuple[int, Shaped[Floats, "runs P"], tuple[Floats, ...]]]:
    """The runs before each of these steps: the step, their parameters, and the states of their optimizer, (runs, P) each."""
    if list(at) != sorted(set(at)) or not at or at[0] < 0:
        raise SettingError(f"steps must rise from 0 on; got {list(at)}.")
    longer = _long(training, at[-1])
    after: Checkpoints | None = None
    for step in at:
        after = paused(longer, step, execution=execution, after=after)
        yield step, *_split(training, after)


def _long(training: Training, step: int) -> Training:
    """The same runs with more steps, so that they may pause before that step. Their schedules have lengths of their own."""
    if length_of(training.method.schedule.factor) is not None:
        raise UsageError("the sharpness along a run cannot be taken with a list of learning rates: name a schedule.")
    steps, rows = 4 * (step + 100), training.rows
    if rows is not None:
        if step > len(rows):
            raise SettingError(f"the minibatches of {len(rows)} steps are given; got step {step}.")
        rows = np.resize(rows, (steps, rows.shape[1]))
    return replace(training, steps=steps, rows=rows)


def _split(training: Training, after: Checkpoints) -> tuple[Floats, tuple[Floats, ...]]:
    """Parameters and states of the optimizer, each (runs, P)."""
    P, count = training.objective.dimension, len(training.method.optimizer.state)
    numbers = np.asarray(after.values[:, : P * (1 + count)], dtype=np.float64)
    states = numbers[:, P:].reshape(len(numbers), P, count)
    return np.ascontiguousarray(numbers[:, :P]), tuple(states[:, :, k] for k in range(count))


class _Steps:
    """A number of steps as an exponent: powers are products, which every machine rounds alike."""

    __array_ufunc__ = None  # so that arrays leave the power to this class

    def __init__(self, count: int) -> None:
        self.count = count

    def __rpow__(self, base: Floats) -> Floats:
        power, square, n = np.ones_like(base), base, self.count
        while n:
            power, square, n = power * square if n % 2 else power, square * square, n // 2
        return power


def preconditioner(training: Training, states: tuple[Floats, ...], step: int) -> Floats | None:
    """The preconditioner's diagonal of each run after a step, (runs, P); None for an optimizer that has none."""
    optimizer = training.method.optimizer
    if optimizer.preconditioner is None:
        return None
    values = {
        name: np.reshape(np.asarray(training.method.values[name], dtype=np.float64), (-1, 1))
        for name in optimizer.settings
    }
    with np.errstate(all="ignore"):  # before the first step there is none
        return np.asarray(optimizer.preconditioner(states, _Steps(step), **values))


def penalty_of(training: Training) -> Floats | None:
    """The strength of the penalty, of each run or of all; None for that of the network."""
    value = training.method.values.get("l2")
    return None if value is None else np.asarray(value, dtype=np.float64)
