"""Numbers of lanes in a kernel's memory, as values from which formulas in NumPy's words write code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fallline.readings.machine.frame import Frame
from fallline.readings.machine.layout import Slot
from fallline.readings.machine.written import Written

__all__ = ["LaneNumbers"]

Index = int | str


class LaneNumbers:
    """Arrays and single numbers in scratch memory, one number for each lane.

    Values are `Written`; NumPy's annotations do not know them, so they are passed as Any.

    Parameters
    ----------
    rooms
        Lengths of the arrays, by name.
    names
        Names of the single numbers.
    """

    def __init__(self, f: Frame, rooms: Mapping[str, int], names: Sequence[str]) -> None:
        self.f, self.v, self.names = f, f.v, names
        self.places = {name: f.room(count) for name, count in {**rooms, "numbers": len(names)}.items()}

    def begin(self) -> None:
        """Set the addresses of the arrays. The table must be read before."""
        self.f.base |= {name: self.v.at(self.f.args[Slot.SCRATCH], at) for name, at in self.places.items()}

    def of(self, name: str) -> Any:
        """The value of that name in the code."""
        return Written(self.v, name)

    def name(self, value: Any) -> str:
        """The name of a value, or of a Python number in every lane."""
        return value.name if isinstance(value, Written) else self.v.number(value)

    def load(self, base: str, index: Index = 0) -> Any:
        return self.of(self.v.load(self.f.base[base], index))

    def store(self, value: Any, base: str, index: Index = 0) -> None:
        self.v.store(self.name(value), self.f.base[base], index)

    def number(self, name: str) -> Any:
        """A single number."""
        return self.load("numbers", self.names.index(name))

    def set(self, name: str, value: Any) -> None:
        """Set a single number."""
        self.store(value, "numbers", self.names.index(name))

    def condition(self, value: Any) -> Any:
        """A condition as 1 or 0."""
        return self.of(self.v.select(value.name, self.v.number(1), self.v.number(0)))

    def whole(self, count: str) -> Any:
        """A count, an i64, in every lane as a number."""
        return self.of(self.v.splat(self.v.let(f"sitofp i64 {count} to {self.v.scalar}")))

    def everywhere(self, condition: str) -> Any:
        """A condition, an i1, in every lane."""
        type_, v = f"<{self.v.width} x i1>", self.v
        first = v.let(f"insertelement {type_} poison, i1 {condition}, i32 0")
        return self.of(v.let(f"shufflevector {type_} {first}, {type_} poison, <{v.width} x i32> zeroinitializer"))

    def none(self, condition: Any) -> str:
        """Whether a condition holds in no lane, an i1."""
        v = self.v
        packed = v.let(f"bitcast <{v.width} x i1> {condition.name} to i{v.width}")
        return v.let(f"icmp eq i{v.width} {packed}, 0")

    def dot(self, a: Callable[[Index], Any], b: Callable[[Index], Any], count: Index) -> Any:
        """The sum of products of entries, in order."""

        def more(k: str, total: list[str]) -> list[str]:
            return [(self.of(total[0]) + a(k) * b(k)).name]

        return self.of(self.v.carry(1, count, [(a(0) * b(0)).name], more)[0])
