"""The reference: the textbook's backward page, the graph's reverse walk and complex step agree before anything is said.

Complex step is dL/dw = Im L(w + i h) / h with h = 1e-30, exact to rounding. Pages whose activations have kinks are
analytic between them, and the draws keep away from them. Pages of the user's own that take no complex numbers get
central differences instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fallline import random
from fallline.checks.reference.draws import Group
from fallline.errors import TraceError
from fallline.textbook import network as pages
from fallline.textbook.network import Network

__all__ = ["Agreement", "agree"]

STEP = 1e-30
EVERY_COORDINATE = 200
"""Networks with more parameters are checked along this many directions instead of each coordinate."""
WALK_LIMIT = 4000
"""The reverse walk takes networks up to so many parameters: its graph has a few nodes for each."""


@dataclass(frozen=True)
class Agreement:
    """How well the independent derivatives agree with the textbook's backward, relative to its largest entry."""

    against: str
    error: float
    checked: int

    def __str__(self) -> str:
        return f"{self.against} agrees to {self.error:.1e} on {self.checked} derivatives"


def agree(groups: Sequence[Group]) -> tuple[Agreement, ...]:
    """The independent derivatives against the backward page, on the first group of draws."""
    group = groups[0]
    network = group.network
    gradient = network.pack(group.gradient())
    scale = float(np.abs(gradient).max()) or 1.0
    found = []
    directions = _directions(network)
    steps = "complex step"
    with np.errstate(all="ignore"):
        try:
            slopes = np.asarray(group.loss(group.w + 1j * STEP * directions[:, None, :])).imag / STEP
            error = np.abs(slopes - (directions @ gradient.T)).max() / scale
        except (TypeError, ValueError):
            error = np.inf
        if not error < 1e-10:  # a page of the user's own that is not analytic
            steps, h = "central difference", 1e-6
            slopes = (
                group.loss(group.w + h * directions[:, None, :]) - group.loss(group.w - h * directions[:, None])
            ) / 2
            error = np.abs(slopes / h - (directions @ gradient.T)).max() / scale
    found.append(Agreement(steps, float(error), len(directions) * len(gradient)))
    if network.parameter_count <= WALK_LIMIT:
        try:
            walk = _reverse_walk(group)
        except TraceError:
            return tuple(found)  # a page of the user's own that cannot be traced has two references, not three
        found.append(Agreement("the reverse walk", float(np.abs(walk - gradient).max() / scale), gradient.size))
    return tuple(found)


def _directions(network: Network) -> Any:
    count = network.parameter_count
    if count <= EVERY_COORDINATE:
        return np.eye(count)
    many = random.normal(0, "gradient check directions", count, np.arange(24))
    return many / np.linalg.norm(many, axis=-1, keepdims=True) * np.sqrt(count)


def _reverse_walk(group: Group) -> Any:
    """The gradient by the reverse walk over the graph of one sample's loss, summed over samples."""
    from fallline.readings.graph import Graph, evaluate
    from fallline.readings.reverse import derivatives

    network, graph = group.network, Graph()
    w = graph.inputs("w", network.parameter_count)
    X, T = graph.inputs("x", (1, network.sizes[0])), graph.inputs("t", (1, network.sizes[-1]))
    Z, _ = pages.forward(network, network.unpack(w), X)
    loss = network.loss.value(Z, T)[..., 0].item()
    inputs: dict[tuple[Any, ...], Any] = {("w", k): group.w[:, k, None] for k in range(network.parameter_count)}
    inputs |= {x.payload: group.X[..., k] for k, x in enumerate(np.asarray(X, dtype=object).ravel())}
    inputs |= {t.payload: group.T[..., k] for k, t in enumerate(np.asarray(T, dtype=object).ravel())}
    parts = evaluate(derivatives(loss, list(np.asarray(w, dtype=object))), inputs)
    shape = group.X.shape[:-1]
    gradient = group.factor * np.stack([np.broadcast_to(p, shape).sum(axis=-1) for p in parts], axis=-1)
    if network.l2:
        gradient = gradient + network.pack(pages.penalty(network, group.parameters, network.l2)[1])
    return gradient
