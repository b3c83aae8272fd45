"""Vectors of one lane: what a thread of a device computes with, alone or in a team."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fallline.readings.machine.vectors import Vectors

__all__ = ["OneLane"]

_SHARED_OUT = ("zero", "update", "state", "parameter", "final", "place")
"""Loops over parameters whose turns do not depend on each other: the threads of a team take them in turn."""


class OneLane(Vectors):
    """Writes the code of one thread of a team.

    Parameters
    ----------
    unrolled
        Whether loops over a fixed number of turns are unrolled.
    team
        Threads of a team.

    Attributes
    ----------
    member
        The thread's number in its team.
    own
        Places (base, index) that each thread keeps for itself: where they stand instead.
    """

    def __init__(self, bits: int, unrolled: bool, team: int = 1) -> None:
        super().__init__(bits, 1)
        self.unrolled, self.team = unrolled, team
        self.member = "0"
        self.own: dict[tuple[str, int | str], tuple[str, int]] = {}
        self.notes = ['!0 = !{!"llvm.loop.unroll.full"}', '!1 = !{!"llvm.loop.unroll.disable"}']

    def advice(self, count: int | str) -> str:
        number = len(self.notes)
        self.notes.append(
            f"!{number} = distinct !{{!{number}, !{int(not (self.unrolled and isinstance(count, int)))}}}"
        )
        return f", !llvm.loop !{number}"

    def mark(self) -> None:
        """A device hides what an instruction waits for with other threads, so the order is left to its assembler."""

    @contextmanager
    def loop(self, count: int | str, name: str = "loop", step: int = 1) -> Iterator[str]:
        if self.team == 1 or name not in _SHARED_OUT:
            with super().loop(count, name, step) as i:
                yield i
            return
        left = self.let(f"sub i64 {self.index(count, 'add', self.team - 1)}, {self.member}")
        with super().loop(self.let(f"sdiv i64 {left}, {self.team}"), name) as turn:
            yield str(self.index(self.index(turn, "mul", self.team), "add", self.member))

    def load(self, base: str, index: int | str = 0) -> str:
        return super().load(*self.own.get((base, index), (base, index)))

    def store(self, value: str, base: str, index: int | str = 0) -> None:
        if (base, index) in self.own:
            super().store(value, *self.own[base, index])
        super().store(value, base, index)

    def leave_if(self, condition: str) -> None:
        """A warp of teams stays together: it leaves when all of its threads would."""
        if self.team > 1:
            condition = self.fresh(f"call i1 @all_agree(i1 {condition})")
        super().leave_if(condition)

    def meet(self) -> None:
        """Wait for the other threads of the warp, and see what they have written."""
        if self.team > 1:
            self.put("call void @meet()")

    def room(self, count: int) -> str:
        """Memory of this thread's own, for that many numbers."""
        return self.fresh(f"alloca [{max(1, count)} x {self.scalar}], align 16")

    def load_row(self, address: str, count: int) -> list[str]:
        """`count` numbers that stand side by side from an address on that is a multiple of 16 bytes."""
        wide = 128 // self.bits
        if count % wide:
            return [
                self.fresh(f"load {self.type}, ptr {self.at(address, u)}, align {self.bytes}") for u in range(count)
            ]
        found = []
        for first in range(0, count, wide):
            four = self.fresh(f"load <{wide} x {self.scalar}>, ptr {self.at(address, first)}, align 16")
            found += [
                self.splat(self.let(f"extractelement <{wide} x {self.scalar}> {four}, i32 {i}")) for i in range(wide)
            ]
        return found

    def store_row(self, values: list[str], address: str) -> None:
        """The numbers side by side, from an address on that is a multiple of 16 bytes."""
        wide = 128 // self.bits
        if len(values) % wide:
            for u, value in enumerate(values):
                self.put(f"store {self.type} {value}, ptr {self.at(address, u)}, align {self.bytes}")
            return
        for first in range(0, len(values), wide):
            row = "poison"
            for i, value in enumerate(values[first : first + wide]):
                single = self.let(f"extractelement {self.type} {value}, i32 0")
                row = self.let(f"insertelement <{wide} x {self.scalar}> {row}, {self.scalar} {single}, i32 {i}")
            self.put(f"store <{wide} x {self.scalar}> {row}, ptr {self.at(address, first)}, align 16")
