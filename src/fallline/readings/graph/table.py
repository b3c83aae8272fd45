"""The graph: a table of nodes in which equal expressions are one node, and the inputs that a page is called with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fallline.readings.graph.nodes import Group, Node
from fallline.readings.graph.rules import operands_of, ruled
from fallline.readings.graph.traced import Traced

__all__ = ["Graph"]


class Graph:
    """A table of nodes in which equal expressions are the same node."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.groups: list[Group] = []
        """Array operations in the order the page made them. Loops are cut along these."""
        self._table: dict[Any, Node] = {}

    def node(self, op: str, args: tuple[Node, ...], payload: Any = None) -> Node:
        """The node of that operation, made if it is new. `make` and the operators apply the rules; this does not."""
        args = operands_of(op, args)
        key = (op, payload, *[a.index for a in args])
        found = self._table.get(key)
        if found is None:
            found = self._table[key] = Node(self, op, args, payload, len(self.nodes))
            self.nodes.append(found)
        return found

    def number(self, value: float) -> Node:
        value = float(value)
        return self.node("number", (), -0.0 if value == 0 and math.copysign(1, value) < 0 else value + 0.0)

    def make(self, op: str, *args: Node) -> Node:
        """The node of that operation after the rules, which may be another one: x + 0 is x."""
        return ruled(self, op, *args)

    def input(self, *key: Any) -> Node:
        """The input of that key: ("w", 3), ("setting", "momentum")."""
        return self.node("input", (), key)

    def inputs(self, kind: str, shape: int | Sequence[int]) -> Any:
        """An array of inputs (kind, 0), (kind, 1), ... in row order."""
        count = math.prod(shape) if isinstance(shape, Sequence) else shape
        out = np.empty(count, dtype=object)
        for i in range(count):
            out[i] = self.input(kind, i)
        return out.reshape(shape).view(Traced)

    def scalar(self, *key: Any) -> Any:
        """The input of that key as an array without axes, which is what a page gets for a number."""
        return Traced.of(self.input(*key))
