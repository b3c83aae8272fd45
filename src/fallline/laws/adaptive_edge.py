"""The adaptive edge of stability: Adam raises the largest eigenvalue of the Hessian that its preconditioner scales."""

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

__all__ = ["ADAPTIVE_EDGE", "adaptive_bound"]

Floats = NDArray[Any]

BETA1 = 0.9
RATES = (0.003, 0.01)
TOLERANCE = 0.1


def adaptive_bound(beta1: float) -> float:
    """(2 + 2 b1) / (1 - b1): the preconditioned sharpness, times the learning rate, at which Adam is at its edge.

    >>> round(adaptive_bound(0.9), 9)
    38.0
    """
    bound = stability_bound("adam", beta1=beta1)
    assert bound is not None
    return bound


def _adaptive_edge(trial: Trial) -> Iterator[Finding | Curves]:
    bound = adaptive_bound(BETA1)
    runs: dict[str, Floats] = {}
    for rate in RATES:
        values, note, along = edges(trial, "adam", bound, learning_rate=rate)
        case = f"Adam, learning rate {rate:g}"
        quantity = "preconditioned sharpness x learning rate, mean of the last quarter"
        yield finding(case, quantity, bound, values, TOLERANCE, note=note)
        runs[case] = along
    yield sharpness_curves("preconditioned sharpness x learning rate", runs, {"bound": bound})


def _region(trial: Trial, side: int) -> Iterator[Region]:
    x, y = Axis("learning_rate", 1e-3, 0.1, side, "log"), Axis("beta1", 0.0, 0.98, side)

    def bounds(settings: Mapping[str, Floats]) -> Floats:
        return np.array([adaptive_bound(float(b)) for b in settings["beta1"]])

    yield edge_region(trial, "adam", x, y, bounds, TOLERANCE)


ADAPTIVE_EDGE = Law(
    "adaptive-edge",
    "Full-batch Adam raises the largest eigenvalue of the preconditioned Hessian until it reaches its own bound.",
    r"\lambda_{\max}(D^{-1} H)\,\epsilon \to \frac{2 + 2 \beta_1}{1 - \beta_1} = 38",
    "J. Cohen et al., Adaptive gradient methods at the edge of stability, 2022, arXiv:2207.14484.",
    f"1-30-1, tanh, half the mean squared error, the fourth Chebyshev polynomial at 20 points, {STEPS:,} steps.",
    _adaptive_edge,
    prediction=adaptive_bound,
    published="38 / rate for full-batch Adam with b1 = 0.9.",
    region=_region,
)
