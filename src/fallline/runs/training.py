"""Runs of one objective side by side, as every engine takes them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import ShapeError
from fallline.experiment.method import Method
from fallline.problems import Objective
from fallline.shapes import Shaped

__all__ = ["Training"]

Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Training:
    """Everything that decides the result of runs side by side.

    Attributes
    ----------
    objective, method, steps
        What is descended, how, and how far. Values of the method are numbers, or arrays (runs,).
    starts
        First parameters of all runs, or of each.
    rows
        Samples that each step sees, the same for all runs; None for all samples. The loss after the last
        step is that of all samples; those before are of the batch that the next step sees, on the scale of all samples.
    full_loss
        Whether all losses are those of all samples, also where steps see minibatches.
    dtype
        "float64" or "float32".

    Raises
    ------
    ShapeError
        Arrays of values and starts differ in their number of runs.
    SettingError
        The schedule is a list of rates, and too short.

    Examples
    --------
    >>> from fallline.experiment.method import method
    >>> from fallline.problems import objective
    >>> how = method("momentum").with_({"learning_rate": np.array([8e-5, 4e-5, 2e-5])})
    >>> Training(objective("rosenbrock"), how, 180, np.array([0.9, -4.4])).runs
    3
    """

    objective: Objective
    method: Method
    steps: int
    starts: Shaped[Floats, "*runs P"]
    rows: Shaped[NDArray[np.int64], "steps batch"] | None = None
    dtype: str = "float64"
    full_loss: bool = False

    def __post_init__(self) -> None:
        self.method.check_steps(self.steps)
        lengths = {name: len(v) for name, v in self.method.values.items() if isinstance(v, np.ndarray) and v.ndim}
        if self.starts.ndim > 1:
            lengths["starts"] = len(self.starts)
        if len(set(lengths.values())) > 1:
            listed = ", ".join(f"{count} of {name}" for name, count in lengths.items())
            raise ShapeError(
                f"runs side by side need as many values of each setting as there are starts; got {listed}."
            )

    @cached_property
    def runs(self) -> int:
        """How many runs there are."""
        arrays = (v for v in self.method.values.values() if isinstance(v, np.ndarray) and v.ndim)
        return len(self.starts) if self.starts.ndim > 1 else next((len(v) for v in arrays), 1)

    def part(self, first: int, end: int) -> Training:
        """The runs first to end - 1."""
        return self.some(slice(first, end))

    def some(self, which: slice | NDArray[np.bool_]) -> Training:
        """Some of the runs."""
        values = {
            name: v[which] if isinstance(v, np.ndarray) and v.ndim else v for name, v in self.method.values.items()
        }
        starts = self.starts[which] if self.starts.ndim > 1 else self.starts
        return replace(self, method=self.method.with_(values), starts=starts)

    def run(self, number: int) -> Training:
        """One run, whose values are numbers."""
        one = self.part(number, number + 1)
        values = {name: v.item() for name, v in one.method.values.items() if isinstance(v, np.ndarray)}
        starts = one.starts[0] if one.starts.ndim > 1 else one.starts
        return replace(one, method=one.method.with_(values), starts=starts)
