"""The catapult of ReLU networks: they come down from far beyond the bound of stability, and the deeper the farther."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline import random
from fallline.experiment.axes import Axis
from fallline.experiment.method import method
from fallline.experiment.starts import draw_starts
from fallline.laws.evidence import Curves, Region
from fallline.laws.law import DRAWN, Finding, Law, finding
from fallline.laws.trial import Trial
from fallline.problems import NetworkObjective
from fallline.runs.eigenvalues import largest_eigenvalues
from fallline.runs.training import Training
from fallline.textbook.network import Network

__all__ = ["CATAPULT_RELU", "relu_phase"]

Floats = NDArray[Any]

INPUTS, SAMPLES, STEPS = 4, 8, 200
CASES = ((256,), (32, 32), (32, 32, 32))
"""Widths of the hidden layers."""
GRID = np.arange(4, 81) / 4
"""Learning rates, in units of 1 / curvature at the start."""
STABLE, LARGEST, TOLERANCE = 2.0, 12.0, 0.25
EARLY = 20
"""Steps in which the loss must rise in the catapult phase."""


def relu_phase(rate_times_curvature: float) -> str:
    """The phase that the law predicts.

    >>> relu_phase(1.9), relu_phase(11.0), relu_phase(13.0)
    ('lazy', 'catapult', 'diverges')
    """
    return "lazy" if rate_times_curvature < STABLE else "catapult" if rate_times_curvature <= LARGEST else "diverges"


def _problem(hidden: tuple[int, ...]) -> NetworkObjective:
    """Signs to learn from normal inputs, by a network whose layers keep the size of their inputs."""
    scales = (INPUTS**-0.5, *((2 / width) ** 0.5 for width in hidden))
    network = Network.of(
        (INPUTS, *hidden, 1), activation="relu", loss="half_squared_error", reduction="mean", bias=False, scales=scales
    )  # fmt: skip
    X = random.normal(0, "law inputs", SAMPLES * INPUTS).reshape(SAMPLES, INPUTS)
    signs = np.where(random.uniform(0, "law targets", SAMPLES) < 0.5, -1.0, 1.0)
    return NetworkObjective(network, (X, signs[:, None]))


def _curvature(problem: NetworkObjective, starts: Floats) -> Floats:
    """The largest eigenvalue of each start's neural tangent kernel, divided by the number of samples, (starts,).

    The gradient of a sample's loss is (f - target) times the derivative of f, so those for two targets give it.
    """
    derivatives = []
    for x in problem.data.X:
        zero, one = (NetworkObjective(problem.network, (x[None], np.full((1, 1), t))) for t in (0.0, 1.0))
        derivatives.append(zero.loss_and_gradient(starts)[1] - one.loss_and_gradient(starts)[1])
    J = np.array(derivatives).transpose(2, 0, 1)  # (parameters, samples, starts)
    kernel = np.add.reduce(J[:, :, None] * J[:, None], axis=0)
    first = np.ones((len(starts), SAMPLES))

    def product(v: Floats, which: NDArray[np.int64]) -> Floats:
        return np.asarray(np.add.reduce(kernel[:, :, which] * v.T[:, None], axis=0).T)

    return largest_eigenvalues(product, first).values / SAMPLES


def _losses(trial: Trial, hidden: tuple[int, ...], grid: Floats) -> Floats:
    """The losses of each start at each rate, as shares of that at the start, (starts, rates, steps + 1)."""
    problem = _problem(hidden)
    starts = draw_starts(problem, trial.starts, seed=trial.seed)
    rates = (grid / _curvature(problem, starts)[:, None]).ravel()
    how = method("gradient_descent").with_({"learning_rate": rates})
    training = Training(problem, how, STEPS, np.repeat(starts, len(grid), axis=0))
    losses = trial.train(training, ["history"])["history"]
    with np.errstate(all="ignore"):
        return np.asarray(losses / losses[:, :1]).reshape(trial.starts, len(grid), -1)


def _first(holds: Any) -> Floats:
    """The smallest rate of the grid at which it holds for each start; infinity if it never does."""
    return np.where(holds.any(axis=1), GRID[holds.argmax(axis=1)], np.inf)


def _catapult_relu(trial: Trial) -> Iterator[Finding | Curves]:
    seen = {}
    for hidden in CASES:
        losses = _losses(trial, hidden, GRID)
        ends = losses[..., -1]
        with np.errstate(all="ignore"):
            rises = (np.diff(losses[..., : EARLY + 1], axis=-1) > 0).any(axis=-1)
        case = "-".join(map(str, (INPUTS, *hidden, 1)))
        quantity = f"smallest rate x curvature with which the loss rises in the first {EARLY} steps"
        yield finding(case, quantity, STABLE, _first(rises), TOLERANCE)
        first = _first(np.logical_not(ends <= 1))
        quantity = "smallest rate x curvature with which the loss ends higher"
        never = int(np.isinf(first).sum())
        note = f"{never} of {trial.starts} starts end lower at every rate up to {GRID[-1]:g}" if never else ""
        yield finding(case, quantity, LARGEST, first, TOLERANCE, note=note)
        seen[case] = np.clip(np.nan_to_num(ends[: DRAWN // 2], nan=1e6, posinf=1e6), 1e-6, 1e6)
    yield Curves(
        "losses", f"Loss after {STEPS} steps, by depth", "learning rate x curvature at the start", "loss / loss at the start", GRID,
        seen, thresholds={"catapult beyond 2": STABLE, "diverges beyond 12": LARGEST}, log="y",
    )  # fmt: skip


def _region(trial: Trial, side: int) -> Iterator[Region]:
    x, y = Axis("learning_rate_times_curvature", 1.0, 20.0, side), Axis.of("depth", np.arange(1, 6))
    predicted = np.array([relu_phase(rate) == "diverges" for rate in x.values])
    fates: dict[str, list[Floats]] = {"agree": [], "end higher below 12": [], "end lower beyond 12": []}
    for depth in range(1, 6):
        higher = ~(_losses(trial, (32,) * depth, x.values)[..., -1] <= 1)
        for name, fate in zip(fates, (higher == predicted, higher & ~predicted, ~higher & predicted), strict=True):
            fates[name].append(fate.mean(axis=0))
    lines = {"predicted: 12": (np.array([LARGEST, LARGEST]), y.edges[[0, -1]])}
    shares = {name: np.array(rows) for name, rows in fates.items()}
    yield Region("depth", "Where the loss ends higher beyond 12 and lower below", x, y, trial.starts, shares, lines)


CATAPULT_RELU = Law(
    "catapult-relu",
    "A network of ReLUs trains by a catapult from 2 / L0 on, up to a learning rate of about 12 / L0, where L0 is its curvature at the start.",
    r"\epsilon < 2 / \lambda_0: \text{ lazy} \quad 2 / \lambda_0 < \epsilon < 12 / \lambda_0: \text{ catapult} \quad \epsilon > 12 / \lambda_0: \text{ diverges}",
    "A. Lewkowycz et al., The large learning rate phase of deep learning: the catapult mechanism, 2020, arXiv:2003.02218.",
    f"{INPUTS} inputs, 1 to 3 hidden layers of ReLUs, no biases, {SAMPLES} samples with signs as targets, half the mean squared "
    f"error, {STEPS} steps.",
    _catapult_relu,
    prediction=relu_phase,
    published="2 / L0; and about 12 / L0, an empirical figure for ReLU networks, not a derived one; so a start agrees here within 25 %.",
    region=_region,
)
