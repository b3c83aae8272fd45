"""The graph reading: traced scalars, hash-consed, with the rule that fuses products into sums.

A page called with arrays of traced scalars (`fallline.readings.graph.traced`) leaves behind an expression graph. The graph
*is* the arithmetic: which product is fused into which sum (`fma`, one rounding instead of two) is decided here, by a
rule that looks at two nodes at a time and never at how often a node is used, so that neither the compiler, nor the
number of samples traced together, nor what else is computed beside it can change a bit.

The rules, applied as nodes are made:

    x + a b  ->  fma(a, b, x)          a b + c d  ->  fma(c, d, a b)      (the product on the right is fused)
    x - a b  ->  fma(-a, b, x)         a b - x    ->  fma(a, b, -x)
    (-a) b   ->  -(a b)                x + (-y)   ->  x - y
    x 1, x + 0, x / 1  ->  x           x 0  ->  0            x / 2^k  ->  x 2^-k      numbers are computed at once

and equal expressions are one node. A condition counts as 1 or 0 where a number belongs, and a number as true unless it
is 0; the product of two conditions is "and", their sum "or", as NumPy has it for arrays of booleans.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import TraceError
from fallline.readings.numeric import NUMERIC, numeric

__all__ = ["Entries", "Graph", "Group", "Node", "as_node", "as_quantity", "evaluate", "make", "topological"]

Number = int | float
COMPARISONS = ("greater", "greater_equal", "less", "less_equal", "equal", "not_equal")
LOGICAL = ("logical_and", "logical_or", "logical_not")
CONDITIONS = frozenset((*COMPARISONS, *LOGICAL))


class Node:
    """One operation of a graph. `args` are nodes; `payload` is a number's value or an input's key.

    >>> x, y = Graph().inputs("x", 2)
    >>> (1 + x * y).item()
    fma(x0, x1, 1.0)
    """

    __slots__ = ("args", "graph", "index", "op", "payload")

    def __init__(self, graph: Graph, op: str, args: tuple[Node, ...], payload: Any, index: int) -> None:
        self.graph, self.op, self.args, self.payload, self.index = graph, op, args, payload, index

    def __add__(self, other: Any) -> Node:
        return add(self, as_node(self, other))

    def __radd__(self, other: Any) -> Node:
        return add(as_node(self, other), self)

    def __sub__(self, other: Any) -> Node:
        return subtract(self, as_node(self, other))

    def __rsub__(self, other: Any) -> Node:
        return subtract(as_node(self, other), self)

    def __mul__(self, other: Any) -> Node:
        return multiply(self, as_node(self, other))

    def __rmul__(self, other: Any) -> Node:
        return multiply(as_node(self, other), self)

    def __truediv__(self, other: Any) -> Node:
        return divide(self, as_node(self, other))

    def __rtruediv__(self, other: Any) -> Node:
        return divide(as_node(self, other), self)

    def __neg__(self) -> Node:
        return negative(self)

    def __pos__(self) -> Node:
        return self

    def __abs__(self) -> Node:
        return make(self.graph, "absolute", self)

    def __pow__(self, other: Any) -> Node:
        return power(self, as_node(self, other))

    def __rpow__(self, other: Any) -> Node:
        return power(as_node(self, other), self)

    def __gt__(self, other: Any) -> Node:
        return make(self.graph, "greater", self, as_node(self, other))

    def __ge__(self, other: Any) -> Node:
        return make(self.graph, "greater_equal", self, as_node(self, other))

    def __lt__(self, other: Any) -> Node:
        return make(self.graph, "less", self, as_node(self, other))

    def __le__(self, other: Any) -> Node:
        return make(self.graph, "less_equal", self, as_node(self, other))

    def __bool__(self) -> bool:
        raise TraceError(
            "`if`, `and`, `or`, `not` need a truth value, and a traced number has none; use where(c, a, b)"
        )

    def __float__(self) -> float:
        raise TraceError(
            "float(x), math.exp(x), np.asarray(x, dtype=float) and their like need a plain number; use NumPy's functions "
            "(np.exp ...), and np.asarray(x)"
        )

    __int__ = __index__ = __float__

    def __complex__(self) -> complex:
        raise TraceError("complex(x) needs a plain number; a traced value has none")

    def __repr__(self) -> str:
        if self.op == "number":
            return repr(self.payload)
        if self.op == "input":
            return "".join(map(str, self.payload))
        return f"{self.op}({', '.join(map(repr, self.args))})"


@dataclass(frozen=True)
class Entries:
    """The entries of an array, row by row.

    A list, because Python's garbage collector does not look into NumPy's arrays: a graph that held arrays of its own
    nodes would never be freed.
    """

    shape: tuple[int, ...]
    flat: list[Any]

    @classmethod
    def of(cls, array: Any) -> Entries:
        entries = np.asarray(array, dtype=object)
        return cls(entries.shape, list(entries.ravel()))

    @property
    def array(self) -> NDArray[Any]:
        """The entries as an array again."""
        out = np.empty(len(self.flat), dtype=object)
        out[:] = self.flat
        return out.reshape(self.shape)


@dataclass(frozen=True)
class Group:
    """One operation on arrays: what it was called, what it took, and what came out."""

    name: str
    operands: tuple[Entries, ...]
    result: Entries


class Graph:
    """A table of nodes in which equal expressions are the same node."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.groups: list[Group] = []
        """Array operations in the order the page made them. Loops are cut along these."""
        self._table: dict[Any, Node] = {}

    def node(self, op: str, args: tuple[Node, ...], payload: Any = None) -> Node:
        """The node of that operation, made if it is new. `make` and the operators apply the rules; this does not."""
        args = _typed(op, args)
        key = (op, payload, *[a.index for a in args])
        found = self._table.get(key)
        if found is None:
            found = self._table[key] = Node(self, op, args, payload, len(self.nodes))
            self.nodes.append(found)
        return found

    def number(self, value: Number) -> Node:
        value = float(value)
        return self.node("number", (), -0.0 if value == 0 and math.copysign(1, value) < 0 else value + 0.0)

    def input(self, *key: Any) -> Node:
        """The input of that key: ("w", 3), ("setting", "momentum")."""
        return self.node("input", (), key)

    def inputs(self, kind: str, shape: int | Sequence[int]) -> Any:
        """An array of inputs (kind, 0), (kind, 1), ... in row order."""
        from fallline.readings.graph.traced import Traced

        count = math.prod(shape) if isinstance(shape, Sequence) else shape
        out = np.empty(count, dtype=object)
        for i in range(count):
            out[i] = self.input(kind, i)
        return out.reshape(shape).view(Traced)


def as_node(like: Node, value: Any) -> Node:
    """A number as a node of the same graph."""
    if isinstance(value, Node):
        return value
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return as_node(like, value[()].item() if value.dtype != object else value.item())
    if isinstance(value, bool | np.bool_ | int | float | np.integer | np.floating):
        return like.graph.number(float(value))
    raise TraceError(f"a page combined a traced number with {type(value).__name__} {value!r}; only numbers can be")


def _typed(op: str, args: tuple[Node, ...]) -> tuple[Node, ...]:
    """The operands with conditions where the operation takes conditions, and numbers elsewhere."""
    conditions = len(args) if op in LOGICAL else 1 if op == "select" else 0
    if not conditions and not any(a.op in CONDITIONS for a in args):
        return args
    return (*map(as_condition, args[:conditions]), *map(as_quantity, args[conditions:]))


def as_condition(node: Node) -> Node:
    """A condition as it is; of any other node, whether it is not 0."""
    return node if node.op in CONDITIONS else node.graph.node("not_equal", (node, node.graph.number(0)))


def as_quantity(node: Node) -> Node:
    """A number as it is; a condition as 1 or 0."""
    graph = node.graph
    return graph.node("select", (node, graph.number(1), graph.number(0))) if node.op in CONDITIONS else node


def _is(node: Node, value: float) -> bool:
    return node.op == "number" and bool(node.payload == value)


def _commuting(graph: Graph, op: str, a: Node, b: Node, *rest: Node) -> Node:
    return graph.node(op, (a, b, *rest) if a.index <= b.index else (b, a, *rest))


def add(a: Node, b: Node) -> Node:
    if a.op in CONDITIONS and b.op in CONDITIONS:
        return make(a.graph, "logical_or", a, b)
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
        return make(a.graph, "logical_and", a, b)
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
        if b.payload != 0 and abs(math.frexp(b.payload)[0]) == 0.5:  # dividing by a power of two is exact as a product
            return multiply(a, a.graph.number(1 / b.payload))
    return a.graph.node("divide", (a, b))


def negative(a: Node) -> Node:
    if a.op == "number":
        return a.graph.number(-a.payload)
    return a.args[0] if a.op == "negative" else a.graph.node("negative", (a,))


def power(a: Node, b: Node) -> Node:
    """Whole powers up to 64 by repeated multiplication, 1/2 by sqrt, anything else as `power`."""
    if b.op == "number":
        exponent = b.payload
        if a.op == "number":
            return a.graph.number(numeric("power", a.payload, exponent))
        if exponent == 0.5:
            return make(a.graph, "sqrt", a)
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


def make(graph: Graph, op: str, *args: Node) -> Node:
    """A node of that operation, with the rules applied."""
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


def topological(outputs: Iterable[Node]) -> list[Node]:
    """Every node that the outputs need, operands first: along each output in turn, so that values are used soon."""
    order: list[Node] = []
    seen: set[int] = set()
    for output in outputs:
        stack: list[tuple[Node, bool]] = [(output, False)]
        while stack:
            node, ready = stack.pop()
            if ready:
                order.append(node)
            elif node.index not in seen:
                seen.add(node.index)
                stack.append((node, True))
                stack.extend((a, False) for a in reversed(node.args) if a.index not in seen)
    return order


def evaluate(outputs: Sequence[Node], inputs: Mapping[tuple[Any, ...], Any]) -> list[Any]:
    """The outputs' values for arrays (or numbers) in place of the inputs; arrays of any reading, complex ones too.

    Every branch of a selection is worked out, those not taken too: what overflows there is no reason for a warning.

    >>> x, y = Graph().inputs("x", 2)
    >>> evaluate([(x * y + 1).item()], {("x", 0): np.array([1.0, 2.0]), ("x", 1): 3.0})[0].tolist()
    [4.0, 7.0]
    """
    values: dict[int, Any] = {}
    number = _number_type(inputs.values())
    with np.errstate(all="ignore"):
        for node in topological(outputs):
            if node.op == "number":
                values[node.index] = number(node.payload)
            elif node.op == "input":
                values[node.index] = inputs[node.payload]
            else:
                values[node.index] = NUMERIC[node.op](*(values[a.index] for a in node.args))
    return [values[o.index] for o in outputs]


def _number_type(inputs: Iterable[Any]) -> Callable[[float], Any]:
    """What a constant is in arithmetic with the inputs: float32 among float32, so that where(c, 1.0, 0.0) is so, too."""
    kinds = {x.dtype for x in inputs if isinstance(x, np.ndarray | np.generic)}
    single = {np.dtype(np.float32), np.dtype(np.complex64)}
    return np.float32 if kinds and kinds <= single else float
