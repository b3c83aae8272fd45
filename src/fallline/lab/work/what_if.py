"""A network with some weights changed, at one step of a run: what it would answer, and what its loss would be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UsageError
from fallline.lab.work.details import confusion_at, layer_norms
from fallline.lab.work.frames import answers
from fallline.lab.work.input_plane import InputPlane
from fallline.runs.run import Run
from fallline.runs.snapshot import network_of

__all__ = ["what_if"]


def what_if(
    run: Run, step: int, changes: Mapping[int, float], plane: InputPlane | None
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The run's network at a step with the parameters of these numbers changed.

    Returns
    -------
    facts
        "loss" and "accuracy" over all samples, each before and after the changes (None if it is not finite, or none),
        and what `answers` says of the plane.
    arrays
        "w", "gradients" (P,) and "layer_norms" (layers,) of the changed network; "confusion" (classes, classes) as in
        `confusion_at`; and those of `answers`, if there is a plane.

    Raises
    ------
    UsageError
        The run diverged before that step, or there is no parameter of such a number.

    Examples
    --------
    >>> import fallline as fl
    >>> net = fl.NetworkObjective(fl.Network.of("2-3-2-3"), fl.generate("three-gaussians"))
    >>> run = fl.descend(net, start=fl.notebook_start(net), learning_rate=6e-3, steps=30)
    >>> facts, arrays = what_if(run, 30, {0: 1.0}, None)
    >>> [round(loss, 2) for loss in facts["loss"]], [round(share, 2) for share in facts["accuracy"]], arrays["w"][0].item()
    ([33.51, 414.69], [0.97, 0.81], 1.0)
    """
    net = network_of(run.objective, "a what-if")
    w = np.array(run.path[step])  # in the run's own precision
    if not np.isfinite(w).all():
        raise UsageError(f"the run had diverged before step {step}: its weights are no numbers there.")
    for k in changes:
        if not 0 <= k < len(w):
            raise UsageError(f"the network {net.network.text} has {len(w)} parameters; there is no number {k}.")
    both = np.stack([w, w])
    both[1, list(changes)] = list(changes.values())
    loss, gradient = net.loss_and_gradient(both)
    facts: dict[str, Any] = {"loss": [float(v) if np.isfinite(v) else None for v in loss]}
    arrays: dict[str, NDArray[Any]] = {
        "w": both[1], "gradients": gradient[1].astype(np.float32), "layer_norms": layer_norms(net, gradient[1]),
    }  # fmt: skip
    if net.network.loss.targets != "values":
        facts["accuracy"] = [float(share) for share in net.accuracy(both)]
    arrays |= confusion_at(net, both[1])
    if plane is not None:
        seen, drawn = answers(net, both[1:].astype(np.float64), plane)
        facts, arrays = facts | seen, arrays | drawn
    return facts, arrays
