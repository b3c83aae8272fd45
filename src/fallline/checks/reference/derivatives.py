"""Derivatives that do not use the gradient that they check: complex step, central difference, the reverse walk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fallline.checks.reference.draws import Group
from fallline.textbook import network as pages

__all__ = ["central_difference", "complex_step", "reverse_walk"]

STEP = 1e-30
"""Of the complex step: so small that what it adds to the real part is lost in rounding."""


def complex_step(function: Callable[[Any], Any], x: Any, direction: Any = 1.0) -> Any:
    """The derivative along `direction`: Im f(x + i h d) / h, exact to rounding where f is analytic.

    >>> float(complex_step(np.exp, np.float64(0.0)))
    1.0
    """
    return np.asarray(function(x + 1j * STEP * direction)).imag / STEP


def central_difference(function: Callable[[Any], Any], x: Any, step: Any) -> Any:
    """The change along a step: (f(x + s) - f(x - s)) / 2. Divided by the length of s it is the derivative along s.

    >>> float(central_difference(np.square, 3.0, 0.5) / 0.5)
    6.0
    """
    return (function(x + step) - function(x - step)) / 2


def reverse_walk(group: Group) -> Any:
    """The gradient (draws, P) by the reverse walk over the graph of one sample's loss, summed over samples."""
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
