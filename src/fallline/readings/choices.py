"""Which operand a selection takes: `select`, `maximum`, `minimum`, `absolute`.

`select(c, x, y)` has the slope of the branch that it takes. The other three do not say which operand they take where
both are equal, and a wrong choice there gives a smooth function, such as max(0, z) + min(0, z) = z, a slope that it
does not have. One rule decides: **the operand that is taken just before the point**, where "before" means that every
variable comes from the left. It is found from tangents, the derivatives of both operands along one fixed direction:
just before the point the larger of two equal operands is the one that grows more towards there.

- For one variable this is the derivative from the left, and one-sided derivatives obey the chain rule: |2 - z| has the
  slope -1 at 2, and max(0, z) - max(0, -z) the slope 1 at 0.
- For several variables all choices belong to one direction, so there are points as near as one likes at which exactly
  these operands are taken. A function that is smooth has its gradient there, so it gets its gradient.
- Variables come from the left at speeds 1, sqrt(2), sqrt(3), sqrt(5) ... (the square-free numbers), between which no
  relation with whole coefficients holds: the tangents of two operands are equal only where the gradients are.
- Where tangents, too, are equal, the first operand counts as the smaller, for maximum and minimum alike, so that
  max(x, y) + min(x, y) has the slopes of x + y.

A generic direction costs one tangent for each node below such a selection. Going through the variables one after the
other would need one for each variable; taking "the constant" or "the second operand" gives the wrong slopes above.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import count
from typing import NamedTuple

from fallline.readings.graph import Node, make, topological
from fallline.readings.partials import PARTIALS

__all__ = ["CHOICES", "Branch", "Choices", "square_free"]

CHOICES = ("select", "maximum", "minimum", "absolute")


class Branch(NamedTuple):
    """Where `condition` is `truth`, the selection is its operand `argument`, or minus it where `flipped`."""

    argument: Node
    flipped: bool
    condition: Node
    truth: bool


def square_free() -> Iterator[int]:
    """1, 2, 3, 5, 6, 7, 10, ...: the numbers that no square divides. Their roots are the variables' speeds."""
    return (n for n in count(1) if all(n % (k * k) for k in range(2, math.isqrt(n) + 1)))


class Choices:
    """The branches of a graph's selections, as functions of these variables."""

    def __init__(self, variables: Sequence[Node]) -> None:
        self._tangents: dict[int, Node] = {
            v.index: v.graph.number(-math.sqrt(n)) for v, n in zip(variables, square_free(), strict=False)
        }

    def branches(self, node: Node) -> tuple[Branch, Branch]:
        if node.op == "select":
            condition, yes, no = node.args
            return Branch(yes, False, condition, True), Branch(no, False, condition, False)
        if node.op == "absolute":
            (x,) = node.args
            positive = self._exceeds(x, x.graph.number(0))
            return Branch(x, False, positive, True), Branch(x, True, positive, False)
        x, y = sorted(node.args, key=lambda a: (a.op == "number", a.index))
        larger = self._exceeds(x, y)
        highest = node.op == "maximum"
        return Branch(x, False, larger, highest), Branch(y, False, larger, not highest)

    def _exceeds(self, x: Node, y: Node) -> Node:
        """Whether x is larger than y, at a tie just before it."""
        graph = x.graph
        dx, dy = self._tangent(x), self._tangent(y)
        before = make(graph, "greater", dx, dy)
        if dx.op == dy.op == "number":  # known while tracing, as in maximum(z, 0)
            return make(graph, "greater_equal" if before.payload else "greater", x, y)
        tie = make(graph, "logical_and", make(graph, "equal", x, y), before)
        return make(graph, "logical_or", make(graph, "greater", x, y), tie)

    def _tangent(self, of: Node) -> Node:
        """The derivative of a node along the direction: the chain rule forwards, through the same table."""
        for node in topological([of]):
            if node.index not in self._tangents:
                self._tangents[node.index] = self._from_operands(node)
        return self._tangents[of.index]

    def _from_operands(self, node: Node) -> Node:
        graph = node.graph
        if node.op in CHOICES:
            along = {b.truth: self._along(b) for b in self.branches(node)}
            return make(graph, "select", self.branches(node)[0].condition, along[True], along[False])
        total = graph.number(0)
        if node.op in PARTIALS:
            for argument, part in zip(node.args, PARTIALS[node.op](node, graph.number(1)), strict=True):
                if part is not None:
                    total = total + part * self._tangents[argument.index]
        return total

    def _along(self, branch: Branch) -> Node:
        tangent = self._tangents[branch.argument.index]
        return -tangent if branch.flipped else tangent
