"""What a kernel and its caller agree on: the words of the table, the columns of measures, the plan of the code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, auto

from fallline.readings.graph import topological
from fallline.readings.machine import target
from fallline.readings.machine.emit import instructions
from fallline.readings.machine.program import Program, Samples

__all__ = ["CAP", "CONVERGENCE_CAP", "LAST", "Measure", "Plan", "Slot"]

STRAIGHT = {16: 750, 32: 750, 64: 1500}
"""Bytes of a register to the instructions of a sample up to which straight-line code is the fastest. It is more with wide
registers, whose tiles need buffers that the nearest cache does not hold."""

BLOCK = 3000
"""Instructions of a block that surely fit the cache of decoded instructions, which holds some 4,000. Code that exceeds it took
up to 1.8 times as long."""

TOGETHER = {1: 1.4, 2: 1.15, 3: 1.07, 4: 1.04, 5: 1.0, 6: 1.0}
"""Number of samples in a block of straight-line code to the time of each, as measured."""

TOGETHER_TILED = {1: 1.6, 2: 1.2, 3: 1.1, 4: 1.05, 5: 1.0, 6: 1.03, 7: 1.07}
"""The same for tiles."""

CAP = 1e6
"""A loss whose absolute value is above this many times max(1, |first loss|) counts as diverged."""

CONVERGENCE_CAP = 1e6
"""Cap of the convergence measure, on the loss divided by the first."""

LAST = 20
"""Losses at the end whose mean decides the convergence measure."""


class Slot(IntEnum):
    """Words of the kernel's table. After them two for each setting: address and stride (0: the same for all cells)."""

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
    WINDOW = auto()
    HALF = auto()
    SETTINGS = auto()


class Measure(IntEnum):
    """Columns that the kernel folds step by step; lanes keep what they had when the loss stopped being finite."""

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


@dataclass(frozen=True)
class Plan:
    """How a program is laid out on a machine. No choice here reaches a bit of the result.

    Parameters
    ----------
    lanes
        Runs side by side in a vector.
    together
        Samples taken at a time.
    tiled
        Loops over arrays in place of straight-line code.
    """

    lanes: int
    together: int = 1
    tiled: bool = False
    instruction_set: str = "native"

    @classmethod
    def best(cls, program: Program, bits: int, rows: Sequence[int] = (1000,), instruction_set: str = "native") -> Plan:
        """What measured fastest: straight-line up to `STRAIGHT` instructions a sample, tiles beyond.

        `rows` are the number of all samples and, where steps see minibatches, that of a batch.
        """
        register = target.vector_bytes(instruction_set)
        lanes = register * 8 // bits
        if not isinstance(program.objective, Samples):
            return cls(4 * lanes, 1, False, instruction_set)  # several vectors hide the latency of a step
        length = _length(program.objective, bits)
        tiled = length > STRAIGHT[register]
        times = TOGETHER_TILED if tiled else {u: t for u, t in TOGETHER.items() if u == 1 or u * length <= BLOCK}
        return cls(lanes, _together(times, rows[-1]), tiled, instruction_set)


def _length(samples: Samples, bits: int) -> int:
    """Instructions of one sample: those of its nodes, and one wherever a node reads the sample's own numbers."""
    nodes = topological([samples.loss, *samples.gradient])
    reads = sum(a.op == "input" and a.payload[0] in ("x", "t") for node in nodes for a in node.args)
    return reads + sum(len(instructions(node.op, len(node.args), bits)) for node in nodes)


def _together(times: Mapping[int, float], rows: int) -> int:
    """The smallest block with which all rows take the least time; rows that fill no block run one by one."""
    return min(times, key=lambda u: ((rows - rows % u) * times[u] + rows % u * times[1], u))
