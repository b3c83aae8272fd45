"""What a check could not show: units that were never on or never off, faults that are no faults on these draws."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fallline.checks.reference.draws import KINK, Group, activity, meetings

__all__ = ["uncovered"]

MOST_NAMED = 6


def uncovered(groups: Sequence[Group]) -> list[str]:
    """Sentences; empty if every unit was switched both ways and nothing that matters is out of reach."""
    network = groups[0].network
    found = []
    for layer, share in enumerate(activity(groups), start=1):
        for what, units in (("active", np.flatnonzero(share == 0)), ("inactive", np.flatnonzero(share == 1))):
            if len(units):
                named = ", ".join(map(str, units[:MOST_NAMED])) + (" ..." if len(units) > MOST_NAMED else "")
                found.append(
                    f"Layer {layer}, unit{'s' if len(units) > 1 else ''} {named}: never {what} on these draws, so a "
                    "fault that shows only then was not seen."
                )
    blind = network.sizes[-1] == 1 and network.loss.name == "cross_entropy"
    for layer, counts in enumerate(meetings(groups), start=1):
        for what, count in zip(("active", "inactive"), counts, strict=True):
            missing = int((count == 0).sum())
            if missing and not blind and (layer > 1 or what == "active"):
                when = f" while the unit before is {what}" if layer > 1 else ""
                found.append(
                    f"Layer {layer}: no delta reaches {missing} of its {count.size} weights{when} on these draws, so a fault "
                    "that shows only then was not seen."
                )
    kinked = sorted({a.name for a in network.activations if not a.analytic})
    if kinked:
        found.append(
            f"At the kink itself ({', '.join(kinked)} within {KINK:g} of 0) the slope is a convention; samples there were set "
            "aside, so > and >= are the same here."
        )
    relus = [l for l, a in enumerate(network.activations, start=1) if a.name in ("relu", "leaky_relu")]
    if relus:
        said = ", ".join(map(str, relus))
        found.append(
            f"The slope of {'/'.join(kinked)} at the activation equals that at the pre-activation (layer {said}): "
            "taking either is no fault here, but would be with tanh or logistic."
        )
    if network.hidden == 0:
        found.append("There is no hidden layer, so nothing was learnt about going back through weights and slopes.")
    if blind:
        found.append("A softmax of one output is always 1, so the whole gradient is 0 and every fault invisible.")
    if not network.l2:
        found.append("No L2 penalty was asked for, so faults in one were not looked for.")
    return found
