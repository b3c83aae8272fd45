"""A graph as loops over its arrays, in register tiles of several samples and units, with lanes as the vectors.

A matrix product keeps (samples x units) accumulators in registers while it runs along k; a weight's gradient keeps
(inputs x units) of them while it runs over the samples of the block. So a weight is read once for several samples, and a
sum is read and written once for several samples. It still adds the samples one by one in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from fallline.readings.graph import Node
from fallline.readings.graph.nodes import CONDITIONS
from fallline.readings.machine.emit import Writer, operation
from fallline.readings.machine.ranges import narrow
from fallline.readings.machine.samples.array_recovery import RecoveredArrays
from fallline.readings.machine.samples.node_arrays import ArrayAccess, NodeArray, Outer, Product, Total
from fallline.readings.machine.vectors import Vectors

__all__ = ["Block", "Index", "Reader", "Tiled", "divisor", "loops", "pieces"]

Index = int | str
Reader = Callable[[tuple[Any, ...]], str]


class Tiled:
    """Writes blocks of samples of a graph, as loops over its arrays.

    Parameters
    ----------
    outputs
        Pairs (place among the sums, node).
    columns
        Numbers of inputs and targets of a sample.
    together
        Number of samples in a block.
    registers
        Vector registers that accumulators may take.
    least
        Fewest columns of a product that becomes a loop.
    wanted
        Nodes whose values are wanted, too.
    """

    def __init__(
        self, outputs: list[tuple[int, Node]], columns: tuple[int, int], together: int, registers: int = 20,
        least: int = 2, wanted: Sequence[Node] = (),
    ) -> None:  # fmt: skip
        self.columns, self.together, self.registers = columns, together, registers
        self.arrays = RecoveredArrays(outputs, least, wanted)
        self.narrow = narrow([*(node for _, node in outputs), *wanted])
        self.groups = loops(self.arrays)
        self.stored: dict[int, int] = {}
        """Places of the arrays that stand in memory of their own for each block of samples, by id; see `two_passes`."""
        self.local: set[int] = set()
        """Arrays that each loop computes for itself, by id."""
        self.after: dict[int, list[NodeArray]] = {}
        """Arrays that are computed with the elements of a product, by its id."""
        self.scratch = 0
        for array in self.arrays.order:
            if array.length > 1:
                array.at, self.scratch = self.scratch, self.scratch + array.length * together

    def length(self, nodes: int) -> int:
        """Return the length of the loop over an array of so many nodes."""
        return nodes

    def block(self, v: Vectors, read: Reader, rows: Any, first: Index, count: int, bases: dict[str, str]) -> None:
        """Add `count` samples from row `first` on to the sums."""
        Block(self, v, read, rows, first, count, bases).write()


def loops(arrays: RecoveredArrays) -> list[list[NodeArray]]:
    """Group the arrays that share a loop: they have one length, and each reads the others only at its own element."""
    waiting, groups = list(arrays.order), []
    todo = {id(array) for array in waiting}  # other arrays stand in memory already
    done: set[int] = set()

    def ready(array: NodeArray, group: list[NodeArray]) -> bool:
        for o in array.operands:
            if (
                id(o.source) in todo
                and id(o.source) not in done
                and not (any(o.source is g for g in group) and o.base == 0 and o.strides == (1,))
            ):
                return False
        return True

    while waiting:
        leader = next(s for s in waiting if ready(s, []))
        group = [leader]
        waiting.remove(leader)
        if leader.length > 1 and not isinstance(leader, Product):
            grown = True
            while grown:
                grown = False
                for s in list(waiting):
                    if s.length == leader.length and not isinstance(s, Product) and ready(s, group):
                        group.append(s)
                        waiting.remove(s)
                        grown = True
        done.update(id(s) for s in group)
        groups.append(group)
    where = {id(s): i for i, g in enumerate(groups) for s in g}
    for i, g in enumerate(groups):
        for s in g:
            for o in s.operands:
                if isinstance(o.source, NodeArray) and where.get(id(o.source)) != i:
                    o.source.kept = True
    summed = [a for outer in arrays.outers for a in (outer.left, outer.right)]
    summed += [o for total in arrays.rest for o in total.operands if o is not None]
    for access in [*summed, arrays.answers] if arrays.answers else summed:
        if isinstance(access.source, NodeArray):
            access.source.kept = True
    return groups


class Block:
    """Writes one block of samples."""

    def __init__(
        self, tiled: Tiled, v: Vectors, read: Reader, rows: Any, first: Index, count: int, bases: dict[str, str]
    ) -> None:
        self.tiled, self.v, self.read, self.rows = tiled, v, read, rows
        self.first, self.count, self.bases = first, count, bases
        self.once = Writer(v, read)  # writes the values that all samples share
        self.scalars: dict[tuple[int, int], str] = {}  # the values of arrays of one node

    def write(self) -> None:
        v = self.v
        self.row = {
            (kind, u): v.at(base, v.index(v.index(self.first, "add", u), "mul", columns), v.scalar)
            for kind, base, columns in (
                ("x", self.rows.X, self.tiled.columns[0]),
                ("t", self.rows.T, self.tiled.columns[1]),
            )
            for u in range(self.count)
        }
        for array in self.tiled.arrays.order:  # before any loop, so that the values are known in all loops
            for o in array.operands:
                if isinstance(o.source, Node):
                    self.once.write([o.source])
        for group in self.tiled.groups:
            if isinstance(group[0], Product):
                self._product(group[0])
            elif group[0].length == 1:
                for array in group:
                    operands = [[self.fetch(o, (0,), u) for u in range(self.count)] for o in array.operands]
                    values = self._operation(array, operands)
                    self.scalars |= {(id(array), u): value for u, value in enumerate(values)}
                    if id(array) in self.tiled.stored:
                        self._keep(array, 0, values)
            else:
                self._loop(group)
        for outer in self.tiled.arrays.outers:
            self._outer(outer)
        for total in self.tiled.arrays.rest:
            self._sum(total)

    # --- reading and writing elements ---

    def fetch(self, access: ArrayAccess, index: tuple[Index, ...], u: int) -> str:
        v, source = self.v, access.source
        if isinstance(source, Node):
            return self.once.value(source)
        if isinstance(source, NodeArray) and (id(source), u) in self.scalars:
            return self.scalars[id(source), u]
        at: Index = access.base
        for i, stride in zip(index, access.strides, strict=True):
            at = v.index(at, "add", v.index(i, "mul", stride))
        if source == "w":
            return v.load(self.bases["w"], at)
        if isinstance(source, NodeArray):
            kept = v.load(*self._address(source, at, u))
            return v.compare("une", kept, v.number(0)) if source.op in CONDITIONS else kept
        return v.splat(v.load_scalar(self.row[source, u], at))

    def fetch_all(self, access: ArrayAccess, index: tuple[Index, ...]) -> list[str]:
        """Return the element's value for each sample of the block. A value that all samples share is read once."""
        if not access.samples:
            return [self.fetch(access, index, 0)] * self.count
        return [self.fetch(access, index, u) for u in range(self.count)]

    def _address(self, array: NodeArray, element: Index, u: int) -> tuple[str, Index]:
        """Return the memory in which an element stands, and its place there."""
        v, place = self.v, self.tiled.stored.get(id(array))
        base, at = ("buffers", array.at) if place is None else ("stored", place)
        return self.bases[base], v.index(v.index(v.index(element, "mul", self.tiled.together), "add", u), "add", at)

    def _keep(self, array: NodeArray, element: Index, values: list[str]) -> None:
        for u, value in enumerate(values):
            if array.op in CONDITIONS:  # a buffer holds numbers alone
                value = self.v.select(value, self.v.number(1), self.v.number(0))
            self.v.store(value, *self._address(array, element, u))

    # --- loops ---

    def _loop(self, group: list[NodeArray]) -> None:
        with self.v.loop(self.tiled.length(group[0].length), "units") as j:
            self._elements(group, j, {})

    def _elements(self, group: list[NodeArray], j: Index, local: dict[int, list[str]]) -> None:
        """Write element j of each array, for each sample of the block; `local` holds the values that are known, by array."""
        for array in group:
            operands = [
                local[id(o.source)] if id(o.source) in local else self.fetch_all(o, (j,)) for o in array.operands
            ]
            local[id(array)] = self._operation(array, operands)
        for array in group:
            if array.kept and id(array) not in self.tiled.local:
                self._keep(array, j, local[id(array)])

    def _operation(self, array: NodeArray, operands: list[list[str]]) -> list[str]:
        """Write the element's value for each sample of the block; `operands` holds the values of each operand."""
        narrow = all(node.index in self.tiled.narrow for node in array.nodes)

        def value(u: int) -> str:
            return operation(self.v, array.op, *(values[u] for values in operands), narrow=narrow)

        return self.v.abreast(partial(value, u) for u in range(self.count))

    def _product(self, array: Product) -> None:
        width = divisor(array.length, max(1, self.tiled.registers // self.count))
        for begin, end, size in pieces(array.length, width):
            with self.v.loop((end - begin) // size, "columns") as tile:
                j0 = self.v.index(self.v.index(tile, "mul", size), "add", begin)
                self._product_tile(array, j0, size)

    def _product_tile(self, array: Product, j0: Index, size: int) -> None:
        v, (left, right) = self.v, array.operands
        columns = [v.index(j0, "add", j) for j in range(size)]
        a = self.fetch_all(left, (0,))
        start = [v.mul(a[u], b) for b in [self.fetch(right, (0, j), 0) for j in columns] for u in range(self.count)]

        def more(k: Index, sums: list[str]) -> list[str]:
            a = self.fetch_all(left, (k,))
            b = [self.fetch(right, (k, j), 0) for j in columns]
            return [v.fma(a[u], b[j], sums[j * self.count + u]) for j in range(size) for u in range(self.count)]

        total = v.carry(1, array.inner, start, more)
        for j, column in enumerate(columns):
            values = total[j * self.count : (j + 1) * self.count]
            if id(array) in self.tiled.after:
                self._elements(self.tiled.after[id(array)], column, {id(array): values})
            else:
                self._keep(array, column, values)

    def _outer(self, outer: Outer) -> None:
        v, (n, m) = self.v, outer.shape
        wide = divisor(m, 4)
        tall = divisor(n, max(1, self.tiled.registers // wide))
        for i_begin, i_end, height in pieces(n, tall):
            for j_begin, j_end, width in pieces(m, wide):
                with v.loop((i_end - i_begin) // height, "inputs") as ti:
                    i0 = v.index(v.index(ti, "mul", height), "add", i_begin)
                    with v.loop((j_end - j_begin) // width, "outputs") as tj:
                        j0 = v.index(v.index(tj, "mul", width), "add", j_begin)
                        self._outer_tile(outer, i0, j0, height, width)

    def _outer_tile(self, outer: Outer, i0: Index, j0: Index, height: int, width: int) -> None:
        v, m = self.v, outer.shape[1]
        base = v.index(v.index(v.index(i0, "mul", m), "add", j0), "add", outer.first)
        places = [v.index(base, "add", i * m + j) for i in range(height) for j in range(width)]
        sums = [v.load(self.bases["sums"], p) for p in places]
        for u in range(self.count):
            b = [self.fetch(outer.right, (v.index(j0, "add", j),), u) for j in range(width)]
            for i in range(height):
                a = self.fetch(outer.left, (v.index(i0, "add", i),), u)
                for j in range(width):
                    sums[i * width + j] = v.fma(a, b[j], sums[i * width + j])
        for place, value in zip(places, sums, strict=True):
            v.store(value, self.bases["sums"], place)

    def _sum(self, total: Total) -> None:
        v = self.v
        with v.loop(total.count, "sums") as j:
            place = v.index(j, "add", total.first)
            value = v.load(self.bases["sums"], place)
            for u in range(self.count):
                value = operation(
                    v, total.op, *(value if o is None else self.fetch(o, (j,), u) for o in total.operands)
                )
            v.store(value, self.bases["sums"], place)


def divisor(n: int, most: int) -> int:
    """Return the largest tile up to `most` that divides n; if it is much smaller, return `most`, which leaves a remainder."""
    if n <= most:
        return n
    best = max(d for d in range(1, most + 1) if n % d == 0)
    return best if 2 * best > most else most


def pieces(n: int, size: int) -> list[tuple[int, int, int]]:
    """Return (begin, end, tile) for the whole tiles and for the remainder."""
    whole = n - n % size
    return [(0, whole, size)] + ([(whole, n, n - whole)] if n > whole else [])
