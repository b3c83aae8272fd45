"""What the laws of the edge of stability share: the problem, sharpness along runs, and the region in which runs stay at the edge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.axes import Axis
from fallline.experiment.method import method
from fallline.experiment.starts import draw_starts
from fallline.laws.evidence import Curves, Line, Region
from fallline.laws.law import DRAWN
from fallline.laws.trial import Trial
from fallline.problems import NetworkObjective
from fallline.runs.sharpness import sharpness_along
from fallline.runs.training import Training
from fallline.textbook.initial import INITIALS
from fallline.textbook.network import Network
from fallline.textbook.optimizers import OPTIMIZERS

__all__ = ["LOOKS", "REACHED", "STEPS", "chebyshev", "edge_region", "edges", "looks", "sharpness_curves"]

Floats = NDArray[Any]

STEPS, LOOKS = 4000, 40
"""Updates of a run, and how often the sharpness is computed in it."""
REACHED = 0.95
"""A run has reached the edge once its sharpness is at this share of the bound."""


def chebyshev() -> NetworkObjective:
    """A network 1-30-1 of tanh that learns the fourth Chebyshev polynomial from 20 points; half the mean squared error.

    >>> chebyshev().dimension, len(chebyshev().data)
    (91, 20)
    """
    x = np.linspace(-1, 1, 20)[:, None]
    network = Network.of("1-30-1", activation="tanh", loss="half_squared_error", reduction="mean")
    return NetworkObjective(network, (x, 8 * x**4 - 8 * x**2 + 1))


def starts_of(trial: Trial, problem: NetworkObjective) -> Floats:
    """Glorot's normal weights."""
    return draw_starts(problem, trial.starts, seed=trial.seed, initial=INITIALS["glorot_normal"])


def looks(steps: int) -> range:
    """The steps at which the sharpness is computed."""
    return range(steps // LOOKS, steps + 1, steps // LOOKS)


def _sharpness(trial: Trial, training: Training) -> Floats:
    """The (preconditioned) sharpness along runs, (runs, looks)."""
    at, execution = looks(training.steps), trial.execution
    return trial.of_runs(training, lambda some: sharpness_along(some, at, preconditioned=True, execution=execution))


def edges(trial: Trial, optimizer: str, bound: float, **settings: Any) -> tuple[Floats, str, Floats]:
    """Of each start that reaches the edge: the mean over the last quarter of sharpness times learning rate.

    Returns
    -------
    These means, a note on how many starts reach the edge, and the sharpness times learning rate of all starts, (starts, looks).
    """
    problem = chebyshev()
    training = Training(problem, method(optimizer, **settings), STEPS, starts_of(trial, problem))
    along = _sharpness(trial, training) * settings["learning_rate"]
    reached = (along >= REACHED * bound).any(axis=1)
    note = f"{reached.sum()} of {trial.starts} starts reach the edge"
    return along[reached, -LOOKS // 4 :].mean(axis=1), note, along


def sharpness_curves(label: str, runs: Mapping[str, Floats], bounds: Mapping[str, float]) -> Curves:
    """The sharpness times learning rate of some starts of each case, beside the bounds."""
    at = np.array(looks(STEPS), dtype=np.float64)
    measured = {case: along[:DRAWN] for case, along in runs.items()}
    predicted = {case: np.full(len(at), bound) for case, bound in bounds.items()}
    return Curves("sharpness", f"{label[0].upper()}{label[1:]} while training", "step", label, at, measured, predicted)


def edge_region(
    trial: Trial,
    optimizer: str,
    x: Axis,
    y: Axis,
    bound: Callable[[Mapping[str, Floats]], Floats],
    tolerance: float,
    *,
    lines: Mapping[str, Line] | None = None,
    steps: int | None = None,
) -> Region:
    """Where runs reach the edge and stay at it, over two settings of the optimizer. All runs are trained side by side.

    Parameters
    ----------
    x, y
        The settings; one of them is the learning rate.
    bound
        From the settings of the runs, the bound of sharpness times learning rate of each run.
    """
    problem, count, steps = chebyshev(), trial.starts, steps or STEPS
    cells = y.count * x.count
    settings = {x.name: np.tile(x.values, y.count), y.name: np.repeat(y.values, x.count)}
    settings = {name: np.repeat(values, count) for name, values in settings.items()}
    training = Training(
        problem, method(optimizer).with_(settings), steps, np.tile(starts_of(trial, problem), (cells, 1))
    )
    along = _sharpness(trial, training)
    with np.errstate(all="ignore"):
        along = along * (settings["learning_rate"] / bound(settings))[:, None]
        diverged = ~np.isfinite(along[:, -1])
        reached = (along >= REACHED).any(axis=1) & ~diverged
        near = np.abs(along[:, -LOOKS // 4 :].mean(axis=1) - 1) <= tolerance
    fates = {
        "agree": reached & near, "leave the edge": reached & ~near, "do not reach the edge": ~reached & ~diverged,
        "diverge": diverged,
    }  # fmt: skip
    shares = {name: fate.reshape(y.count, x.count, count).mean(axis=2) for name, fate in fates.items()}
    title = f"Where runs of {OPTIMIZERS[optimizer].label} stay at the edge, within {100 * tolerance:g} %"
    return Region(optimizer, title, x, y, count, shares, lines or {})
