"""The operand that `select`, `maximum`, `minimum` and `absolute` take, also where two operands are equal.

Where both operands of maximum are equal, or z in z > 0 is 0, the formula does not say to which side the point belongs.
Choices that do not fit together would give a smooth function, such as max(0, z) + min(0, z) = z, a wrong slope. One
rule decides: **a selection takes the operand that it takes just before the point**, where "before" means that every
variable comes from the left. Tangents, the derivatives of both operands along one fixed direction, tell which operand
that is: of two equal values the one with the larger tangent is larger just before the point.

- For one variable this is the derivative from the left, and one-sided derivatives obey the chain rule: |2 - z| has the
  slope -1 at 2, and max(0, z) - max(0, -z) the slope 1 at 0.
- For several variables all choices belong to one direction, so there are points arbitrarily near at which exactly these
  operands are taken. So a smooth function gets its own gradient.
- Variables come from the left at speeds 1, sqrt(2), sqrt(3), sqrt(5) ... (the square-free numbers), between which no
  relation with whole coefficients holds: the tangents of two operands are equal only where the gradients are.
- Where the tangents are equal, too, the first operand counts as the smaller, for maximum and minimum, so that
  max(x, y) + min(x, y) has the slopes of x + y; and `select` takes the branch that it takes at the point.
- `select` follows the rule only where both branches have the same value and finite tangents. A branch that guards one
  point, such as 1 in where(|x| > 0, sin(x) / x, 1), is taken at that point.

A generic direction costs one tangent for each node below such a selection. One direction for each variable would cost
as many tangents as there are variables. Always taking the constant, the second operand, or the branch at the point
gives smooth functions wrong slopes: where(u > 0, u, exp(min(u, 0)) - 1) with u = -z takes its second branch at 0, while
just before it u is positive and min(u, 0) constant.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import count
from typing import NamedTuple

from fallline.readings.graph import LOGICAL, Node, topological
from fallline.readings.reverse.partials import PARTIALS

__all__ = ["CHOICES", "Branch", "Choices", "square_free"]

CHOICES = ("select", "maximum", "minimum", "absolute")


class Branch(NamedTuple):
    """Where `condition` is `truth`, the selection is its operand `argument`, or minus it where `flipped`."""

    argument: Node
    flipped: bool
    condition: Node
    truth: bool


def square_free() -> Iterator[int]:
    """Yield 1, 2, 3, 5, 6, 7, 10, ..., the numbers that no square divides. Their roots are the variables' speeds."""
    return (n for n in count(1) if all(n % (k * k) for k in range(2, math.isqrt(n) + 1)))


def _or_tie(x: Node, y: Node, tie: Node) -> Node:
    """Whether x is larger than y, or equal to it while `tie` holds. A tie that is a number costs nothing."""
    graph = x.graph
    if tie.op == "number":
        return graph.make("greater_equal" if tie.payload else "greater", x, y)
    larger = graph.make("greater", x, y)
    return graph.make("logical_or", larger, graph.make("logical_and", graph.make("equal", x, y), tie))


class Choices:
    """The branches of a graph's selections, as functions of these variables.

    Parameters
    ----------
    variables
        Each has a speed of its own.
    apart
        Further variables, of which no selection reads two, such as the units of a layer, each of which has its activation.
    """

    def __init__(self, variables: Sequence[Node], apart: Sequence[Node] = ()) -> None:
        self._tangents: dict[int, Node] = {v.index: v.graph.number(-1) for v in apart} | {
            v.index: v.graph.number(-math.sqrt(n)) for v, n in zip(variables, square_free(), strict=False)
        }

    def branches(self, node: Node) -> tuple[Branch, Branch]:
        if node.op == "select":
            condition, yes, no = node.args
            counts = self._met(condition, yes, no)
            return Branch(yes, False, counts, True), Branch(no, False, counts, False)
        if node.op == "absolute":
            (x,) = node.args
            positive = self._exceeds(x, x.graph.number(0))
            return Branch(x, False, positive, True), Branch(x, True, positive, False)
        x, y = sorted(node.args, key=lambda a: (a.op == "number", a.index))
        larger, highest = self._exceeds(x, y), node.op == "maximum"
        return Branch(x, False, larger, highest), Branch(y, False, larger, not highest)

    def _exceeds(self, x: Node, y: Node) -> Node:
        """Whether x is larger than y; at a tie, whether it is larger just before the tie."""
        return _or_tie(x, y, x.graph.make("greater", self._tangent(x), self._tangent(y)))

    def _met(self, condition: Node, yes: Node, no: Node) -> Node:
        """The condition just before the point if the branches meet there, else the condition at the point."""
        graph = condition.graph
        if condition.op in LOGICAL:
            return graph.make(condition.op, *(self._met(part, yes, no) for part in condition.args))
        if condition.op not in ("greater", "greater_equal", "less", "less_equal"):
            return condition
        x, y = condition.args if condition.op.startswith("greater") else condition.args[::-1]
        at_point = condition.op.endswith("equal")
        grows = graph.make("greater_equal" if at_point else "greater", self._tangent(x), self._tangent(y))
        if grows.op == "number" and bool(grows.payload) is at_point:  # as in z > 0: known while tracing
            return condition
        meet = graph.make("logical_and", graph.make("equal", yes, no), self._finite(yes, no))
        if at_point:
            return _or_tie(x, y, graph.make("logical_or", graph.make("logical_not", meet), grows))
        return _or_tie(x, y, graph.make("logical_and", meet, grows))

    def _finite(self, *branches: Node) -> Node:
        graph = branches[0].graph
        first, second = (
            graph.make("less", graph.make("absolute", self._tangent(b)), graph.number(math.inf)) for b in branches
        )
        return graph.make("logical_and", first, second)

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
            return graph.make("select", self.branches(node)[0].condition, along[True], along[False])
        total = graph.number(0)
        if node.op in PARTIALS:
            for argument, part in zip(node.args, PARTIALS[node.op](node, graph.number(1)), strict=True):
                if part is not None:
                    total = total + part * self._tangents[argument.index]
        return total

    def _along(self, branch: Branch) -> Node:
        tangent = self._tangents[branch.argument.index]
        return -tangent if branch.flipped else tangent
