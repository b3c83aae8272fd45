"""One cell of a map, run again with its whole path, in the same arithmetic as the map."""

from __future__ import annotations

import numpy as np

from fallline.experiment.map_record import MapSpec
from fallline.maps.cell_training import training_of
from fallline.measures.statistics import gradient_norm
from fallline.runs import engine
from fallline.runs.explain import explain
from fallline.runs.gradients import gradients_along
from fallline.runs.penalised import penalised
from fallline.runs.run import Run

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
    norms = gradient_norm(gradients_along(objective, path, rows))
    norms[~np.isfinite(losses)] = np.nan
    outcome = explain(objective, how, path, losses, norms, rows is not None, full_loss=training.full_loss)
    return Run(
        objective, how, spec.steps, path, losses, norms, outcome, spec.batch, spec.seed, replacement=spec.replacement,
        full_loss=spec.full_loss,
    )  # fmt: skip
