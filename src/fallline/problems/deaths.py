"""Dead hidden units: those whose slope is 0 for every sample, so that no gradient reaches their weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.problems import NetworkObjective, Objective, points_at_once
from fallline.sentences import capital
from fallline.shapes import Shaped
from fallline.textbook import network as pages
from fallline.textbook.network import Network

__all__ = ["TOLD", "all_dead", "dead_layer", "dead_unit", "dead_units", "death_sentence", "deaths"]

Floats = NDArray[Any]
Death = tuple[int, int, int]
"""Layer and unit, counted from 1, and the step of death."""

TOLD = 3
"""Most units that a sentence names."""


def deaths(objective: Objective, path: Shaped[Floats, "steps+1 P"]) -> list[Death]:
    """Hidden units that are dead at the end, as (layer, unit, step of death), counted from 1.

    A unit is dead while its slope is exactly 0 for every sample: no gradient reaches its weights. The step is the first
    from which on it stays dead; 0 for a unit that was dead from the start.
    """
    if not isinstance(objective, NetworkObjective) or not np.isfinite(path[-1]).all():
        return []
    network = objective.network
    X = objective.data.X.astype(path.dtype)
    # A unit can only die at the end of the path if it is dead there, which one forward pass tells.
    dead_at_end = dead_units(network, path[-1], X)
    waiting = {(layer, int(unit)): 0 for layer, dead in enumerate(dead_at_end) for unit in np.flatnonzero(dead)}
    found = dict(waiting)
    many = points_at_once(objective)
    for end in range(len(path), 0, -many):  # backward, until each was seen alive; many steps in one call
        if not waiting:
            break
        first = max(0, end - many)
        layers = dead_units(network, path[first:end], X)
        for layer, unit in list(waiting):
            alive = np.flatnonzero(~layers[layer][:, unit])
            if len(alive):
                found[layer, unit] = first + int(alive[-1]) + 1
                del waiting[layer, unit]
    return [(layer + 1, unit + 1, step) for (layer, unit), step in found.items()]


def dead_units(
    network: Network, w: Shaped[Floats, "*runs P"], X: Shaped[Floats, "batch n_in"]
) -> list[Shaped[NDArray[np.bool_], "*runs _"]]:
    """For each hidden layer whether each unit is dead: whether its slope is 0 for every sample."""
    with np.errstate(all="ignore"):
        _, kept = pages.forward(network, network.unpack(w), X)
        flat = []
        for activation, layer in zip(network.activations, kept[:-1], strict=True):
            slope = np.broadcast_to(activation.slope(layer.Z), layer.Z.shape)
            flat.append((slope == 0).all(axis=-2))
    return flat


def death_sentence(network: Network, died: list[Death]) -> str:
    """Who died and when, the first ones first; a layer whose units are all dead is named as a whole.

    >>> death_sentence(Network.of("2-3-2-3"), [(2, 2, 1)])
    'Layer 2 unit 2 died at step 1: slope 0 for every sample, so no gradient reaches its weights.'
    >>> death_sentence(Network.of("2-3-2-3"), [(2, 1, 4), (2, 2, 0), (1, 3, 6)])[:80]
    'All units of layer 2 are dead since step 4, layer 1 unit 3 died at step 6: slope'
    """
    parts: list[tuple[int, str]] = []
    for layer, units in enumerate(network.sizes[1:-1], start=1):
        steps = {unit: step for where, unit, step in died if where == layer}
        if len(steps) == units:
            parts.append((max(steps.values()), dead_layer(layer, units, max(steps.values()))))
        else:
            parts += [(step, dead_unit(layer, unit, step)) for unit, step in steps.items()]
    parts.sort(key=lambda part: part[0])
    told = [text for _, text in parts[:TOLD]]
    return all_dead(told, len(parts) - len(told), len(died), network.l2)


# The parts of the sentence, which are traced for pages without Python. -------------------------------------------------------


def dead_layer(layer: int, units: int, step: int) -> str:
    """Say that all units of a layer are dead since a step.

    >>> dead_layer(2, 3, 4)
    'all units of layer 2 are dead since step 4'
    """
    who, verb = ("the only unit", "is") if units == 1 else ("all units", "are")
    return f"{who} of layer {layer} {verb} dead " + (f"since step {step}" if step else "from the start")


def dead_unit(layer: int, unit: int, step: int) -> str:
    """Say that a unit died at a step.

    >>> dead_unit(2, 2, 0)
    'layer 2 unit 2 was dead from the start'
    """
    return f"layer {layer} unit {unit} " + (f"died at step {step}" if step else "was dead from the start")


def all_dead(told: Sequence[str], more: int, died: int, l2: float) -> str:
    """The sentence of those that are told, of `more` that are not, and of what reaches the weights of all that died."""
    rest = f" and {more} more" if more > 0 else ""
    owner = "its" if died == 1 else "their"
    reaches = f"only the penalty reaches {owner}" if l2 else f"no gradient reaches {owner}"
    return f"{capital(', '.join(told))}{rest}: slope 0 for every sample, so {reaches} weights."
