"""Facts about a run that has ended, from which the sentence of its outcome is made.

Sentences (`runs.explain`) read nothing but these facts, by name. So they can be traced for pages without Python
(`fallline.live.causes`), which find the same facts by themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import TraceError
from fallline.experiment.method import Method, factors_on_rates
from fallline.measures.outcome import VANISHED, hardly_moved
from fallline.measures.statistics import Statistics, window
from fallline.problems import LandscapeObjective, NetworkObjective, Objective
from fallline.problems.curvature import Stationary, eigenvalues, kind_of_point, stable_learning_rate, stationary
from fallline.problems.traced import traced_landscape
from fallline.readings.graph.nonfinite import Trouble, first_troubles
from fallline.shapes import Shaped
from fallline.textbook import network as pages

__all__ = ["LARGE", "LOOKS", "Ended", "goes_against", "known_beforehand", "of_statistics"]

Floats = NDArray[Any]

LARGE = 2000
"""With more parameters than this, curvature is not measured: it would cost more than the run."""

LOOKS = 200
"""The longest window over which the accuracy is watched: each of its steps costs a forward pass."""

_TROUBLE: dict[Trouble, str] = {
    "division by 0": "a division by 0 or the log of 0",
    "no value": "an operation without a value, such as the log or root of a negative number",
    "overflow": "a number that is too large",
}
"""The words of a sentence for each kind of trouble."""


def known_beforehand(
    objective: Objective, method: Method, minibatches: bool, real: str, *, full_loss: bool = False
) -> dict[str, Any]:
    """The facts that do not depend on the run.

    - `minibatches`: whether losses before the last are of batches
    - `real`: the type of the run's numbers
    - `optimizer`: its name, if theory may know a stability bound of these runs; else ""
    """
    one_rate = not method.learning_rates and factors_on_rates(objective, method.optimizer) is None
    theory = one_rate and not minibatches and method.schedule.name == "constant"
    name = method.optimizer.name if theory and objective.dimension <= LARGE else ""
    return {"minibatches": minibatches and not full_loss, "real": real, "optimizer": name}


def of_statistics(s: Statistics) -> dict[str, Any]:
    """The facts that the statistics of a run tell.

    - `hardly_moved`, `ranged`, `spread`: whether the loss stayed near its first value; what it ranged over, and over the window
    - `window_first`, `window_low`, `window_high`, `change`: of the losses of the window
    - `above_start`: whether the last loss is above the first
    - `diverged_at`
    - `gradient_is_nan`, `gradient_is_known`, `gradient_is_small`: what the squares of the gradient tell
    """
    small = (s.last_gradient < s.smallest_gradient) & (s.largest_gradient * VANISHED < s.smallest_gradient)
    return {
        "hardly_moved": hardly_moved(s), "ranged": s.highest - s.lowest, "spread": s.spread, "window_first": s.window_first,
        "window_low": s.window_low, "window_high": s.window_high, "change": s.change, "above_start": s.last > s.first,
        "diverged_at": s.diverged_at, "gradient_is_nan": np.isnan(s.last_gradient) | np.isnan(s.largest_gradient),
        "gradient_is_known": s.gradient_is_known, "gradient_is_small": small,
    }  # fmt: skip


def goes_against(
    product: Shaped[Floats, "*steps"], size: Shaped[Floats, "*steps"], before: Shaped[Floats, "*steps"]
) -> Shaped[NDArray[np.bool_], "*steps"]:
    """Whether steps go against those before them: from their inner products and their sizes."""
    return np.asanyarray((product < -0.9 * size * before) & (size > 0) & (before > 0))


@dataclass(frozen=True, eq=False)
class Ended:
    """The facts of a recorded run; those that cost something are found when they are asked for.

    Attributes
    ----------
    statistics, evidence
        What was measured anyway, and the numbers behind the sentence, which facts add to.
    """

    objective: Objective
    method: Method
    path: Shaped[Floats, "steps+1 P"]
    losses: Shaped[Floats, " steps+1"]
    norms: Shaped[Floats, " steps+1"]
    minibatches: bool
    statistics: Statistics
    has_dead_units: bool
    evidence: dict[str, Any] = field(default_factory=dict)
    full_loss: bool = False

    def __post_init__(self) -> None:
        real = self.path.dtype.name
        facts = known_beforehand(self.objective, self.method, self.minibatches, real, full_loss=self.full_loss)
        facts |= {name: np.asarray(value).item() for name, value in of_statistics(self.statistics).items()}
        self.__dict__.update(facts)

    def __getattr__(self, name: str) -> Any:  # the facts that stand in the dictionary
        raise AttributeError(name)

    def part(self, write: Callable[..., str], **how: Any) -> str:
        """A part of a sentence about this run."""
        return write(self, **how)

    @property
    def steps(self) -> int:
        return self.statistics.steps

    @property
    def window(self) -> int:
        """How many steps the window has."""
        return window(self.steps)

    @cached_property
    def first_loss(self) -> float:
        return float(self.losses[0])

    @cached_property
    def last_loss(self) -> float:
        return float(self.losses[-1] + 0.0)  # -0 is shown as 0

    @cached_property
    def loss_there(self) -> float:
        """The loss at the step of divergence."""
        return float(self.losses[int(self.statistics.diverged_at)])

    @cached_property
    def never_below_start(self) -> bool:
        """Whether no loss before the divergence was below the first."""
        return bool((self.losses[1 : int(self.statistics.diverged_at)] >= self.losses[0]).all())

    @cached_property
    def largest_norm(self) -> float:
        return float(np.max(self.norms))

    @cached_property
    def last_norm(self) -> float:
        return float(self.norms[-1])

    @cached_property
    def rises(self) -> int:
        """In how many steps of the window the loss rose."""
        return int((np.diff(self.losses[-self.window - 1 :]) > 0).sum()) if self.steps else 0

    @cached_property
    def goes_back(self) -> bool:
        """Whether each of the last steps goes against the step before it."""
        moves = np.diff(self.path[-min(len(self.path), 10) :].astype(np.float64), axis=0)
        if len(moves) < 2:
            return False
        products, sizes = (moves[1:] * moves[:-1]).sum(axis=-1), np.linalg.norm(moves, axis=-1)
        return bool(goes_against(products, sizes[1:], sizes[:-1]).all())

    @cached_property
    def gradient_is_zero(self) -> bool:
        """Whether the gradient at the end is exactly 0."""
        return not self.objective.loss_and_gradient(self.path[-1])[1].any()

    @cached_property
    def moved(self) -> bool:
        """Whether the last parameters differ from the first."""
        return bool(np.any(self.path != self.path[0]))

    @cached_property
    def learning_rate(self) -> float:
        return float(self.method.settings["learning_rate"])

    @cached_property
    def momentum(self) -> float:
        return float(self.method.settings.get("momentum", 0.0))

    # Curvature. The eigenvalues are NaN where there are none, and of large problems. ------------------------------------------

    @cached_property
    def _stationary(self) -> Stationary:
        s = self.statistics
        if self.objective.dimension > LARGE:
            return Stationary.unknown()
        point = stationary(self.objective, self.path[-1], float(max(s.highest - s.lowest, abs(s.last))))
        self.evidence.update(point=kind_of_point(point), smallest_eigenvalue=point.low, largest_eigenvalue=point.high)
        return point

    @property
    def low(self) -> float:
        """The smallest eigenvalue of the Hessian at the end."""
        return self._stationary.low

    @property
    def high(self) -> float:
        """The largest eigenvalue of the Hessian at the end."""
        return self._stationary.high

    @property
    def falls(self) -> bool:
        """Whether a straight way without a rise leads down from the end: against the smallest eigenvalue, or the gradient."""
        return self._stationary.falls

    @property
    def falls_upward(self) -> bool:
        """Whether the loss falls along the direction of the largest eigenvalue, too."""
        return self._stationary.falls_upward

    @cached_property
    def bound_at_end(self) -> float | None:
        """The learning rate that is stable at the curvature at the end; None if theory knows none. So for `bound_at_start`."""
        return self._bound(self.high)

    @cached_property
    def bound_at_start(self) -> float | None:
        return self._bound(self.high_at_start)

    def _bound(self, largest: float) -> float | None:
        bound = stable_learning_rate(self.optimizer, largest, self.momentum)
        self.evidence["stable_learning_rate"] = bound
        return bound

    @cached_property
    def _at_start(self) -> tuple[float, float]:
        return eigenvalues(self.objective, self.path[0])

    @property
    def low_at_start(self) -> float:
        return self._at_start[0]

    @property
    def high_at_start(self) -> float:
        return self._at_start[1]

    # Of networks: where a number is too large, and the accuracy. ---------------------------------------------------------------

    @cached_property
    def overflowing_layer(self) -> int:
        """The first layer whose pre-activation is not finite at the step of divergence; 0 for none."""
        objective, w = self.objective, self.path[int(self.statistics.diverged_at)]
        if not isinstance(objective, NetworkObjective) or np.isfinite(objective.loss(w)):
            return 0
        _, kept = pages.forward(objective.network, objective.network.unpack(w), objective.data.X.astype(w.dtype))
        layer = next((layer for layer, (_, Z) in enumerate(kept, start=1) if not np.isfinite(Z).all()), 0)
        self.evidence.update({"layer": layer} if layer else {})
        return layer

    @cached_property
    def trouble(self) -> str:
        """Which operation made a loss that is not finite, as a sentence with a space before it; "" if it is not known."""
        w = self.path[int(self.statistics.diverged_at)]
        if not np.isfinite(w).all():
            names = [self.objective.labels[k] for k in np.flatnonzero(~np.isfinite(w))[:3]]
            return f" Not finite: parameter {', '.join(names)}."
        if not isinstance(self.objective, LandscapeObjective):
            return ""  # `overflowing_layer` tells it of a network
        try:
            value, *_ = traced_landscape(self.objective)
        except TraceError:
            return ""
        met = first_troubles(value, {("w", k): x for k, x in enumerate(w)})
        return f" Its computation meets {' and '.join(_TROUBLE[kind] for kind in met)}." if met else ""

    @cached_property
    def _shares(self) -> Floats:
        objective = self.objective
        late = self.path[-self.window - 1 :] if self.window <= LOOKS else self.path[-1:]
        judged = isinstance(objective, NetworkObjective) and objective.network.loss.targets != "values"
        if not judged or not np.isfinite(late).all():
            return np.array([np.nan])
        return np.asarray(objective.accuracy(late))  # type: ignore[attr-defined]  # of a network

    @property
    def share(self) -> float:
        """The share of right answers at the end; NaN where there is none."""
        return float(self._shares[-1])

    @property
    def share_is_stuck(self) -> bool:
        """Whether it was the same all over the window."""
        return bool(len(self._shares) > 1 and (self._shares == self._shares[-1]).all())
