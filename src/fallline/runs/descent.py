"""`descend`: one run, recorded step by step, and judged by how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fallline.errors import UnknownNameError
from fallline.experiment.method import method
from fallline.experiment.minibatches import checked_batch, minibatches
from fallline.experiment.starts import classical_start, draw_starts
from fallline.limits import check_memory
from fallline.measures.statistics import gradient_norm
from fallline.problems import Objective, as_vector, objective_at
from fallline.runs.explain import explain
from fallline.runs.run import Run
from fallline.runs.trajectory import trajectory
from fallline.settings import SETTINGS
from fallline.textbook.landscapes import Landscape
from fallline.textbook.optimizers import Optimizer
from fallline.textbook.schedules import Schedule

__all__ = ["descend"]

Floats = NDArray[Any]


def descend(
    objective: str | Landscape | Callable[..., Any] | Objective,
    optimizer: str | Optimizer = "gradient_descent",
    *,
    start: ArrayLike | None = None,
    steps: int = 100,
    schedule: str | Schedule | Mapping[str, Any] = "constant",
    batch: int | None = None,
    seed: int = 0,
    dtype: str = "float64",
    progress: Callable[[int, int], None] | None = None,
    **settings: Any,
) -> Run:
    """Descend an objective and record every step. Divergence is an outcome, never an exception.

    Parameters
    ----------
    objective
        A landscape's name, a `Landscape`, a function of coordinates, or a network on data.
    optimizer
        Name or record; its settings (learning_rate, momentum, ...) are further keyword arguments.
        `**{"learning_rate.2": 0.1}` sets the learning rate of layer 2 alone.
    start
        The first parameters. By default a landscape's classical start, or a random start of this seed.
    steps
        Number of updates.
    schedule
        Name, record, or {"name": ..., setting: ...}.
    batch
        Samples in a minibatch, drawn by keyed shuffles. By default all samples. See `Run` for what is recorded.
    seed
        Key of random start and minibatches.
    dtype
        "float64" or "float32".
    progress
        Called with the number of finished steps and the number of all steps.

    Examples
    --------
    >>> run = descend("rosenbrock", "momentum", start=(0.86809884, -4.4326123), learning_rate=8e-5, momentum=0.9, steps=180)
    >>> run.end.round(6).tolist()
    [1.270353, 1.614794]
    >>> run.outcome.kind
    'still descending'
    """  # fmt: skip
    target = objective_at(objective, start)
    steps, seed = int(SETTINGS["steps"].check(steps)), int(SETTINGS["seed"].check(seed))
    how = method(optimizer, schedule, steps, **settings)
    if dtype not in ("float32", "float64"):
        raise UnknownNameError("dtype", dtype, ("float32", "float64"))
    check_memory(8.0 * (steps + 1) * (target.dimension + 4), f"a run of {steps:,} steps", "Take fewer steps.")
    w0 = _start(target, start, seed).astype(dtype)
    path = np.full((steps + 1, target.dimension), np.nan, dtype=dtype)
    losses = np.full(steps + 1, np.nan)
    norms = np.full(steps + 1, np.nan)
    rows = minibatches(target, checked_batch(batch, target), steps, seed)
    for k, (w, loss, gradient) in enumerate(trajectory(target, how, w0, steps, rows=rows)):
        path[k], losses[k], norms[k] = w, loss, gradient_norm(gradient)
        if progress is not None:
            progress(k, steps)
        if not np.isfinite(loss):
            break
    return Run(target, how, steps, path, losses, norms, explain(target, how, path, losses, norms, batch is not None))


def _start(objective: Objective, start: ArrayLike | None, seed: int) -> Floats:
    if start is not None:
        return as_vector(start, objective)
    own = classical_start(objective)
    return np.asarray(draw_starts(objective, 1, seed)[0]) if own is None else own
