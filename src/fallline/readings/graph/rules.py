"""The rules that decide a graph's arithmetic, applied as its nodes are made.

A rule decides which product is fused into which sum (`fma`: one rounding instead of two). It looks at two nodes at a
time and never at how often a node is used. So neither the compiler, nor the number of samples traced together, nor any
other computation beside it can change a bit.

    x + a b  ->  fma(a, b, x)          a b + c d  ->  fma(c, d, a b)      (the product on the right is fused)
    x - a b  ->  fma(-a, b, x)         a b - x    ->  fma(a, b, -x)
    (-a) b   ->  -(a b)                x + (-y)   ->  x - y
    x 1, x + 0, x / 1  ->  x           x 0  ->  0            x / 2^k  ->  x 2^-k      numbers are computed at once

A condition counts as 1 or 0 where a number is needed, and a number counts as true unless it is 0. The product of two
conditions is "and", their sum is "or", as for NumPy's arrays of booleans.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from fallline.readings.graph.nodes import CONDITIONS, LOGICAL, Node, as_condition, as_quantity
from fallline.readings.numeric import NUMERIC, numeric

if TYPE_CHECKING:
    from fallline.readings.graph.table import Graph

__all__ = ["operands_of", "ruled"]


def _is(node: Node, value: float) -> bool:
    return node.op == "number" and bool(node.payload == value)


def _commuting(graph: Graph, op: str, a: Node, b: Node, *rest: Node) -> Node:
    """Numbers come last, whenever they were made, so that equal formulas of two units have their operands in one order."""
    first, second = sorted((a, b), key=lambda node: (node.op == "number", node.index))
    return graph.node(op, (first, second, *rest))


def add(a: Node, b: Node) -> Node:
    if a.op in CONDITIONS and b.op in CONDITIONS:
        return a.graph.make("logical_or", a, b)
    if a.op == "number" and b.op == "number":
        return a.graph.number(a.payload + b.payload)
    if _is(b, 0):
        return as_quantity(a)
    if _is(a, 0):
        return as_quantity(b)
    if b.op == "negative":
        return subtract(a, b.args[0])
    if a.op == "negative":
        return subtract(b, a.args[0])
    if b.op == "multiply":
        return _commuting(a.graph, "fma", *b.args, a)
    if a.op == "multiply":
        return _commuting(a.graph, "fma", *a.args, b)
    return _commuting(a.graph, "add", a, b)


def subtract(a: Node, b: Node) -> Node:
    if a.op == "number" and b.op == "number":
        return a.graph.number(a.payload - b.payload)
    if _is(b, 0):
        return as_quantity(a)
    if _is(a, 0):
        return negative(b)
    if b.op == "negative":
        return add(a, b.args[0])
    if b.op == "multiply":
        return a.graph.node("fma", (negative(b.args[0]), b.args[1], a))
    if a.op == "multiply":
        return a.graph.node("fma", (*a.args, negative(b)))
    return a.graph.node("subtract", (a, b))


def multiply(a: Node, b: Node) -> Node:
    if a.op in CONDITIONS and b.op in CONDITIONS:
        return a.graph.make("logical_and", a, b)
    if a.op == "number" and b.op == "number":
        return a.graph.number(a.payload * b.payload)
    for x, y in ((a, b), (b, a)):
        if _is(x, 1):
            return as_quantity(y)
        if _is(x, 0):
            return x
        if _is(x, -1):
            return negative(y)
        if x.op == "negative":
            return negative(multiply(x.args[0], y))
    return _commuting(a.graph, "multiply", a, b)


def divide(a: Node, b: Node) -> Node:
    if b.op == "number":
        if a.op == "number":
            return a.graph.number(numeric("divide", a.payload, b.payload))
        if b.payload != 0 and abs(math.frexp(b.payload)[0]) == 0.5:  # the product with its reciprocal is exact
            return multiply(a, a.graph.number(1 / b.payload))
    return a.graph.node("divide", (a, b))


def negative(a: Node) -> Node:
    if a.op == "number":
        return a.graph.number(-a.payload)
    return a.args[0] if a.op == "negative" else a.graph.node("negative", (a,))


def power(a: Node, b: Node) -> Node:
    """Whole powers up to 64 are repeated products, the power 1/2 is a square root, all others stay `power`."""
    if b.op == "number":
        exponent = b.payload
        if a.op == "number":
            return a.graph.number(numeric("power", a.payload, exponent))
        if exponent == 0.5:
            return a.graph.make("sqrt", a)
        if abs(exponent) <= 64 and exponent == int(exponent):
            whole = _whole_power(a, abs(int(exponent)))
            return whole if exponent >= 0 else divide(a.graph.number(1), whole)
    return a.graph.node("power", (a, b))


def _whole_power(a: Node, n: int) -> Node:
    if n == 0:
        return a.graph.number(1)
    half = _whole_power(a, n // 2)
    return a if n == 1 else multiply(multiply(half, half), a) if n % 2 else multiply(half, half)


ARITHMETIC: dict[str, Callable[..., Node]] = {
    "add": add, "subtract": subtract, "multiply": multiply, "divide": divide, "negative": negative, "power": power,
}  # fmt: skip


def ruled(graph: Graph, op: str, *args: Node) -> Node:
    """The node that the rules make of an operation; `Graph.make` calls this."""
    if op in ARITHMETIC:
        return ARITHMETIC[op](*args)
    if op == "fma":
        return add(args[2], multiply(args[0], args[1]))
    if op == "select" and (args[1] is args[2] or args[0].op == "number"):
        return args[1] if args[1] is args[2] or args[0].payload else args[2]
    if op in ("logical_and", "logical_or"):
        for known, other in (args, args[::-1]):
            if known is other or known.op == "number":
                return other if known is other or bool(known.payload) is (op == "logical_and") else known
    if all(a.op == "number" for a in args) and op in NUMERIC:
        return graph.number(numeric(op, *(a.payload for a in args)))
    return graph.node(op, args)


def operands_of(op: str, args: tuple[Node, ...]) -> tuple[Node, ...]:
    """The operands, with conditions where the operation takes conditions, and numbers elsewhere."""
    conditions = len(args) if op in LOGICAL else 1 if op == "select" else 0
    if not conditions and not any(a.op in CONDITIONS for a in args):
        return args
    return (*map(as_condition, args[:conditions]), *map(as_quantity, args[conditions:]))
