"""A workload of the benchmark: a network, its data, its optimizer, and the numbers of runs and steps."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.data import Dataset, generate
from fallline.experiment.starts import notebook_start
from fallline.problems import NetworkObjective
from fallline.readings.graph import Node, topological
from fallline.readings.machine.elementary import ELEMENTARY
from fallline.readings.machine.emit import instructions
from fallline.readings.machine.layout import Plan
from fallline.readings.machine.program import Program, Samples
from fallline.readings.machine.ranges import narrow
from fallline.runs.programs import Recipe, program_of
from fallline.textbook.network import Network
from fallline.textbook.optimizers import optimizer
from fallline.textbook.schedules import schedule

__all__ = ["WORKLOADS", "Workload", "architecture", "operations", "program_and_plan"]


@dataclass(frozen=True, eq=False)
class Workload:
    """One map's worth of training.

    Parameters
    ----------
    settings
        For each setting one number for each run.
    dtype
        The precision for all contestants.
    """

    name: str
    objective: NetworkObjective
    optimizer: str
    start: NDArray[np.float64]
    settings: dict[str, NDArray[np.float64]]
    steps: int
    dtype: str
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def cells(self) -> int:
        return len(next(iter(self.settings.values())))


def seed_map() -> Workload:
    """The study's plane: 2-3-2-3, ReLU, cross-entropy, 300 samples, 30 steps; learning rate x momentum, 64 x 64."""
    objective = NetworkObjective(Network.of("2-3-2-3"), generate("three-gaussians"))
    rate, momentum = np.meshgrid(np.geomspace(1e-5, 1e-2, 64), np.linspace(0, 0.99, 64))
    settings = {"learning_rate": rate.ravel(), "momentum": momentum.ravel()}
    return Workload("seed", objective, "momentum", notebook_start(objective), settings, 30, "float32")


def fractal_map() -> Workload:
    """Sohl-Dickstein's network: 16-16-1, tanh, mean field, 272 rows, a learning rate for each layer, float64."""
    rng = np.random.default_rng(0)
    network = Network.of(
        "16-16-1", activation="tanh", loss="squared_error", reduction="mean", bias=False, scales=(0.25, 0.25)
    )
    data = Dataset(rng.normal(size=(272, 16)), rng.normal(size=(272, 1)), "normal")
    objective = NetworkObjective(network, data)
    rates = np.geomspace(1e-2, 10, 16)  # where runs stay finite, because dead lanes cost our kernels nothing
    first, second = np.meshgrid(rates, rates)
    settings = {"learning_rate": first.ravel(), "learning_rate.2": second.ravel()}
    return Workload(
        "fractal", objective, "gradient_descent", rng.normal(size=network.parameter_count), settings, 500, "float64"
    )


WORKLOADS = {"seed": seed_map, "fractal": fractal_map}


def architecture(width: int, depth: int, dtype: str, cells: int) -> Workload:
    """A network of `depth` hidden layers of `width` units on 120 samples of 4 inputs and 3 classes."""
    rng = np.random.default_rng(1)
    network = Network.of((4, *[width] * depth, 3), reduction="mean")
    data = Dataset(rng.normal(size=(120, 4)), np.eye(3)[rng.integers(0, 3, 120)], "random")
    objective = NetworkObjective(network, data)
    start = rng.normal(size=network.parameter_count) / np.sqrt(max(width, 4))
    return Workload(
        network.text, objective, "momentum", start, {"learning_rate": np.full(cells, 1e-3)}, 10, dtype
    )  # fmt: skip


def program_and_plan(w: Workload, instruction_set: str = "native") -> tuple[Program, Plan]:
    """The program of a kernel for the workload, and its plan for that instruction set."""
    method = optimizer(w.optimizer)
    program = program_of(Recipe(w.objective.network, method, schedule("constant"), (*w.settings, *method.settings)))
    bits = 64 if w.dtype == "float64" else 32
    return program, Plan.best(program, bits, (len(w.objective.data),), instruction_set)


_FREE = ("number", "input", "negative", "constant", "select", "greater", "greater_equal", "less", "less_equal")
_ARITHMETIC = re.compile(r"= (fadd|fsub|fmul|fdiv)|@llvm\.(fma|sqrt)")


def operations(workload: Workload, *, unfolded: bool = False) -> int:
    """Floating-point operations of one run's step, counted from the graph of a sample and of an update.

    An fma is two; an elementary function is one, or, `unfolded`, as many as it consists of.
    """
    program, _ = program_and_plan(workload)
    assert isinstance(program.objective, Samples)
    each = partial(_inside, 64 if workload.dtype == "float64" else 32) if unfolded else _as_one
    outputs = [program.objective.loss, *program.objective.gradient]
    sample = _count(outputs, each) + len(outputs)  # each output is added to its sum
    update = sum((s.stop - s.start) * _count(s.update.outputs, each) for s in program.segments)
    return len(workload.objective.data) * sample + update


def _count(outputs: Sequence[Node], each: Callable[[Node, bool], int]) -> int:
    special = narrow(outputs)
    return sum(each(node, node.index in special) for node in topological(outputs))


def _as_one(node: Node, narrow: bool = False) -> int:
    return 2 if node.op == "fma" else 0 if node.op in _FREE else 1


def _inside(bits: int, node: Node, narrow: bool = False) -> int:
    """Operations of the instructions that a function unfolds into, on a machine without AVX-512."""
    if node.op not in ELEMENTARY:
        return _as_one(node)
    code = instructions(node.op, len(node.args), bits, narrow)
    return sum(2 if "llvm.fma" in line else 1 for line in code if _ARITHMETIC.search(line))
