"""Many runs at once: every lane of a vector is one run, from its start to its last step.

Maps, comparisons and searches are made of `train`. Each run's result depends on its own settings and start alone, to the
last bit: not on the runs beside it, the number of threads, the vector's width or the instruction set.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import FalllineError, TraceError, UnknownNameError, UsageError
from fallline.measures.outcome import Statistics, half, judge, smallest_gradient
from fallline.problems import LandscapeObjective, NetworkObjective, Objective
from fallline.readings.machine.layout import CONVERGENCE_CAP, LAST, Measure
from fallline.runs import devices
from fallline.runs.execution import EVERY_CORE, Execution
from fallline.runs.kernels import kernel_of
from fallline.runs.packing import Outputs, columns_of, pack
from fallline.runs.pieces import pieces, run
from fallline.runs.programs import Recipe
from fallline.runs.training import Training
from fallline.textbook.network import Network

__all__ = ["MEASURES", "check_subnormals", "train"]

Floats = NDArray[Any]

MEASURES = (
    "final_loss", "best_loss", "steps_to", "diverged_at", "outcome", "accuracy", "convergence", "mean_last",
)  # fmt: skip
"""What can be asked of `train`, besides `history` (losses), `path` (parameters at each step) and `parameters` (at the end)."""


def train(
    training: Training,
    measures: Sequence[str] = ("final_loss",),
    *,
    target: float | None = None,
    execution: Execution = EVERY_CORE,
) -> dict[str, Floats]:
    """Train many runs. The same run gives the same bits however it is computed.

    Parameters
    ----------
    measures
        Any of `MEASURES`; "history", all losses (runs, steps + 1); "parameters", the last ones, (runs, P);
        "path", those of every step, (runs, steps + 1, P). From the first loss on that is not finite, a run's losses and
        last parameters are NaN; its path is NaN after the parameters that gave that loss.
    target
        The loss of "steps_to".

    Raises
    ------
    DeviceError
        There is no such device, it fails, or its bits differ.
    TraceError
        A user's page uses something that cannot be traced.
    FalllineError
        Another library has switched subnormal numbers off in this process.

    Examples
    --------
    >>> from fallline.experiment.method import method
    >>> from fallline.problems import objective
    >>> how = method("momentum", learning_rate=8e-5).with_({"momentum": np.array([0.9, 0.7])})
    >>> training = Training(objective("rosenbrock"), how, 180, np.array([0.86809884, -4.4326123]))
    >>> train(training)["final_loss"].round(6).tolist()
    [0.07319, 0.863147]
    """
    check_subnormals()  # threads take this switch from the thread that starts them
    columns = columns_of(training, target)
    how, bits, batches = training.method, 8 * np.dtype(training.dtype).itemsize, training.rows is not None
    recipe = Recipe(_page(training.objective), how.optimizer, how.schedule, tuple(columns), "accuracy" in measures)
    kernel = kernel_of(recipe, execution.plan, bits, batches=batches, samples=_samples_seen(training))
    outputs = Outputs.of(training, measures)
    arguments = pack(training, columns, kernel.settings, outputs)
    threads = execution.threads or os.cpu_count() or 1
    if execution.device == "cuda":
        on_device = devices.kernel_of(recipe, execution.device_plan, bits, batches)
        devices.run(on_device, arguments, execution.progress)
        devices.prove(on_device, arguments, lambda some, places: run(kernel, some, places, threads, None))
    else:
        run(kernel, arguments, pieces(training.runs, kernel.plan.lanes, threads), threads, execution.progress)
    return _results(
        outputs.measures, outputs.history, outputs.finals, outputs.path, measures, training.steps, training.objective
    )


def check_subnormals() -> None:
    """Refuse a process in which some library makes threads round the smallest numbers to 0: maps would lose bits.

    >>> check_subnormals()
    """
    if (
        not (np.full(8, 5e-324) * np.ones(8)).all()
        or not (np.full(8, 1e-45, np.float32) * np.ones(8, np.float32)).all()
    ):
        raise FalllineError(
            "a library in this process has switched subnormal numbers off (it was built with -ffast-math), so results "
            "would differ from other machines. Import fallline first, or run maps in a process of their own."
        )


def _page(objective: Objective) -> Network | LandscapeObjective:
    """What a kernel is compiled from: data are read when it runs."""
    if isinstance(objective, NetworkObjective):
        return objective.network
    if isinstance(objective, LandscapeObjective):
        return objective
    raise TraceError(f"{objective!r} has no page to trace; only landscapes and networks can run in lanes.")


def _samples_seen(training: Training) -> tuple[int, ...]:
    """The numbers of samples that a step may see: all, and those of a minibatch."""
    if not isinstance(training.objective, NetworkObjective):
        return ()
    whole = (len(training.objective.data),)
    return whole if training.rows is None else (*whole, training.rows.shape[1])


def _results(
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
