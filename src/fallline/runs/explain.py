"""Why a run ended as it did: the evidence, and the sentence made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fallline.problems import NetworkObjective, Objective, points_at_once
from fallline.runs.curvature import eigenvalues, stable_learning_rate
from fallline.runs.outcome import CAP, OUTCOMES, Outcome, diverged_at, judge
from fallline.textbook import network as pages

if TYPE_CHECKING:
    from fallline.runs.descent import Method

__all__ = ["deaths", "explain"]

Floats = NDArray[Any]

_LARGE = 2000
"""Beyond this many parameters curvature is not measured unasked: it would cost more than the run."""


def explain(objective: Objective, method: Method, path: Floats, losses: Floats, norms: Floats) -> Outcome:
    """The outcome of a recorded run with its evidence."""
    kind = OUTCOMES[int(judge(losses, norms))]
    steps = len(losses) - 1
    evidence: dict[str, Any] = {}
    if kind == "diverged":
        return _diverged(objective, method, path, losses)
    died = deaths(objective, path)
    evidence["died"] = [{"layer": layer, "unit": unit, "step": step} for layer, unit, step in died]
    death = " " + _death_sentence(died) if died else ""
    loss = f"loss {losses[-1]:.6g}"
    if kind == "converged":
        low, high = _curvature(objective, path[-1])
        evidence |= {"smallest_eigenvalue": low, "largest_eigenvalue": high}
        if died:
            return Outcome(
                "stalled", f"Stalled at {loss}: the gradient vanished with dead units.{death} Try a smaller "
                "learning rate or another start.", None, evidence,
            )  # fmt: skip
        if low < -1e-4 * abs(high):
            return Outcome(
                "stalled", f"Stalled at {loss} on a saddle: the gradient vanished, but the curvature is negative "
                f"in one direction ({low:.3g}). A start a little aside would go on.", None, evidence,
            )  # fmt: skip
        sentence = (
            f"Converged to {loss}: the gradient norm fell from {np.max(norms):.3g} to {norms[-1]:.3g} in {steps} steps."
        )
        return Outcome("converged", sentence, None, evidence)
    bound, at = _bound(objective, method, path[-1]), "at the end"
    evidence["stable_learning_rate"] = bound
    rate = method.settings["learning_rate"]
    if kind == "stalled":
        change = abs(losses[-1] - losses[0])
        advice = "A larger learning rate"
        if bound is not None and bound > rate:
            advice += f" (up to {bound:.3g} by the curvature {at})"
        return Outcome(
            kind, f"Stalled at {loss}: {steps} steps moved it by {change:.3g} alone; gradient norm {norms[-1]:.3g}.{death} "
            f"{advice} or another start would help.", None, evidence,
        )  # fmt: skip
    if kind == "oscillating":
        window = max(8, steps // 4)
        rises = int((np.diff(losses[-window - 1 :]) > 0).sum())
        sentence = f"Oscillating around {loss}: it rose in {rises} of the last {window} steps and gained little."
        if bound is not None and rate > bound:
            sentence += (
                f" Learning rate {rate:g} lies above {_bound_text(method)} = {bound:.3g} {at}: try one below it."
            )
        else:
            sentence += " Try a smaller learning rate or less momentum."
        return Outcome(kind, sentence + death, None, evidence)
    recent = max(1, steps // 10)
    fall = losses[-1 - recent] - losses[-1]
    tail = (
        f"by {fall:.3g} over the last {recent}" if fall > 0 else f"though it rose by {-fall:.3g} over the last {recent}"
    )
    sentence = f"Still descending after {steps} steps: loss {losses[0]:.6g} to {losses[-1]:.6g}, {tail}. "
    still = abs(fall) > 1e-4 * abs(losses[-1])
    if not still:
        sentence += "It hardly moves any more."
    elif fall > 0:
        sentence += "More steps would lower it further."
    else:
        sentence += "It rises and falls on its way; a smaller learning rate would be steadier."
    sentence += death
    return Outcome(kind, sentence, None, evidence)


def deaths(objective: Objective, path: Floats) -> list[tuple[int, int, int]]:
    """Hidden units that are dead at the end, as (layer, unit, step of death), counted from 1.

    A unit is dead while its slope is exactly 0 for every sample: no gradient reaches its weights. The step is the first
    from which on it stays dead; 0 for a unit that was dead from the start.
    """
    if not isinstance(objective, NetworkObjective) or not np.isfinite(path[-1]).all():
        return []
    network = objective.network
    X = objective.data.X.astype(path.dtype)
    # A unit can only die at the end of the path if it is dead there, which one forward pass tells.
    dead_at_end = _dead(network, path[-1], X)
    waiting = {(layer, int(unit)): 0 for layer, dead in enumerate(dead_at_end) for unit in np.flatnonzero(dead)}
    found = dict(waiting)
    many = points_at_once(objective)
    for end in range(len(path), 0, -many):  # backward, until each was seen alive; many steps in one call
        if not waiting:
            break
        first = max(0, end - many)
        layers = _dead(network, path[first:end], X)
        for layer, unit in list(waiting):
            alive = np.flatnonzero(~layers[layer][:, unit])
            if len(alive):
                found[layer, unit] = first + int(alive[-1]) + 1
                del waiting[layer, unit]
    return [(layer + 1, unit + 1, step) for (layer, unit), step in found.items()]


def _dead(network: pages.Network, w: Floats, X: Floats) -> list[NDArray[np.bool_]]:
    """For each hidden layer, units that are off for every sample: (..., units) for parameters (..., P)."""
    _, kept = pages.forward(network, network.unpack(w), X)
    flat = []
    for activation, layer in zip(network.activations, kept[:-1], strict=True):
        slope = np.broadcast_to(activation.slope(layer.Z), layer.Z.shape)
        flat.append((slope == 0).all(axis=-2))
    return flat


def _death_sentence(died: list[tuple[int, int, int]]) -> str:
    first = sorted(died, key=lambda d: d[2])[:3]
    told = ", ".join(
        f"layer {layer} unit {unit} " + (f"died at step {step}" if step else "was dead from the start")
        for layer, unit, step in first
    )
    more = f" and {len(died) - 3} more" if len(died) > 3 else ""
    told = told[0].upper() + told[1:]
    return f"{told}{more}: slope 0 for every sample, so no gradient reaches {'its' if len(died) == 1 else 'their'} weights."


def _diverged(objective: Objective, method: Method, path: Floats, losses: Floats) -> Outcome:
    step = int(diverged_at(losses))
    evidence: dict[str, Any] = {"step": step, "last_finite_loss": float(losses[max(0, step - 1)])}
    what = (
        "the loss was no longer a finite number"
        if not np.isfinite(losses[step])
        else f"the loss passed {CAP:g} times the first"
    )
    sentence = f"Diverged at step {step}: {what}"
    layer = _layer_of_overflow(objective, path, step)
    if layer is not None:
        evidence["layer"] = layer
        sentence += f", first in layer {layer}"
    if np.isfinite(losses[step]) and losses[step] < 0:
        return Outcome("diverged", f"{sentence}, downward: {objective.name} has no minimum there.", step, evidence)
    rate = method.settings["learning_rate"]
    bound = _bound(objective, method, path[0])
    evidence["stable_learning_rate"] = bound
    if bound is not None and rate > bound:
        sentence += (
            f". Learning rate {rate:g} lies above {_bound_text(method)} = {bound:.3g} at the start: try one below it."
        )
    else:
        sentence += ". Try a smaller learning rate."
    return Outcome("diverged", sentence, step, evidence)


def _layer_of_overflow(objective: Objective, path: Floats, step: int) -> int | None:
    if not isinstance(objective, NetworkObjective) or np.isfinite(objective.loss(path[step])):
        return None
    with np.errstate(all="ignore"):
        _, kept = pages.forward(objective.network, objective.network.unpack(path[step]), objective.data.X)
    for layer, (_, Z) in enumerate(kept, start=1):
        if not np.isfinite(Z).all():
            return layer
    return None


def _curvature(objective: Objective, w: Floats) -> tuple[float, float]:
    if objective.dimension > _LARGE:
        return float("nan"), float("nan")
    return eigenvalues(objective, w)


def _bound(objective: Objective, method: Method, w: Floats) -> float | None:
    if method.learning_rates or method.schedule.name != "constant":
        return None
    largest = _curvature(objective, w)[1]
    return stable_learning_rate(method.optimizer.name, largest, method.settings.get("momentum", 0.0))


def _bound_text(method: Method) -> str:
    name = method.optimizer.name
    if name == "gradient_descent":
        return "2/L"
    return "2(1 + momentum)/L" if name.startswith("momentum") else "2(1 + momentum)/(L(1 + 2 momentum))"
