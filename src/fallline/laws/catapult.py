"""The catapult: beyond the bound of stability the loss first rises, and the run comes down where the curvature is lower."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.axes import Axis
from fallline.experiment.method import method
from fallline.experiment.starts import draw_starts
from fallline.laws.evidence import Curves, Region
from fallline.laws.law import DRAWN, Finding, Law, finding
from fallline.laws.trial import Trial
from fallline.problems import NetworkObjective
from fallline.runs.training import Training
from fallline.textbook.network import Network

__all__ = ["CATAPULT", "phase"]

Floats = NDArray[Any]

WIDTH, STEPS = 512, 150
GRID = np.arange(1.5, 5.0, 0.02)
"""Learning rates, in units of 1 / curvature at the start."""
PHASES = ("lazy", "catapult", "diverges")
LAZY, CATAPULT_UP_TO = 2.0, 4.0


def phase(rate_times_curvature: float) -> str:
    """The phase that the law predicts.

    >>> phase(1.9), phase(3.0), phase(4.1)
    ('lazy', 'catapult', 'diverges')
    """
    return PHASES[int(rate_times_curvature >= LAZY) + int(rate_times_curvature > CATAPULT_UP_TO)]


@dataclass(frozen=True)
class _Runs:
    """Losses of every start at every rate of a grid, as shares of the loss at the start, (starts, rates)."""

    second: Floats
    last: Floats

    @property
    def phases(self) -> NDArray[np.int64]:
        """0 where the loss falls at once, 1 where it rises and comes down again, 2 where it does not come down."""
        with np.errstate(all="ignore"):
            return np.where(~(self.last < 1), 2, np.where(self.second > 1, 1, 0))


def _runs(trial: Trial, width: int, grid: Floats) -> _Runs:
    network = Network.of(
        (1, width, 1), activation="identity", loss="half_squared_error", bias=False, scales=(1.0, width**-0.5)
    )  # fmt: skip
    problem = NetworkObjective(network, (np.ones((1, 1)), np.zeros((1, 1))))
    starts = draw_starts(problem, trial.starts, seed=trial.seed)
    curvature = (starts**2).sum(axis=1) / width  # the largest eigenvalue of the neural tangent kernel at the start
    second, last = [], []
    for start, own in zip(starts, curvature, strict=True):
        how = method("gradient_descent").with_({"learning_rate": grid / own})
        losses = trial.train(Training(problem, how, STEPS, start), ["history"])["history"]
        with np.errstate(all="ignore"):
            second.append(losses[:, 1] / losses[:, 0])
            last.append(losses[:, -1] / losses[:, 0])
    return _Runs(np.array(second), np.array(last))


def _catapult(trial: Trial) -> Iterator[Finding | Curves]:
    runs = _runs(trial, WIDTH, GRID)
    lazy = GRID[(runs.second > 1).argmax(axis=1)]
    learns = runs.phases < 2
    last = GRID[len(GRID) - 1 - learns[:, ::-1].argmax(axis=1)]
    case = f"linear, width {WIDTH}"
    yield finding(case, "rate x curvature from which the loss rises at first", LAZY, lazy, 0.05)
    yield finding(case, "largest rate x curvature with which a run learns", CATAPULT_UP_TO, last, 0.05)
    yield finding(case, "share of the larger rates with which the loss ends higher", 1.0,
                  [1 - l[GRID > 1.05 * CATAPULT_UP_TO].mean() for l in learns], 0.05)  # fmt: skip
    seen = {"after one step": runs.second[:DRAWN], f"after {STEPS} steps": runs.last[:DRAWN]}
    clipped = {name: np.clip(np.nan_to_num(v, nan=1e9, posinf=1e9), 1e-9, 1e9) for name, v in seen.items()}
    yield Curves(
        "losses", "Loss after one step, and at the end", "learning rate x curvature at the start", "loss / loss at the start", GRID,
        clipped, thresholds={"lazy below 2": LAZY, "diverges beyond 4": CATAPULT_UP_TO}, log="y",
    )  # fmt: skip


def _region(trial: Trial, side: int) -> Iterator[Region]:
    widths = 2 ** np.arange(min(side, 10))
    x = Axis("learning_rate_times_curvature", 1.0, 5.0, side)
    predicted = np.array([PHASES.index(phase(rate)) for rate in x.values])
    agree = [(_runs(trial, int(width), x.values).phases == predicted).mean(axis=0) for width in widths]
    y = Axis.of("width", widths)
    lines = {f"predicted: {at:g}": (np.array([at, at]), y.edges[[0, -1]]) for at in (LAZY, CATAPULT_UP_TO)}
    shares = np.array(agree)
    yield Region(
        "phases",
        "Where the three phases are as predicted",
        x,
        y,
        trial.starts,
        {"agree": shares, "another phase": 1 - shares},
        lines,
    )


CATAPULT = Law(
    "catapult",
    "A wide linear network trains lazily below 2 / L0, by a catapult up to 4 / L0, and diverges beyond, where L0 is its curvature at the start.",
    r"\epsilon < 2 / \lambda_0: \text{ lazy} \quad 2 / \lambda_0 < \epsilon < 4 / \lambda_0: \text{ catapult} \quad \epsilon > 4 / \lambda_0: \text{ diverges}",
    "A. Lewkowycz et al., The large learning rate phase of deep learning: the catapult mechanism, 2020, arXiv:2003.02218.",
    f"1-{WIDTH}-1, identity, no biases, one sample with target 0, half the squared error, {STEPS} steps.",
    _catapult,
    prediction=phase,
    published="2 / L0 and 4 / L0, derived for a linear network with one hidden layer in the limit of infinite width.",
    region=_region,
)
