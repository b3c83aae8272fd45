"""The edge of stability: training raises the sharpness until the optimizer is at the bound of its stability, and stays there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.method import method
from fallline.experiment.starts import draw_starts
from fallline.laws.law import Finding, Law, Trial, finding
from fallline.problems import NetworkObjective
from fallline.problems.curvature import stability_bound
from fallline.runs.sharpness import sharpness_along
from fallline.runs.training import Training
from fallline.textbook.initial import INITIALS
from fallline.textbook.network import Network

__all__ = ["ADAPTIVE_EDGE", "EDGE_OF_STABILITY", "chebyshev"]

Floats = NDArray[Any]

STEPS, LOOKS = 4000, 40
REACHED = 0.95
"""A run has reached the edge once its sharpness is at this share of the bound."""

CASES = (
    ("gradient_descent", 0.4, 0.0),
    ("momentum", 0.4, 0.3),
    ("momentum", 0.4, 0.5),
    ("nesterov", 0.2, 0.3),
    ("nesterov", 0.4, 0.5),
)
"""Optimizers with their learning rates and momenta."""


def chebyshev() -> NetworkObjective:
    """A network 1-30-1 of tanh that learns the fourth Chebyshev polynomial from 20 points; half the mean squared error.

    >>> chebyshev().dimension, len(chebyshev().data)
    (91, 20)
    """
    x = np.linspace(-1, 1, 20)[:, None]
    network = Network.of("1-30-1", activation="tanh", loss="half_squared_error", reduction="mean")
    return NetworkObjective(network, (x, 8 * x**4 - 8 * x**2 + 1))


def edges(trial: Trial, optimizer: str, bound: float, **settings: Any) -> tuple[Floats, str]:
    """Of each start that reaches the edge: the mean over the last quarter of sharpness times learning rate; and a note."""
    problem = chebyshev()
    starts = draw_starts(problem, trial.starts, seed=trial.seed, initial=INITIALS["glorot_normal"])
    training = Training(problem, method(optimizer, **settings), STEPS, starts)
    looks = range(STEPS // LOOKS, STEPS + 1, STEPS // LOOKS)
    along = sharpness_along(training, looks, preconditioned=True, execution=trial.execution) * settings["learning_rate"]
    reached = (along >= REACHED * bound).any(axis=1)
    note = f"{reached.sum()} of {trial.starts} starts reach the edge"
    return along[reached, -LOOKS // 4 :].mean(axis=1), note


def _edge_of_stability(trial: Trial) -> Iterator[Finding]:
    for optimizer, rate, momentum in CASES:
        bound = stability_bound(optimizer, momentum)
        assert bound is not None
        settings: dict[str, Any] = {"learning_rate": rate} | ({"momentum": momentum} if momentum else {})
        values, note = edges(trial, optimizer, bound, **settings)
        case = f"{optimizer}, learning rate {rate:g}" + (f", momentum {momentum:g}" if momentum else "")
        yield finding(case, "sharpness x learning rate, mean of the last quarter", bound, values, 0.05, note=note)


def _adaptive_edge(trial: Trial) -> Iterator[Finding]:
    for rate in (0.003, 0.01):
        values, note = edges(trial, "adam", 38.0, learning_rate=rate)
        case = f"adam, learning rate {rate:g}"
        yield finding(
            case, "preconditioned sharpness x learning rate, mean of the last quarter", 38.0, values, 0.1, note=note
        )


EDGE_OF_STABILITY = Law(
    "edge-of-stability",
    "Full-batch training raises the sharpness until it reaches the bound of the optimizer's stability, and holds it there.",
    r"\lambda_{\max}(H)\,\epsilon \to 2 \text{ (gradient descent)}, \quad 2 (1 + \alpha) \text{ (momentum)}, \quad "
    r"\frac{2 + 2 \alpha}{1 + 2 \alpha} \text{ (Nesterov)}",
    "J. Cohen et al., Gradient descent on neural networks typically occurs at the edge of stability, ICLR 2021, arXiv:2103.00065.",
    f"1-30-1, tanh, half the mean squared error, the fourth Chebyshev polynomial at 20 points, {STEPS:,} steps.",
    _edge_of_stability,
)

ADAPTIVE_EDGE = Law(
    "adaptive-edge",
    "Full-batch Adam raises the largest eigenvalue of the preconditioned Hessian until it reaches its own bound.",
    r"\lambda_{\max}(D^{-1} H)\,\epsilon \to \frac{2 + 2 \beta_1}{1 - \beta_1} = 38",
    "J. Cohen et al., Adaptive gradient methods at the edge of stability, 2022, arXiv:2207.14484.",
    f"1-30-1, tanh, half the mean squared error, the fourth Chebyshev polynomial at 20 points, {STEPS:,} steps.",
    _adaptive_edge,
)
