"""A sample's graph shared by a team of threads: each thread has some units of every layer.

The elements of an array are dealt to the threads in turn, and each thread computes its elements for all samples of a
block. A value that another thread needs goes through shared memory; one that only the same unit needs stays in registers.
Sums are split over parameters and never over samples, so each adds the samples one by one in their order, as on a
processor.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from fallline.readings.graph import Node
from fallline.readings.machine.emit import Writer, operation
from fallline.readings.machine.samples.node_arrays import ArrayAccess, NodeArray, Outer, Product, Total
from fallline.readings.machine.samples.tiles import Tiled
from fallline.readings.ptx.one_lane import OneLane

__all__ = ["TeamBlocks"]

Index = int | str
Reader = Callable[[tuple[Any, ...]], str]


class TeamBlocks(Tiled):
    """Writes blocks of samples of a graph for one thread of a team.

    Parameters
    ----------
    team
        Number of threads of the team.
    held
        Sums of one matrix that a thread keeps in registers; more of them stand in its own memory.
    """

    def __init__(
        self, outputs: list[tuple[int, Node]], columns: tuple[int, int], together: int, team: int, held: int
    ) -> None:
        super().__init__(outputs, columns, together)
        self.team, self.held = team, held
        shared = self._needed_by_others()
        self.scratch = 0
        for array in self.arrays.order:
            array.kept = id(array) in shared
            if array.kept:
                array.at, self.scratch = self.scratch, self.scratch + array.length * together

    def share(self, count: int) -> int:
        """Return how many of `count` elements a thread has."""
        return -(-count // self.team)

    def by_columns(self, outer: Outer) -> bool:
        """Whether the threads share a matrix by its columns. Otherwise they share it by its rows."""
        n, m = outer.shape
        return m % self.team == 0 or (n % self.team != 0 and m >= n)

    def sides(self, outer: Outer) -> tuple[int, int]:
        """Return the number of rows (or columns) that a thread goes through, and of columns (or rows) that it has."""
        n, m = outer.shape
        return (n, self.share(m)) if self.by_columns(outer) else (m, self.share(n))

    def held_at(self, v: OneLane, outer: Outer, i: Index, turn: int) -> Index:
        """Return the place, among the thread's sums of a matrix, of row (or column) i and the thread's column (or row) `turn`."""
        return v.index(v.index(i, "mul", self.sides(outer)[1]), "add", turn)

    def place(self, v: OneLane, outer: Outer, i: Index, turn: int) -> Index:
        """Return the place of the same sum among all sums of the run."""
        n, m = outer.shape
        row, column = (i, element(v, turn, m)) if self.by_columns(outer) else (element(v, turn, n), i)
        return v.index(v.index(v.index(row, "mul", m), "add", column), "add", outer.first)

    def own(self, access: ArrayAccess, length: int) -> bool:
        """Whether element i of a loop of this length reads element i of an array, so that one thread has both."""
        s = access.source
        return isinstance(s, NodeArray) and s.length == length > 1 and access.base == 0 and access.strides == (1,)

    def _needed_by_others(self) -> set[int]:
        needed: set[int] = set()

        def see(access: ArrayAccess | None, length: int) -> None:
            if access is None or not isinstance(access.source, NodeArray) or access.source.length == 1:
                return
            if not self.own(access, length):
                needed.add(id(access.source))

        for array in self.arrays.order:
            for access in array.operands:
                see(access, 0 if isinstance(array, Product) else array.length)
        for outer in self.arrays.outers:
            n, m = outer.shape
            see(outer.left, 0 if self.by_columns(outer) else n)
            see(outer.right, m if self.by_columns(outer) else 0)
        for total in self.arrays.rest:
            for operand in total.operands:
                see(operand, total.count)
        return needed

    # --- a step's sums ---

    def begin(self, v: OneLane) -> None:
        """Reserve memory for the thread's sums."""
        counts = {id(outer): math.prod(self.sides(outer)) for outer in self.arrays.outers}
        counts |= {id(total): self.share(total.count) for total in self.arrays.rest}
        self.rooms = {key: (v.room(count), count) for key, count in counts.items()}

    def clear(self, v: OneLane) -> None:
        """Set all sums to 0."""
        for base, count in self.rooms.values():

            def clear_sum(i: Index, base: str = base) -> None:
                v.store(v.number(0.0), base, i)

            for_each(v, count, count <= self.held, clear_sum)

    def hand_over(self, v: OneLane, sums: str) -> None:
        """Write the sums to the team's memory. If two threads have the same element, both write the same number."""
        for outer in self.arrays.outers:
            base, count = self.rooms[id(outer)]
            walked, turns = self.sides(outer)

            def write_sums(i: Index, outer: Outer = outer, base: str = base, turns: int = turns) -> None:
                for turn in range(turns):
                    value = v.load(base, self.held_at(v, outer, i, turn))
                    v.store(value, sums, self.place(v, outer, i, turn))

            for_each(v, walked, count <= self.held, write_sums)
        for total in self.arrays.rest:
            base, count = self.rooms[id(total)]
            for turn in range(count):
                at: Index = 0 if total.count == 1 else element(v, turn, total.count)
                v.store(v.load(base, turn), sums, v.index(at, "add", total.first))

    def block(self, v: Any, read: Reader, rows: Any, first: Index, count: int, bases: dict[str, str]) -> None:
        _TeamBlock(self, v, read, rows, first, count, bases).write()


def element(v: OneLane, turn: Index, length: int) -> Index:
    """Return the thread's element in this turn. A turn beyond the last element repeats the last one."""
    at = v.index(v.index(turn, "mul", v.team), "add", v.member)
    if isinstance(turn, int) and (turn + 1) * v.team <= length:
        return at
    return v.let(f"call i64 @llvm.smin.i64(i64 {at}, i64 {length - 1})")


def for_each(v: OneLane, count: int, unrolled: bool, body: Callable[[Index], None]) -> None:
    """Write the body for 0..count-1, unrolled or as a loop."""
    if unrolled:
        for i in range(count):
            body(i)
    else:
        with v.loop(count, "rows") as turn:
            body(turn)


class _TeamBlock:
    def __init__(
        self, plan: TeamBlocks, v: OneLane, read: Reader, rows: Any, first: Index, count: int, bases: dict[str, str]
    ) -> None:
        self.plan, self.v, self.count, self.bases = plan, v, count, bases
        self.once = Writer(v, read)  # writes the values that all samples share
        self.scalars: dict[int, list[str]] = {}  # the values of all samples, for arrays of one node
        self.mine: dict[int, list[list[str]]] = {}  # for other arrays the values of each of the thread's elements
        U = plan.together
        within: Index = v.let(f"urem i64 {first}, {U}") if count != U else 0
        begin = first if count == U else v.let(f"sub i64 {first}, {within}")
        self.row = {
            kind: v.at(base, v.index(v.index(begin, "mul", columns), "add", within), v.scalar)
            for kind, base, columns in (("x", rows.X, plan.columns[0]), ("t", rows.T, plan.columns[1]))
        }

    def write(self) -> None:
        plan, v = self.plan, self.v
        for array in plan.arrays.order:  # before any loop, so that the values are known in all loops
            for o in array.operands:
                if isinstance(o.source, Node):
                    self.once.write([o.source])
        v.meet()  # no thread still reads elements of the last block
        for group in plan.groups:
            for array in group:
                if isinstance(array, Product):
                    self._product(array)
                elif array.length == 1:
                    operands = [self.fetch(o, (0,)) for o in array.operands]
                    self.scalars[id(array)] = [
                        operation(v, array.op, *(values[u] for values in operands)) for u in range(self.count)
                    ]
                else:
                    self._elements(array)
            if any(array.kept for array in group):
                v.meet()
        for outer in plan.arrays.outers:
            self._outer(outer)
        for total in plan.arrays.rest:
            self._total(total)

    def fetch(self, access: ArrayAccess, index: tuple[Index, ...], turn: int | None = None) -> list[str]:
        """Return the element's value for each sample of the block. `turn` says which of the thread's own elements it is."""
        v, source = self.v, access.source
        if isinstance(source, Node):
            return [self.once.value(source)] * self.count
        if isinstance(source, NodeArray):
            if source.length == 1:
                return self.scalars[id(source)]
            if turn is not None:
                return self.mine[id(source)][turn]
        at: Index = access.base
        for i, stride in zip(index, access.strides, strict=True):
            at = v.index(at, "add", v.index(i, "mul", stride))
        if source == "w":
            return [v.load(self.bases["w"], at)] * self.count
        at = v.index(at, "mul", self.plan.together)
        if isinstance(source, NodeArray):
            return v.load_row(v.at(self.bases["buffers"], v.index(at, "add", source.at)), self.count)
        return v.load_row(v.at(self.row[source], at), self.count)

    def _done(self, array: NodeArray, values: list[list[str]]) -> None:
        """Keep the values of the thread's elements, and write them to shared memory if other threads need them."""
        self.mine[id(array)] = values
        if array.kept:
            for turn, each in enumerate(values):
                at = self.v.index(element(self.v, turn, array.length), "mul", self.plan.together)
                self.v.store_row(each, self.v.at(self.bases["buffers"], self.v.index(at, "add", array.at)))

    def _elements(self, array: NodeArray) -> None:
        values = []
        for turn in range(self.plan.share(array.length)):
            j = element(self.v, turn, array.length)
            operands = [self.fetch(o, (j,), turn if self.plan.own(o, array.length) else None) for o in array.operands]
            values.append([operation(self.v, array.op, *(each[u] for each in operands)) for u in range(self.count)])
        self._done(array, values)

    def _product(self, array: Product) -> None:
        v, (left, right) = self.v, array.operands
        columns = [element(self.v, turn, array.length) for turn in range(self.plan.share(array.length))]

        def terms(k: Index) -> tuple[list[str], list[str]]:
            return self.fetch(left, (k,)), [self.fetch(right, (k, j))[0] for j in columns]

        a, b = terms(0)
        start = [v.mul(a[u], bj) for bj in b for u in range(self.count)]

        def more(k: str, sums: list[str]) -> list[str]:
            a, b = terms(k)
            return [v.fma(a[u], bj, sums[j * self.count + u]) for j, bj in enumerate(b) for u in range(self.count)]

        total = v.carry(1, array.inner, start, more)
        self._done(array, [total[j * self.count : (j + 1) * self.count] for j in range(len(columns))])

    def _outer(self, outer: Outer) -> None:
        plan, v, (n, m) = self.plan, self.v, outer.shape
        base, count = plan.rooms[id(outer)]
        by_columns = plan.by_columns(outer)
        across, length = (outer.right, m) if by_columns else (outer.left, n)  # the operand of the thread's own elements
        own = [
            self.fetch(across, (element(self.v, turn, length),), turn if plan.own(across, length) else None)
            for turn in range(plan.share(length))
        ]
        other = outer.left if by_columns else outer.right

        def add_products(i: Index) -> None:
            a = self.fetch(other, (i,))
            for turn, b in enumerate(own):
                at = plan.held_at(v, outer, i, turn)
                total = v.load(base, at)
                for u in range(self.count):
                    total = v.fma(a[u], b[u], total)
                v.store(total, base, at)

        for_each(v, plan.sides(outer)[0], count <= plan.held, add_products)

    def _total(self, total: Total) -> None:
        plan, v = self.plan, self.v
        base, count = plan.rooms[id(total)]
        for turn in range(count):
            j: Index = 0 if total.count == 1 else element(self.v, turn, total.count)
            operands = [
                None if o is None else self.fetch(o, (j,), turn if plan.own(o, total.count) else None)
                for o in total.operands
            ]
            value = v.load(base, turn)
            for u in range(self.count):
                value = operation(v, total.op, *(value if each is None else each[u] for each in operands))
            v.store(value, base, turn)
