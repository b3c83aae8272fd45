"""Many runs side by side with NumPy: the path for networks that are too large for compiled lanes.

Results are exact to rounding, not bit-stable: BLAS chooses its order of summation by shape, machine and threads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fallline.experiment.method import Method
from fallline.measures.measure import MEASURES, check_objective
from fallline.measures.statistics import Statistics
from fallline.problems import NetworkObjective, Objective
from fallline.runs.descent import trajectory
from fallline.textbook import network as pages
from fallline.textbook.optimizers import Optimizer
from fallline.textbook.optimizers import optimizer as as_optimizer
from fallline.textbook.schedules import Schedule
from fallline.textbook.schedules import schedule as as_schedule

__all__ = ["history", "train"]

_MEMORY = 2**26
"""Numbers that one chunk of runs may hold in activations and curves: 512 MB in float64 with its temporaries."""


def train(
    objective: Objective,
    optimizer: str | Optimizer,
    *,
    steps: int,
    settings: Mapping[str, ArrayLike],
    starts: NDArray[Any],
    schedule: str | Schedule = "constant",
    schedule_settings: Mapping[str, ArrayLike] | None = None,
    rows: NDArray[np.int64] | None = None,
    measures: Sequence[str] = ("final_loss",),
    target: float | None = None,
    dtype: str = "float64",
) -> dict[str, NDArray[Any]]:
    """Train one run for each cell and fold its measures.

    Parameters
    ----------
    settings
        A number, or one for each cell, (cells,), of each setting of the optimizer, "learning_rate.1", ..., "l2".
    starts
        First parameters, (P,) for all cells or (cells, P).
    rows
        The samples that each step sees, (steps, batch); all unless given. Losses are on the scale of all samples.
    target
        The loss of `steps_to`.

    Returns
    -------
    For each measure an array (cells,).

    Examples
    --------
    >>> from fallline.problems import objective
    >>> train(objective("quadratic"), "gradient_descent", steps=50, settings={"learning_rate": [0.1, 0.21]},
    ...       starts=np.array([2.0, 1.0]))["final_loss"].round(3).tolist()
    [0.0, 68903.062]
    """
    columns = {name: np.asarray(value, dtype=dtype).reshape(-1) for name, value in settings.items()}
    plan = {name: np.asarray(value, dtype=dtype).reshape(-1) for name, value in (schedule_settings or {}).items()}
    starts = np.atleast_2d(np.asarray(starts, dtype=dtype))
    cells = max([len(starts), *(len(c) for c in columns.values()), *(len(c) for c in plan.values())])
    wanted = [MEASURES[name] for name in measures]
    check_objective(wanted, objective)
    record = Method(as_optimizer(optimizer), {}, as_schedule(schedule), {}, {})
    found: dict[str, list[NDArray[Any]]] = {name: [] for name in measures}
    chunk = max(1, _MEMORY // (_width(objective) + 2 * (steps + 1)))
    for first in range(0, cells, chunk):
        part = slice(first, min(cells, first + chunk))
        losses, norms, end = _curves(
            objective, record, steps, {k: _cut(v, part) for k, v in columns.items()},
            {k: _cut(v, part) for k, v in plan.items()}, _cut(starts, part), part.stop - part.start, rows,
        )  # fmt: skip
        right = _right(objective, end) if any(m.needs == "classes" for m in wanted) else np.nan
        folded = Statistics.of_curves(losses, norms, end, target, right)
        with np.errstate(all="ignore"):
            for m in wanted:
                found[m.name].append(np.asarray(m.rule(folded)))
    return {name: np.concatenate(parts) for name, parts in found.items()}


def history(
    objective: Objective, optimizer: Optimizer, *, steps: int, settings: Mapping[str, float], starts: NDArray[Any],
    schedule: Schedule, schedule_settings: Mapping[str, float], rows: NDArray[np.int64] | None, dtype: str,
) -> tuple[NDArray[Any], NDArray[Any]]:  # fmt: skip
    """Losses, (steps + 1,), and parameters, (steps + 1, P), of one run; NaN after a loss that is not finite."""
    columns = {name: np.asarray([value], dtype=dtype) for name, value in settings.items()}
    plan = {name: np.asarray([value], dtype=dtype) for name, value in schedule_settings.items()}
    method = Method(optimizer, {}, schedule, {}, {})
    losses = np.full(steps + 1, np.nan, dtype)
    path = np.full((steps + 1, objective.dimension), np.nan, dtype)
    descent = _trajectory(objective, method, steps, columns, plan, np.asarray(starts, dtype)[None], 1, rows)
    for k, (w, loss, _) in enumerate(descent):
        losses[k], path[k] = loss[0], w[0]
        if not np.isfinite(loss[0]):
            break
    return losses, path


def _curves(
    objective: Objective, method: Method, steps: int, settings: dict[str, NDArray[Any]], plan: dict[str, NDArray[Any]],
    starts: NDArray[Any], cells: int, rows: NDArray[np.int64] | None,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:  # fmt: skip
    """Losses and gradient norms, (runs, steps + 1), and the last parameters, (runs, P). From the first loss on that is not
    finite, losses are +inf."""
    losses, norms = np.empty((cells, steps + 1), starts.dtype), np.empty((cells, steps + 1), starts.dtype)
    descent = _trajectory(objective, method, steps, settings, plan, starts, cells, rows)
    end = starts
    for k, (w, loss, gradient) in enumerate(descent):
        end = w
        losses[:, k] = loss
        norms[:, k] = np.sqrt(np.einsum("cp,cp->c", gradient, gradient))
    stopped = np.logical_or.accumulate(~np.isfinite(losses), axis=-1)
    return np.where(stopped, np.inf, losses), norms, end


def _right(objective: Objective, end: NDArray[Any]) -> NDArray[Any]:
    """The share of samples whose class is right."""
    assert isinstance(objective, NetworkObjective)  # or `check_objective` would have refused it
    return objective.accuracy(end)


def _trajectory(
    objective: Objective, method: Method, steps: int, settings: dict[str, NDArray[Any]], plan: dict[str, NDArray[Any]],
    starts: NDArray[Any], cells: int, rows: NDArray[np.int64] | None,
) -> Iterator[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]:  # fmt: skip
    """`trajectory` with a column of settings for the runs: each array gets an axis for the parameters."""
    w = np.ascontiguousarray(np.broadcast_to(starts, (cells, objective.dimension)))
    rate: NDArray[Any] = settings["learning_rate"][:, None]
    if isinstance(objective, NetworkObjective):
        layers = np.array(objective.network.layer_of)
        for layer in range(1, objective.network.depth + 1):
            own = settings.get(f"learning_rate.{layer}")
            rate = rate if own is None else np.where(layers == layer, own[:, None], rate)
    penalised = _Penalised(objective, settings["l2"]) if "l2" in settings else objective
    one = {name: settings[name][:, None] for name in method.optimizer.settings}
    how = replace(method, settings=one, schedule_settings={k: v[:, None] for k, v in plan.items()})  # type: ignore[arg-type,misc]  # arrays stand where a single run has numbers
    return trajectory(penalised, how, w, steps, learning_rate=rate, rows=rows)


@dataclass(frozen=True, eq=False)
class _Penalised:
    """A network whose L2 penalty differs from run to run: the penalty's page at l2 = 1, times each run's own."""

    objective: Objective
    l2: NDArray[Any]

    @property
    def name(self) -> str:
        return self.objective.name

    @property
    def dimension(self) -> int:
        return self.objective.dimension

    @property
    def labels(self) -> tuple[str, ...]:
        return self.objective.labels

    def loss(self, w: NDArray[Any]) -> NDArray[Any]:
        return self.loss_and_gradient(w)[0]

    def loss_and_gradient(
        self, w: NDArray[Any], rows: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        loss, gradient = self._bare.loss_and_gradient(w, rows)
        extra, slope = self._penalty(w)
        return loss + extra, gradient + slope

    def minibatch(self, w: NDArray[Any], rows: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        loss, gradient, step = self._bare.minibatch(w, rows)
        extra, slope = self._penalty(w)
        return loss + extra, gradient + slope, step + slope

    @cached_property
    def _bare(self) -> NetworkObjective:
        assert isinstance(self.objective, NetworkObjective)
        return replace(self.objective, network=self.objective.network.with_(l2=0.0))

    def _penalty(self, w: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        network = self._bare.network
        extra, slope = pages.penalty(network, network.unpack(w), 1.0)
        return self.l2 * extra, self.l2[:, None] * network.pack(slope)


def _cut(values: NDArray[Any], part: slice) -> NDArray[Any]:
    return values if len(values) == 1 else values[part]


def _width(objective: Objective) -> int:
    """Numbers that one run keeps at once: parameters thrice, and activations and deltas of all samples."""
    if isinstance(objective, NetworkObjective):
        return 4 * objective.dimension + 6 * len(objective.data) * sum(objective.network.sizes[1:])
    return 8 * objective.dimension
