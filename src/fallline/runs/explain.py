"""Why a run ended as it did: a sentence made from facts.

A sentence says, in this order, which units died and how many samples are right then, how the run ended, and what else is known.
The sentence of a learning rate at, above or far below its stability bound comes before how the run ended, since it is the
cause; of a diverged run only where that is established.

Sentences read facts by name, and decide with `if` and NumPy's functions of them, so that they can be traced for pages without
Python (`fallline.live.causes`). A part is "" where there is nothing to say; otherwise it begins with a space, or ends with one if it stands before a sentence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.method import Method
from fallline.measures.outcome import OUTCOMES, VANISHED, Kind, Outcome, judge
from fallline.measures.statistics import CAP, Statistics
from fallline.problems import NetworkObjective, Objective
from fallline.problems.curvature import Point, kind_of_point
from fallline.problems.deaths import death_sentence, deaths
from fallline.runs.evidence import Ended
from fallline.shapes import Shaped

__all__ = ["accuracy", "ending", "explain"]

Floats = NDArray[Any]
Facts = Any
"""The facts of `Ended`, by name: numbers, or what stands for them."""

Ending = tuple[Kind, str]
"""How a run ended, and a sentence about it."""

_AT = 1e-5
"""A learning rate is at its bound if it is this close to it: central differences give no more digits of the bound."""

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
    *,
    full_loss: bool = False,
) -> Outcome:
    """The outcome of a recorded run with its evidence: of one with minibatches, whose losses may be those of all samples."""
    statistics = Statistics.of_curves(losses, norms, path[-1])
    died = deaths(objective, path)
    run = Ended(objective, method, path, losses, norms, minibatches, statistics, bool(died), {
        "died": [{"layer": layer, "unit": unit, "step": step} for layer, unit, step in died],
        "statistics": {
            f.name: float(value) for f in fields(statistics) if (value := getattr(statistics, f.name)) is not None
        },
    }, full_loss)  # fmt: skip
    step = int(statistics.diverged_at)
    with np.errstate(all="ignore"):
        kind, sentence = ending(OUTCOMES[int(judge(statistics))], run)
        if kind == "diverged" and step:
            run.evidence.update(step=step, last_finite_loss=float(losses[step - 1]))
        if died:
            assert isinstance(objective, NetworkObjective)
            sentence = f"{death_sentence(objective.network, died)}{accuracy(run)} {sentence}"
    return Outcome(kind, sentence, step if step >= 0 else None, run.evidence)


def ending(kind: Kind, run: Facts) -> Ending:
    """How a run ended that the curves show to have ended like this: perhaps otherwise, where more is known."""
    kind, sentence = _SENTENCES[kind](run) if kind in _SENTENCES else (kind, _plain(kind, run))
    return kind, sentence if kind == "diverged" else sentence + run.part(_unknown_gradient)


def accuracy(run: Facts) -> str:
    """Say the share of right answers of a classifier, and whether it was the same all over the window."""
    if not np.isfinite(run.share):
        return ""
    word = "is stuck" if run.share_is_stuck else "ends"
    return f" The accuracy {word} at {np.floor(1000 * run.share) / 1000:g}."  # 0.9997 is not shown as 1


# One function for each kind of outcome that the curves show. It may decide on another kind. ---------------------------------


def _converged(run: Facts) -> Ending:
    fell = f"the gradient norm fell from {run.largest_norm:.3g} to {run.last_norm:.3g}"
    point = kind_of_point(run)
    if point == "saddle":
        return "stalled", (
            f"Stalled at {_loss(run)} on a saddle: {fell}, but the curvature is negative in one direction "
            f"({run.low:.3g}) and positive in another ({run.high:.3g})."
        )
    if point == "maximum":
        return "stalled", f"Stalled at {_loss(run)} at a maximum: {fell}, but every curvature is negative."
    if point == "no minimum":
        return "stalled", f"Stalled at {_loss(run)}, which is no minimum: {fell}, but {_LEADS_DOWN}."
    if run.has_dead_units:
        return "stalled", f"Stalled at {_loss(run)}: {fell}, with dead units."
    if _curvature_vanished(run):
        return (
            "stalled",
            f"Stalled at {_loss(run)} where the landscape is flat: {fell}, and the curvature vanished too.",
        )
    sentence = f"Converged to {_loss(run)}: {fell} in {run.part(_all_steps)}."
    if point == "degenerate":
        sentence += " The curvature does not tell whether this is a minimum."
    return "converged", sentence


def _stalled(run: Facts) -> Ending:
    norm = f"gradient norm {run.last_norm:.3g}"
    if run.steps == 0:
        return "stalled", f"No step was taken: {_loss(run)}, {norm}."
    moved = f"the loss {run.part(_moved)} in {run.part(_all_steps if run.hardly_moved else _late)}"
    if run.gradient_is_zero:
        start = "" if run.moved else " from the start"
        return (
            "stalled",
            f"Stalled at {_loss(run)}: {moved}; the gradient is 0{start}{_AT_POINT.get(kind_of_point(run), '')}.",
        )
    cause = run.part(_cause, far_below=True)
    return "stalled", f"{cause}Stalled at {_loss(run)}: {moved}; {norm}.{run.part(_bouncing)}"


def _oscillating(run: Facts) -> Ending:
    rose = "once" if run.rises == 1 else f"{run.rises} times"
    sentence = (
        f"Oscillating: over {run.part(_late)} the loss rose {rose} and went from {run.window_first:.6g} to "
        f"{run.last_loss:.6g}, between {run.window_low:.6g} and {run.window_high:.6g}."
    )
    return "oscillating", run.part(_cause) + sentence + _batch_losses(run) + run.part(_bouncing)


def _rising(run: Facts) -> Ending:
    always = ", at every step" if run.rises == run.window and run.window > 1 else ""
    began = "" if run.window == run.steps else f"; it began at {run.first_loss:.6g}"
    sentence = f"Rising: over {run.part(_late)} the loss went from {run.window_first:.6g} up to {run.last_loss:.6g}{always}{began}."
    return "rising", run.part(_cause) + sentence + _batch_losses(run) + run.part(_bouncing)


def _descending(run: Facts) -> Ending:
    tail = "" if run.window == run.steps else f", by {-run.change:.3g} over the last {run.window}"
    sentence = f"Still descending after {run.part(_all_steps)}: loss {run.first_loss:.6g} to {run.last_loss:.6g}{tail}."
    if run.above_start:
        sentence += " It is above its start."
    if run.rises:
        sentence += f" It rose in {run.rises} of the last {run.part(_window)}." + _batch_losses(run)
    return "still descending", sentence


def _diverged(run: Facts) -> Ending:
    step, loss = run.diverged_at, run.loss_there
    if step == 0:
        return "diverged", f"The start has no finite loss: it is {loss:g}.{run.trouble}"
    if np.isfinite(loss):
        if loss < 0:
            limit = CAP * np.maximum(1.0, abs(run.first_loss))
            return "diverged", f"Diverged downward at step {step}: the loss fell below -{limit:.3g}."
        limit = f"{CAP:g} times the first" if abs(run.first_loss) > 1 else f"{CAP:g}"
        return "diverged", _after_cause(run, f"Diverged at step {step}: the loss passed {limit}.")
    sentence = f"Diverged at step {step}: the loss was no longer a finite number"
    if run.overflowing_layer:
        sentence += f", first in layer {run.overflowing_layer}"
    return "diverged", _after_cause(run, f"{sentence}.{run.trouble}")


def _after_cause(run: Facts, sentence: str) -> str:
    """The sentence of a divergence, after that of the learning rate if it is the cause: if the loss was never below its start."""
    bound = _bound(run, at_end=False)
    if bound and run.never_below_start:
        return f"{bound.strip()} {sentence}"
    return sentence + bound


def _plain(kind: Kind, run: Facts) -> str:
    """The sentence of an outcome that has no function of its own here."""
    return (
        f"{kind.capitalize()}: over {run.part(_late)} the loss went from {run.window_first:.6g} to {run.last_loss:.6g}."
    )


_SENTENCES: dict[Kind, Callable[[Facts], Ending]] = {
    "converged": _converged, "still descending": _descending, "stalled": _stalled, "oscillating": _oscillating,
    "diverged": _diverged, "rising": _rising,
}  # fmt: skip


# Parts of sentences. Those that `run.part` asks for are traced each by itself: their decisions do not multiply. ---------------


def _loss(run: Facts) -> str:
    return f"loss {run.last_loss:.6g}"


def _late(run: Facts) -> str:
    """ "the last 8 of 30 steps", or "1 step" where these are all."""
    return f"the last {run.window} of {run.steps} steps" if run.window < run.steps else _counted(run.steps)


def _all_steps(run: Facts) -> str:
    return _counted(run.steps)


def _window(run: Facts) -> str:
    return _counted(run.window)


def _counted(steps: Any) -> str:
    """ "1 step", "2 steps"."""
    return "1 step" if steps == 1 else f"{steps} steps"


def _moved(run: Facts) -> str:
    change = run.ranged if run.hardly_moved else run.spread
    return f"changed by only {change:.3g}" if change else "did not change"


def _curvature_vanished(run: Facts) -> bool:
    """Whether the curvature at the end has vanished beside that at the start."""
    if not np.isfinite(run.low):
        return False
    at_start = np.maximum(abs(run.low_at_start), abs(run.high_at_start))
    return bool(np.maximum(abs(run.low), abs(run.high)) <= VANISHED * at_start)


def _bound(run: Facts, *, at_end: bool = True, far_below: bool = False) -> str:
    """Say that the learning rate is at its stability bound, above it or, with `far_below`, far below it."""
    name = run.optimizer
    bound = (run.bound_at_end if at_end else run.bound_at_start) if name else None
    if bound is None:
        return ""
    ratio = run.learning_rate / bound
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
    return f" Learning rate {run.learning_rate:g} {place} the stability bound {formula} = {bound:.3g} {where}."


def _cause(run: Facts, *, far_below: bool = False) -> str:
    """The same of the end, to stand before another sentence."""
    bound = _bound(run, far_below=far_below)
    return f"{bound.strip()} " if bound else ""


def _bouncing(run: Facts) -> str:
    """Say whether each of the last steps goes against the step before it."""
    return " Each of the last steps goes back against the one before." if run.goes_back else ""


def _batch_losses(run: Facts) -> str:
    """Say that the losses are of minibatches, if they are."""
    return " All losses but the last are of single minibatches." if run.minibatches else ""


def _unknown_gradient(run: Facts) -> str:
    """Say what the gradient norms cannot show because their squares leave the range of the run's numbers."""
    if run.steps == 0:
        return ""
    if run.gradient_is_nan:
        return " The gradient is not a number, so it does not tell whether the run converged."
    if run.gradient_is_known and (not run.gradient_is_small or run.gradient_is_zero):
        return ""
    size = "small" if run.gradient_is_known else "large"
    return f" The squares of the gradient are too {size} for {run.real}, so its norm does not tell whether the run converged."
