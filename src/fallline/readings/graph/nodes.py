"""The nodes of an expression graph, and records of the array operations that a page made.

A node is one operation with its operands. Python's operators make new nodes through `Graph.make`, which applies the
graph's rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import TraceError

if TYPE_CHECKING:
    from fallline.readings.graph.table import Graph

__all__ = [
    "COMPARISONS",
    "CONDITIONS",
    "LOGICAL",
    "ArrayOperation",
    "Entries",
    "Node",
    "as_condition",
    "as_node",
    "as_quantity",
]

COMPARISONS = ("greater", "greater_equal", "less", "less_equal", "equal", "not_equal")
LOGICAL = ("logical_and", "logical_or", "logical_not")
CONDITIONS = frozenset((*COMPARISONS, *LOGICAL))


class Node:
    """One operation of a graph. `args` are its operands; `payload` is the value of a number or the key of an input.

    >>> from fallline.readings.graph import Graph
    >>> x, y = Graph().inputs("x", 2)
    >>> (1 + x * y).item()
    fma(x0, x1, 1.0)
    """

    __slots__ = ("args", "graph", "index", "op", "payload")

    def __init__(self, graph: Graph, op: str, args: tuple[Node, ...], payload: Any, index: int) -> None:
        self.graph, self.op, self.args, self.payload, self.index = graph, op, args, payload, index

    def __add__(self, other: Any) -> Node:
        return self.graph.make("add", self, as_node(self, other))

    def __radd__(self, other: Any) -> Node:
        return self.graph.make("add", as_node(self, other), self)

    def __sub__(self, other: Any) -> Node:
        return self.graph.make("subtract", self, as_node(self, other))

    def __rsub__(self, other: Any) -> Node:
        return self.graph.make("subtract", as_node(self, other), self)

    def __mul__(self, other: Any) -> Node:
        return self.graph.make("multiply", self, as_node(self, other))

    def __rmul__(self, other: Any) -> Node:
        return self.graph.make("multiply", as_node(self, other), self)

    def __truediv__(self, other: Any) -> Node:
        return self.graph.make("divide", self, as_node(self, other))

    def __rtruediv__(self, other: Any) -> Node:
        return self.graph.make("divide", as_node(self, other), self)

    def __neg__(self) -> Node:
        return self.graph.make("negative", self)

    def __pos__(self) -> Node:
        return self

    def __abs__(self) -> Node:
        return self.graph.make("absolute", self)

    def __pow__(self, other: Any) -> Node:
        return self.graph.make("power", self, as_node(self, other))

    def __rpow__(self, other: Any) -> Node:
        return self.graph.make("power", as_node(self, other), self)

    def __gt__(self, other: Any) -> Node:
        return self.graph.make("greater", self, as_node(self, other))

    def __ge__(self, other: Any) -> Node:
        return self.graph.make("greater_equal", self, as_node(self, other))

    def __lt__(self, other: Any) -> Node:
        return self.graph.make("less", self, as_node(self, other))

    def __le__(self, other: Any) -> Node:
        return self.graph.make("less_equal", self, as_node(self, other))

    def __bool__(self) -> bool:
        raise TraceError(
            "`if`, `and`, `or`, `not` need a truth value, and a traced number has none; use where(c, a, b)"
        )

    def __float__(self) -> float:
        raise TraceError(
            "float(x), math.exp(x) and np.asarray(x, dtype=float) need a plain number; use NumPy's functions (np.exp ...), "
            "and np.asarray(x)"
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


def as_node(like: Node, value: Any) -> Node:
    """Return a number as a node of the graph that `like` belongs to. A node is returned unchanged."""
    if isinstance(value, Node):
        return value
    if isinstance(value, np.ndarray) and value.ndim == 0:
        return as_node(like, value[()].item() if value.dtype != object else value.item())
    if isinstance(value, bool | np.bool_ | int | float | np.integer | np.floating):
        return like.graph.number(float(value))
    raise TraceError(
        f"a page combined a traced number with {type(value).__name__} {value!r}; only numbers can be combined with it"
    )


def as_condition(node: Node) -> Node:
    """Return a condition unchanged; of any other node the condition that it is not 0."""
    return node if node.op in CONDITIONS else node.graph.node("not_equal", (node, node.graph.number(0)))


def as_quantity(node: Node) -> Node:
    """Return a number unchanged, and a condition as 1 or 0."""
    graph = node.graph
    return graph.node("select", (node, graph.number(1), graph.number(0))) if node.op in CONDITIONS else node


@dataclass(frozen=True)
class Entries:
    """The entries of an array, row by row, in a list.

    Python's garbage collector does not look into NumPy's arrays, so a graph that held arrays of its own nodes would
    never be freed.
    """

    shape: tuple[int, ...]
    flat: list[Any]

    @classmethod
    def of(cls, array: Any) -> Entries:
        entries = np.asarray(array, dtype=object)
        return cls(entries.shape, list(entries.ravel()))

    @property
    def array(self) -> NDArray[Any]:
        """The entries as an array of the original shape."""
        out = np.empty(len(self.flat), dtype=object)
        out[:] = self.flat
        return out.reshape(self.shape)


@dataclass(frozen=True)
class ArrayOperation:
    """One operation on arrays: its name, operands and result."""

    name: str
    operands: tuple[Entries, ...]
    result: Entries
