"""One cell of a map, run again with its whole path, in the same arithmetic as the map."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.map_record import MapSpec
from fallline.experiment.method import Method
from fallline.maps.tiles import inputs, minibatches
from fallline.measures.outcome import gradient_norm
from fallline.problems import NetworkObjective, Objective, points_at_once
from fallline.runs import engine
from fallline.runs.descent import Run
from fallline.runs.explain import explain

__all__ = ["replay"]


def replay(spec: MapSpec, column: int, row: int, start: int = 0) -> Run:
    """The run of one cell, from its start of that number.

    Losses and parameters come from the engine that computed the map, so they are the map's own to the bit. Gradient
    norms are measured along that path.
    """
    settings, plan, starts = inputs(spec, np.array([column]), np.array([row]))
    one = {k: float(np.reshape(v, -1)[0]) for k, v in settings.items()}
    decay = {k: float(np.reshape(v, -1)[0]) for k, v in plan.items()}
    w0 = np.atleast_2d(starts)[start]
    rows = minibatches(spec)
    losses, path = engine.history(
        spec.objective, spec.optimizer, steps=spec.steps, settings=one, starts=w0, schedule=spec.schedule,
        schedule_settings=decay, rows=rows, dtype=spec.dtype,
    )  # fmt: skip
    objective = _with_l2(spec.objective, one.get("l2"))
    layers = {int(k.split(".")[1]): one[k] for k in one if k.startswith("learning_rate.")}
    how = Method(spec.optimizer, {k: one[k] for k in spec.optimizer.settings}, spec.schedule, decay, layers)
    norms = _norms(objective, path, rows)
    norms[~np.isfinite(losses)] = np.nan
    return Run(
        objective, how, spec.steps, path, losses, norms, explain(objective, how, path, losses, norms, rows is not None)
    )


def _norms(objective: Objective, path: NDArray[Any], rows: NDArray[np.int64] | None) -> NDArray[np.float64]:
    norms = np.empty(len(path))
    many = 1 if rows is not None else points_at_once(objective)
    with np.errstate(all="ignore"):
        for t in range(0, len(path), many):
            if rows is None or t == len(path) - 1:
                gradient = objective.loss_and_gradient(path[t : t + many])[1]
            else:
                gradient = objective.minibatch(path[t : t + many], rows[t])[1]
            norms[t : t + many] = gradient_norm(gradient)
    return norms


def _with_l2(objective: Objective, l2: float | None) -> Objective:
    if l2 is None or not isinstance(objective, NetworkObjective):
        return objective
    return replace(objective, network=objective.network.with_(l2=l2))
