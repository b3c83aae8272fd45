"""What is trained for the cells of a map: the runs of each cell, one for each of its starts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.axis_settings import start_coordinate
from fallline.experiment.choices import CHOICES
from fallline.experiment.map_record import MapSpec
from fallline.experiment.minibatches import minibatches
from fallline.experiment.offsets import offset_starts
from fallline.experiment.setting_names import is_offset, moves_start, within_start
from fallline.experiment.starts import draw_starts
from fallline.runs.training import Training

__all__ = ["training_of"]


def training_of(spec: MapSpec, i: NDArray[np.int64], j: NDArray[np.int64]) -> Training:
    """The runs of the cells at those columns and rows: those of the first cell's starts, then those of the next cell.

    The cells must have the same choices, as `MapSpec.of_cell` has them.
    """
    spec = spec.of_cell(int(i[0]), int(j[0]))
    columns = {axis.name: axis.values[at] for axis, at in ((spec.x, i), (spec.y, j)) if axis.exists}
    values = {name: np.repeat(column, spec.starts) for name, column in columns.items() if not _decided(name)}
    starts = _starts(spec, columns, len(i))
    if not values and starts.ndim == 1 and len(i) > 1:  # every cell has the same run, as on a fine part of a whole axis
        starts = np.tile(starts, (len(i), 1))
    return Training(
        spec.objective,
        spec.method.with_(values),
        spec.steps,
        starts,
        minibatches(spec.objective, spec.batch, spec.steps, spec.seed, spec.replacement),
        spec.dtype,
        spec.full_loss,
    )


def _decided(axis: str) -> bool:
    """Whether an axis changes no value of the method: it changes the start, or is a choice that the spec has made."""
    return axis in CHOICES or moves_start(axis)


def _starts(spec: MapSpec, columns: dict[str, NDArray[np.float64]], cells: int) -> NDArray[np.float64]:
    P = spec.objective.dimension
    if spec.start is not None:
        starts = spec.start[None, None, :]
    else:
        seeds = columns.get("seed", np.array([spec.seed], np.uint64)).astype(np.uint64)
        unique, place = np.unique(seeds, return_inverse=True)
        drawn = [draw_starts(spec.objective, spec.starts, int(s), initial=spec.initial) for s in unique]
        starts = np.stack(drawn)[place] if len(seeds) > 1 else drawn[0][None]
    scale = columns.get("initial_scale", spec.initial_scale)
    if scale is not None:
        starts = np.reshape(scale, (-1, 1, 1)) * starts
    offsets = dict(spec.initial_offsets) | {name: values for name, values in columns.items() if is_offset(name)}
    if offsets:
        starts = offset_starts(starts, spec.objective, offsets)
    for name, values in columns.items():
        if within_start(name) is not None:
            starts = np.broadcast_to(starts, (cells, *starts.shape[1:])).copy()
            starts[:, :, start_coordinate(spec.objective, name)] = values[:, None]
    if starts.shape[0] == 1 and spec.starts == 1:
        return np.asarray(starts[0, 0])
    return np.ascontiguousarray(np.broadcast_to(starts, (cells, spec.starts, P))).reshape(cells * spec.starts, P)
