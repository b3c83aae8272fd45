"""The edge of stability: training raises the sharpness until the optimizer is at the bound of its stability, and stays there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.axes import Axis
from fallline.laws.edges import STEPS, edge_region, edges, sharpness_curves
from fallline.laws.evidence import Curves, Region
from fallline.laws.law import Finding, Law, finding
from fallline.laws.trial import Trial
from fallline.problems.curvature import stability_bound
from fallline.textbook.optimizers import OPTIMIZERS

__all__ = ["EDGE_OF_STABILITY", "bound"]

Floats = NDArray[Any]

CASES = (
    ("gradient_descent", 0.4, 0.0),
    ("momentum", 0.4, 0.3),
    ("momentum", 0.4, 0.5),
    ("nesterov", 0.2, 0.3),
    ("nesterov", 0.4, 0.5),
)
"""Optimizers with their learning rates and momenta."""
TOLERANCE = 0.05


def bound(optimizer: str, momentum: float = 0.0) -> float:
    """Sharpness times learning rate at which the optimizer is at the bound of its stability.

    >>> bound("gradient_descent"), bound("momentum", 0.5), bound("nesterov", 0.5)
    (2.0, 3.0, 1.5)
    """
    value = stability_bound(optimizer, momentum)
    assert value is not None
    return value


def _edge_of_stability(trial: Trial) -> Iterator[Finding | Curves]:
    runs: dict[str, Floats] = {}
    bounds: dict[str, float] = {}
    for optimizer, rate, momentum in CASES:
        predicted = bound(optimizer, momentum)
        settings: dict[str, Any] = {"learning_rate": rate} | ({"momentum": momentum} if momentum else {})
        values, note, along = edges(trial, optimizer, predicted, **settings)
        case = f"{OPTIMIZERS[optimizer].label}, learning rate {rate:g}" + (
            f", momentum {momentum:g}" if momentum else ""
        )
        quantity = "sharpness x learning rate, mean of the last quarter"
        yield finding(case, quantity, predicted, values, TOLERANCE, note=note)
        runs[case], bounds[case] = along, predicted
    yield sharpness_curves("sharpness x learning rate", runs, bounds)


def _region(trial: Trial, side: int) -> Iterator[Region]:
    x, y = Axis("learning_rate", 0.05, 0.8, side), Axis("momentum", 0.0, 0.95, side)
    for optimizer in ("momentum", "nesterov"):

        def bounds(settings: Mapping[str, Floats], optimizer: str = optimizer) -> Floats:
            return np.array([bound(optimizer, float(m)) for m in settings["momentum"]])

        yield edge_region(trial, optimizer, x, y, bounds, TOLERANCE)


EDGE_OF_STABILITY = Law(
    "edge-of-stability",
    "Full-batch training raises the sharpness until it reaches the bound of the optimizer's stability, and holds it there.",
    r"\lambda_{\max}(H)\,\epsilon \to 2 \text{ for gradient descent} \quad \to 2 (1 + \alpha) \text{ for momentum} \quad "
    r"\to \frac{2 + 2 \alpha}{1 + 2 \alpha} \text{ for Nesterov}",
    "J. Cohen et al., Gradient descent on neural networks typically occurs at the edge of stability, ICLR 2021, arXiv:2103.00065.",
    f"1-30-1, tanh, half the mean squared error, the fourth Chebyshev polynomial at 20 points, {STEPS:,} steps.",
    _edge_of_stability,
    prediction=bound,
    published="2 / rate for gradient descent, 2 (1 + a) / rate for momentum, (2 + 2 a) / ((1 + 2 a) rate) for Nesterov's.",
    region=_region,
)
