"""What a kernel and its caller agree on: the words of the table, the columns of measures, the plan of the code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, auto

from fallline.readings.graph import topological
from fallline.readings.machine import target
from fallline.readings.machine.program import Program, Samples

__all__ = ["CAP", "CONVERGENCE_CAP", "LAST", "Measure", "Plan", "Slot"]

STRAIGHT = 450
"""Nodes of a sample's graph up to which straight-line code is the fastest. It stays so to about 600, by a tenth, but takes
three times as long to compile as tiles."""

SMALL = 250
"""Nodes up to which three samples at a time are worth their longer code."""

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
    lanes: runs side by side in a vector.
    together: samples taken at a time.
    tiled: loops over arrays in place of straight-line code.
    """

    lanes: int
    together: int = 1
    tiled: bool = False
    instruction_set: str = "native"

    @classmethod
    def best(cls, program: Program, bits: int, rows: Sequence[int] = (), instruction_set: str = "native") -> Plan:
        """What measured fastest: straight-line up to `STRAIGHT` nodes a sample, tiles beyond.

        `rows` are the numbers of samples in a step; a block that divides them needs no second code for the rest.
        """
        lanes = target.vector_bytes(instruction_set) * 8 // bits
        if not isinstance(program.objective, Samples):
            return cls(4 * lanes, 1, False, instruction_set)  # several vectors hide the latency of a step
        nodes = len(topological([program.objective.loss, *program.objective.gradient]))
        if nodes <= STRAIGHT:
            together = next((u for u in ((3, 2) if nodes <= SMALL else (2, 3)) if all(n % u == 0 for n in rows)), 1)
            return cls(lanes, together, False, instruction_set)
        together = next((u for u in (6, 5, 4, 7, 3) if all(n % u == 0 for n in rows)), 4)
        return cls(lanes, together, True, instruction_set)
