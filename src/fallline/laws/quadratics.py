"""Quadratics: the rates of momentum, over the whole plane of settings and at their best."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline import random
from fallline.experiment.axes import Axis
from fallline.experiment.method import method
from fallline.laws.evidence import Line, Plane, Region
from fallline.laws.law import Finding, Law, finding
from fallline.laws.trial import Trial
from fallline.problems import LandscapeObjective, objective_at
from fallline.runs.training import Training
from fallline.textbook.landscapes import quadratic

__all__ = ["BEST_MOMENTUM", "MOMENTUM_RATE", "best_settings", "convergence_rate"]

Floats = NDArray[Any]

LARGEST, SMALLEST = 10.0, 1.0
"""The eigenvalues of the landscape `quadratic`."""
SIDE = 301


def convergence_rate(learning_rate: Floats, momentum: Floats, curvature: float) -> Floats:
    """The factor by which a coordinate shrinks a step: the larger modulus of the roots of r^2 - (1 + a - e L) r + a.

    >>> convergence_rate(np.array([0.1, 0.1]), np.array([0.0, 0.81]), 1.0).round(12).tolist()
    [0.9, 0.9]
    """
    middle = 1 + momentum - learning_rate * curvature
    inside = middle * middle - 4 * momentum
    return np.asarray(np.where(inside < 0, np.sqrt(momentum), (np.abs(middle) + np.sqrt(np.maximum(inside, 0))) / 2))


def best_settings(largest: float, smallest: float) -> tuple[float, float, float]:
    """The best learning rate and momentum on a quadratic with these extreme eigenvalues, and the rate with them.

    >>> [round(v, 6) for v in best_settings(10.0, 1.0)]
    [0.230886, 0.269874, 0.519494]
    """
    L, l = math.sqrt(largest), math.sqrt(smallest)
    rate = (L - l) / (L + l)
    return (2 / (L + l)) ** 2, rate**2, rate


def _measured(trial: Trial, rates: Floats, momenta: Floats, starts: Floats) -> Floats:
    """The rate of each coordinate of each run, (runs, 2): the flat one, then the steep one.

    A coordinate obeys x_(t+1) = p x_t - q x_(t-1). Four points of the path give p and q, and these the rate: no limit is awaited.
    Without momentum q is 0 and the points do not determine it.
    """
    how = method("momentum").with_({"learning_rate": rates, "momentum": momenta})
    training = Training(objective_at("quadratic", None), how, 4, starts)
    x = trial.train(training, ["path"])["path"][:, :4].transpose(1, 0, 2)
    det = x[1] * x[1] - x[0] * x[2]
    p, q = (x[1] * x[2] - x[0] * x[3]) / det, (x[2] * x[2] - x[1] * x[3]) / det
    inside = p * p - 4 * q
    return np.asarray(np.where(inside < 0, np.sqrt(np.abs(q)), (np.abs(p) + np.sqrt(np.maximum(inside, 0))) / 2))


EQUAL_ROOTS = 1e-3
"""Where both roots are nearly equal a rounding error d moves them by sqrt(d): such settings cannot tell 1e-9."""


def _over(trial: Trial, x: Axis, y: Axis) -> tuple[Floats, Floats, Floats]:
    """Learning rates and momenta of the cells of a plane, and the measured rates of both coordinates, (cells, 2)."""
    rates, momenta = (grid.ravel() for grid in np.meshgrid(x.values, y.values))
    return rates, momenta, _measured(trial, rates, momenta, 1 + random.uniform(trial.seed, "law starts", 2))


def _lines() -> dict[str, Line]:
    """Where roots become equal, and the bound of stability."""
    momenta = np.linspace(0, 1, 101)
    return {
        "equal roots of the flat coordinate": ((1 - np.sqrt(momenta)) ** 2 / SMALLEST, momenta),
        "equal roots of the steep coordinate": ((1 + np.sqrt(momenta)) ** 2 / LARGEST, momenta),
        "bound of stability": (2 * (1 + momenta) / LARGEST, momenta),
    }


def _momentum_rate(trial: Trial) -> Iterator[Finding | Plane]:
    count = trial.starts
    draws = random.uniform(trial.seed, "law settings", 2 * count).reshape(2, count)
    rates, momenta = 0.02 + 0.2 * draws[0], 0.98 * draws[1]
    starts = 1 + random.uniform(trial.seed, "law starts", 2 * count).reshape(count, 2)
    measured = _measured(trial, rates, momenta, starts)
    for coordinate, (name, curvature) in enumerate((("flat", SMALLEST), ("steep", LARGEST))):
        predicted = convergence_rate(rates, momenta, curvature)
        apart = np.abs((1 + momenta - rates * curvature) ** 2 - 4 * momenta) > EQUAL_ROOTS
        ratio = (measured[:, coordinate] / predicted)[apart]
        yield finding(f"{name} coordinate", "measured rate / predicted rate", 1.0, ratio, 1e-9)
    x, y = Axis("learning_rate", 0.004, 0.404, 81), Axis("momentum", 0.005, 0.995, 81)
    worst = _over(trial, x, y)[2].max(axis=1).reshape(y.count, x.count)
    yield Plane(
        "rates", "Measured rate of convergence", x, y, "factor a step", np.where(worst < 1, worst, np.nan), _lines()
    )


def _rate_region(trial: Trial, side: int) -> Iterator[Region]:
    x, y = Axis("learning_rate", 0.004, 0.404, side), Axis("momentum", 0.005, 0.995, side)
    rates, momenta, measured = _over(trial, x, y)
    near = np.ones(len(rates), dtype=bool)
    for coordinate, curvature in enumerate((SMALLEST, LARGEST)):
        near &= np.abs(measured[:, coordinate] / convergence_rate(rates, momenta, curvature) - 1) <= 1e-9
    agree = near.reshape(side, side).astype(np.float64)
    yield Region(
        "rates",
        "Where the measured rate is the predicted one, to 1e-9",
        x,
        y,
        1,
        {"agree": agree, "differ": 1 - agree},
        _lines(),
    )


def _best_momentum(trial: Trial) -> Iterator[Finding | Plane]:
    best_rate, best_momentum, best = best_settings(LARGEST, SMALLEST)
    x, y = Axis("learning_rate", 0.1, 0.35, SIDE), Axis("momentum", 0.002, 0.602, SIDE)
    rates, momenta, measured = _over(trial, x, y)
    worst = measured.max(axis=1)
    k = int(np.nanargmin(worst))
    case = f"best of {SIDE} x {SIDE} cells"
    yield finding(case, "learning rate", best_rate, [rates[k]], 0.02)
    yield finding(case, "momentum", best_momentum, [momenta[k]], 0.02)
    yield finding(case, "rate", best, [worst[k]], 0.02)
    fewer = slice(None, None, 5)
    values = worst.reshape(SIDE, SIDE)[fewer, fewer]
    yield Plane(
        "best", "Measured rate of convergence", Axis("learning_rate", 0.1, 0.35, len(values)), Axis("momentum", 0.002, 0.602, len(values)),
        "factor a step", np.where(values < 1, values, np.nan), {"predicted best settings": (np.array([best_rate]), np.array([best_momentum]))},
    )  # fmt: skip


CONDITIONS, STEPS = (2.0, 200.0), (4, 400)
"""Condition numbers, and numbers of steps, of the region of the best settings."""
TRIED = 25
"""Learning rates and momenta that are tried in each cell: so many of each, around the predicted ones."""
NEAR = 0.9
"""The predicted settings agree if the loss falls by that share, in powers of ten, of what the best of those tried reach."""


def _best_region(trial: Trial, side: int) -> Iterator[Region]:
    x, y = Axis("condition_number", *CONDITIONS, side, "log"), Axis("steps", *STEPS, side, "log")
    at = y.values.round().astype(int)
    starts = random.normal(trial.seed, "law starts", 2 * trial.starts).reshape(trial.starts, 2)
    agree = np.empty((side, side))
    for k, condition in enumerate(x.values.tolist()):
        rate, momentum, _ = best_settings(condition, 1.0)
        rates = np.append(rate * np.linspace(0.3, 1.9, TRIED).repeat(TRIED), rate)
        momenta = np.append(np.tile(1 - (1 - momentum) * np.linspace(0.2, 1.6, TRIED), TRIED).clip(0), momentum)
        settings = {"learning_rate": np.repeat(rates, len(starts)), "momentum": np.repeat(momenta, len(starts))}
        problem = LandscapeObjective(quadratic(condition))
        training = Training(problem, method("momentum").with_(settings), int(at[-1]), np.tile(starts, (len(rates), 1)))
        losses = trial.train(training, ["history"])["history"].reshape(len(rates), len(starts), -1)
        with np.errstate(all="ignore"):
            fall = np.nan_to_num(-np.log10(losses[..., at] / losses[..., :1]), nan=-np.inf, posinf=700)
        best = fall.mean(axis=1).argmax(axis=0)  # one pair of settings for all starts, at each number of steps
        agree[:, k] = [(fall[-1, :, t] >= NEAR * fall[j, :, t]).mean() for t, j in enumerate(best)]
    title = f"Where the predicted settings reach {100 * NEAR:g} % of the best fall of the loss"
    yield Region("best", title, x, y, len(starts), {"agree": agree, "others are better": 1 - agree})


MOMENTUM_RATE = Law(
    "momentum-rate",
    "On a quadratic, each coordinate of momentum shrinks by the larger root of a quadratic equation at every step.",
    r"r^2 - (1 + \alpha - \epsilon \lambda)\, r + \alpha = 0",
    "B. Polyak, Some methods of speeding up the convergence of iteration methods, 1964; G. Goh, Why momentum really works, Distill 2017.",
    "The landscape quadratic, random learning rates and momenta; a start is one pair of settings.",
    _momentum_rate,
    prediction=convergence_rate,
    published="The roots themselves; where they are complex, the rate is the square root of the momentum.",
    region=_rate_region,
)

BEST_MOMENTUM = Law(
    "best-momentum",
    "On a quadratic of condition number k the best settings of momentum are known.",
    r"\epsilon^* = \left(\tfrac{2}{\sqrt{\lambda_1} + \sqrt{\lambda_n}}\right)^2 \quad "
    r"\alpha^* = \left(\tfrac{\sqrt k - 1}{\sqrt k + 1}\right)^2",
    "B. Polyak 1964; G. Goh, Why momentum really works, Distill 2017.",
    f"The landscape quadratic, k = 10, {SIDE} x {SIDE} settings.",
    _best_momentum,
    prediction=best_settings,
    published="The two formulas, and the rate (sqrt k - 1) / (sqrt k + 1), in the limit of many steps.",
    region=_best_region,
)
