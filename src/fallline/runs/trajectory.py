"""The loop of a descent, for one run or many side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.method import Method, beside_parameters
from fallline.problems import Objective
from fallline.runs.penalised import penalised

__all__ = ["Moment", "moments", "trajectory"]

Floats = NDArray[Any]
State = tuple[Any, ...]


class Moment(NamedTuple):
    """A descent after `step` updates: the parameters, loss and gradient there, and the optimizer's state."""

    step: int
    w: Floats
    loss: Floats
    gradient: Floats
    state: State


def moments(
    objective: Objective,
    method: Method,
    w: Floats,
    steps: int,
    *,
    rows: NDArray[np.int64] | None = None,
    full_loss: bool = False,
    first: int = 0,
    state: State | None = None,
) -> Iterator[Moment]:
    """Yield the moment before each step, and the one after step `steps`.

    Parameters
    ----------
    w
        (P,), or (runs, P) for runs side by side, for which the method may have arrays of values.
    rows
        The samples that each step sees, (steps, batch). Loss and gradient are then on the scale of all samples, while
        the step takes the gradient of its own samples alone.
    full_loss
        Whether losses are those of all samples, also with `rows`. Gradients stay those of the step's samples.
    first, state
        The number of updates already done, and the optimizer's state after them. By default the descent begins.

    Notes
    -----
    Overflow is an outcome, not an error: it shows as a loss that is not finite.
    """
    method.check_steps(steps)
    rate = method.learning_rate(objective)
    settings = {name: beside_parameters(value) for name, value in method.settings.items()}
    plan = {name: beside_parameters(value) for name, value in method.schedule_settings.items()}
    if "l2" in method.values:
        objective = penalised(objective, method.values["l2"])
    with np.errstate(all="ignore"):
        if state is None:
            state = method.optimizer.init(w, **settings)
        for t in range(first + 1, steps + 2):
            if rows is None or t > steps:
                loss, gradient = objective.loss_and_gradient(w)
                own = gradient
            else:
                loss, gradient, own = objective.minibatch(w, rows[t - 1])
                loss = objective.loss(w) if full_loss else loss
            yield Moment(t - 1, w, loss, gradient, state)
            if t > steps:
                return
            factor = method.schedule.factor(t, **plan)
            settings["learning_rate"] = rate if method.schedule.name == "constant" else rate * factor
            moved, state = method.optimizer.step(w, own, state, t, **settings)
            # A schedule's factor and a layer's own rate are float64; the parameters keep their type.
            w = np.asarray(moved, dtype=w.dtype)


def trajectory(
    objective: Objective,
    method: Method,
    w: Floats,
    steps: int,
    *,
    rows: NDArray[np.int64] | None = None,
    full_loss: bool = False,
) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Yield parameters, loss and gradient before each step and after the last, as `moments` does: steps + 1 triples."""
    return ((m.w, m.loss, m.gradient) for m in moments(objective, method, w, steps, rows=rows, full_loss=full_loss))
