"""How a program is laid out on a device."""

from __future__ import annotations

from dataclasses import dataclass

from fallline.readings.graph import topological
from fallline.readings.machine.program import Program, Samples

__all__ = ["DevicePlan"]

STRAIGHT = 450
"""Nodes of a sample's graph up to which its code is straight-line; longer code leaves the cache of instructions."""

UNROLLED = 64
"""Parameters up to which loops over them are unrolled, so that they may stay in registers."""


@dataclass(frozen=True)
class DevicePlan:
    """No choice here reaches a bit of the result.

    Parameters
    ----------
    together: samples taken at a time.
    tiled: loops over arrays in place of straight-line code.
    team: threads that train a run together, 1 or 2, 4, 8, 16, 32: each has some units of every layer. A team of several
        is always tiled.
    accumulators: numbers that a tile keeps in registers, for a team of one; sums that a thread of a larger one keeps
        there.
    unrolled: whether loops over parameters are written out.
    block: threads of a block.
    registers: most registers of a thread; 0 for what the assembler finds best.
    """

    together: int = 1
    tiled: bool = False
    team: int = 1
    accumulators: int = 32
    unrolled: bool = False
    block: int = 128
    registers: int = 0

    @classmethod
    def best(cls, program: Program) -> DevicePlan:
        """A thread for a small network, a team for others."""
        small = program.parameters <= UNROLLED
        if not isinstance(program.objective, Samples):
            return cls(unrolled=small)
        nodes = len(topological([program.objective.loss, *program.objective.gradient]))
        if nodes <= STRAIGHT:
            return cls(together=2, unrolled=small)
        return cls(together=8, tiled=True, team=8, accumulators=64)
