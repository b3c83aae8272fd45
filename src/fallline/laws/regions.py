"""Regions of validity: where in a plane of settings a law holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.method import method
from fallline.experiment.starts import draw_starts
from fallline.laws.edge_of_stability import LOOKS, REACHED, STEPS, chebyshev
from fallline.laws.law import Trial
from fallline.problems.curvature import stable_learning_rate
from fallline.runs.sharpness import sharpness_along
from fallline.runs.training import Training
from fallline.textbook.initial import INITIALS

__all__ = ["EdgeRegion", "edge_region"]

Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class EdgeRegion:
    """What becomes of the starts of each cell, as shares of them, (momenta, rates). The four shares add up to 1.

    Attributes
    ----------
    at_edge
        They reach the edge, and stay at it: the mean of the last quarter is within 5 % of the bound.
    left
        They reach it, and their mean is farther from the bound.
    short
        They do not reach it.
    diverged
        Their loss is not finite at the end.
    """

    momenta: tuple[float, ...]
    rates: tuple[float, ...]
    at_edge: Floats
    left: Floats
    short: Floats
    diverged: Floats


def edge_region(
    momenta: Sequence[float], rates: Sequence[float], trial: Trial, *, optimizer: str = "momentum", steps: int = STEPS
) -> EdgeRegion:
    """Where the edge of stability holds, over learning rates and momenta, on the problem of the law.

    All runs of the plane are trained side by side.

    Examples
    --------
    >>> region = edge_region([0.0, 0.9], [0.4], Trial(2), steps=400)
    >>> region.at_edge.shape, float((region.at_edge + region.left + region.short + region.diverged).min())
    ((2, 1), 1.0)
    """
    problem, count = chebyshev(), trial.starts
    starts = draw_starts(problem, count, seed=trial.seed, initial=INITIALS["glorot_normal"])
    cells = [(m, r) for m in momenta for r in rates]
    each = {"momentum": [m for m, _ in cells], "learning_rate": [r for _, r in cells]}
    values = {name: np.repeat(np.array(column, dtype=np.float64), count) for name, column in each.items()}
    bounds = np.repeat([stable_learning_rate(optimizer, r, m) or np.nan for m, r in cells], count)  # of the sharpness
    training = Training(problem, method(optimizer).with_(values), steps, np.tile(starts, (len(cells), 1)))
    looks = range(steps // LOOKS, steps + 1, steps // LOOKS)
    along = sharpness_along(training, looks, execution=trial.execution) / bounds[:, None]
    diverged = ~np.isfinite(along[:, -1])
    reached = (along >= REACHED).any(axis=1) & ~diverged
    near = np.abs(along[:, -LOOKS // 4 :].mean(axis=1) - 1) <= 0.05

    def share(which: NDArray[np.bool_]) -> Floats:
        return np.asarray(which.reshape(len(momenta), len(rates), count).mean(axis=2))

    return EdgeRegion(
        tuple(momenta), tuple(rates), share(reached & near), share(reached & ~near), share(~reached & ~diverged),
        share(diverged),
    )  # fmt: skip
