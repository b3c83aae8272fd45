"""The interface of a kernel: the words of its table, the columns of measures, and the plan of its code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, auto

from fallline.readings.graph import Node, topological
from fallline.readings.machine import target
from fallline.readings.machine.emit import instructions
from fallline.readings.machine.program import Program, Samples

__all__ = [
    "CAP", "CONVERGENCE_CAP", "LAST", "OF_THE_LIVING", "Measure", "Plan", "Slot", "checkpoint_numbers",
    "length_of", "vectors_together",
]  # fmt: skip

STRAIGHT = {16: 750, 32: 750, 64: 1500}
"""Most instructions of a sample for which straight-line code is fastest, by bytes of a register. Wide registers allow more,
because their tiles need buffers that exceed the nearest cache."""

BLOCK = 3000
"""Instructions of a block that fit the cache of decoded instructions, which holds about 4,000. Longer code took up to 1.8
times as long."""

TOGETHER = {1: 1.4, 2: 1.15, 3: 1.07, 4: 1.04, 5: 1.0, 6: 1.0}
"""Measured relative time of a sample, by the number of samples in a block of straight-line code."""

TOGETHER_TILED = {1: 1.6, 2: 1.2, 3: 1.1, 4: 1.05, 5: 1.0, 6: 1.03, 7: 1.07}
"""The same for code in tiles."""

CAP = 1e6
"""A loss whose absolute value is above this many times max(1, |first loss|) counts as diverged."""

CONVERGENCE_CAP = 1e6
"""Cap of the convergence measure, on the loss divided by the first."""

LAST = 20
"""The number of last losses whose mean decides the convergence measure."""


class Slot(IntEnum):
    """Words of the kernel's table. Two more for each setting follow: address and stride (0 if all cells share the value).

    A call takes the steps FIRST_STEP to END_STEP - 1 of a run of STEPS steps, which ends with step STEPS. It begins with the
    rows of CHECKPOINT, or with the starts where there are none, and leaves the rows of CHECKPOINT_OUT.
    """

    X = 0
    T = auto()
    ROWS = auto()
    ORDER = auto()
    BATCH = auto()
    FACTORS = auto()
    STARTS = auto()
    START_STRIDE = auto()
    FIRST = auto()
    END = auto()
    SCRATCH = auto()
    STEPS = auto()
    MEASURES = auto()
    CELLS = auto()
    HISTORY = auto()
    FINALS = auto()
    PATH = auto()
    CHECKPOINT = auto()
    CHECKPOINT_OUT = auto()
    FIRST_STEP = auto()
    END_STEP = auto()
    WINDOW = auto()
    HALF = auto()
    SETTINGS = auto()


class Measure(IntEnum):
    """Columns that the kernel updates at each step. They stay unchanged once a lane's loss is no longer finite."""

    FIRST = 0
    LAST = auto()
    BEST = auto()
    STEPS_TO = auto()
    DIVERGED_AT = auto()
    SUM = auto()
    SUM_INVERSE = auto()
    SUM_LAST = auto()
    LARGEST_GRADIENT = auto()
    LAST_GRADIENT = auto()
    HIGHEST = auto()
    WINDOW_LOW = auto()
    WINDOW_HIGH = auto()
    WINDOW_FIRST = auto()
    CLIMBED = auto()
    DRIFT = auto()
    LARGEST_PARAMETER = auto()
    ALIVE = auto()
    DIED_AT = auto()
    HITS = auto()


OF_THE_LIVING = [
    Measure.LARGEST_GRADIENT, Measure.LAST_GRADIENT, Measure.HIGHEST, Measure.WINDOW_LOW, Measure.WINDOW_HIGH,
    Measure.WINDOW_FIRST, Measure.CLIMBED, Measure.DRIFT, Measure.LARGEST_PARAMETER, Measure.HITS,
]  # fmt: skip
"""Columns that are not read for a run whose loss stopped being finite: they depend on the runs beside it in a vector."""


def checkpoint_numbers(parameters: int, states: int) -> int:
    """Return how many numbers a checkpoint has: the parameters, the optimizer's states of each, and the measures."""
    return parameters * (1 + states) + len(Measure)


@dataclass(frozen=True)
class Plan:
    """How a program's code is laid out on a machine. No choice here changes a bit of the result.

    Parameters
    ----------
    lanes
        Number of runs in a vector.
    together
        Number of samples that a block of code takes at a time.
    tiled
        Whether the code is made of loops over arrays; otherwise it is straight-line.
    """

    lanes: int
    together: int = 1
    tiled: bool = False
    instruction_set: str = "native"

    @classmethod
    def best(
        cls, program: Program, bits: int, rows: Sequence[int] = (1000,), instruction_set: str = "native", length: int | None = None
    ) -> Plan:  # fmt: skip
        """Return the plan that was measured to be fastest: straight-line up to `STRAIGHT` instructions a sample, then tiles.

        `rows` holds the number of all samples and, if steps use minibatches, the size of a batch. `length` is the number of
        instructions of a sample, those of the whole objective if None.
        """
        plan = cls.for_register(program, bits, rows, target.vector_bytes(instruction_set), length=length)
        return replace(plan, instruction_set=instruction_set)

    @classmethod
    def for_register(
        cls, program: Program, bits: int, rows: Sequence[int], register: int, several: int = 4, length: int | None = None
    ) -> Plan:  # fmt: skip
        """Return the best plan for registers of `register` bytes. A landscape takes `several` of them at once, which hides the
        latency of each."""
        lanes = register * 8 // bits
        if not isinstance(program.objective, Samples):
            return cls(several * lanes)
        if length is None:
            objective = program.objective
            length = length_of(topological([objective.loss, *objective.gradient]), bits)
        tiled = length > STRAIGHT[register]
        times = TOGETHER_TILED if tiled else {u: t for u, t in TOGETHER.items() if u == 1 or u * length <= BLOCK}
        return cls(lanes, _together(times, rows[-1]), tiled)

    def divides(self, rows: Sequence[int]) -> bool:
        """Whether all these numbers of samples are multiples of `together`.

        >>> Plan(16, 5).divides([300, 50]), Plan(16, 5).divides([300, 3])
        (True, False)
        """
        return not any(n % self.together for n in rows)

    def lost(self, rows: Sequence[int]) -> float:
        """By how many samples' time a step takes longer than with the best block for its samples.

        >>> Plan(16, 5).lost([300]), round(Plan(16, 5).lost([300, 3]), 2)
        (0.0, 0.99)
        """
        if not rows:
            return 0.0
        times = TOGETHER_TILED if self.tiled else TOGETHER
        return _time(times, rows[-1], self.together) - min(_time(times, rows[-1], u) for u in times)


def length_of(nodes: Sequence[Node], bits: int) -> int:
    """Count the instructions of one sample: those of its nodes, and one for each read of the sample's numbers."""
    reads = sum(a.op == "input" and a.payload[0] in ("x", "t") for node in nodes for a in node.args)
    return reads + sum(len(instructions(node.op, len(node.args), bits)) for node in nodes)


def _together(times: Mapping[int, float], rows: int) -> int:
    """Return the smallest block with which all rows take the least time. Rows that do not fill a block run one by one."""
    return min(times, key=lambda u: (_time(times, rows, u), u))


def vectors_together(vectors: int) -> int:
    """Return the vectors of samples in a block that take the least time, where samples are the lanes."""
    return _together(TOGETHER_TILED, vectors)


def _time(times: Mapping[int, float], rows: int, together: int) -> float:
    """Return the relative time of so many samples in blocks."""
    rest = rows % together
    return (rows - rest) * times[together] + rest * times[1]
