"""The learning rate at which the first step kills a unit: a small change of a setting changes the result completely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fallline.experiment.method import factors_on_rates
from fallline.problems import NetworkObjective
from fallline.problems.curvature import eigenvalues, stable_learning_rate
from fallline.problems.deaths import deaths
from fallline.runs.run import Run

__all__ = ["Cliff", "find_cliff"]

FIRST_STEP = ("gradient_descent", "momentum", "momentum_outside")
"""Optimizers whose first step is the learning rate times the gradient, whatever the momentum."""


@dataclass(frozen=True)
class Cliff:
    """A threshold of the learning rate, at one start.

    Attributes
    ----------
    below, above
        The largest learning rate found whose first step leaves the unit alive, and the smallest that kills it.
    layer, unit
        The unit that dies, counted from 1.
    survivor, victim
        The runs with a learning rate below and above the cliff.
    largest_eigenvalue, bound
        Of the Hessian at the start; and the bound 2/L of stable learning rates on a quadratic.
    """

    below: float
    above: float
    layer: int
    unit: int
    survivor: Run
    victim: Run
    largest_eigenvalue: float
    bound: float | None

    def to_dict(self) -> dict[str, Any]:
        """The entry of results.json."""
        return {
            "below": self.below, "above": self.above, "layer": self.layer, "unit": self.unit,
            "largest_eigenvalue": self.largest_eigenvalue, "stable_learning_rate": self.bound,
        }  # fmt: skip


def find_cliff(runs: Sequence[Run]) -> Cliff | None:
    """Find, by bisection, the cliff between two runs from one start of which only one loses a unit at its first step."""
    for victim in runs:
        for survivor in sorted(runs, key=lambda r: -r.method.settings["learning_rate"]):
            if _comparable(survivor, victim):
                low, high = (r.method.settings["learning_rate"] for r in (survivor, victim))
                lost = sorted(_dead_after(victim, high) - _dead_after(survivor, low))
                if lost:
                    return _bisect(survivor, victim, low, high, lost[0])
    return None


def _comparable(survivor: Run, victim: Run) -> bool:
    plain = all(
        r.method.optimizer.name in FIRST_STEP
        and r.method.schedule.name == "constant"
        and not r.method.learning_rates
        and factors_on_rates(r.objective, r.method.optimizer) is None
        for r in (survivor, victim)
    )
    return (
        plain
        and isinstance(victim.objective, NetworkObjective)
        and np.array_equal(survivor.start, victim.start)
        and survivor.method.settings["learning_rate"] < victim.method.settings["learning_rate"]
    )


def _dead_after(run: Run, rate: float) -> set[tuple[int, int]]:
    """Units that are dead after one step of that learning rate from the run's start."""
    gradient = run.objective.loss_and_gradient(run.start)[1]
    with np.errstate(all="ignore"):
        path = np.stack([run.start, run.start - rate * gradient])
    return {(layer, unit) for layer, unit, _ in deaths(run.objective, path)}


def _bisect(survivor: Run, victim: Run, low: float, high: float, unit: tuple[int, int]) -> Cliff:
    while high - low > 1e-7 * high:
        middle = (low + high) / 2
        if unit in _dead_after(victim, middle):
            high = middle
        else:
            low = middle
    largest = eigenvalues(victim.objective, victim.start)[1]
    return Cliff(low, high, *unit, survivor, victim, largest, stable_learning_rate("gradient_descent", largest))
