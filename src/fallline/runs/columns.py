"""The statistics of runs from the columns that a kernel folded, and the results that were asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UnknownNameError
from fallline.measures.ends import distance, minimum_reached
from fallline.measures.measure import FOLDED
from fallline.measures.measure import Measure as MeasureRecord
from fallline.measures.statistics import Statistics, half, smallest_gradient
from fallline.problems import LandscapeObjective, NetworkObjective, Objective
from fallline.readings.machine.layout import CONVERGENCE_CAP, LAST, Measure
from fallline.runs.held_out import OnTest
from fallline.runs.packing import Outputs
from fallline.runs.training import Training
from fallline.shapes import Shaped

__all__ = ["RESULTS", "of_ends", "results", "statistics"]

Floats = NDArray[Any]

_REQUESTED = ("steps", "smallest_gradient", "right", "distance", "minimum", "test_last", "test_right")
"""Fields of `Statistics` that are not results by themselves."""

_STATISTICS = tuple(f.name for f in fields(Statistics) if f.name not in _REQUESTED)

RESULTS = (*FOLDED, *_STATISTICS, "history", "parameters", "path")
"""What can be asked of a kernel: measures, statistics, all losses, the last parameters, the parameters at each step."""


def results(
    outputs: Outputs, measures: Sequence[str], training: Training, tested: OnTest | None = None
) -> dict[str, Shaped[Floats, "runs ..."]]:
    """The results that `measures` name, each from the kernel's columns or from the arrays that it wrote.

    `tested` holds what the last parameters give on test samples, if a measure reads it.
    """
    raw, history, finals, path = outputs.measures, outputs.history, outputs.finals, outputs.path
    objective, steps = training.objective, training.steps
    if finals is not None:
        finals[raw[Measure.DIED_AT] >= 0] = np.nan
    out: dict[str, Floats] = {}
    with np.errstate(all="ignore"):
        wanted = [FOLDED[name] for name in measures if name in FOLDED]
        judged = any(m.needs == "classes" for m in wanted)
        folded = statistics(
            raw, steps, len(objective.data) if judged and isinstance(objective, NetworkObjective) else 0
        )
        if finals is not None and any(m.reads_ends for m in wanted):
            folded = of_ends(folded, wanted, objective, np.asarray(training.starts, training.dtype), finals)
        if tested is not None:
            folded = replace(folded, test_last=tested.losses, test_right=tested.right)
        for name in measures:
            if name in FOLDED:
                out[name] = np.array(FOLDED[name].rule(folded))
            elif name in _STATISTICS:
                out[name] = np.array(getattr(folded, name))
            elif name == "history" and history is not None:
                out[name] = history
            elif name == "path" and path is not None:
                died = raw[Measure.DIED_AT, :, None]
                path[(died >= 0) & (np.arange(steps + 1) > died)] = np.nan  # a lane beside it may have kept it going
                out[name] = path
            elif name == "parameters" and finals is not None:
                out[name] = finals
            else:
                raise UnknownNameError("measure", name, RESULTS)
    for values in out.values():
        if values.dtype.kind == "f":
            values[np.isnan(values)] = np.nan  # one NaN, whatever its sign and payload were
    return out


def of_ends(
    known: Statistics, wanted: Sequence[MeasureRecord], objective: Objective, starts: Shaped[Floats, "... P"],
    ends: Shaped[Floats, "runs P"],
) -> Statistics:  # fmt: skip
    """The statistics with those of first and last parameters that the measures need. Ends are NaN if the loss is not finite."""
    minima = any(m.needs == "minima" for m in wanted)
    return replace(
        known,
        distance=distance(starts, ends).astype(ends.dtype),
        minimum=minimum_reached(objective.landscape, ends)
        if minima and isinstance(objective, LandscapeObjective)
        else None,
    )


def statistics(raw: Shaped[Floats, "columns runs"], steps: int, samples: int) -> Statistics:
    """Statistics from the columns of a kernel. `samples`: how many it judged by their class; 0 for none.

    A lane folds nothing after its loss stopped being finite; what those steps would have added to the sums is added here.
    Of runs that diverged, the statistics of the window have the values at that step.
    """
    m, real = Measure, raw.dtype
    count: int = np.minimum(LAST, steps + 1).item()
    died = raw[m.DIED_AT]
    dead = np.where(died < 0, 0, steps + 1 - died)  # number of losses that were not finite; each counts as the cap
    lost = np.minimum(CONVERGENCE_CAP / np.where(died == 0, CONVERGENCE_CAP, raw[m.FIRST]), CONVERGENCE_CAP)
    late = np.minimum(dead, count)
    return Statistics(
        steps, raw[m.DIVERGED_AT].astype(np.int64),
        raw[m.FIRST], raw[m.LAST], raw[m.BEST], raw[m.HIGHEST],
        raw[m.WINDOW_FIRST], raw[m.WINDOW_LOW], raw[m.WINDOW_HIGH],
        raw[m.CLIMBED], raw[m.DRIFT] / half(steps),
        np.sqrt(raw[m.LAST_GRADIENT]), np.sqrt(raw[m.LARGEST_GRADIENT]), raw[m.LARGEST_PARAMETER], smallest_gradient(real),
        raw[m.STEPS_TO].astype(np.int64),
        raw[m.SUM] + dead * lost, raw[m.SUM_INVERSE] + dead / lost,
        np.asanyarray((raw[m.SUM_LAST] + np.where(late > 0, late * lost, 0)) / count),
        np.where(died < 0, raw[m.HITS] / samples if samples else np.nan, np.nan),
    )  # fmt: skip
