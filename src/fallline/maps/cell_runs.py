"""Measures of the user's own over whole runs: a run for each cell, from paths that are trained side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.map_record import MapSpec
from fallline.maps.replay import replay
from fallline.measures.own import OwnMeasure
from fallline.runs import engine
from fallline.runs.penalised import penalised
from fallline.runs.run import Run
from fallline.runs.training import Training

__all__ = ["over_runs"]

_NUMBERS = 2**24
"""Numbers that the paths of one chunk of runs may hold: 128 MB in float64."""


class CellRun(Run):
    """The run of one cell. Its gradient norms and outcome, which take longer than the run, are computed when asked for."""

    def __init__(
        self, spec: MapSpec, training: Training, losses: NDArray[Any], path: NDArray[Any], cell: tuple[int, int, int]
    ) -> None:
        objective, how = spec.objective, training.method
        if "l2" in how.values:
            objective = penalised(objective, how.values["l2"])
        values = {
            "objective": objective, "method": how, "steps": training.steps, "path": path, "losses": losses,
            "batch": spec.of_cell(*cell[:2]).batch, "seed": spec.seed,
            "replacement": spec.replacement, "full_loss": spec.full_loss, "_spec": spec, "_cell": cell,
        }  # fmt: skip
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        if name not in ("gradient_norms", "outcome"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        whole = replay(self.__dict__["_spec"], *self.__dict__["_cell"])
        for late in ("gradient_norms", "outcome"):
            object.__setattr__(self, late, getattr(whole, late))
        return self.__dict__[name]


def over_runs(
    measures: Sequence[OwnMeasure], spec: MapSpec, training: Training, i: NDArray[np.int64], j: NDArray[np.int64]
) -> dict[str, NDArray[np.float64]]:
    """The values of measures over runs, (runs,) each. The training is that of the cells at columns i and rows j."""
    if not measures:
        return {}
    runs = [[m.of_run(run) for m in measures] for run in _runs(spec, training, i, j)]
    return dict(zip((m.name for m in measures), np.array(runs).T, strict=True))


def _runs(spec: MapSpec, training: Training, i: NDArray[np.int64], j: NDArray[np.int64]) -> Iterator[Run]:
    chunk = max(1, _NUMBERS // ((training.steps + 1) * (spec.objective.dimension + 1)))
    for first in range(0, training.runs, chunk):
        part = training.part(first, min(training.runs, first + chunk))
        losses, path = engine.histories(part)
        for k in range(part.runs):
            cell, start = divmod(first + k, spec.starts)
            yield CellRun(spec, part.run(k), losses[k], path[k], (int(i[cell]), int(j[cell]), start))
