"""What a compiled kernel is called with: a table of addresses, strides and counts, and the arrays that it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.measures.statistics import half, window
from fallline.problems import NetworkObjective
from fallline.readings.machine.layout import Measure, Slot, checkpoint_numbers
from fallline.runs.checkpoints import Checkpoints
from fallline.runs.training import Training
from fallline.shapes import Shaped

__all__ = ["Arguments", "Outputs", "columns_of", "pack"]

Floats = NDArray[Any]
Arrays = dict[int, NDArray[Any]]


@dataclass(frozen=True)
class Outputs:
    """The arrays that a kernel fills; None for those that are not wanted.

    Attributes
    ----------
    measures
        One row for each `Measure`.
    history, finals, path
        Losses, last parameters, parameters of all steps.
    checkpoints
        The rows of `Checkpoints`.
    """

    measures: Shaped[Floats, "columns runs"]
    history: Shaped[Floats, "runs steps+1"] | None
    finals: Shaped[Floats, "runs P"] | None
    path: Shaped[Floats, "runs steps+1 P"] | None
    checkpoints: Shaped[Floats, "runs numbers"] | None = None

    @classmethod
    def of(cls, training: Training, wanted: Sequence[str]) -> Outputs:
        """Empty arrays for the measures that are wanted."""
        runs, losses, parameters = training.runs, training.steps + 1, training.objective.dimension

        def room(name: str, *shape: int) -> Floats | None:
            return np.full((runs, *shape), np.nan, training.dtype) if name in wanted else None

        return cls(
            np.empty((len(Measure), runs), training.dtype), room("history", losses), room("parameters", parameters),
            room("path", losses, parameters),
        )  # fmt: skip

    @classmethod
    def of_pause(cls, training: Training, history: Shaped[Floats, "runs steps+1"] | None = None) -> Outputs:
        """Empty arrays for runs that pause: their checkpoints. Losses go into `history` if it is given."""
        numbers = checkpoint_numbers(training.objective.dimension, len(training.method.optimizer.state))
        measures, values = (np.empty(shape, training.dtype) for shape in
                            ((len(Measure), training.runs), (training.runs, numbers)))  # fmt: skip
        return cls(measures, history, None, None, values)


@dataclass(frozen=True, eq=False)
class Arguments:
    """What a compiled kernel is called with.

    Attributes
    ----------
    table
        The words of `Slot`: addresses, strides, counts.
    inputs, outputs
        The arrays at those addresses, by slot.
    batch_bytes
        Memory that a thread needs for the samples of a minibatch.
    """

    table: NDArray[np.int64]
    inputs: Arrays
    outputs: Arrays
    batch_bytes: int

    @property
    def cells(self) -> int:
        return int(self.table[Slot.CELLS])

    def measuring(self, measures: Shaped[Floats, "columns runs"]) -> Arguments:
        """The same arguments with another array for the measures, and no other output."""
        table = self.table.copy()
        table[[Slot.HISTORY, Slot.FINALS, Slot.PATH, Slot.CHECKPOINT_OUT]] = 0
        table[Slot.MEASURES] = measures.ctypes.data
        return replace(self, table=table, outputs={Slot.MEASURES: measures})


def columns_of(training: Training, target: float | None) -> dict[str, Floats]:
    """The values that a kernel reads for each run, by name: numbers without axes, or arrays (runs,)."""
    values: dict[str, Any] = dict(training.method.values)
    values["target"] = -np.inf if target is None else target
    objective = training.objective
    if isinstance(objective, NetworkObjective) and objective.network.l2:
        values.setdefault("l2", objective.network.l2)
    # asarray keeps a single number without axes, and so without stride; ascontiguousarray would give it one
    return {name: np.asarray(value, dtype=training.dtype, order="C") for name, value in values.items()}


def pack(
    training: Training,
    columns: Mapping[str, Floats],
    names: Sequence[str],
    outputs: Outputs,
    after: Checkpoints | None = None,
    end: int | None = None,
) -> Arguments:
    """The arguments of a kernel whose settings have those names.

    The runs go on after checkpoints, or begin; they pause before step `end`, or go on to the last.
    """
    real, steps = np.dtype(training.dtype), training.steps
    starts = np.ascontiguousarray(training.starts, dtype=real)
    inputs: Arrays = {Slot.STARTS: starts}
    table = np.zeros(Slot.SETTINGS + 2 * len(names), dtype=np.int64)
    table[Slot.START_STRIDE] = training.objective.dimension if starts.ndim > 1 else 0
    table[Slot.STEPS], table[Slot.CELLS] = steps, training.runs
    table[Slot.WINDOW], table[Slot.HALF] = window(steps), half(steps)
    table[Slot.END_STEP] = steps + 1 if end is None else end
    if after is not None:
        table[Slot.FIRST_STEP] = after.step
        inputs[Slot.CHECKPOINT] = np.ascontiguousarray(after.values, dtype=real)
    for i, name in enumerate(names):
        inputs[Slot.SETTINGS + 2 * i] = columns[name]
        table[Slot.SETTINGS + 2 * i + 1] = 1 if columns[name].ndim else 0
    batch_bytes = _add_samples(training, inputs, table)
    filled = {
        Slot.MEASURES: outputs.measures, Slot.HISTORY: outputs.history, Slot.FINALS: outputs.finals,
        Slot.PATH: outputs.path, Slot.CHECKPOINT_OUT: outputs.checkpoints,
    }  # fmt: skip
    wanted: Arrays = {slot: array for slot, array in filled.items() if array is not None}
    for slot, array in (inputs | wanted).items():
        table[slot] = array.ctypes.data
    return Arguments(table, inputs, wanted, batch_bytes)


def _add_samples(training: Training, inputs: Arrays, table: NDArray[np.int64]) -> int:
    """Add a network's data and minibatches to the arguments; returns the bytes that the samples of a minibatch take."""
    objective, rows, real = training.objective, training.rows, np.dtype(training.dtype)
    if not isinstance(objective, NetworkObjective):
        return 0
    X, T = (np.ascontiguousarray(a, dtype=real) for a in (objective.data.X, objective.data.T))
    seen = len(X) if rows is None else rows.shape[1]
    factors = [objective.factor(seen), objective.factor(len(X)), objective.scale(seen), 1]
    inputs |= {Slot.X: X, Slot.T: T, Slot.FACTORS: np.array(factors, dtype=real)}
    table[Slot.ROWS] = len(X)
    if rows is None:
        return 0
    inputs[Slot.ORDER], table[Slot.BATCH] = np.ascontiguousarray(rows, dtype=np.int64), seen
    return int(seen * (X.shape[1] + T.shape[1]) * real.itemsize)
