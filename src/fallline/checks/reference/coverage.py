"""Limits of a check: units that were never on or never off, and faults that change nothing on these draws."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fallline.checks.reference.draws import KINK, Group, activity, meetings

__all__ = ["uncovered"]

MOST_LISTED = 6


def uncovered(groups: Sequence[Group], *, penalty: bool = False) -> list[str]:
    """A sentence for each kind of fault that the draws cannot show. `penalty` says that the user's own loss has one."""
    network = groups[0].network
    sentences = []
    for layer, share in enumerate(activity(groups), start=1):
        for state, units in (("active", np.flatnonzero(share == 0)), ("inactive", np.flatnonzero(share == 1))):
            if len(units):
                numbers = ", ".join(map(str, units[:MOST_LISTED])) + (" ..." if len(units) > MOST_LISTED else "")
                sentences.append(
                    f"Layer {layer}, unit{'s' if len(units) > 1 else ''} {numbers}: never {state} on these draws, so a "
                    "fault that shows only then was not seen."
                )
    blind = network.sizes[-1] == 1 and network.loss.name == "cross_entropy"
    for layer, counts in enumerate(meetings(groups), start=1):
        for state, count in zip(("active", "inactive"), counts, strict=True):
            missing = int((count == 0).sum())
            if missing and not blind and (layer > 1 or state == "active"):
                when = f" while the unit before is {state}" if layer > 1 else ""
                sentences.append(
                    f"Layer {layer}: no delta reaches {missing} of its {count.size} weights{when} on these draws, so a fault "
                    "that shows only then was not seen."
                )
    kinked = sorted({a.name for a in network.activations if not a.analytic})
    if kinked:
        sentences.append(
            f"At the kink itself ({', '.join(kinked)} within {KINK:g} of 0) the slope is a convention; samples there were set "
            "aside, so > and >= are the same here."
        )
    relus = [l for l, a in enumerate(network.activations, start=1) if a.name in ("relu", "leaky_relu")]
    if relus:
        sentences.append(
            f"The slope of {'/'.join(kinked)} at the activation equals that at the pre-activation (layer {', '.join(map(str, relus))}): "
            "taking either is no fault here, but would be with tanh or logistic."
        )
    if network.hidden == 0:
        sentences.append("There is no hidden layer, so nothing was learnt about going back through weights and slopes.")
    if blind:
        sentences.append("A softmax of one output is always 1, so the whole gradient is 0 and every fault invisible.")
    if not network.l2 and not penalty:
        sentences.append("No L2 penalty was asked for, so faults in one were not looked for.")
    return sentences
