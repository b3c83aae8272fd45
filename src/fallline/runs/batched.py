"""Many runs side by side with NumPy: the path for networks that are too large for compiled lanes.

Results are exact to rounding, not bit-stable: BLAS chooses its order of summation by shape, machine and threads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.measures.measure import MEASURES, check_objective
from fallline.measures.statistics import Statistics
from fallline.problems import NetworkObjective, Objective
from fallline.runs.columns import of_ends
from fallline.runs.held_out import on_test
from fallline.runs.training import Training
from fallline.runs.trajectory import trajectory
from fallline.shapes import Shaped

__all__ = ["history", "train"]

Floats = NDArray[Any]

_MEMORY = 2**26
"""Numbers that one chunk of runs may hold in activations and curves: 512 MB in float64 with its temporaries."""


def train(
    training: Training, measures: Sequence[str] = ("final_loss",), *, target: float | None = None
) -> dict[str, Floats]:
    """Train runs and fold their measures: for each measure an array (runs,); for "parameters" the last ones, (runs, P); for
    "history" all losses, (runs, steps + 1), NaN from the first one on that is not finite.

    Parameters
    ----------
    target
        The loss of `steps_to`.

    Examples
    --------
    >>> from fallline.experiment.method import method
    >>> from fallline.problems import objective
    >>> how = method().with_({"learning_rate": np.array([0.1, 0.21])})
    >>> train(Training(objective("quadratic"), how, 50, np.array([2.0, 1.0])))["final_loss"].round(3).tolist()
    [0.0, 68903.062]
    """
    wanted = [MEASURES[name] for name in measures if name not in ("parameters", "history")]
    check_objective(wanted, training.objective)
    parts: dict[str, list[Floats]] = {name: [] for name in measures}
    chunk = max(1, _MEMORY // (_width(training.objective) + 2 * (training.steps + 1)))
    for first in range(0, training.runs, chunk):
        part = training.part(first, min(training.runs, first + chunk))
        losses, norms, end = _curves(part)
        right = _right(training.objective, end) if any(m.needs == "classes" for m in wanted) else np.nan
        statistics = Statistics.of_curves(losses, norms, end, target, right)
        ends = np.where(np.isfinite(losses[:, -1:]), end, np.nan)
        if any(m.reads_ends for m in wanted):
            starts = np.asarray(part.starts, part.dtype)
            statistics = of_ends(statistics, wanted, part.objective, starts, ends.astype(part.dtype))
        if any(m.reads_test for m in wanted):
            tested = on_test(train, part, ends)
            statistics = replace(statistics, test_last=tested.losses, test_right=tested.right)
        if "parameters" in parts:
            parts["parameters"].append(ends)
        if "history" in parts:
            parts["history"].append(np.where(np.isfinite(losses), losses, np.nan))
        with np.errstate(all="ignore"):
            for m in wanted:
                parts[m.name].append(np.asarray(m.rule(statistics)))
    return {name: np.concatenate(values) for name, values in parts.items()}


def history(training: Training) -> tuple[Shaped[Floats, " steps+1"], Shaped[Floats, "steps+1 P"]]:
    """Losses and parameters of a single run; NaN after a loss that is not finite."""
    losses = np.full(training.steps + 1, np.nan, training.dtype)
    path = np.full((training.steps + 1, training.objective.dimension), np.nan, training.dtype)
    for k, (w, loss, _) in enumerate(_trajectory(training)):
        losses[k], path[k] = loss[0], w[0]
        if not np.isfinite(loss[0]):
            break
    return losses, path


def _curves(
    training: Training,
) -> tuple[Shaped[Floats, "runs steps+1"], Shaped[Floats, "runs steps+1"], Shaped[Floats, "runs P"]]:
    """Losses, gradient norms and the last parameters. From the first loss on that is not finite, losses are +inf."""
    losses, norms = np.empty((2, training.runs, training.steps + 1), training.dtype)
    end = training.starts
    for k, (w, loss, gradient) in enumerate(_trajectory(training)):
        end = w
        losses[:, k] = loss
        norms[:, k] = np.sqrt(np.einsum("cp,cp->c", gradient, gradient))
    stopped = np.logical_or.accumulate(~np.isfinite(losses), axis=-1)
    return np.where(stopped, np.inf, losses), norms, end


def _right(objective: Objective, end: Shaped[Floats, "runs P"]) -> Shaped[Floats, " runs"]:
    """The share of samples whose class is right."""
    assert isinstance(objective, NetworkObjective)  # or `check_objective` would have refused it
    return objective.accuracy(end)


def _trajectory(
    training: Training,
) -> Iterator[tuple[Shaped[Floats, "runs P"], Shaped[Floats, " runs"], Shaped[Floats, "runs P"]]]:
    """`trajectory` of runs side by side, with all values in the runs' own type."""
    objective, dtype = training.objective, training.dtype
    values = {name: np.asarray(value, dtype).reshape(-1) for name, value in training.method.values.items()}
    starts = np.asarray(training.starts, dtype)
    w = np.ascontiguousarray(np.broadcast_to(starts, (training.runs, objective.dimension)))
    how, rows = training.method.with_(values), training.rows
    return trajectory(objective, how, w, training.steps, rows=rows, full_loss=training.full_loss)


def _width(objective: Objective) -> int:
    """Numbers that one run keeps at once: parameters thrice, and activations and deltas of all samples."""
    if isinstance(objective, NetworkObjective):
        return 4 * objective.dimension + 6 * len(objective.data) * sum(objective.network.sizes[1:])
    return 8 * objective.dimension
