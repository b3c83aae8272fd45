"""Why a run ended as it did: the evidence, and the sentence made of it.

A sentence says what is so, in this order: which units died, how the run ended, what is known of the cause.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fallline.problems import NetworkObjective, Objective
from fallline.runs.curvature import Point, eigenvalues, stable_learning_rate, stationary_point
from fallline.runs.deaths import death_sentence, deaths
from fallline.runs.outcome import CAP, OUTCOMES, VANISHED, Kind, Outcome, Statistics, hardly_moved, judge, window
from fallline.textbook import network as pages

if TYPE_CHECKING:
    from fallline.runs.descent import Method

__all__ = ["explain"]

Floats = NDArray[Any]
Told = tuple[Kind, str]
"""How a run ended, and the sentence of it."""

_LARGE = 2000
"""Beyond this many parameters curvature is not measured unasked: it would cost more than the run."""

_AT = 1e-5
"""A learning rate this close to its bound is at it: central differences give the bound no more exactly."""

_TROUBLE = {
    "divide by zero": "a division by 0 or the log of 0",
    "invalid value": "an operation without a value, such as the log or root of a negative number",
    "overflow": "a number that is too large",
}
"""What NumPy calls an exceptional operation, and what a sentence calls it."""

_LEADS_DOWN = "a straight way without a rise leads further down"

_AT_POINT: dict[Point, str] = {
    "minimum": ", at a minimum", "saddle": ", on a saddle", "maximum": ", at a maximum",
    "no minimum": f", but {_LEADS_DOWN}",
}  # fmt: skip
"""What a sentence adds for a point whose gradient is 0."""


@dataclass(frozen=True, eq=False)
class _Ended:
    """A run that has ended, with what sentences need of it."""

    objective: Objective
    method: Method
    path: Floats
    losses: Floats
    norms: Floats
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
        return f"the last {count} of {self.steps} steps" if count < self.steps else _counted(self.steps)


def explain(
    objective: Objective, method: Method, path: Floats, losses: Floats, norms: Floats, minibatches: bool = False
) -> Outcome:
    """The outcome of a recorded run with its evidence. `minibatches`: whether losses before the last are of batches."""
    statistics = Statistics.of_curves(losses, norms, path[-1])
    kind = OUTCOMES[int(judge(statistics))]
    died = deaths(objective, path)
    evidence: dict[str, Any] = {"died": [{"layer": layer, "unit": unit, "step": step} for layer, unit, step in died]}
    run = _Ended(objective, method, path, losses, norms, minibatches, statistics, evidence)
    kind, sentence = _SENTENCES[kind](run)
    if kind != "diverged":
        sentence += _unknown_gradient(run)
    if died:
        assert isinstance(objective, NetworkObjective)
        sentence = f"{death_sentence(objective.network, died)} {sentence}"
    step = int(statistics.diverged_at)
    return Outcome(kind, sentence, step if step >= 0 else None, evidence)


# One function for each kind that the curves show. It may know better than they do. ---------------------------------


def _converged(run: _Ended) -> Told:
    fell = f"the gradient norm fell from {np.max(run.norms):.3g} to {run.norms[-1]:.3g}"
    point, low, high = _point(run)
    if point == "saddle":
        return "stalled", (
            f"Stalled at {run.loss} on a saddle: {fell}, but the curvature is negative in one direction "
            f"({low:.3g}) and positive in another ({high:.3g})."
        )
    if point == "maximum":
        return "stalled", f"Stalled at {run.loss} at a maximum: {fell}, but the curvature is negative in every direction."
    if point == "no minimum":
        return "stalled", f"Stalled at {run.loss}, which is no minimum: {fell}, but {_LEADS_DOWN}."
    if run.evidence["died"]:
        return "stalled", f"Stalled at {run.loss}: {fell}, with dead units."
    if point != "unknown" and max(abs(low), abs(high)) <= VANISHED * _steepest(eigenvalues(run.objective, run.path[0])):
        return "stalled", f"Stalled at {run.loss} where the landscape is flat: {fell}, and the curvature vanished as well."
    sentence = f"Converged to {run.loss}: {fell} in {_counted(run.steps)}."
    if point == "degenerate":
        sentence += " The curvature does not tell whether this is a minimum."
    return "converged", sentence


def _stalled(run: _Ended) -> Told:
    s = run.statistics
    norm = f"gradient norm {run.norms[-1]:.3g}"
    if run.steps == 0:
        return "stalled", f"No step was taken: {run.loss}, {norm}."
    whole = hardly_moved(s)
    change = float(s.highest - s.lowest if whole else s.spread)
    moved = f"changed by only {change:.3g}" if change else "did not change"
    moved = f"the loss {moved} in {_counted(run.steps) if whole else run.late}"
    if not run.objective.loss_and_gradient(run.path[-1])[1].any():
        start = "" if np.any(run.path != run.path[0]) else " from the start"
        return "stalled", f"Stalled at {run.loss}: {moved}; the gradient is 0{start}{_AT_POINT.get(_point(run)[0], '')}."
    bound = _bound_sentence(run, at_end=True, far_below=True)
    return "stalled", f"Stalled at {run.loss}: {moved}; {norm}.{_bouncing(run)}{bound}"


def _oscillating(run: _Ended) -> Told:
    s = run.statistics
    sentence = (
        f"Oscillating: over {run.late} the loss rose {_times(_rises(run))} and went from {float(s.window_first):.6g} to "
        f"{run.losses[-1]:.6g}, between {float(s.window_low):.6g} and {float(s.window_high):.6g}."
    )
    return "oscillating", sentence + _batch_losses(run) + _bouncing(run) + _bound_sentence(run, at_end=True)


def _rising(run: _Ended) -> Told:
    s = run.statistics
    always = ", at every step" if _rises(run) == window(run.steps) > 1 else ""
    began = "" if window(run.steps) == run.steps else f"; it began at {run.losses[0]:.6g}"
    sentence = f"Rising: over {run.late} the loss went from {float(s.window_first):.6g} up to {run.losses[-1]:.6g}{always}{began}."
    return "rising", sentence + _batch_losses(run) + _bouncing(run) + _bound_sentence(run, at_end=True)


def _descending(run: _Ended) -> Told:
    s, rises = run.statistics, _rises(run)
    tail = "" if window(run.steps) == run.steps else f", by {float(-s.change):.3g} over the last {window(run.steps)}"
    sentence = f"Still descending after {_counted(run.steps)}: loss {run.losses[0]:.6g} to {run.losses[-1]:.6g}{tail}."
    if s.last > s.first:
        sentence += " It is above its start."
    if rises:
        sentence += f" It rose in {rises} of the last {_counted(window(run.steps))}." + _batch_losses(run)
    return "still descending", sentence


def _diverged(run: _Ended) -> Told:
    step = int(run.statistics.diverged_at)
    loss = run.losses[step]
    if step == 0:
        return "diverged", f"The start has no finite loss: it is {loss:g}.{_trouble(run, step)}"
    run.evidence.update(step=step, last_finite_loss=float(run.losses[step - 1]))
    if np.isfinite(loss):
        first = abs(float(run.losses[0]))
        times = f"{CAP:g} times the first" if first > 1 else f"{CAP:g}"
        cause = f"the loss passed {times}" if loss > 0 else f"the loss fell below -{times}"
        if loss < 0:
            return "diverged", f"Diverged downward at step {step}: {cause}."
        return "diverged", f"Diverged at step {step}: {cause}.{_bound_sentence(run, at_end=False)}"
    sentence = f"Diverged at step {step}: the loss was no longer a finite number"
    layer = _layer_of_overflow(run, step)
    if layer is not None:
        run.evidence["layer"] = layer
        sentence += f", first in layer {layer}"
    return "diverged", f"{sentence}.{_trouble(run, step)}{_bound_sentence(run, at_end=False)}"


_SENTENCES: dict[Kind, Callable[[_Ended], Told]] = {
    "converged": _converged, "still descending": _descending, "stalled": _stalled, "oscillating": _oscillating,
    "diverged": _diverged, "rising": _rising,
}  # fmt: skip


# Facts that several sentences give. -------------------------------------------------------------------------------


def _bound_sentence(run: _Ended, *, at_end: bool, far_below: bool = False) -> str:
    """That the learning rate is at its stability bound, above it or, if wanted, far below it."""
    method, name = run.method, run.method.optimizer.name
    if run.minibatches or method.learning_rates or method.schedule.name != "constant" or run.objective.dimension > _LARGE:
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


def _bouncing(run: _Ended) -> str:
    """Whether each of the last steps goes back where the one before came from."""
    moves = np.diff(run.path[-min(len(run.path), 10) :].astype(np.float64), axis=0)
    if len(moves) < 2:
        return ""
    products, sizes = (moves[1:] * moves[:-1]).sum(axis=-1), np.linalg.norm(moves, axis=-1)
    back = products < -0.9 * sizes[1:] * sizes[:-1]
    return " Each of the last steps goes back against the one before." if back.all() and (sizes > 0).all() else ""


def _unknown_gradient(run: _Ended) -> str:
    """What the gradient norms cannot tell because their squares leave the range of the run's numbers."""
    s, real = run.statistics, run.path.dtype.name
    if run.steps == 0 or np.isnan(s.last_gradient) or np.isnan(s.largest_gradient):
        return " The gradient is not a number, so it does not tell whether the run converged." if run.steps else ""
    small = s.last_gradient < s.smallest_gradient and s.largest_gradient * VANISHED < s.smallest_gradient
    if s.gradient_is_known and not (small and run.objective.loss_and_gradient(run.path[-1])[1].any()):
        return ""
    size = "small" if s.gradient_is_known else "large"
    return f" The squares of the gradient are too {size} for {real}, so its norm does not tell whether the run converged."


def _point(run: _Ended) -> tuple[Point, float, float]:
    """What the last point is by its curvature, as far as that is measured."""
    s = run.statistics
    if run.objective.dimension > _LARGE:
        return "unknown", float("nan"), float("nan")
    point, low, high = stationary_point(run.objective, run.path[-1], float(max(s.highest - s.lowest, abs(s.last))))
    run.evidence.update(point=point, smallest_eigenvalue=low, largest_eigenvalue=high)
    return point, low, high


def _trouble(run: _Ended, step: int) -> str:
    """What the computation of a loss that is not finite met."""
    w = run.path[step]
    if not np.isfinite(w).all():
        names = [run.objective.labels[k] for k in np.flatnonzero(~np.isfinite(w))[:3]]
        return f" Not finite: parameter {', '.join(names)}."
    met: list[str] = []
    with np.errstate(divide="call", over="call", invalid="call", call=lambda kind, _: met.append(kind)):
        run.objective.loss(w)
    causes = [_TROUBLE[kind] for kind in dict.fromkeys(met) if kind in _TROUBLE]
    return f" Its computation meets {' and '.join(causes)}." if causes else ""


def _layer_of_overflow(run: _Ended, step: int) -> int | None:
    objective, w = run.objective, run.path[step]
    if not isinstance(objective, NetworkObjective) or np.isfinite(objective.loss(w)):
        return None
    with np.errstate(all="ignore"):
        _, kept = pages.forward(objective.network, objective.network.unpack(w), objective.data.X.astype(w.dtype))
    for layer, (_, Z) in enumerate(kept, start=1):
        if not np.isfinite(Z).all():
            return layer
    return None


def _batch_losses(run: _Ended) -> str:
    return " All losses but the last are of single minibatches." if run.minibatches else ""


def _steepest(ends: tuple[float, float]) -> float:
    return max(abs(ends[0]), abs(ends[1])) if np.isfinite(ends).all() else 0.0


def _rises(run: _Ended) -> int:
    return int((np.diff(run.losses[-window(run.steps) - 1 :]) > 0).sum()) if run.steps else 0


def _counted(steps: int) -> str:
    return "1 step" if steps == 1 else f"{steps} steps"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
