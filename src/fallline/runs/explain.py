"""Why a run ended as it did: the evidence, and a sentence made from it.

A sentence says, in this order, which units died and how many samples are right then, how the run ended, and what else is known.
The sentence of a learning rate at, above or far below its stability bound comes before how the run ended, since it is the
cause; of a diverged run only where that is established.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.method import Method
from fallline.measures.outcome import OUTCOMES, Kind, Outcome, hardly_moved, judge
from fallline.measures.statistics import CAP, Statistics, window
from fallline.problems import NetworkObjective, Objective
from fallline.problems.curvature import Point
from fallline.problems.deaths import death_sentence, deaths
from fallline.runs.evidence import (
    Ended,
    accuracy,
    batch_losses,
    bouncing,
    bound_sentence,
    counted,
    curvature_vanished,
    layer_of_overflow,
    point_of,
    rises_of,
    trouble,
    unknown_gradient,
)
from fallline.shapes import Shaped

__all__ = ["explain"]

Floats = NDArray[Any]
Ending = tuple[Kind, str]
"""How a run ended, and a sentence about it."""

_LEADS_DOWN = "a straight way without a rise leads further down"

_AT_POINT: dict[Point, str] = {
    "minimum": ", at a minimum", "saddle": ", on a saddle", "maximum": ", at a maximum",
    "no minimum": f", but {_LEADS_DOWN}",
}  # fmt: skip
"""The words of a sentence for a point whose gradient is 0."""


def explain(
    objective: Objective,
    method: Method,
    path: Shaped[Floats, "steps+1 P"],
    losses: Shaped[Floats, " steps+1"],
    norms: Shaped[Floats, " steps+1"],
    minibatches: bool = False,
) -> Outcome:
    """The outcome of a recorded run with its evidence. `minibatches`: whether losses before the last are of batches."""
    statistics = Statistics.of_curves(losses, norms, path[-1])
    died = deaths(objective, path)
    evidence: dict[str, Any] = {
        "died": [{"layer": layer, "unit": unit, "step": step} for layer, unit, step in died],
        "statistics": {
            f.name: float(value) for f in fields(statistics) if (value := getattr(statistics, f.name)) is not None
        },
    }
    run = Ended(objective, method, path, losses, norms, minibatches, statistics, evidence)
    with np.errstate(all="ignore"):
        kind = OUTCOMES[int(judge(statistics))]
        kind, sentence = _SENTENCES[kind](run) if kind in _SENTENCES else (kind, _plain(kind, run))
        if kind != "diverged":
            sentence += unknown_gradient(run)
    if died:
        assert isinstance(objective, NetworkObjective)
        sentence = f"{death_sentence(objective.network, died)}{accuracy(run)} {sentence}"
    step = int(statistics.diverged_at)
    return Outcome(kind, sentence, step if step >= 0 else None, evidence)


# One function for each kind of outcome that the curves show. It may decide on another kind. ---------------------------------


def _converged(run: Ended) -> Ending:
    fell = f"the gradient norm fell from {np.max(run.norms):.3g} to {run.norms[-1]:.3g}"
    point, low, high = point_of(run)
    if point == "saddle":
        return "stalled", (
            f"Stalled at {run.loss} on a saddle: {fell}, but the curvature is negative in one direction "
            f"({low:.3g}) and positive in another ({high:.3g})."
        )
    if point == "maximum":
        return "stalled", f"Stalled at {run.loss} at a maximum: {fell}, but every curvature is negative."
    if point == "no minimum":
        return "stalled", f"Stalled at {run.loss}, which is no minimum: {fell}, but {_LEADS_DOWN}."
    if run.evidence["died"]:
        return "stalled", f"Stalled at {run.loss}: {fell}, with dead units."
    if curvature_vanished(run, low, high):
        return "stalled", f"Stalled at {run.loss} where the landscape is flat: {fell}, and the curvature vanished too."
    sentence = f"Converged to {run.loss}: {fell} in {counted(run.steps)}."
    if point == "degenerate":
        sentence += " The curvature does not tell whether this is a minimum."
    return "converged", sentence


def _stalled(run: Ended) -> Ending:
    s = run.statistics
    norm = f"gradient norm {run.norms[-1]:.3g}"
    if run.steps == 0:
        return "stalled", f"No step was taken: {run.loss}, {norm}."
    whole = hardly_moved(s)
    change = float(s.highest - s.lowest if whole else s.spread)
    moved = f"changed by only {change:.3g}" if change else "did not change"
    moved = f"the loss {moved} in {counted(run.steps) if whole else run.late}"
    if not run.objective.loss_and_gradient(run.path[-1])[1].any():
        start = "" if np.any(run.path != run.path[0]) else " from the start"
        point = _AT_POINT.get(point_of(run)[0], "")
        return "stalled", f"Stalled at {run.loss}: {moved}; the gradient is 0{start}{point}."
    return "stalled", f"{_bound_at_end(run, far_below=True)}Stalled at {run.loss}: {moved}; {norm}.{bouncing(run)}"


def _oscillating(run: Ended) -> Ending:
    s = run.statistics
    rises = rises_of(run)
    rose = "once" if rises == 1 else f"{rises} times"
    sentence = (
        f"Oscillating: over {run.late} the loss rose {rose} and went from {float(s.window_first):.6g} to "
        f"{run.losses[-1]:.6g}, between {float(s.window_low):.6g} and {float(s.window_high):.6g}."
    )
    return "oscillating", _bound_at_end(run) + sentence + batch_losses(run) + bouncing(run)


def _rising(run: Ended) -> Ending:
    s = run.statistics
    always = ", at every step" if rises_of(run) == window(run.steps) > 1 else ""
    began = "" if window(run.steps) == run.steps else f"; it began at {run.losses[0]:.6g}"
    sentence = f"Rising: over {run.late} the loss went from {float(s.window_first):.6g} up to {run.losses[-1]:.6g}{always}{began}."
    return "rising", _bound_at_end(run) + sentence + batch_losses(run) + bouncing(run)


def _bound_at_end(run: Ended, *, far_below: bool = False) -> str:
    """The sentence about the stability bound at the end, to stand before another; "" if there is nothing to say."""
    bound = bound_sentence(run, at_end=True, far_below=far_below)
    return f"{bound.strip()} " if bound else ""


def _descending(run: Ended) -> Ending:
    s, rises = run.statistics, rises_of(run)
    tail = "" if window(run.steps) == run.steps else f", by {float(-s.change):.3g} over the last {window(run.steps)}"
    sentence = f"Still descending after {counted(run.steps)}: loss {run.losses[0]:.6g} to {run.losses[-1]:.6g}{tail}."
    if s.last > s.first:
        sentence += " It is above its start."
    if rises:
        sentence += f" It rose in {rises} of the last {counted(window(run.steps))}." + batch_losses(run)
    return "still descending", sentence


def _diverged(run: Ended) -> Ending:
    step = int(run.statistics.diverged_at)
    loss = run.losses[step]
    if step == 0:
        return "diverged", f"The start has no finite loss: it is {loss:g}.{trouble(run, step)}"
    run.evidence.update(step=step, last_finite_loss=float(run.losses[step - 1]))
    if np.isfinite(loss):
        first = abs(float(run.losses[0]))
        limit = f"{CAP:g} times the first" if first > 1 else f"{CAP:g}"
        if loss < 0:
            return "diverged", f"Diverged downward at step {step}: the loss fell below -{CAP * max(1.0, first):.3g}."
        return "diverged", _after_cause(run, step, f"Diverged at step {step}: the loss passed {limit}.")
    sentence = f"Diverged at step {step}: the loss was no longer a finite number"
    layer = layer_of_overflow(run, step)
    if layer is not None:
        run.evidence["layer"] = layer
        sentence += f", first in layer {layer}"
    return "diverged", _after_cause(run, step, f"{sentence}.{trouble(run, step)}")


def _after_cause(run: Ended, step: int, sentence: str) -> str:
    """The sentence of a divergence, after that of the learning rate if it is the cause: if the loss was never below its start."""
    bound = bound_sentence(run, at_end=False)
    if bound and (run.losses[1:step] >= run.losses[0]).all():
        return f"{bound.strip()} {sentence}"
    return sentence + bound


def _plain(kind: Kind, run: Ended) -> str:
    """The sentence of an outcome that has no function of its own here."""
    first, last = float(run.statistics.window_first), run.losses[-1]
    return f"{kind.capitalize()}: over {run.late} the loss went from {first:.6g} to {last:.6g}."


_SENTENCES: dict[Kind, Callable[[Ended], Ending]] = {
    "converged": _converged, "still descending": _descending, "stalled": _stalled, "oscillating": _oscillating,
    "diverged": _diverged, "rising": _rising,
}  # fmt: skip
