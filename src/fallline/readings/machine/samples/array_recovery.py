"""Arrays found again in a graph of scalars, so that long graphs become loops.

A page works on arrays; its graph is made of scalars. The page's array operations were noted while it was traced
(`Graph.groups`), and along these notes the scalars are cut into arrays of nodes (`NodeArray`). Nothing of the arithmetic
is decided here: an array computes exactly its nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from fallline.readings.graph import ArrayOperation, Node, topological
from fallline.readings.machine.program import depends_on
from fallline.readings.machine.samples.node_arrays import ArrayAccess, NodeArray, Outer, Product, Total

__all__ = ["RecoveredArrays"]


@dataclass
class RecoveredArrays:
    """A graph's arrays in an order in which they can be computed, and the sums to which its outputs are added.

    Parameters
    ----------
    outputs
        Pairs (place among the sums, node) for everything that is summed over the samples.
    least
        Fewest columns of a product that becomes a loop.
    wanted
        Nodes whose values are wanted, too, sample by sample.

    Attributes
    ----------
    answers
        How these nodes lie in one array; None if they do not, or if there are none.
    """

    outputs: Sequence[tuple[int, Node]]
    least: int = 2
    wanted: Sequence[Node] = ()
    order: list[NodeArray] = field(default_factory=list)
    outers: list[Outer] = field(default_factory=list)
    rest: list[Total] = field(default_factory=list)
    """All sums that are no outer products."""
    answers: ArrayAccess | None = None

    def __post_init__(self) -> None:
        nodes = [*(node for _, node in self.outputs), *self.wanted]
        self._home: dict[int, tuple[Any, int]] = {}
        self._sampled = depends_on(nodes, lambda key: key[0] in ("x", "t"))
        self._needed = {n.index for n in topological(nodes)}
        places: dict[int, list[int]] = {}
        for place, node in self.outputs:
            places.setdefault(node.index, []).append(place)
        graph = nodes[0].graph
        products = [p for g in graph.groups if g.name == "matmul" and (p := self._noted(g)) is not None]
        taken: set[int] = set()
        pending: list[tuple[Any, Any, Any, int]] = []
        for A, B, C in products:
            if A.shape[1] == 1:
                first = self._outer_place(C, places)
                if first is not None:
                    pending.append((A, B, C, first))
                    taken.update(n.index for n in C.ravel())
        used = self._used_beyond(taken, places)
        self._outer_nodes = taken - used
        for group in graph.groups:
            if group.name == "matmul" and len(group.operands[0].shape) == 2 and group.operands[0].shape[1] > 1:
                self._product(group.operands[0].array, group.operands[1].array, group.result.array)
            self._elementwise([n for n in group.result.flat if isinstance(n, Node)])
        for A, B, C, first in pending:
            left, right = self.access(list(A[:, 0])), self.access(list(B[0]))
            if left is not None and right is not None:
                self.outers.append(Outer(left, right, C.shape, first))
            else:
                self._outer_nodes -= {n.index for n in C.ravel()}
        done = {p for o in self.outers for p in range(o.first, o.first + o.shape[0] * o.shape[1])}
        self._sums([(p, n) for p, n in self.outputs if p not in done])
        if self.wanted:
            self.answers = self.access(list(self.wanted))
        self._sort()

    # --- finding ---

    def _noted(self, group: ArrayOperation) -> tuple[Any, Any, Any] | None:
        A, B, C = (entries.array for entries in (*group.operands, group.result))
        if A.ndim != 2 or B.ndim != 2 or not all(isinstance(n, Node) for n in (*A.ravel(), *B.ravel(), *C.ravel())):
            return None
        return A, B, C

    @staticmethod
    def _outer_place(C: Any, places: dict[int, list[int]]) -> int | None:
        indices = [places.get(n.index, []) for n in C.ravel()]
        if any(len(k) != 1 for k in indices) or any(n.op != "multiply" for n in C.ravel()):
            return None
        flat = [k[0] for k in indices]
        return flat[0] if flat == list(range(flat[0], flat[0] + len(flat))) else None

    def _used_beyond(self, taken: set[int], places: dict[int, list[int]]) -> set[int]:
        """Products that are used outside of their sum, too: these need a value of their own."""
        return {
            a.index
            for n in topological([node for _, node in self.outputs]) for a in n.args if a.index in taken
        }  # fmt: skip

    def _fresh(self, nodes: list[Node]) -> list[Node]:
        unique = list({n.index: n for n in nodes}.values())
        return [
            n for n in unique
            if n.index in self._needed and n.index in self._sampled and n.index not in self._home
            and n.op != "input" and n.index not in self._outer_nodes
        ]  # fmt: skip

    def _product(self, A: Any, B: Any, C: Any) -> None:
        nodes = self._fresh([n for n in C.ravel() if isinstance(n, Node)])
        if A.shape[0] != 1 or len(nodes) != C.size or len(nodes) < self.least or not _is_chain(A, B, C):
            return
        left = self.access(list(A[0]))
        right = self.access2(B)
        if left is not None and right is not None and not right.samples:
            self._place(Product("product", nodes, [left, right], inner=A.shape[1]))

    def _elementwise(self, nodes: list[Node]) -> NodeArray | None:
        fresh = self._fresh(nodes)
        if len(fresh) < 2 or len({n.op for n in fresh}) != 1:
            return None
        mine = {n.index for n in fresh}
        if any(a.index in mine for n in fresh for a in n.args):
            return None
        operands = [self.access([n.args[i] for n in fresh]) for i in range(len(fresh[0].args))]
        if any(o is None for o in operands) or any(n.index in self._home for n in fresh):
            return None
        return self._place(NodeArray(fresh[0].op, fresh, operands))  # type: ignore[arg-type]  # None is excluded above

    def _place(self, array: NodeArray) -> NodeArray:
        for i, node in enumerate(array.nodes):
            self._home[node.index] = (array, i)
        self.order.append(array)
        return array

    def _where(self, node: Node) -> tuple[Any, int] | None:
        if node.op == "input" and node.payload[0] in ("w", "x", "t"):
            return node.payload[0], node.payload[1]
        if node.index not in self._sampled:
            return node, 0
        return self._home.get(node.index)

    def access(self, nodes: list[Node]) -> ArrayAccess | None:
        """Return how these nodes lie in one source, or None if they do not lie evenly spaced in one."""
        if len({n.index for n in nodes}) == 1 and self._where(nodes[0]) is None:
            self._single(nodes[0])
        places = [self._where(n) for n in nodes]
        if any(p is None for p in places):
            if all(p is None for p in places) and self._elementwise(nodes) is not None:
                return self.access(nodes)
            return None
        sources = {id(p[0]) if not isinstance(p[0], str) else p[0] for p in places if p is not None}
        at = [p[1] for p in places if p is not None]
        stride = at[1] - at[0] if len(at) > 1 else 0
        if len(sources) > 1 or any(b - a != stride for a, b in pairwise(at)):
            return None
        assert places[0] is not None
        return ArrayAccess(places[0][0], at[0], (stride,))

    def access2(self, nodes: Any) -> ArrayAccess | None:
        """Return how a matrix of nodes lies in one source; None as in `access`."""
        rows = [self.access(list(row)) for row in nodes]
        if any(r is None or r.source != rows[0].source or r.strides != rows[0].strides for r in rows):  # type: ignore[union-attr]
            return None
        bases = [r.base for r in rows if r is not None]
        stride = bases[1] - bases[0] if len(bases) > 1 else 0
        if any(b - a != stride for a, b in pairwise(bases)):
            return None
        assert rows[0] is not None
        return ArrayAccess(rows[0].source, bases[0], (stride, *rows[0].strides))

    def _single(self, node: Node) -> None:
        """Make the node a scalar, and also each operand that belongs to no array yet."""
        stack = [node]
        while stack:
            n = stack[-1]
            missing = [a for a in n.args if self._where(a) is None]
            if missing and self._where(n) is None:
                stack.extend(missing)
                continue
            stack.pop()
            if self._where(n) is None:
                places = [self._where(a) for a in n.args]
                self._place(NodeArray(n.op, [n], [ArrayAccess(p[0], p[1], (0,)) for p in places if p is not None]))

    def _sums(self, outputs: list[tuple[int, Node]]) -> None:
        for place, node in outputs:
            summed = node.graph.input("total") + node  # by the graph's own rule for a sum with a product
            operands: list[ArrayAccess | None] = []
            for a in summed.args:
                if a.payload == ("total",):
                    operands.append(None)
                    continue
                if self._where(a) is None:
                    self._sampled |= depends_on([a], lambda key: key[0] in ("x", "t"))  # it may be a new negation
                    self._single(a)
                operands.append(self.access([a]))
            total = Total(place, summed.op, tuple(operands))
            if self.rest and _follows(self.rest[-1], total):
                last = self.rest.pop()
                total = Total(
                    last.first,
                    last.op,
                    tuple(o and ArrayAccess(o.source, o.base, (1,)) for o in last.operands),
                    last.count + 1,
                )
            self.rest.append(total)

    def _sort(self) -> None:
        done: dict[int, None] = {}
        order: list[NodeArray] = []

        def visit(array: NodeArray) -> None:
            if id(array) in done:
                return
            done[id(array)] = None
            for operand in array.operands:
                if isinstance(operand.source, NodeArray):
                    visit(operand.source)
            order.append(array)

        for array in self.order:
            visit(array)
        seen: set[int] = set()
        for array in order:
            assert all(id(o.source) in seen for o in array.operands if isinstance(o.source, NodeArray)), (
                "arrays depend on each other in a circle"
            )
            seen.add(id(array))
        self.order = order


def _follows(last: Total, new: Total) -> bool:
    """Whether a sum continues a row of sums."""
    if new.first != last.first + last.count or new.op != last.op:
        return False
    return all(
        (a is None) == (b is None)
        and (a is None or b is None or (
            isinstance(a.source, NodeArray) and a.source.length > 1 and a.source is b.source and b.base == a.base + last.count
        ))
        for a, b in zip(last.operands, new.operands, strict=True)
    )  # fmt: skip


def _is_chain(A: Any, B: Any, C: Any) -> bool:
    """Whether C is the fused chain of products of A's row with B's columns, as `Product` computes it."""
    K = A.shape[1]
    for j in range(C.shape[1]):
        node = C[0, j]
        for k in range(K - 1, 0, -1):
            if node.op != "fma" or {node.args[0].index, node.args[1].index} != {A[0, k].index, B[k, j].index}:
                return False
            node = node.args[2]
        if node.op != "multiply" or {n.index for n in node.args} != {A[0, 0].index, B[0, j].index}:
            return False
    return True
