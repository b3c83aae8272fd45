"""The loop of a descent, for one run or many side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.method import Method, beside_parameters
from fallline.problems import Objective
from fallline.runs.penalised import penalised

__all__ = ["trajectory"]

Floats = NDArray[Any]


def trajectory(
    objective: Objective,
    method: Method,
    w: Floats,
    steps: int,
    *,
    rows: NDArray[np.int64] | None = None,
) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Parameters, loss and gradient before each step and after the last: steps + 1 triples.

    w is (P,), or (runs, P) for runs side by side, for which the method may have arrays of values. `rows`, (steps, batch), are the samples that each step sees; loss and
    gradient are then on the scale of all samples, while the step takes the gradient of its own samples alone.
    Overflow is an outcome, not an error: it shows as a loss that is not finite.
    """
    rate = method.learning_rate(objective)
    settings = {name: beside_parameters(value) for name, value in method.settings.items()}
    plan = {name: beside_parameters(value) for name, value in method.schedule_settings.items()}
    if "l2" in method.values:
        objective = penalised(objective, method.values["l2"])
    with np.errstate(all="ignore"):
        state = method.optimizer.init(w, **settings)
        for t in range(1, steps + 2):
            if rows is None or t > steps:
                loss, gradient = objective.loss_and_gradient(w)
                own = gradient
            else:
                loss, gradient, own = objective.minibatch(w, rows[t - 1])
            yield w, loss, gradient
            if t > steps:
                return
            factor = method.schedule.factor(t, **plan)
            settings["learning_rate"] = rate if method.schedule.name == "constant" else rate * factor
            moved, state = method.optimizer.step(w, own, state, t, **settings)
            # A schedule's factor and a layer's own rate are float64; the parameters keep their type.
            w = np.asarray(moved, dtype=w.dtype)
