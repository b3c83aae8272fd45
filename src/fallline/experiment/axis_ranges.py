"""The range that an axis has to begin with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

from numpy.typing import NDArray

from fallline.experiment.method import factors_on_rates
from fallline.experiment.setting_names import within_start
from fallline.problems import LandscapeObjective, Objective
from fallline.problems.curvature import eigenvalues, stable_learning_rate
from fallline.settings import Setting
from fallline.textbook.optimizers import OPTIMIZERS

__all__ = ["Range", "Ranges"]

MOST_PARAMETERS = 300
"""The most parameters of an objective whose curvature is quickly found."""


class Range(NamedTuple):
    """The ends of an axis, and whether its steps or its ratios are equal."""

    low: float
    high: float
    scale: Literal["linear", "log"] = "linear"


@dataclass(frozen=True, eq=False)
class Ranges:
    """The ranges of axes for runs of an optimizer from a start.

    >>> from fallline.problems import objective
    >>> from fallline.settings import SETTINGS
    >>> import numpy as np
    >>> Ranges(objective("rosenbrock"), "momentum", np.array([-1.2, 1.0])).of("learning_rate", SETTINGS["learning_rate"])
    Range(low=1e-05, high=0.01, scale='log')
    """

    objective: Objective
    optimizer: str
    start: NDArray[Any]

    @cached_property
    def bound(self) -> float | None:
        """The learning rate that the curvature at the start allows; None if theory knows none, or it takes long to find."""
        if self.objective.dimension > MOST_PARAMETERS:
            return None
        record = OPTIMIZERS.get(self.optimizer)
        factors = None if record is None else factors_on_rates(self.objective, record)
        return stable_learning_rate(self.optimizer, eigenvalues(self.objective, self.start, factors)[1])

    def of(self, name: str, declared: Setting) -> Range:
        """The range of a setting: for learning rates, around the bound that the curvature allows."""
        coordinate = within_start(name)
        if coordinate is not None:
            return self._of_coordinate(self.objective.labels.index(coordinate))
        if declared.name == "learning_rate":
            if self.bound is None or not math.isfinite(self.bound) or self.bound <= 0:
                return Range(1e-4, 1.0, "log")
            first, last = math.floor(math.log10(self.bound / 60)), math.ceil(math.log10(self.bound * 2))
            return Range(float(f"1e{first}"), float(f"1e{last}"), "log")  # pow of C's library may err in the last place
        if declared.name == "seed":
            return Range(0.0, 63.0)
        slider = declared.slider_range
        return Range(float(slider.low), float(slider.high), slider.scale)

    def _of_coordinate(self, k: int) -> Range:
        if isinstance(self.objective, LandscapeObjective):
            low, high = self.objective.landscape.window[k % 2]
            return Range(float(low), float(high))
        at = float(self.start[k])
        return Range(round(at - 2, 3), round(at + 2, 3))
