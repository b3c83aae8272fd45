"""The best cell of a map, and the cells that have no value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UnknownNameError, UsageError
from fallline.experiment.map_record import MapSpec
from fallline.maps.cell_training import training_of
from fallline.measures.measure import RequestedMeasure
from fallline.measures.outcome import failed
from fallline.readings.machine.layout import CAP

__all__ = ["best_place", "failed_cells", "lost_cells"]


def failed_cells(
    wanted: RequestedMeasure, planes: Mapping[str, NDArray[Any]], values: NDArray[Any], least: float = np.inf
) -> NDArray[np.bool_] | None:
    """Cells of failed runs; None if the measure has values for them. `values` are those that are drawn.

    `least` is the smallest value elsewhere on the map, if these are only some of its cells.
    """
    if not wanted.measure.blank:
        return None
    if "outcome" in planes:
        return failed(planes["outcome"])
    if "diverged_at" in planes:
        return np.asarray(planes["diverged_at"] >= 0)
    # As `judge` caps a loss, but without the first loss of each cell, which is not known here.
    return np.asarray(~(np.abs(values) <= CAP * max(1.0, float(np.nanmin(np.abs(values), initial=least)))))


def lost_cells(wanted: RequestedMeasure, planes: Mapping[str, NDArray[Any]], steps: int) -> NDArray[np.bool_]:
    """Cells without a value: those of failed runs where the measure has none for them, and those that are not finite."""
    values = wanted.measure.shown(np.asarray(planes[wanted.name], np.float64), steps)
    away = failed_cells(wanted, planes, values)
    lost = ~np.isfinite(values)
    return lost if away is None else lost | away


def best_place(
    spec: MapSpec, wanted: RequestedMeasure, better: Literal["low", "high"] | None, planes: Mapping[str, NDArray[Any]],
    known: NDArray[np.bool_],
) -> tuple[int, int]:  # fmt: skip
    """Row and column of the known cell with the best value. Cells of failed runs are left out."""
    better = better or wanted.measure.better
    if better is None:
        raise UsageError(
            f"best needs to know which values of {wanted.name} are better: write "
            f'best({wanted.name!r}, better="low") or better="high".'
        )
    if better not in ("low", "high"):
        raise UnknownNameError("better", better, ("low", "high"))
    values = wanted.measure.shown(np.asarray(planes[wanted.name], np.float64), spec.steps)
    lost = ~known | lost_cells(wanted, planes, spec.steps)
    order = np.argsort(np.where(lost, np.inf, values if better == "low" else -values), axis=None, kind="stable")
    judged = not wanted.measure.blank or planes.keys() & {"outcome", "diverged_at"}
    for place in order[: int((~lost).sum())]:
        row, column = np.unravel_index(int(place), values.shape)
        if judged or not _beyond_the_cap(spec, int(column), int(row), float(values[row, column])):
            return int(row), int(column)
    raise UsageError(f"no cell of this map has a value of {wanted.name}: every run failed, or none is computed yet.")


def _beyond_the_cap(spec: MapSpec, column: int, row: int, loss: float) -> bool:
    """Whether a run with that last loss diverged, as `judge` has it; False if the objective cannot be called."""
    training = training_of(spec, np.array([column]), np.array([row]))
    try:
        first = np.abs(training.objective.loss(training.starts)).max()
    except UsageError:
        return False
    return not abs(loss) <= CAP * max(1.0, float(first))
