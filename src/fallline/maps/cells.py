"""Cells of a map: their measures.

A cell has as many runs as the map has starts; their results become one number by the measure's own rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.choices import CHOICES
from fallline.experiment.map_record import MapSpec
from fallline.maps.cell_runs import over_runs
from fallline.maps.cell_training import training_of
from fallline.maps.tiles import Tile
from fallline.measures.over_starts import over_starts
from fallline.measures.own import OwnMeasure
from fallline.readings.machine.layout import checkpoint_numbers
from fallline.runs import engine
from fallline.runs.checkpoints import Checkpoints
from fallline.runs.execution import EVERY_CORE, Execution
from fallline.runs.training import Training

__all__ = ["STATES", "Values", "alike", "at_cells", "compute", "of_runs"]

Values = dict[str, NDArray[Any]]
"""The values of some cells, by measure; under `STATES`, the states of their runs, (cells, starts * numbers), if kept."""

STATES = ""
"""The name of the states among the values. No measure has it."""


def compute(spec: MapSpec, tile: Tile, execution: Execution = EVERY_CORE, after: Checkpoints | None = None) -> Values:
    """The measures of a tile's cells, in the order of `tile.indices()`."""
    return at_cells(spec, *tile.indices(), execution, after)


def at_cells(
    spec: MapSpec, i: NDArray[np.int64], j: NDArray[np.int64], execution: Execution = EVERY_CORE,
    after: Checkpoints | None = None,
) -> Values:  # fmt: skip
    """The measures of the cells at those columns and rows, whose runs go on `after` kept states, or begin."""
    values: Values = {}
    for some in alike(spec, i, j):
        if some.all():
            return _alike(spec, i, j, execution, after)
        runs = None if after is None else Checkpoints(after.step, after.values[np.repeat(some, spec.starts)])
        for name, cells in _alike(spec, i[some], j[some], execution, runs).items():
            values.setdefault(name, np.empty((len(i), *cells.shape[1:]), cells.dtype))[some] = cells
    return values


def alike(spec: MapSpec, i: NDArray[np.int64], j: NDArray[np.int64]) -> Iterator[NDArray[np.bool_]]:
    """The cells at those columns and rows in groups with the same choices: for each group, which cells are in it."""
    chosen = [axis.positions[at] for axis, at in ((spec.x, i), (spec.y, j)) if axis.name in CHOICES]
    if not chosen:
        yield np.ones(len(i), dtype=bool)
        return
    group = np.unique(np.stack(chosen), axis=1, return_inverse=True)[1].ravel()
    for k in range(int(group.max()) + 1):
        yield group == k


def _alike(
    spec: MapSpec, i: NDArray[np.int64], j: NDArray[np.int64], execution: Execution, after: Checkpoints | None
) -> Values:
    """The measures of cells with the same choices."""
    spec = spec.of_cell(int(i[0]), int(j[0]))
    training = training_of(spec, i, j)
    results = _trained(spec, training, execution, after)
    own = [w.measure for w in spec.measures if isinstance(w.measure, OwnMeasure)]
    results |= {m.name: m.of_ends(results["parameters"]) for m in own if m.over == "ends"}
    results |= over_runs([m for m in own if m.over == "runs"], spec, training, i, j)
    values = {STATES: results["checkpoints"].reshape(len(i), -1)} if spec.kept else {}
    return values | of_runs(spec, {w.name: np.asarray(results[w.name]).reshape(len(i), -1) for w in spec.measures})


def of_runs(spec: MapSpec, runs: Values) -> Values:
    """The measures of cells from those of their runs, each (cells, starts)."""
    values: Values = {}
    for wanted in spec.measures:
        cells = over_starts(runs[wanted.name], wanted.measure.over_starts).astype(spec.dtype_of(wanted))
        if cells.dtype.kind == "f":
            cells[np.isnan(cells)] = np.nan  # one bit pattern for NaN, so that equal maps have equal bytes
        values[wanted.name] = cells
    return values


def _trained(spec: MapSpec, training: Training, execution: Execution, after: Checkpoints | None) -> Values:
    """The built-in measures of runs, (runs,), their last parameters, (runs, P), if a measure asks for them, and states."""
    names = [w.name for w in spec.measures if not isinstance(w.measure, OwnMeasure)]
    if any(isinstance(w.measure, OwnMeasure) and w.measure.over == "ends" for w in spec.measures):
        names.append("parameters")
    if not names and not spec.kept:
        return {}
    if after is not None:
        own = checkpoint_numbers(training.objective.dimension, len(training.method.optimizer.state))
        after = Checkpoints(after.step, after.values[:, :own])
    results = engine.train(training, names, target=spec.target, execution=execution, after=after, keep=bool(spec.kept))
    if spec.kept:  # other cells may have more parameters, or an optimizer that keeps more
        states = results["checkpoints"]
        results["checkpoints"] = np.pad(states, ((0, 0), (0, spec.kept - states.shape[1])))
    return results
