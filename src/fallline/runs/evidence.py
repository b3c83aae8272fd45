"""Facts about a run that has ended, most of them as sentences, from which the sentence of its outcome is made.

A sentence is "" where there is nothing to say. Otherwise it begins with a space, so that it can follow another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import TraceError
from fallline.experiment.method import Method
from fallline.measures.outcome import VANISHED
from fallline.measures.statistics import Statistics, window
from fallline.problems import LandscapeObjective, NetworkObjective, Objective
from fallline.problems.curvature import Point, eigenvalues, stable_learning_rate, stationary_point
from fallline.problems.traced import traced_landscape
from fallline.readings.graph.nonfinite import Trouble, first_troubles
from fallline.shapes import Shaped
from fallline.textbook import network as pages

__all__ = [
    "Ended",
    "accuracy",
    "batch_losses",
    "bouncing",
    "bound_sentence",
    "counted",
    "curvature_vanished",
    "layer_of_overflow",
    "point_of",
    "rises_of",
    "trouble",
    "unknown_gradient",
]

Floats = NDArray[Any]

_LARGE = 2000
"""With more parameters than this, curvature is not measured: it would cost more than the run."""

_LOOKS = 200
"""The longest window over which the accuracy is watched: each of its steps costs a forward pass."""

_AT = 1e-5
"""A learning rate is at its bound if it is this close to it: central differences give no more digits of the bound."""

_TROUBLE: dict[Trouble, str] = {
    "division by 0": "a division by 0 or the log of 0",
    "no value": "an operation without a value, such as the log or root of a negative number",
    "overflow": "a number that is too large",
}
"""The words of a sentence for each kind of trouble."""


@dataclass(frozen=True, eq=False)
class Ended:
    """A run that has ended, with the curves and evidence that sentences need."""

    objective: Objective
    method: Method
    path: Shaped[Floats, "steps+1 P"]
    losses: Shaped[Floats, " steps+1"]
    norms: Shaped[Floats, " steps+1"]
    minibatches: bool
    statistics: Statistics
    evidence: dict[str, Any]

    @property
    def steps(self) -> int:
        return self.statistics.steps

    @property
    def loss(self) -> str:
        return f"loss {self.losses[-1] + 0.0:.6g}"  # -0 is shown as 0

    @property
    def late(self) -> str:
        """ "the last 8 of 30 steps", or "1 step" where these are all."""
        count = window(self.steps)
        return f"the last {count} of {self.steps} steps" if count < self.steps else counted(self.steps)


def bound_sentence(run: Ended, *, at_end: bool, far_below: bool = False) -> str:
    """Say that the learning rate is at its stability bound, above it or, with `far_below`, far below it."""
    method, name = run.method, run.method.optimizer.name
    if (
        run.minibatches
        or method.learning_rates
        or method.schedule.name != "constant"
        or run.objective.dimension > _LARGE
    ):
        return ""
    largest = eigenvalues(run.objective, run.path[-1 if at_end else 0])[1]
    bound = stable_learning_rate(name, largest, method.settings.get("momentum", 0.0))
    run.evidence["stable_learning_rate"] = bound
    if bound is None:
        return ""
    rate = method.settings["learning_rate"]
    ratio = rate / bound
    if far_below and ratio < 0.1:
        place = "lies far below"
    elif ratio > 1 + _AT:
        place = "lies above"
    elif ratio >= 1 - _AT:
        place = "is"
    else:
        return ""
    formula = "2/L"
    if name != "gradient_descent":
        formula = "2(1 + momentum)/L" if name.startswith("momentum") else "2(1 + momentum)/(L(1 + 2 momentum))"
    where = "at the end" if at_end else "at the start"
    return f" Learning rate {rate:g} {place} the stability bound {formula} = {bound:.3g} {where}."


def bouncing(run: Ended) -> str:
    """Say whether each of the last steps goes against the step before it."""
    moves = np.diff(run.path[-min(len(run.path), 10) :].astype(np.float64), axis=0)
    if len(moves) < 2:
        return ""
    products, sizes = (moves[1:] * moves[:-1]).sum(axis=-1), np.linalg.norm(moves, axis=-1)
    back = products < -0.9 * sizes[1:] * sizes[:-1]
    return " Each of the last steps goes back against the one before." if back.all() and (sizes > 0).all() else ""


def unknown_gradient(run: Ended) -> str:
    """Say what the gradient norms cannot show because their squares leave the range of the run's numbers."""
    s, real = run.statistics, run.path.dtype.name
    if run.steps == 0:
        return ""
    if np.isnan(s.last_gradient) or np.isnan(s.largest_gradient):
        return " The gradient is not a number, so it does not tell whether the run converged."
    small = s.last_gradient < s.smallest_gradient and s.largest_gradient * VANISHED < s.smallest_gradient
    if s.gradient_is_known and not (small and run.objective.loss_and_gradient(run.path[-1])[1].any()):
        return ""
    size = "small" if s.gradient_is_known else "large"
    return (
        f" The squares of the gradient are too {size} for {real}, so its norm does not tell whether the run converged."
    )


def point_of(run: Ended) -> tuple[Point, float, float]:
    """What kind of point the last one is, with the extreme eigenvalues of the Hessian there."""
    s = run.statistics
    if run.objective.dimension > _LARGE:
        return "unknown", float("nan"), float("nan")
    point, low, high = stationary_point(run.objective, run.path[-1], float(max(s.highest - s.lowest, abs(s.last))))
    run.evidence.update(point=point, smallest_eigenvalue=low, largest_eigenvalue=high)
    return point, low, high


def trouble(run: Ended, step: int) -> str:
    """Say which operation made a loss that is not finite."""
    w = run.path[step]
    if not np.isfinite(w).all():
        names = [run.objective.labels[k] for k in np.flatnonzero(~np.isfinite(w))[:3]]
        return f" Not finite: parameter {', '.join(names)}."
    if not isinstance(run.objective, LandscapeObjective):
        return ""  # `layer_of_overflow` says it of a network
    try:
        value, *_ = traced_landscape(run.objective)
    except TraceError:
        return ""
    met = first_troubles(value, {("w", k): x for k, x in enumerate(w)})
    return f" Its computation meets {' and '.join(_TROUBLE[kind] for kind in met)}." if met else ""


def layer_of_overflow(run: Ended, step: int) -> int | None:
    """The first layer whose pre-activation is not finite at that step."""
    objective, w = run.objective, run.path[step]
    if not isinstance(objective, NetworkObjective) or np.isfinite(objective.loss(w)):
        return None
    _, kept = pages.forward(objective.network, objective.network.unpack(w), objective.data.X.astype(w.dtype))
    for layer, (_, Z) in enumerate(kept, start=1):
        if not np.isfinite(Z).all():
            return layer
    return None


def accuracy(run: Ended) -> str:
    """Say the share of right answers of a classifier, and whether it was the same all over the window."""
    objective = run.objective
    if not isinstance(objective, NetworkObjective) or objective.network.loss.targets == "values":
        return ""
    count = window(run.steps)
    late = run.path[-count - 1 :] if count <= _LOOKS else run.path[-1:]
    if not np.isfinite(late).all():
        return ""
    shares = np.asarray(objective.accuracy(late))
    word = "is stuck" if len(late) > 1 and (shares == shares[-1]).all() else "ends"
    return f" The accuracy {word} at {np.floor(1000 * shares[-1]) / 1000:g}."  # 0.9997 is not shown as 1


def batch_losses(run: Ended) -> str:
    """Say that the losses are of minibatches, if they are."""
    return " All losses but the last are of single minibatches." if run.minibatches else ""


def curvature_vanished(run: Ended, low: float, high: float) -> bool:
    """Whether the curvature at the end, from low to high, has vanished beside that at the start."""
    if not np.isfinite([low, high]).all():
        return False
    first = eigenvalues(run.objective, run.path[0])
    return max(abs(low), abs(high)) <= VANISHED * max(abs(first[0]), abs(first[1]))


def rises_of(run: Ended) -> int:
    """In how many steps of the window the loss rose."""
    return int((np.diff(run.losses[-window(run.steps) - 1 :]) > 0).sum()) if run.steps else 0


def counted(steps: int) -> str:
    """ "1 step", "2 steps"."""
    return "1 step" if steps == 1 else f"{steps} steps"
