"""Loss and gradient of a block of samples, which are the lanes: loops over the arrays of a network.

A matrix product keeps (vectors of samples x units) accumulators in registers while it runs along k; weights are read into
all lanes. A weight's gradient must add the samples one by one in their order, so there the lanes are units: deltas are
written a second time with the units side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fallline.readings.graph import COMPARISONS, LOGICAL, Node
from fallline.readings.machine.emit import Writer, operation
from fallline.readings.machine.one_run.sizes import NotScalableError, Part, Sizes
from fallline.readings.machine.samples.node_arrays import ArrayAccess, NodeArray, Outer, Product, Total
from fallline.readings.machine.samples.tiles import Block, Index, Reader, Tiled, divisor, pieces
from fallline.readings.machine.vectors import Vectors

__all__ = ["SampleBlocks"]


class SampleBlocks(Tiled):
    """Writes blocks of samples of a network whose lanes are samples.

    Parameters
    ----------
    outputs
        Pairs (place among the sums, node) of the small network.
    sizes, parts
        The real lengths, and where the real parameters stand.
    columns
        Numbers of inputs and targets of a sample.
    together
        Vectors of samples in a block.
    width
        Samples in a vector.
    registers
        Vector registers that accumulators may take.
    answers
        Nodes whose values each block writes to the base "answers": for each vector of samples, a vector of every answer.

    Raises
    ------
    NotScalableError
        The small network's loops are not those of the real one.
    """

    def __init__(
        self, outputs: list[tuple[int, Node]], sizes: Sizes, parts: list[Part], columns: tuple[int, int], together: int,
        width: int, registers: int, answers: Sequence[Node] = (),
    ) -> None:  # fmt: skip
        super().__init__(outputs, columns, together, registers, 1, answers)
        if answers and (self.arrays.answers is None or not isinstance(self.arrays.answers.source, NodeArray)):
            raise NotScalableError
        self.sizes, self.width = sizes, width
        self.parts = {part.first: part for part in parts}
        self.loss = max(place for place, _ in outputs)
        self.loss_at = sum(part.rows * part.vectors for part in parts)
        self.turned: dict[int, int] = {}
        self.scratch = 0
        for array in self.arrays.order:
            if array.kept and array.length > 1 and array.op in (*COMPARISONS, *LOGICAL):
                raise NotScalableError  # conditions are not kept in memory
            length = sizes.length(array.length)
            array.at = self._room((length if length == 1 else -(-length // width) * width) * together)
        self.x, self.t = (self._room(count * together) for count in columns)
        for outer in self.arrays.outers:
            self._turn(outer.right)
            if outer.first not in self.parts or not (
                outer.left.source == "x" or isinstance(outer.left.source, NodeArray)
            ):
                raise NotScalableError
        for total in self.arrays.rest:
            self.place(total)
            for operand in total.operands:
                if operand is not None:
                    self._turn(operand)

    def _room(self, count: int) -> int:
        at, self.scratch = self.scratch, self.scratch + count
        return at

    def _turn(self, access: ArrayAccess) -> None:
        """Reserve memory for an array with the units side by side."""
        source = access.source
        if not isinstance(source, NodeArray):
            if source != "t" or access.strides not in ((), (0,)):
                raise NotScalableError
        elif source.length > 1 and access.strides != (0,):
            if access.base or access.strides != (1,):
                raise NotScalableError
            if id(source) not in self.turned:
                rows = self.together * self.width
                self.turned[id(source)] = self._room(rows * -(-self.sizes.length(source.length) // self.width))

    def length(self, nodes: int) -> int:
        return self.sizes.length(nodes)

    def place(self, total: Total) -> tuple[int, int]:
        """Return the place of a row of sums among the padded numbers, and its vectors; 0 vectors for a single sum."""
        if total.first == self.loss:
            return self.loss_at * self.width, 0
        part = self.parts.get(total.first)
        if part is not None and part.rows == 1 and total.count == part.step > 1:
            return part.at * self.width, part.vectors
        row = next((p for p in self.parts.values() if p.rows == 1 and 0 <= total.first - p.first < p.step), None)
        if row is None or total.count != 1:
            raise NotScalableError
        return row.at * self.width + total.first - row.first, 0

    def block(self, v: Vectors, read: Reader, rows: Any, first: Index, count: int, bases: dict[str, str]) -> None:
        """Add a block of `count` vectors of samples to the sums. `rows` says how many samples it really has."""
        _SampleBlock(self, v, read, rows, count, bases).write()


class _SampleBlock(Block):
    def __init__(
        self, plan: SampleBlocks, v: Vectors, read: Reader, samples: str, count: int, bases: dict[str, str]
    ) -> None:
        self.tiled = self.plan = plan
        self.v, self.count, self.bases, self.samples = v, count, bases, samples
        self.once = Writer(v, read)  # writes the values that all samples share
        self.scalars: dict[tuple[int, int], str] = {}  # the values of arrays of one node

    def write(self) -> None:
        plan = self.plan
        for array in plan.arrays.order:  # before any loop, so that the values are known in all loops
            for o in array.operands:
                if isinstance(o.source, Node):
                    self.once.write([o.source])
        for group in plan.groups:
            if isinstance(group[0], Product):
                self._product(group[0])
            elif group[0].length == 1:
                for array in group:
                    self._keep(array, 0, self._operation(array, [self.fetch_all(o, (0,)) for o in array.operands]))
            else:
                self._loop(group)
        self._answer()
        for array in plan.arrays.order:
            if id(array) in plan.turned:
                self._turn(array)
        for outer in plan.arrays.outers:
            self._outer(outer)
        for total in plan.arrays.rest:
            self._sum(total)

    # --- lanes are samples ---

    def fetch(self, access: ArrayAccess, index: tuple[Index, ...], u: int) -> str:
        v, source = self.v, access.source
        if isinstance(source, Node):
            return self.once.value(source)
        if source == "w":
            return v.splat(v.load_scalar(self.bases["w"], self._weight(access, index)))
        if isinstance(source, NodeArray) and source.length == 1:
            return self.scalars[id(source), u]
        at: Index = access.base
        for i, stride in zip(index, access.strides, strict=True):
            at = v.index(at, "add", v.index(i, "mul", stride))
        return v.load(self.bases["buffers"], self._place(source, at, u))

    def _weight(self, access: ArrayAccess, index: tuple[Index, ...]) -> Index:
        """Return the place of a weight among the padded numbers."""
        part = self.plan.parts.get(access.base)
        if part is None:
            raise NotScalableError
        v = self.v
        at: Index = part.at * self.plan.width
        for i, small in zip(index, access.strides, strict=True):
            rows, columns = part.stride(small)
            at = v.index(at, "add", v.index(i, "mul", rows * part.vectors * self.plan.width + columns))
        return at

    def _place(self, source: Any, element: Index, u: Index) -> Index:
        v, plan = self.v, self.plan
        at = plan.x if source == "x" else plan.t if source == "t" else source.at
        return v.index(v.index(v.index(element, "mul", plan.together), "add", u), "add", at)

    def _keep(self, array: NodeArray, element: Index, values: list[str]) -> None:
        for u, value in enumerate(values):
            if array.length == 1:
                self.scalars[id(array), u] = value
                if array.op in (*COMPARISONS, *LOGICAL):
                    continue
            self.v.store(value, self.bases["buffers"], self._place(array, element, u))

    def _product(self, array: Product) -> None:
        plan, v = self.plan, self.v
        length, inner = plan.length(array.length), plan.length(array.inner)
        if length == 1:
            self._columns(array, [0], inner)  # outside of a loop, so that its value is known to all that follows
            return
        width = divisor(length, max(1, plan.registers // self.count))
        for begin, end, size in pieces(length, width):
            with v.loop((end - begin) // size, "columns") as tile:
                j0 = v.index(v.index(tile, "mul", size), "add", begin)
                self._columns(array, [v.index(j0, "add", j) for j in range(size)], inner)

    def _columns(self, array: Product, columns: list[Index], inner: int) -> None:
        v, (left, right), count = self.v, array.operands, self.count

        def terms(k: Index) -> tuple[list[str], list[str]]:
            return self.fetch_all(left, (k,)), [self.fetch(right, (k, j), 0) for j in columns]

        a, b = terms(0)
        start = [v.mul(x, y) for y in b for x in a]

        def more(k: Index, sums: list[str]) -> list[str]:
            a, b = terms(k)
            return [v.fma(x, y, sums[j * count + u]) for j, y in enumerate(b) for u, x in enumerate(a)]

        total = v.carry(1, inner, start, more)
        for j, column in enumerate(columns):
            self._keep(array, column, total[j * count : (j + 1) * count])

    def _answer(self) -> None:
        v, access, count = self.v, self.plan.arrays.answers, len(self.plan.arrays.wanted)
        for j in range(count if access is not None else 0):
            assert access is not None
            for u, value in enumerate(self.fetch_all(access, (j,))):
                v.store(value, self.bases["answers"], u * count + j)

    # --- lanes are units: sums over the samples in their order ---

    def _turn(self, array: NodeArray) -> None:
        """Write an array with the units of a sample side by side."""
        plan, v = self.plan, self.v
        row = -(-plan.length(array.length) // plan.width)
        source = v.at(self.bases["buffers"], array.at)
        target = v.at(self.bases["buffers"], plan.turned[id(array)])
        with v.loop(self.count, "samples") as u, v.loop(row, "units") as j:
            begin = v.index(v.index(j, "mul", plan.width * plan.together), "add", u)
            units = [v.load(source, v.index(begin, "add", i * plan.together)) for i in range(plan.width)]
            first = v.index(u, "mul", plan.width)
            for i, values in enumerate(v.transposed(units)):
                v.store(values, target, v.index(v.index(v.index(first, "add", i), "mul", row), "add", j))

    def _of_sample(self, access: ArrayAccess, element: Index, sample: Index) -> str:
        """Return one number of a sample in all lanes."""
        v, plan = self.v, self.plan
        place = v.index(self._place(access.source, v.index(element, "add", access.base), 0), "mul", plan.width)
        return v.splat(v.load_scalar(self.bases["buffers"], v.index(place, "add", sample)))

    def _units(self, access: ArrayAccess, vector: Index, sample: Index) -> str:
        """Return a vector of units of a sample."""
        v, plan = self.v, self.plan
        if access.source == "t" or access.source.length == 1 or access.strides == (0,):
            return self._of_sample(access, 0, sample)
        row = -(-plan.length(access.source.length) // plan.width)
        at = v.index(v.index(v.index(sample, "mul", row), "add", vector), "add", plan.turned[id(access.source)])
        return v.load(self.bases["buffers"], at)

    def _outer(self, outer: Outer) -> None:
        v, plan = self.v, self.plan
        part = plan.parts[outer.first]
        wide = divisor(part.vectors, 4)
        tall = divisor(part.rows, max(1, plan.registers // wide))
        for i_begin, i_end, height in pieces(part.rows, tall):
            for j_begin, j_end, width in pieces(part.vectors, wide):
                with v.loop((i_end - i_begin) // height, "inputs") as ti:
                    i0 = v.index(v.index(ti, "mul", height), "add", i_begin)
                    with v.loop((j_end - j_begin) // width, "outputs") as tj:
                        j0 = v.index(v.index(tj, "mul", width), "add", j_begin)
                        self._rectangle(outer, part, i0, j0, height, width)

    def _rectangle(self, outer: Outer, part: Part, i0: Index, j0: Index, height: int, width: int) -> None:
        v = self.v
        base = v.index(v.index(v.index(i0, "mul", part.vectors), "add", j0), "add", part.at)
        places = [v.index(base, "add", i * part.vectors + j) for i in range(height) for j in range(width)]
        start = [v.load(self.bases["sums"], place) for place in places]

        def add_sample(sample: Index, sums: list[str]) -> list[str]:
            b = [self._units(outer.right, v.index(j0, "add", j), sample) for j in range(width)]
            a = [self._of_sample(outer.left, v.index(i0, "add", i), sample) for i in range(height)]
            return [v.fma(x, y, sums[i * width + j]) for i, x in enumerate(a) for j, y in enumerate(b)]

        for place, value in zip(places, v.carry(0, self.samples, start, add_sample), strict=True):
            v.store(value, self.bases["sums"], place)

    def _sum(self, total: Total) -> None:
        v, (place, vectors) = self.v, self.plan.place(total)
        row = v.at(self.bases["sums"], place, v.scalar)
        if not vectors:
            value = self._added(total, 0, v.splat(v.load_scalar(row, 0)))
            v.put(f"store {v.scalar} {v.let(f'extractelement {v.type} {value}, i64 0')}, ptr {row}")
            return
        with v.loop(vectors, "sums") as j:
            v.store(self._added(total, j, v.load(row, j)), row, j)

    def _added(self, total: Total, vector: Index, start: str) -> str:
        """Add all samples to a vector of sums."""
        v = self.v

        def add_sample(sample: Index, sums: list[str]) -> list[str]:
            operands = (sums[0] if o is None else self._units(o, vector, sample) for o in total.operands)
            return [operation(v, total.op, *operands)]

        return v.carry(0, self.samples, [start], add_sample)[0]
