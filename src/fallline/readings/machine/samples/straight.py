"""One sample's graph as straight-line code, for a few samples at a time.

Each entry of the gradient adds the samples one after another, whatever the size of a block: the order of a sum is part of
the arithmetic, the size of a block is not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from fallline.readings.graph import Node, topological
from fallline.readings.graph.nodes import CONDITIONS
from fallline.readings.machine.emit import Writer, operation
from fallline.readings.machine.ranges import narrow
from fallline.readings.machine.vectors import Vectors

__all__ = ["Straight", "below"]


@dataclass(frozen=True)
class Rows:
    """The addresses of a step's inputs and targets, as names in the code."""

    X: str
    T: str


class Straight:
    """Writes blocks of samples of a graph without loops.

    Parameters
    ----------
    outputs
        Pairs (place among the sums, node).
    columns
        Numbers of inputs and targets of a sample.
    together
        Number of samples in a block.
    kept
        Nodes whose values are written to the base "stored", in this order.
    given
        Nodes whose values stand there already, in this order.
    """

    scratch = 0  # vectors of scratch memory that it needs

    def __init__(
        self, outputs: list[tuple[int, Node]], columns: tuple[int, int], together: int, kept: Sequence[Node] = (),
        given: Sequence[Node] = (),
    ) -> None:  # fmt: skip
        self.outputs, self.columns, self.together, self.kept = outputs, columns, together, kept
        self.narrow = narrow([*(node for _, node in outputs), *kept])
        self.stored = {node.index: ("stored", place, node.op in CONDITIONS) for place, node in enumerate(given)}

    def block(
        self, v: Vectors, read: Callable[[tuple[Any, ...]], str], rows: Rows, first: int | str, count: int,
        bases: dict[str, str],
    ) -> None:  # fmt: skip
        """Add `count` samples from row `first` on to the sums, node by node for all samples of the block."""
        shared: dict[tuple[Any, ...], str] = {}

        def reader(u: int) -> Callable[[tuple[Any, ...]], str]:
            def value(key: tuple[Any, ...]) -> str:
                if key[0] in ("x", "t"):
                    return self._sample_value(v, rows, v.index(first, "add", u), key)
                if key[0] == "stored":
                    number = v.load(bases["stored"], key[1] * self.together + u)
                    return v.compare("une", number, v.number(0)) if key[2] else number
                if key not in shared:
                    shared[key] = read(key)
                return shared[key]

            return value

        samples = [Writer(v, reader(u), narrow=self.narrow, stored=self.stored) for u in range(count)]
        order = below([*(operand for _, o in self.outputs for operand in _operands(o)), *self.kept], self.stored)
        turn = {node.index: n for n, node in enumerate(order)}
        known: list[list[tuple[int, Node]]] = [[] for _ in order]  # for each node the outputs whose last operand it is
        for place, output in self.outputs:
            known[max(turn[operand.index] for operand in _operands(output))].append((place, output))
        keeping = {node.index: place for place, node in enumerate(self.kept)}
        for node, ready in zip(order, known, strict=True):
            # a register that waits costs more than a read from the cache: so inputs are read anew for every node, and an
            # output is added to its sum at once
            shared.clear()
            for sample in samples:
                sample.forget_inputs()
            if node.op not in ("number", "input") and node.index not in self.stored:
                for sample in samples:
                    sample.operands(node)
                v.abreast(partial(sample.value, node) for sample in samples)
            if node.index in keeping:
                self._keep(v, samples, node, bases["stored"], keeping[node.index])
            for place, output in ready:
                total = v.load(bases["sums"], place)
                for sample in samples:
                    total = accumulate(v, sample, output, total)
                v.mark()
                v.store(total, bases["sums"], place)

    def _keep(self, v: Vectors, samples: list[Writer], node: Node, memory: str, place: int) -> None:
        """Store a node's values. Memory holds numbers alone."""
        for u, sample in enumerate(samples):
            value = sample.value(node)
            value = v.select(value, v.number(1), v.number(0)) if node.op in CONDITIONS else value
            v.store(value, memory, place * self.together + u)

    def _sample_value(self, v: Vectors, rows: Rows, row: int | str, key: tuple[Any, ...]) -> str:
        """Load the input ("x", i) or ("t", j) of a row into every lane."""
        base, columns = (rows.X, self.columns[0]) if key[0] == "x" else (rows.T, self.columns[1])
        return v.splat(v.load_scalar(base, v.index(v.index(row, "mul", columns), "add", key[1])))


def below(ends: Sequence[Node], stored: Collection[int]) -> list[Node]:
    """Return the nodes that are computed or read for these, in order; `stored` holds the indices of those that are read."""
    needed, stack = set[int](), list(ends)
    while stack:
        node = stack.pop()
        if node.index not in needed:
            needed.add(node.index)
            stack.extend(() if node.index in stored else node.args)
    return [node for node in topological(ends) if node.index in needed]


def _operands(node: Node) -> tuple[Node, ...]:
    """Return the nodes that must be computed before the node can be added to a sum."""
    if node.op == "negative":
        return _operands(node.args[0])
    return node.args if node.op == "multiply" else (node,)


def accumulate(v: Vectors, writer: Writer, node: Node, total: str) -> str:
    """Write total + node, by the graph's own rule for a sum with a product."""
    summed = node.graph.input("total") + node
    if summed.op == "input":  # nothing is added: a gradient entry that is 0
        return total
    return operation(v, summed.op, *(total if a.payload == ("total",) else writer.value(a) for a in summed.args))
