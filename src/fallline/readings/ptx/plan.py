"""The plan of a program on a device: how many threads train a run, and what each of them keeps where.

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
"""The number of threads that a device runs in step. A team is never larger."""

STRAIGHT = 450
"""Most nodes of a sample's graph for straight-line code. Longer code exceeds the cache of instructions."""

UNROLLED = 96
"""Most parameters for which loops over them are unrolled, so that they may stay in registers: this makes 4-11-3 with 91
parameters 2.3 to 3.9 times as fast."""

REGISTERS = {96: 640, 128: 512, 168: 384}
"""Bounds on a thread's registers, each with the number of threads that then share a multiprocessor's 65,536 registers."""

SPILLED = 200 * 1024
"""Most bytes that the threads of a multiprocessor may keep outside registers, in its L1 cache of 256 KiB beside the samples.
More is rarely faster: the seed study's network in float64 is 10 % faster with 323 KiB there and more threads at work, but 4-4-4-3 in
float32 is a third slower with 394 KiB, and both are half as fast with 500."""

TEMPORARIES = 56
"""Intermediate numbers of straight-line code, beside one for each parameter and those that a thread keeps, as the assembler
reports them."""

TEAM_MEMORY = 28 * 1024
"""Bytes of a warp's teams: 228 KiB of shared memory, over the eight warps of a multiprocessor that 255 registers allow."""


@dataclass(frozen=True)
class DevicePlan:
    """How a program's code is laid out on a device. No choice here changes a bit of the result.

    Parameters
    ----------
    together
        Number of samples that a block of code takes at a time.
    tiled
        Whether the code is made of loops over arrays; otherwise it is straight-line.
    team
        Threads that train a run together, 1, 2, 4, 8, 16 or 32: each has some units of every layer. A team of several
        is always tiled.
    accumulators
        For a team of one: the numbers that a tile keeps in registers. For a larger team: the sums that a thread keeps there.
    unrolled
        Whether loops over parameters are unrolled.
    block
        Number of threads of a block.
    registers
        The most registers of a thread; 0 leaves the choice to the assembler.
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
        """Return the plan that was measured to be fastest: one thread for a short program, a team for a larger network.

        A thread takes one sample at a time: several would need registers that hide more latency in other threads. A thread of
        a team takes samples of 32 bytes together, so that each weight that it reads from shared memory serves all of them.
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
        """Return the plan with one thread for a network of any size. It is slower than a team, but needs no shared memory."""
        return cls(together=4, tiled=True)


def _nodes(objective: Samples) -> int:
    return len(topological([objective.loss, *objective.gradient]))


def _registers(program: Program, bits: int) -> int:
    """Return the lowest bound on registers whose spilled numbers fit the cache. More threads then hide more latency."""
    numbers = program.parameters * (2 + program.states) + len(Measure) + len(program.settings)
    words = (numbers + program.parameters + TEMPORARIES) * bits // 32
    for registers, threads in REGISTERS.items():
        if 4 * (words - registers) * threads <= SPILLED:
            return registers
    return 0


def _team(program: Program, objective: Samples, bits: int) -> int:
    """Return a team with one thread for two units of the widest layer, or a larger one if a warp needs too much memory.

    With four units, a thread needs twice the registers and memory, so half as many threads run at once; with one unit, a
    thread reads as many numbers of its team as it computes. Both were at most 0.82 times as fast.
    """
    arrays = RecoveredArrays([*enumerate(objective.gradient), (program.parameters, objective.loss)])
    widest = max((array.length for array in arrays.order if isinstance(array, Product)), default=2)
    team = 1
    while team < WARP and (3 * team < widest or _team_memory(program, team, bits) > TEAM_MEMORY):
        team *= 2
    return team


def _team_memory(program: Program, team: int, bits: int) -> int:
    """Return the bytes that the parameters and sums of a warp's teams take."""
    return 2 * program.parameters * bits // 8 * (WARP // team)
