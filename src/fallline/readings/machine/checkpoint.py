"""Checkpoints of runs: what a lane holds before a step, written to memory and read from it.

A checkpoint is a row of numbers: the parameters, then the optimizer's state (all states of one parameter side by side),
then the measures. A kernel that reads it goes on to the same bits as the one that wrote it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from fallline.readings.machine.frame import Frame
from fallline.readings.machine.layout import Measure, Slot, checkpoint_numbers

__all__ = ["read", "write"]

Part = Literal["w", "state", "measures"]
Mover = Callable[[Part, int | str, str], None]
"""Writes the copy of one number: its part of scratch memory, its index there, and its address in the row."""


def read(f: Frame, cell: str, left: str) -> None:
    """Replace what the lanes hold by their checkpoints, if the caller has given any. Lanes beyond the last repeat it."""
    v = f.v
    with v.when(v.let(f"icmp ne ptr {f.args[Slot.CHECKPOINT]}, null")), v.loop(v.width, "lane") as lane:
        last = v.let(f"sub i64 {left}, 1")
        inside = v.let(f"call i64 @llvm.smin.i64(i64 {lane}, i64 {last})")
        row = _row(f, f.args[Slot.CHECKPOINT], v.let(f"add i64 {cell}, {inside}"))

        def move(part: Part, index: int | str, address: str) -> None:
            f.store_lane(v.load_scalar(address, 0), part, index, lane)

        _numbers(f, row, move)


def write(f: Frame, cell: str, lanes: str) -> None:
    """Write the checkpoints of the first `lanes` lanes, if the caller has asked for them."""
    v = f.v
    with v.when(v.let(f"icmp ne ptr {f.args[Slot.CHECKPOINT_OUT]}, null")), v.loop(lanes, "out") as lane:
        row = _row(f, f.args[Slot.CHECKPOINT_OUT], v.let(f"add i64 {cell}, {lane}"))

        def move(part: Part, index: int | str, address: str) -> None:
            v.put(f"store {v.scalar} {f.load_lane(part, index, lane)}, ptr {address}")

        _numbers(f, row, move)


def _row(f: Frame, rows: str, cell: str) -> str:
    """Return the address of a cell's checkpoint among the rows of all cells."""
    numbers = checkpoint_numbers(f.program.parameters, f.program.states)
    return f.v.at(rows, f.v.let(f"mul i64 {cell}, {numbers}"), f.v.scalar)


def _numbers(f: Frame, row: str, move: Mover) -> None:
    """Write the copies of all numbers of a row. Each state is moved by the thread that updates its parameter."""
    v, P, S = f.v, f.program.parameters, f.program.states
    with v.loop(P, "place") as k:
        move("w", k, v.at(row, k, v.scalar))
    for segment in f.program.segments if S else ():
        with v.loop(segment.stop - segment.start, "state") as k:
            for s in range(S):
                at = v.index(v.index(v.index(k, "add", segment.start), "mul", S), "add", s)
                move("state", at, v.at(row, v.index(at, "add", P), v.scalar))
    with v.loop(len(Measure), "measure") as m:
        move("measures", m, v.at(row, v.index(m, "add", P * (1 + S)), v.scalar))
