"""Quadratics: the rates of momentum, over the whole plane of settings and at their best."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline import random
from fallline.experiment.method import method
from fallline.laws.law import Finding, Law, Trial, finding
from fallline.problems import objective_at
from fallline.runs.lanes import train
from fallline.runs.training import Training

__all__ = ["BEST_MOMENTUM", "MOMENTUM_RATE"]

Floats = NDArray[Any]

LARGEST, SMALLEST = 10.0, 1.0
"""The eigenvalues of the landscape `quadratic`."""
SIDE = 301


def _rate(learning_rate: float, momentum: float, curvature: float) -> float:
    """The factor by which a coordinate shrinks a step: the larger modulus of the roots of r^2 - (1 + a - e L) r + a."""
    sum_ = 1 + momentum - learning_rate * curvature
    inside = sum_ * sum_ - 4 * momentum
    return math.sqrt(momentum) if inside < 0 else (abs(sum_) + math.sqrt(inside)) / 2


def _measured(trial: Trial, rates: Floats, momenta: Floats, starts: Floats) -> Floats:
    """The rate of each coordinate of each run, (runs, 2): the flat one, then the steep one.

    A coordinate obeys x_(t+1) = p x_t - q x_(t-1). Four points of the path give p and q, and these the rate: no limit is awaited.
    Without momentum q is 0 and the points do not determine it.
    """
    how = method("momentum").with_({"learning_rate": rates, "momentum": momenta})
    training = Training(objective_at("quadratic", None), how, 4, starts)
    x = train(training, ["path"], execution=trial.execution)["path"][:, :4].transpose(1, 0, 2)
    det = x[1] * x[1] - x[0] * x[2]
    p, q = (x[1] * x[2] - x[0] * x[3]) / det, (x[2] * x[2] - x[1] * x[3]) / det
    inside = p * p - 4 * q
    return np.asarray(np.where(inside < 0, np.sqrt(np.abs(q)), (np.abs(p) + np.sqrt(np.maximum(inside, 0))) / 2))


def _momentum_rate(trial: Trial) -> Iterator[Finding]:
    count = trial.starts
    draws = random.uniform(trial.seed, "law settings", 2 * count).reshape(2, count)
    rates, momenta = 0.02 + 0.2 * draws[0], 0.98 * draws[1]
    starts = 1 + random.uniform(trial.seed, "law starts", 2 * count).reshape(count, 2)
    measured = _measured(trial, rates, momenta, starts)
    for coordinate, (name, curvature) in enumerate((("flat", SMALLEST), ("steep", LARGEST))):
        predicted = np.array([_rate(e, a, curvature) for e, a in zip(rates, momenta, strict=True)])
        # where both roots are equal a rounding error d moves them by sqrt(d): such settings cannot tell 1e-9
        apart = np.abs((1 + momenta - rates * curvature) ** 2 - 4 * momenta) > 1e-3
        ratio = (measured[:, coordinate] / predicted)[apart]
        yield finding(f"{name} coordinate", "measured rate / predicted rate", 1.0, ratio, 1e-9)


def _best_momentum(trial: Trial) -> Iterator[Finding]:
    root = math.sqrt(LARGEST / SMALLEST)
    best_rate = (2 / (math.sqrt(LARGEST) + math.sqrt(SMALLEST))) ** 2
    best_momentum = ((root - 1) / (root + 1)) ** 2
    rates, momenta = (g.ravel() for g in np.meshgrid(np.linspace(0.1, 0.35, SIDE), np.linspace(0.002, 0.602, SIDE)))
    starts = 1 + random.uniform(trial.seed, "law starts", 2)
    worst = _measured(trial, rates, momenta, starts).max(axis=1)
    best = int(np.nanargmin(worst))
    case = f"best of {SIDE} x {SIDE} cells"
    yield finding(case, "learning rate", best_rate, [rates[best]], 0.02)
    yield finding(case, "momentum", best_momentum, [momenta[best]], 0.02)
    yield finding(case, "rate", (root - 1) / (root + 1), [worst[best]], 0.02)


MOMENTUM_RATE = Law(
    "momentum-rate",
    "On a quadratic, each coordinate of momentum shrinks by the larger root of a quadratic equation at every step.",
    r"r^2 - (1 + \alpha - \epsilon \lambda)\, r + \alpha = 0",
    "B. Polyak, Some methods of speeding up the convergence of iteration methods, 1964; G. Goh, Why momentum really works, Distill 2017.",
    "The landscape quadratic, random learning rates and momenta; a start is one pair of settings.",
    _momentum_rate,
)

BEST_MOMENTUM = Law(
    "best-momentum",
    "On a quadratic of condition number k the best settings of momentum are known.",
    r"\epsilon^* = \left(\tfrac{2}{\sqrt{\lambda_1} + \sqrt{\lambda_n}}\right)^2, \quad "
    r"\alpha^* = \left(\tfrac{\sqrt k - 1}{\sqrt k + 1}\right)^2",
    "B. Polyak 1964; G. Goh, Why momentum really works, Distill 2017.",
    f"The landscape quadratic, k = 10, {SIDE} x {SIDE} settings.",
    _best_momentum,
)
