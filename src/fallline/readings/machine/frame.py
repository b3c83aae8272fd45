"""The frame of a kernel, which all of its parts share: vectors, the words of its table, and scratch memory."""

from __future__ import annotations

from typing import Any

from fallline.readings.machine.layout import Measure, Slot
from fallline.readings.machine.program import Program
from fallline.readings.machine.vectors import Vectors

__all__ = ["Frame"]

_POINTERS = (
    Slot.X, Slot.T, Slot.ORDER, Slot.FACTORS, Slot.STARTS, Slot.SCRATCH, Slot.MEASURES, Slot.HISTORY, Slot.FINALS,
    Slot.PATH, Slot.CHECKPOINT, Slot.CHECKPOINT_OUT,
)  # fmt: skip


class Frame:
    """Writes the access to a kernel's numbers.

    Attributes
    ----------
    size
        Vectors of scratch memory taken so far.
    base
        Address of each part of scratch memory: "w", "state", "sums" (gradient, loss, one spare), "settings", "measures".
    args
        The table's words.
    factor
        The step's factor on the sum of losses, set at the beginning of a step.
    scale
        The factor that brings a minibatch's sums to the scale of all samples; empty without minibatches.
    """

    def __init__(self, program: Program, v: Vectors) -> None:
        self.program, self.v = program, v
        P = program.parameters
        self.size = 0
        self._places = {
            "w": self.room(P),
            "state": self.room(P * program.states),
            "sums": self.room(P + 2),
            "settings": self.room(max(1, len(program.settings))),
            "measures": self.room(len(Measure)),
        }
        self.spare = P + 1
        """The index of a spare place among the sums."""
        self.factor = self.scale = ""

    def room(self, count: int) -> int:
        """Reserve `count` vectors of scratch memory, and return the index of the first."""
        at, self.size = self.size, self.size + count
        return at

    def begin(self) -> None:
        """Read the table."""
        self.args = {
            slot: self.word(slot, "ptr" if slot in _POINTERS else "i64") for slot in Slot if slot != Slot.SETTINGS
        }
        self.base = {name: self.v.at(self.args[Slot.SCRATCH], at) for name, at in self._places.items()}

    def word(self, slot: int, kind: str) -> str:
        """Return a word of the table, as "i64" or "ptr"."""
        if kind == "i64":
            return self.v.load_scalar("%args", slot, kind)
        return self.v.fresh(f"load ptr, ptr {self.v.at('%args', slot, 'i64')}")

    def setting(self, key: tuple[Any, ...]) -> str:
        """Return the value of the input ("setting", name) or ("factor",)."""
        if key == ("factor",):
            return self.factor
        return self.v.load(self.base["settings"], self.program.settings.index(key[1]))

    def weight_or_setting(self, key: tuple[Any, ...]) -> str:
        """Return the value of the input ("w", k), or of a setting."""
        return self.v.load(self.base["w"], key[1]) if key[0] == "w" else self.setting(key)

    def store_lane(self, value: str, where: str, index: int | str, lane: str) -> None:
        """Store one number in one lane of a vector in scratch memory."""
        v = self.v
        at = v.index(v.index(index, "mul", v.width), "add", lane)
        v.put(f"store {v.scalar} {value}, ptr {v.at(self.base[where], at, v.scalar)}")

    def load_lane(self, where: str, index: int | str, lane: str) -> str:
        """Load one lane of a vector in scratch memory."""
        v = self.v
        return v.load_scalar(self.base[where], v.index(v.index(index, "mul", v.width), "add", lane))
