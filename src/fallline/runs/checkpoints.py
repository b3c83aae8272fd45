"""Checkpoints: runs side by side as they stand before a step, from which they go on to the same bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.measures.statistics import window
from fallline.readings.machine.layout import LAST, OF_THE_LIVING, Measure
from fallline.shapes import Shaped

__all__ = ["Checkpoints", "checkpoint_step", "finished"]

Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Checkpoints:
    """Runs before step `step`: a row of `values` for each, as `fallline.readings.machine.checkpoint` orders it."""

    step: int
    values: Shaped[Floats, "runs numbers"]


def checkpoint_step(steps: int) -> int:
    """The step before which a run of so many steps is kept: the last one from which any longer run can go on.

    The statistics of a run's last steps depend on its length: those of the window, and the mean of the last values. So it
    is kept before all of them; the steps that follow are repeated.

    >>> checkpoint_step(10), checkpoint_step(100), checkpoint_step(1000)
    (0, 75, 750)
    """
    return max(0, steps - max(window(steps), LAST - 1))


def finished(values: Shaped[Floats, "runs numbers"]) -> Shaped[Floats, "runs numbers"]:
    """Set to NaN, in place, what depends on the neighbours of a run, so that equal runs have equal checkpoints.

    That is all of a run whose loss is no longer finite, except for the columns that are read of it.
    """
    columns = values[:, -len(Measure) :]
    dead = columns[:, Measure.DIED_AT] >= 0
    values[dead, : -len(Measure)] = np.nan
    columns[np.ix_(np.flatnonzero(dead), np.array(OF_THE_LIVING))] = np.nan
    values[np.isnan(values)] = np.nan  # one NaN, whatever its sign and payload were
    return values
