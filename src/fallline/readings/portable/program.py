"""A list of operations as data, and the table in which it is written: equal operations are one node."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Protocol

__all__ = ["Input", "Node", "Output", "Program", "Table"]


@dataclass(frozen=True)
class Input:
    """An input: `count` numbers of a type, for each run or for all."""

    name: str
    dtype: str
    each: bool = True
    count: int = 1


class Node(NamedTuple):
    """An operation, the type of its result, and the numbers of its operands; for "number", the constant itself."""

    op: str
    dtype: str
    operands: tuple[Any, ...]


@dataclass(frozen=True)
class Output:
    """Values of a type that are one array together, by their numbers."""

    name: str
    dtype: str
    nodes: tuple[int, ...]


@dataclass(frozen=True)
class Program:
    """Operations in an order in which they can be computed. Values are numbered: first those of the inputs, then the nodes."""

    inputs: tuple[Input, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[Output, ...]

    def as_data(self) -> dict[str, Any]:
        """Return the program for JSON.

        >>> table = Table()
        >>> [x] = table.input("x", "float32")
        >>> table.program({"y": [table.node("add", "float32", x, table.number("float32", 0.5))]}).as_data()["nodes"]
        [['number', 'float32', 0.5], ['add', 'float32', 0, 1]]
        """
        return {
            "inputs": [asdict(i) for i in self.inputs],
            "nodes": [[n.op, n.dtype, *map(_written, n.operands)] for n in self.nodes],
            "outputs": [asdict(o) | {"nodes": list(o.nodes)} for o in self.outputs],
        }


def _written(value: float) -> float | str:
    """A number as JSON can write it."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


class Writing(Protocol):
    """What traces sentences: it decides where the code asks for a truth, and writes a place for each number."""

    def decides(self, x: Any) -> bool: ...
    def shows(self, x: Any, form: str) -> str: ...


class Table:
    """Inputs and nodes as they are traced.

    Parameters
    ----------
    exact
        Whether only operations are allowed whose values IEEE 754 fixes.
    """

    def __init__(self, *, exact: bool = True) -> None:
        self.exact = exact
        self.writing: Writing | None = None
        """Set while code is traced that decides and writes sentences."""
        self._inputs: dict[str, Input] = {}
        self._keys: list[Any] = []
        """For each value what it is: (name of an input, place), or a Node."""
        self._known: dict[Any, int] = {}
        self.types: list[str] = []
        """The type of each value."""

    def input(self, name: str, dtype: str, *, each: bool = True, count: int = 1) -> list[int]:
        """Add an input, and return its values."""
        assert name not in self._inputs
        self._inputs[name] = Input(name, dtype, each, count)
        return [self._value((name, place), dtype) for place in range(count)]

    def number(self, dtype: str, value: float) -> int:
        """Return the constant of that type, and add it if the table does not have it."""
        return self._value(Node("number", dtype, (value,)), dtype, repr(value))

    def node(self, op: str, dtype: str, *operands: int) -> int:
        """Return the value of this operation, and add it if the table does not have it."""
        return self._value(Node(op, dtype, operands), dtype)

    def constant(self, value: int) -> float | None:
        """Return the number that a value always is, or None."""
        key = self._keys[value]
        return float(key.operands[0]) if isinstance(key, Node) and key.op == "number" else None

    def _value(self, key: Any, dtype: str, more: str = "") -> int:
        # a constant is known by its text: 0.0 and -0.0 are equal, and NaN is not equal to itself
        known = (key[0], key[1], more) if more else key
        if known not in self._known:
            self._known[known] = len(self._keys)
            self._keys.append(key)
            self.types.append(dtype)
        return self._known[known]

    def program(self, outputs: Mapping[str, Sequence[int]]) -> Program:
        """Return the operations that the outputs need, and the inputs that those read."""
        needed = self._needed(value for values in outputs.values() for value in values)
        names = {key[0] for value in needed if not isinstance(key := self._keys[value], Node)}
        inputs = tuple(i for i in self._inputs.values() if i.name in names)
        places = [(i.name, place) for i in inputs for place in range(i.count)]
        at = {self._known[key]: number for number, key in enumerate(places)}
        nodes: list[Node] = []
        for value in sorted(needed):
            node = self._keys[value]
            if isinstance(node, Node):
                at[value] = len(places) + len(nodes)
                known = node.operands if node.op == "number" else tuple(at[v] for v in node.operands)
                nodes.append(node._replace(operands=known))
        return Program(inputs, tuple(nodes), tuple(
            Output(name, self.types[values[0]], tuple(at[v] for v in values)) for name, values in outputs.items()
        ))  # fmt: skip

    def _needed(self, values: Iterable[int]) -> set[int]:
        needed: set[int] = set()
        waiting = list(values)
        while waiting:
            value = waiting.pop()
            if value not in needed:
                needed.add(value)
                node = self._keys[value]
                if isinstance(node, Node) and node.op != "number":
                    waiting.extend(node.operands)
        return needed
