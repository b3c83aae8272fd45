"""Rules: where the runs begin."""

from __future__ import annotations

from fallline.experiment.experiment import Experiment
from fallline.experiment.rules.change import Change, E, counted
from fallline.experiment.starts import draw_starts
from fallline.problems import NetworkObjective
from fallline.problems.deaths import deaths
from fallline.textbook.initial import INITIALS

__all__ = ["fit_start", "fresh_start"]

TRIES = 50
"""Seeds that are tried for a start without dead units."""


def fit_start(change: Change[E]) -> None:
    """A given start is kept as long as it has the same meaning."""
    before, now, objective = change.before, change.now, change.objective
    if now.start is None or change.key == "start":
        return
    other = change.key in ("objective.kind", "objective.name") and now.start == before.start
    drawn = change.key == "initial" or (change.key == "seed" and now.is_network)
    if len(now.start) != objective.dimension:
        reason = f"{objective.name} has {counted(objective.dimension, 'parameter')}, and the old start {len(now.start)}"
    elif other:
        reason = "the old one belonged to another objective"
    elif drawn:
        reason = "the old one did not depend on them"
    else:
        return
    origin = "drawn from the seed and the initial weights" if now.is_network else "the classical one"
    change.set("start", f"The start is now {origin}: {reason}.", start=None)


def fresh_start(change: Change[E]) -> None:
    """Random weights that suit the activations, with no dead layer.

    With the standard normal distribution most small networks begin with a layer that is off for every sample, and then
    no setting of the map moves them.
    """
    before, now, objective = change.before, change.now, change.objective
    if not isinstance(objective, NetworkObjective) or now.start is not None:
        return
    if change.key.partition(".")[0] not in ("objective", "data"):
        return
    if before.start is not None and now.initial == before.initial == Experiment.model_fields["initial"].default:
        kinked = any("relu" in activation.name for activation in objective.network.activations)
        initial = "he_normal" if kinked else "glorot_normal"
        suited = " and ".join(dict.fromkeys(activation.label for activation in objective.network.activations))
        reason = f", which suit {suited}" if suited else ""
        change.set("initial", f"The initial weights are now {INITIALS[initial].label}{reason}.", initial=initial)
    if now.seed == before.seed:
        seeds = range(now.seed, now.seed + TRIES)
        seed = next((seed for seed in seeds if _lives(objective, change.now.initial, seed)), 0)
        if seed != now.seed:
            change.set("seed", f"The seed is now {seed}: with {now.seed}, some units begin dead.", seed=seed)


def _lives(objective: NetworkObjective, initial: str, seed: int) -> bool:
    return not deaths(objective, draw_starts(objective, 1, seed, initial=initial))
