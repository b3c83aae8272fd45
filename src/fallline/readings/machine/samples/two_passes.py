"""Sums over samples in two passes: what never changes is computed once, and stored for each sample; the rest again and again.

A product of the Hessian with a direction is such a sum: the direction changes, the parameters do not. So forward and backward
pass are computed once for all products at one point. The operations are the same, and so are the bits.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterable
from typing import Any

from fallline.readings.graph import Node, topological
from fallline.readings.machine.emit import instructions
from fallline.readings.machine.frame import Frame
from fallline.readings.machine.layout import Plan, Slot, length_of
from fallline.readings.machine.program import Samples, depends_on
from fallline.readings.machine.samples.node_arrays import ArrayAccess, NodeArray, Outer, Product, Total
from fallline.readings.machine.samples.straight import Rows, Straight, below
from fallline.readings.machine.samples.sums import OverSamples
from fallline.readings.machine.samples.tiles import Tiled, loops

__all__ = ["TwoPasses", "blocks_of", "second_length"]

CHEAP = 3
"""Most instructions of an operation that is repeated rather than stored, if its operands are stored."""

Outputs = list[tuple[int, Node]]


class TwoPasses(OverSamples):
    """Writes the sums over samples of an objective, in two passes.

    Parameters
    ----------
    remainder
        Whether the number of samples may differ from a multiple of `plan.together`.
    changes
        Which inputs change between one second pass and the next, by their keys.
    store
        Whether values of the first pass are stored. Otherwise the second pass computes all it needs.

    Attributes
    ----------
    size
        Vectors of memory that a block of samples takes; see `blocks_of`.
    """

    def __init__(
        self, f: Frame, objective: Samples, plan: Plan, remainder: bool, changes: Callable[[tuple[Any, ...]], bool], store: bool
    ) -> None:  # fmt: skip
        super().__init__(
            f, Samples(objective.loss, objective.loss_factor, (), objective.columns), plan, False, remainder
        )
        loss = (f.program.parameters, objective.loss)
        moving = [(k, g) for k, g in enumerate(objective.gradient) if g.op != "number" or g.payload != 0]
        changing = depends_on([g for _, g in moving], changes)
        self.size = 0
        if not store:
            self.second = self._body(moving)
        elif plan.tiled:
            whole = self._body([*moving, loss])
            assert isinstance(whole, Tiled)
            self.main, self.second, self.size = _tiled_passes(whole, changing, loss[0])
        else:
            nodes = _stored_nodes([g for _, g in moving], changing)
            self.main = Straight([loss], objective.columns, plan.together, kept=nodes)
            self.second = Straight(moving, objective.columns, plan.together, given=nodes)
            self.size = len(nodes) * plan.together
        self.buffers = f.room(max(self.main.scratch, self.second.scratch))

    def first(self) -> str:
        """Write the first pass, and return the loss."""
        f, v = self.f, self.f.v
        self.rows, self.count = self._rows("", "")
        place = f.program.parameters
        v.store(v.number(0.0), f.base["sums"], place)
        self._sum_samples(self.main, self.rows, self.count)
        return self._loss(v.load(f.base["sums"], place))

    def again(self) -> None:
        """Write the second pass, which leaves its sums in the base "sums"."""
        f, v = self.f, self.f.v
        with v.loop(f.program.parameters, "zero") as i:
            v.store(v.number(0.0), f.base["sums"], i)
        self._sum_samples(self.second, self.rows, self.count)

    def _block(self, body: Straight | Tiled, rows: Rows, first: str, count: int) -> None:
        f, v = self.f, self.f.v
        block = v.index(
            v.let(f"udiv i64 {first}, {self.plan.together}"), "add", v.let(f"urem i64 {first}, {self.plan.together}")
        )
        f.base["stored"] = v.at(f.args[Slot.SCRATCH], v.index(v.index(block, "mul", self.size), "add", f.size))
        super()._block(body, rows, first, count)


def second_length(objective: Samples, changes: Callable[[tuple[Any, ...]], bool], bits: int) -> int:
    """Return the number of instructions of a sample in the second pass, with the reads of stored values."""
    stored = {node.index for node in _stored_nodes(objective.gradient, depends_on(objective.gradient, changes))}
    nodes = below(objective.gradient, stored)
    return length_of([node for node in nodes if node.index not in stored], bits) + len(stored)


def blocks_of(samples: int, together: int) -> int:
    """Return the number of blocks of so many samples: whole ones, then one for each that remains.

    >>> blocks_of(303, 5)
    63
    """
    return samples // together + samples % together


def _is_cheap(op: str, operands: int) -> bool:
    return len(instructions(op, operands, 64)) <= CHEAP


def _stored_nodes(outputs: Iterable[Node], changing: Collection[int]) -> list[Node]:
    """Return the nodes that are stored: they do not change, and a node that changes needs them, or a cheap operation on them."""
    order = topological(list(outputs))
    fixed = {a.index for n in order if n.index in changing for a in n.args if a.index not in changing}
    stored: dict[int, Node] = {}
    at_hand: set[int] = set()
    for node in order:
        if node.op in ("number", "input"):
            at_hand.add(node.index)
        elif node.index in fixed:
            if not (_is_cheap(node.op, len(node.args)) and all(a.index in at_hand for a in node.args)):
                stored[node.index] = node
            at_hand.add(node.index)
    return list(stored.values())


def _tiled_passes(whole: Tiled, changing: Collection[int], loss: int) -> tuple[Tiled, Tiled, int]:
    """Return both passes over the arrays of a graph, and how many vectors of a block are stored."""
    arrays = whole.arrays
    again = {id(array): array for array in arrays.order if any(node.index in changing for node in array.nodes)}
    outers = arrays.outers
    rest = [total for total in arrays.rest if total.first != loss]
    needed = _sources([*again.values()], outers, rest)
    stored: dict[int, NodeArray] = {}
    for array in arrays.order:
        if id(array) not in needed or id(array) in again:
            continue
        at_hand = all(not isinstance(o.source, NodeArray) or id(o.source) in needed for o in array.operands)
        if at_hand and not isinstance(array, Product) and _is_cheap(array.op, len(array.operands)):
            again[id(array)] = array  # all of its operands are stored or computed again
        else:
            stored[id(array)] = array
    places, size = {}, 0
    for key, array in stored.items():
        places[key], size = size, size + array.length * whole.together
    cheap = {key for key in again if not any(node.index in changing for node in again[key].nodes)}
    first = _part(
        whole, _below(arrays, [*stored.values()], loss), [], [t for t in arrays.rest if t.first == loss], places
    )
    second = _part(whole, [array for array in arrays.order if id(array) in again], outers, rest, places)
    _repeat(second, cheap)
    _join(second)
    return first, second, size


def _repeat(part: Tiled, cheap: set[int]) -> None:
    """Compute cheap arrays in each loop that reads them, instead of once in a loop of their own, so they need no memory."""
    order = part.arrays.order

    def repeated(group: list[NodeArray]) -> list[NodeArray]:
        if isinstance(group[0], Product) or group[0].length == 1:
            return group
        members = {id(array) for array in group}
        for array in reversed(order):
            if id(array) in cheap and array.length == group[0].length and any(
                o.source is array and o.base == 0 and o.strides == (1,)
                for reader in order if id(reader) in members for o in reader.operands
            ):  # fmt: skip
                members.add(id(array))
        return [array for array in order if id(array) in members]

    groups = [repeated(group) for group in part.groups]
    part.local = cheap - _in_memory(part, groups)
    for group in groups:
        for array in reversed(list(group)):
            if id(array) in part.local and not any(o.source is array for reader in group for o in reader.operands):
                group.remove(array)
    part.groups = [group for group in groups if group]


def _join(part: Tiled) -> None:
    """Let the loop after a product work on the product's elements in registers, if nothing else reads them."""
    joined: list[list[NodeArray]] = []
    for group in part.groups:
        before = joined[-1][0] if joined else None
        if (
            isinstance(before, Product) and id(before) not in part.after and not isinstance(group[0], Product)
            and group[0].length == before.length
            and not any(
                o.source is before and (reader not in group or (o.base, o.strides) != (0, (1,)))
                for reader in part.arrays.order for o in reader.operands
            )
            and id(before) not in _sources([], part.arrays.outers, part.arrays.rest)
        ):  # fmt: skip
            part.after[id(before)] = group
        else:
            joined.append(group)
    part.groups = joined


def _in_memory(part: Tiled, groups: list[list[NodeArray]]) -> set[int]:
    """Return the ids of the arrays that are read from memory: by sums, by products, and from other loops."""
    found = _sources([], part.arrays.outers, part.arrays.rest)
    for group in groups:
        inside = {id(array) for array in group}
        for array in group:
            for o in array.operands:
                if id(o.source) not in inside or isinstance(array, Product) or (o.base, o.strides) != (0, (1,)):
                    found.add(id(o.source))
    return found


def _sources(arrays: Iterable[NodeArray], outers: Iterable[Outer], rest: Iterable[Total]) -> set[int]:
    """Return the ids of the arrays that these read."""
    accesses: list[ArrayAccess | None] = [o for array in arrays for o in array.operands]
    accesses += [access for outer in outers for access in (outer.left, outer.right)]
    accesses += [o for total in rest for o in total.operands]
    return {id(access.source) for access in accesses if access is not None and isinstance(access.source, NodeArray)}


def _below(arrays: Any, ends: list[NodeArray], loss: int) -> list[NodeArray]:
    """Return the arrays that are needed for these and for the loss, in order."""
    needed = _sources([], [], [total for total in arrays.rest if total.first == loss]) | {id(array) for array in ends}
    for array in reversed(arrays.order):
        if id(array) in needed:
            needed |= _sources([array], [], [])
    return [array for array in arrays.order if id(array) in needed]


def _part(
    whole: Tiled, order: list[NodeArray], outers: list[Outer], rest: list[Total], stored: dict[int, int]
) -> Tiled:
    """Return a writer of some of the arrays and sums of a graph."""
    part = copy.copy(whole)
    part.arrays = copy.copy(whole.arrays)
    part.arrays.order, part.arrays.outers, part.arrays.rest = order, outers, rest
    part.groups = loops(part.arrays)
    part.stored, part.after = stored, {}
    return part
