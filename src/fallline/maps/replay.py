"""One cell of a map, run again with its whole path, in the same arithmetic as the map."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.map_record import MapSpec
from fallline.maps.cell_training import training_of
from fallline.measures.statistics import gradient_norm
from fallline.problems import Objective, points_at_once
from fallline.runs import engine
from fallline.runs.descent import Run
from fallline.runs.explain import explain
from fallline.runs.penalised import penalised

__all__ = ["replay"]


def replay(spec: MapSpec, column: int, row: int, start: int = 0) -> Run:
    """The run of one cell from one of its starts.

    Losses and parameters come from the engine that computed the map, so they are the map's own to the bit. Gradient
    norms are measured along that path.
    """
    spec = spec.of_cell(column, row)
    training = training_of(spec, np.array([column]), np.array([row])).run(start)
    losses, path = engine.history(training)
    how, rows = training.method, training.rows
    objective = penalised(spec.objective, how.values["l2"]) if "l2" in how.values else spec.objective
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
