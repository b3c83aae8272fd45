"""The catapult: beyond the bound of stability the loss first rises, and the run comes down where the curvature is lower."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fallline.experiment.method import method
from fallline.experiment.starts import draw_starts
from fallline.laws.law import Finding, Law, Trial, finding
from fallline.problems import NetworkObjective
from fallline.runs.lanes import train
from fallline.runs.training import Training
from fallline.textbook.network import Network

__all__ = ["CATAPULT"]

WIDTH, STEPS = 512, 150
GRID = np.arange(1.5, 5.0, 0.02)
"""Learning rates, in units of 1 / sharpness at the start."""


def _catapult(trial: Trial) -> Iterator[Finding]:
    network = Network.of(
        (1, WIDTH, 1), activation="identity", loss="half_squared_error", bias=False, scales=(1.0, WIDTH**-0.5)
    )  # fmt: skip
    problem = NetworkObjective(network, (np.ones((1, 1)), np.zeros((1, 1))))
    starts = draw_starts(problem, trial.starts, seed=trial.seed)
    kernel = (starts**2).sum(axis=1) / WIDTH  # the largest eigenvalue of the neural tangent kernel at the start
    lazy, catapult = [], []
    for start, curvature in zip(starts, kernel, strict=True):
        how = method("gradient_descent").with_({"learning_rate": GRID / curvature})
        losses = train(Training(problem, how, STEPS, start), ["history"], execution=trial.execution)["history"]
        with np.errstate(all="ignore"):
            rises = losses[:, 1] > losses[:, 0]
            learns = losses[:, -1] < losses[:, 0]
        lazy.append(GRID[np.argmax(rises)])
        catapult.append(GRID[np.flatnonzero(learns)[-1]])
    case = f"linear, width {WIDTH}"
    yield finding(case, "rate x curvature from which the loss rises at first", 2.0, lazy, 0.05)
    yield finding(case, "largest rate x curvature with which a run learns", 4.0, catapult, 0.05)


CATAPULT = Law(
    "catapult",
    "A wide linear network trains lazily below 2 / L0, by a catapult up to 4 / L0, and diverges beyond, where L0 is its curvature at the start.",
    r"\epsilon < 2 / \lambda_0: \text{ lazy}, \quad 2 / \lambda_0 < \epsilon < 4 / \lambda_0: \text{ catapult}, \quad \epsilon > 4 / \lambda_0: \text{ diverges}",
    "A. Lewkowycz et al., The large learning rate phase of deep learning: the catapult mechanism, 2020, arXiv:2003.02218.",
    f"1-{WIDTH}-1, identity, no biases, one sample with target 0, half the squared error, {STEPS} steps.",
    _catapult,
)
