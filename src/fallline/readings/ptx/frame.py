"""Where a thread's numbers stand: its own memory, that of its team, and which cell it trains."""

from __future__ import annotations

from fallline.readings.machine.frame import Frame
from fallline.readings.machine.layout import Measure, Slot
from fallline.readings.machine.program import Program
from fallline.readings.ptx.one_lane import OneLane

__all__ = ["DeviceFrame"]


class DeviceFrame(Frame):
    """A frame for one thread. Each part of scratch memory is memory of its own, so that the compiler may keep it in
    registers; the parameters and sums of a larger team stand in memory that its block shares.

    Attributes
    ----------
    cell
        The cell that the thread trains; threads beyond the last cell repeat it.
    writes
        1 as an i64 if the thread writes its results, 0 if it repeats the last cell.
    shared
        Numbers of shared memory that a team takes.
    """

    v: OneLane

    def __init__(self, program: Program, v: OneLane) -> None:
        super().__init__(program, v)
        self._shared = 0
        self.shared_places: dict[str, int] = {}
        if v.team > 1:
            self.shared_places = {
                "w": self.shared_room(program.parameters),
                "sums": self.shared_room(program.parameters + 2),
            }

    def shared_room(self, count: int) -> int:
        """The place of `count` numbers in the team's shared memory, at a multiple of 16 bytes."""
        at, wide = self._shared, 128 // self.v.bits
        self._shared += -(-count // wide) * wide
        return at

    @property
    def shared(self) -> int:
        """A size that is half the banks' width modulo that width, so that two teams side by side read different banks."""
        bank, size = 1024 // self.v.bits, self._shared
        return size + (bank // 2 - size) % bank if self.v.team > 1 else 0

    def begin(self) -> None:
        v, P = self.v, self.program.parameters
        super().begin()
        rooms = {
            "state": P * self.program.states, "settings": len(self.program.settings), "measures": len(Measure), "own": 2,
        }  # fmt: skip
        if v.team == 1:
            rooms |= {"w": P, "sums": P + 2}
        self.base |= {name: v.room(count) for name, count in rooms.items()}
        v.declared.add("declare i64 @llvm.smin.i64(i64, i64)")
        index = v.fresh("call i64 @thread_index()")
        if v.team > 1:
            v.member = v.let(f"and i64 {index}, {v.team - 1}")
            team = v.let(f"lshr i64 {v.fresh('call i64 @thread_in_block()')}, {v.team.bit_length() - 1}")
            start = v.let(f"mul i64 {team}, {self.shared}")
            self.team_memory = v.at(v.fresh("call ptr @shared_memory()"), start)
            self.base |= {name: v.at(self.team_memory, at) for name, at in self.shared_places.items()}
            v.own = {(self.base["sums"], P + i): (self.base["own"], i) for i in range(2)}
            index = v.let(f"lshr i64 {index}, {v.team.bit_length() - 1}")
        wanted = v.let(f"add i64 {self.args[Slot.FIRST]}, {index}")
        last = v.let(f"sub i64 {self.args[Slot.END]}, 1")
        self.cell = v.let(f"call i64 @llvm.smin.i64(i64 {wanted}, i64 {last})")
        self.writes = v.let(f"zext i1 {v.let(f'icmp sle i64 {wanted}, {last}')} to i64")

    def word(self, slot: int, kind: str) -> str:
        return "null" if slot == Slot.SCRATCH else super().word(slot, kind)
