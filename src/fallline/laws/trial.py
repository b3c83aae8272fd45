"""How a law is tested: many starts, with threads or a device. A law trains through its trial, so that a rehearsal can take fewer runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fallline.experiment.map_record import MapSpec
from fallline.runs.execution import EVERY_CORE, Execution
from fallline.runs.lanes import train
from fallline.runs.training import Training

__all__ = ["Trial"]

Q = TypeVar("Q", bound=Any)


@dataclass(frozen=True)
class Trial:
    """How a law is tested.

    Attributes
    ----------
    starts
        How many starts each case has.
    seed
        Key of the starts.
    execution
        Threads and device.
    """

    starts: int = 100
    seed: int = 0
    execution: Execution = field(default=EVERY_CORE)

    def train(self, training: Training, measures: Sequence[str] = ("final_loss",)) -> dict[str, Any]:
        """Train runs: for each measure an array, (runs, ...), as `fallline.runs.lanes.train` gives it.

        >>> from fallline.experiment.method import method
        >>> from fallline.problems import objective
        >>> import numpy as np
        >>> training = Training(objective("quadratic"), method("gradient_descent"), 3, np.ones((2, 2)))
        >>> Trial().train(training, ["history"])["history"].shape
        (2, 4)
        """
        return self.of_runs(training, lambda some: train(some, measures, execution=self.execution))

    def of_runs(self, training: Training, quantity: Callable[[Training], Q]) -> Q:
        """What `quantity` gives of these runs: an array or several by name, (runs, ...). It may be asked for some of them alone."""
        return quantity(training)

    def of_maps(self, spec: MapSpec, maps: int, quantity: Callable[[MapSpec], Q]) -> Q:
        """What `quantity` gives of maps of that size. It may be asked for smaller ones."""
        return quantity(spec)
