"""Runs of a network one by one: each fills the vectors with the samples of its minibatch (`readings.machine.one_run`).

The bits are those of runs in lanes. A kernel of lanes is faster for many runs of small networks; this one serves few runs, and
networks whose graph would be too large for lanes.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fallline.problems import NetworkObjective
from fallline.readings.machine.layout import Slot
from fallline.readings.machine.one_run import NotScalableError, RunKernel, Sizes, build_loss, build_training
from fallline.runs.kernels import KernelCache
from fallline.runs.lanes import check_subnormals
from fallline.runs.packing import Outputs, columns_of, pack
from fallline.runs.programs import Recipe, program_of
from fallline.runs.training import Training
from fallline.shapes import Shaped

__all__ = ["Losses", "NotScalableError", "OneByOne"]

Floats = NDArray[Any]

MOST_OUTPUTS = 256
"""Most outputs of a network: the code of a loss treats them one by one."""

_cache: KernelCache[RunKernel] = KernelCache()


class OneByOne:
    """Runs in stages (`runs.stages.Stages`), one after the other. Each keeps its parameters and its optimizer's state.

    Parameters
    ----------
    training
        The runs.
    instruction_set
        Of the code; it changes no bit.

    Raises
    ------
    NotScalableError
        The network has no such kernel.
    """

    arithmetic = "machine"

    def __init__(self, training: Training, instruction_set: str = "native") -> None:
        check_subnormals()
        batch = len(_objective(training).data) if training.rows is None else training.rows.shape[1]
        self._kernel = _kernel(training, "training", batch, instruction_set)
        self._runs = [_Memory(self._kernel, start) for start in _starts(training)]
        self._number = np.arange(training.runs)
        self._alive = np.ones(training.runs, np.bool_)
        self._history = np.full((training.runs, training.steps), np.nan, training.dtype)
        self._arguments = pack(training, columns_of(training, None), self._kernel.settings, Outputs.of(training, ()))
        self.step = 0
        self.points = _starts(training)
        self.losses = np.full(training.runs, np.nan)

    def advance(self, step: int) -> None:
        """Train up to that step."""
        for number, run in zip(self._number.tolist(), self._runs, strict=True):
            _call(self._kernel, self._arguments.table, run, number, self.step, step, self._history[number])
        history = self._history[self._number, self.step : step]
        self._alive[self._number] &= np.isfinite(history).all(axis=-1)
        alive = self._alive[self._number]
        self.losses = np.where(alive, history.mean(axis=-1), np.nan)
        self.points = np.array([run.parameters for run in self._runs]).reshape(len(self._runs), -1)
        self.points[~alive] = np.nan
        self.points[np.isnan(self.points)] = np.nan  # one NaN, whatever its sign and payload were
        self.step = step

    def keep(self, wanted: Shaped[NDArray[np.bool_], " runs"]) -> None:
        """Train only those runs from here on."""
        self._runs = [run for run, kept in zip(self._runs, wanted, strict=True) if kept]
        self._number = self._number[wanted]
        self.points, self.losses = self.points[wanted], self.losses[wanted]


class Losses:
    """The function from parameters to the loss of all samples of a training, whose settings must be numbers, and to the answers.

    Raises
    ------
    NotScalableError
        The network has no such kernel.
    """

    def __init__(self, training: Training) -> None:
        check_subnormals()
        self._whole = replace(training, steps=1, rows=None)
        self._kernel = _kernel(self._whole, "loss", len(_objective(training).data))
        outputs = Outputs.of(self._whole, ())
        self._arguments = pack(self._whole, columns_of(self._whole, None), self._kernel.settings, outputs)
        self._run = _Memory(self._kernel)
        objective, width = _objective(self._whole), self._kernel.width
        shape = -(-len(objective.data) // width), objective.network.sizes[-1], width
        self._answers = (
            _aligned(math.prod(shape) * self._run.parameters.itemsize).view(self._whole.dtype).reshape(shape)
        )
        self._arguments.table[Slot.FINALS] = self._answers.ctypes.data

    def __call__(self, points: Shaped[Floats, "runs P"]) -> Shaped[Floats, " runs"]:
        losses = np.empty(len(points), self._whole.dtype)
        for number, point in enumerate(points):
            self._run.parameters = point
            _call(self._kernel, self._arguments.table, self._run, 0, 0, 1, losses[number:])
        return losses

    def with_answers(
        self, points: Shaped[Floats, "runs P"]
    ) -> tuple[Shaped[Floats, " runs"], Shaped[Floats, "runs batch n_out"]]:
        """Return the losses, and the probabilities or values for every sample."""
        objective = _objective(self._whole)
        losses = np.empty(len(points), self._whole.dtype)
        answers = np.empty((len(points), len(objective.data), objective.network.sizes[-1]), self._whole.dtype)
        for number, point in enumerate(points):
            losses[number] = self(point[None])[0]
            samples = self._answers.swapaxes(1, 2).reshape(-1, answers.shape[-1])
            answers[number] = samples[: answers.shape[1]]
        return losses, answers


class _Memory:
    """The memory of a run: its padded parameters, the optimizer's state, and room for the kernel's work."""

    def __init__(self, kernel: RunKernel, start: Floats | None = None) -> None:
        self.memory = _aligned(kernel.scratch)
        self._place = np.concatenate([part.places(kernel.width) for part in kernel.parts])
        self._dtype = np.float64 if kernel.bits == 64 else np.float32
        if start is not None:
            self.parameters = start

    @property
    def parameters(self) -> Shaped[Floats, " P"]:
        """The parameters in the order of the network."""
        return np.asarray(self.memory.view(self._dtype)[self._place])

    @parameters.setter
    def parameters(self, values: Shaped[Floats, " P"]) -> None:
        self.memory.view(self._dtype)[self._place] = values


def _aligned(size: int) -> NDArray[np.uint8]:
    """Return so many bytes that begin at a multiple of 256."""
    memory = np.zeros(size + 256, np.uint8)
    begin = -memory.ctypes.data % 256
    return memory[begin : begin + size]


def _call(
    kernel: RunKernel, table: NDArray[np.int64], run: _Memory, number: int, first: int, end: int, losses: Floats
) -> None:
    """Take the steps first..end-1 of a run, and write the loss before each."""
    own = table.copy()
    own[Slot.SCRATCH], own[Slot.HISTORY] = run.memory.ctypes.data, losses.ctypes.data
    own[Slot.FIRST], own[Slot.FIRST_STEP], own[Slot.END_STEP] = number, first, end
    kernel.compiled.call(own.ctypes.data)


def _objective(training: Training) -> NetworkObjective:
    if not isinstance(training.objective, NetworkObjective):
        raise NotScalableError
    return training.objective


def _starts(training: Training) -> Shaped[Floats, "runs P"]:
    shape = (training.runs, training.objective.dimension)
    return np.array(np.broadcast_to(training.starts, shape), training.dtype)


def _kernel(
    training: Training, kind: Literal["training", "loss"], batch: int, instruction_set: str = "native"
) -> RunKernel:
    network, how = _objective(training).network, training.method
    names = tuple(columns_of(training, None))
    if any(scale != 1 for scale in network.scales) or min(network.sizes[:-1]) < 2 or network.sizes[-1] > MOST_OUTPUTS:
        raise NotScalableError
    if network.parametrization.depends_on_width:  # and programs are traced for smaller stand-ins
        raise NotScalableError
    bits, batches = 8 * np.dtype(training.dtype).itemsize, training.rows is not None

    def make() -> RunKernel:
        sizes = Sizes.of(network.sizes), Sizes.of(network.sizes, other=True)
        small, other = (
            program_of(
                Recipe(network.with_(sizes=s.stand_ins), how.optimizer, how.schedule, names, answers=kind == "loss")
            )
            for s in sizes
        )
        if kind == "loss":
            return build_loss(small, other, sizes, bits, batch, instruction_set)
        return build_training(small, other, sizes, bits, batch, batches, instruction_set)

    key = (kind, Recipe(network, how.optimizer, how.schedule, names), bits, batches, batch, instruction_set)
    return _cache.find(key, make)
