"""A run: its path, its losses, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.method import Method
from fallline.measures.outcome import Outcome
from fallline.plotting import draw
from fallline.problems import Objective

__all__ = ["Run"]

Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Run:
    """A run with its whole path, and how it ended.

    Attributes
    ----------
    objective, method, steps
        What was run.
    path
        Parameters before each step and after the last, (steps + 1, P). NaN after a loss that is not finite.
    losses
        Loss at each of them, (steps + 1,).
    gradient_norms
        Euclidean norm of the gradient at each of them, (steps + 1,).
    outcome
        How it ended, in one word and one sentence.

    Notes
    -----
    With minibatches, losses and norms are those of the batch that the next step sees, and the last are of all samples.
    All are on the scale of all samples: where the loss is a sum, that of a batch of b of n samples counts n/b times.

    Examples
    --------
    >>> import fallline as fl
    >>> run = fl.descend("booth", learning_rate=0.05, steps=100)
    >>> run.end.round(3).tolist(), run.steps_to(1.0)
    ([1.0, 3.0], 17)
    """

    objective: Objective
    method: Method
    steps: int
    path: Floats
    losses: Floats
    gradient_norms: Floats
    outcome: Outcome

    @property
    def start(self) -> Floats:
        """Parameters before the first step."""
        return np.asarray(self.path[0])

    @property
    def end(self) -> Floats:
        """Parameters after the last step."""
        return np.asarray(self.path[-1])

    @property
    def loss(self) -> float:
        """Loss after the last step."""
        return float(self.losses[-1])

    @property
    def best_loss(self) -> float:
        """Lowest loss of the run."""
        return float(np.nanmin(self.losses))

    def steps_to(self, target: float) -> int | None:
        """The first step after which the loss is at most `target`; None if the loss stays above it."""
        reached = np.flatnonzero(self.losses <= target)
        return int(reached[0]) if len(reached) else None

    def to_dict(self) -> dict[str, Any]:
        """The run as plain data, for JSON. Numbers that are not finite become None."""
        return {
            "objective": self.objective.name,
            "optimizer": self.method.optimizer.name,
            "settings": self.method.keywords,
            "schedule": {"name": self.method.schedule.name} | self.method.schedule_settings,
            "steps": self.steps,
            "start": _listed(self.start),
            "end": _listed(self.end),
            "loss": _listed(self.losses[-1:])[0],
            "losses": _listed(self.losses),
            "gradient_norm": _listed(self.gradient_norms[-1:])[0],
            "outcome": self.outcome.kind,
            "sentence": self.outcome.sentence,
        }

    def plot(self, **options: Any) -> Any:
        """The run as a picture: path over contours for a landscape of two coordinates, loss curve otherwise."""
        return draw("run", self, **options)

    def __repr__(self) -> str:
        return (
            f"Run({self.objective.name}: {self.method}; {self.steps} steps, "
            f"loss {self.losses[0]:.6g} to {self.loss:.6g}, {self.outcome.kind})"
        )


def _listed(values: Floats) -> list[float | None]:
    return [float(v) if np.isfinite(v) else None for v in values]
