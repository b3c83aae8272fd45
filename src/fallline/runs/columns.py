"""What each measure is, read from the columns that a kernel folded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UnknownNameError, UsageError
from fallline.measures.outcome import Statistics, half, judge, smallest_gradient
from fallline.problems import NetworkObjective, Objective
from fallline.readings.machine.layout import CONVERGENCE_CAP, LAST, Measure

__all__ = ["MEASURES", "results"]

Floats = NDArray[Any]

MEASURES = (
    "final_loss", "best_loss", "steps_to", "diverged_at", "outcome", "accuracy", "convergence", "mean_last",
)  # fmt: skip
"""What can be asked of `train`, besides `history` (losses), `path` (parameters at each step) and `parameters` (at the end)."""


def results(
    raw: Floats,
    history: Floats | None,
    finals: Floats | None,
    path: Floats | None,
    measures: Sequence[str],
    steps: int,
    what: Objective,
) -> dict[str, Floats]:
    """Measures from the kernel's columns. A lane folds nothing after its loss stopped being finite; what those steps
    would have added is added here."""
    alive = raw[Measure.DIED_AT] < 0
    out: dict[str, Floats] = {}
    with np.errstate(all="ignore"):
        for name in measures:
            if name == "final_loss":
                out[name] = raw[Measure.LAST].copy()
            elif name == "best_loss":
                out[name] = raw[Measure.BEST].copy()
            elif name in ("steps_to", "diverged_at"):
                out[name] = raw[Measure[name.upper()]].astype(np.int64)
            elif name == "mean_last":
                out[name] = _last_mean(raw, steps)
            elif name == "convergence":
                dead, lost = _dead(raw, steps)
                out[name] = np.where(
                    _last_mean(raw, steps) < 1,
                    -(raw[Measure.SUM] + dead * lost),
                    raw[Measure.SUM_INVERSE] + dead / lost,
                )
            elif name == "outcome":
                out[name] = judge(_statistics(raw, steps))
            elif name == "history":
                assert history is not None
                out[name] = history
            elif name == "path":
                assert path is not None
                died = raw[Measure.DIED_AT, :, None]
                path[(died >= 0) & (np.arange(steps + 1) > died)] = np.nan  # a lane beside it may have kept it going
                out[name] = path
            elif name == "parameters":
                assert finals is not None
                finals[~alive] = np.nan
                out[name] = finals
            elif name == "accuracy":
                out[name] = np.where(alive, raw[Measure.HITS] / _samples(what), np.nan)
            else:
                raise UnknownNameError("measure", name, (*MEASURES, "history", "parameters"))
    for values in out.values():
        if values.dtype.kind == "f":
            values[np.isnan(values)] = np.nan  # one NaN, whatever its sign and payload were
    return out


def _samples(objective: Objective) -> int:
    if not isinstance(objective, NetworkObjective) or objective.network.loss.targets == "values":
        raise UsageError(f"accuracy needs a network that classifies data; {objective.name} does not.")
    return len(objective.data)


def _dead(raw: Floats, steps: int) -> tuple[Floats, Floats]:
    """For each run the number of losses that were not finite, and v = 1e6 / L_0 that each of them counts as."""
    died = raw[Measure.DIED_AT]
    first = np.where(died == 0, CONVERGENCE_CAP, raw[Measure.FIRST])
    return np.where(died < 0, 0, steps + 1 - died), np.minimum(CONVERGENCE_CAP / first, CONVERGENCE_CAP)


def _last_mean(raw: Floats, steps: int) -> Floats:
    """Mean of the last 20 v = L_t / L_0."""
    count = min(LAST, steps + 1)
    dead, lost = _dead(raw, steps)
    late = np.minimum(dead, count)
    return np.asarray((raw[Measure.SUM_LAST] + np.where(late > 0, late * lost, 0)) / count)


def _statistics(raw: Floats, steps: int) -> Statistics:
    """What an outcome is judged by, from the folded columns. Runs that diverged have whatever was folded until then."""
    m, real = Measure, raw.dtype
    return Statistics(
        steps, raw[m.DIVERGED_AT].astype(np.int64),
        raw[m.FIRST], raw[m.LAST], raw[m.BEST], raw[m.HIGHEST],
        raw[m.WINDOW_FIRST], raw[m.WINDOW_LOW], raw[m.WINDOW_HIGH],
        raw[m.CLIMBED], raw[m.DRIFT] / real.type(half(steps)),
        np.sqrt(raw[m.LAST_GRADIENT]), np.sqrt(raw[m.LARGEST_GRADIENT]), raw[m.LARGEST_PARAMETER], smallest_gradient(real),
    )  # fmt: skip
