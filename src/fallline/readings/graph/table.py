"""The graph: a table in which equal expressions are one node. It makes the inputs with which a page is called."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fallline.readings.graph.nodes import ArrayOperation, Node
from fallline.readings.graph.rules import operands_of, ruled
from fallline.readings.graph.traced import Traced

__all__ = ["Graph"]


class Graph:
    """A table of nodes in which equal expressions are the same node."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.groups: list[ArrayOperation] = []
        """The array operations of the page, in order. Loops are recovered from these."""
        self._table: dict[Any, Node] = {}

    def node(self, op: str, args: tuple[Node, ...], payload: Any = None) -> Node:
        """Return the node of this operation, and make it if the graph does not have it. Applies no rule; see `make`."""
        args = operands_of(op, args)
        key = (op, payload, *[a.index for a in args])
        node = self._table.get(key)
        if node is None:
            node = self._table[key] = Node(self, op, args, payload, len(self.nodes))
            self.nodes.append(node)
        return node

    def number(self, value: float) -> Node:
        value = float(value)
        return self.node("number", (), -0.0 if value == 0 and math.copysign(1, value) < 0 else value + 0.0)

    def make(self, op: str, *args: Node) -> Node:
        """Return the node that the rules make of this operation: x + 0 becomes x."""
        return ruled(self, op, *args)

    def input(self, *key: Any) -> Node:
        """Return the input with this key, such as ("w", 3) or ("setting", "momentum")."""
        return self.node("input", (), key)

    def inputs(self, kind: str, shape: int | Sequence[int]) -> Any:
        """Return an array of the inputs (kind, 0), (kind, 1), ... in row order."""
        count = math.prod(shape) if isinstance(shape, Sequence) else shape
        out = np.empty(count, dtype=object)
        for i in range(count):
            out[i] = self.input(kind, i)
        return out.reshape(shape).view(Traced)

    def scalar(self, *key: Any) -> Any:
        """Return the input with this key as an array without axes, as a page receives a number."""
        return Traced.of(self.input(*key))
