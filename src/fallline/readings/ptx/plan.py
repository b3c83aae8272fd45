"""How a program is laid out on a device: how many threads train a run, and what each keeps where.

The figures are those of `bench/device.py` on an H100; other cards are measured by the same command.
"""

from __future__ import annotations

from dataclasses import dataclass

from fallline.readings.graph import topological
from fallline.readings.machine.layout import Measure
from fallline.readings.machine.program import Program, Samples
from fallline.readings.machine.samples.array_recovery import RecoveredArrays
from fallline.readings.machine.samples.node_arrays import Product

__all__ = ["WARP", "DevicePlan"]

WARP = 32
"""Threads that a device runs in step. Teams never reach beyond one."""

STRAIGHT = 450
"""Nodes of a sample's graph up to which its code is straight-line; longer code leaves the cache of instructions."""

UNROLLED = 96
"""Parameters up to which loops over them are unrolled, so that they may stay in registers: 4-11-3 with 91 is 2.3 to 3.9 times
as fast so."""

REGISTERS = {96: 640, 128: 512, 168: 384}
"""Bounds on a thread's registers: threads of a multiprocessor that then share its 65,536, in blocks of 128."""

SPILLED = 200 * 1024
"""Bytes outside registers that the threads of a multiprocessor may keep, beside the samples in its L1 cache of 256 KiB. More
seldom pays: the seed study's network in float64 is 10 % faster with 323 KiB there and more threads at work, but 4-4-4-3 in
float32 is a third slower with 394 KiB, and both are half as fast with 500."""

TEMPORARIES = 56
"""Numbers under way in straight-line code, beside one for each parameter and those that a thread keeps, as the assembler
reports them."""

TEAM_MEMORY = 28 * 1024
"""Bytes of a warp's teams: 228 KiB of shared memory, over the eight warps of a multiprocessor that 255 registers allow."""


@dataclass(frozen=True)
class DevicePlan:
    """No choice here reaches a bit of the result.

    Parameters
    ----------
    together
        Samples taken at a time.
    tiled
        Loops over arrays in place of straight-line code.
    team
        Threads that train a run together, 1, 2, 4, 8, 16 or 32: each has some units of every layer. A team of several
        is always tiled.
    accumulators
        Numbers that a tile keeps in registers, for a team of one; sums that a thread of a larger one keeps
        there.
    unrolled
        Whether loops over parameters are written out.
    block
        Threads of a block.
    registers
        Most registers of a thread; 0 for what the assembler finds best.
    """

    together: int = 1
    tiled: bool = False
    team: int = 1
    accumulators: int = 32
    unrolled: bool = False
    block: int = 128
    registers: int = 0

    @classmethod
    def best(cls, program: Program, bits: int) -> DevicePlan:
        """One thread a run while its code is short, a team for larger networks; what measured fastest.

        A thread takes one sample at a time: several need more registers than they hide latency. A thread of a team takes
        as many as make 32 bytes, so that each weight that it reads from shared memory serves them all.
        """
        objective = program.objective
        small = program.parameters <= UNROLLED
        if not isinstance(objective, Samples) or _nodes(objective) <= STRAIGHT:
            return cls(unrolled=small, registers=_registers(program, bits) if small else 0)
        team = _team(program, objective, bits)
        block = 2 * WARP if _team_memory(program, team, bits) <= TEAM_MEMORY else WARP
        return cls(together=256 // bits, team=team, accumulators=64, block=block)

    @classmethod
    def alone(cls) -> DevicePlan:
        """One thread a run for a network of any size: slower than a team, but it needs no shared memory."""
        return cls(together=4, tiled=True)


def _nodes(objective: Samples) -> int:
    return len(topological([objective.loss, *objective.gradient]))


def _registers(program: Program, bits: int) -> int:
    """The lowest bound whose spills stay near: more threads at work hide what each waits for."""
    numbers = program.parameters * (2 + program.states) + len(Measure) + len(program.settings)
    words = (numbers + program.parameters + TEMPORARIES) * bits // 32
    for registers, threads in REGISTERS.items():
        if 4 * (words - registers) * threads <= SPILLED:
            return registers
    return 0


def _team(program: Program, objective: Samples, bits: int) -> int:
    """A thread for two units of the widest layer, and more of them where a warp's teams would need too much memory.

    With four units each, a thread needs twice the registers and memory, so half as many are at work; with one, a thread
    reads as many numbers of its team as it computes. Either was at most 0.82 times as fast.
    """
    arrays = RecoveredArrays([*enumerate(objective.gradient), (program.parameters, objective.loss)])
    widest = max((array.length for array in arrays.order if isinstance(array, Product)), default=2)
    team = 1
    while team < WARP and (3 * team < widest or _team_memory(program, team, bits) > TEAM_MEMORY):
        team *= 2
    return team


def _team_memory(program: Program, team: int, bits: int) -> int:
    """Bytes that the parameters and sums of a warp's teams take."""
    return 2 * program.parameters * bits // 8 * (WARP // team)
