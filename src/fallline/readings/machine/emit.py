"""A graph as straight-line vector code."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from fallline.readings.graph import Node, topological
from fallline.readings.machine.elementary import ELEMENTARY
from fallline.readings.machine.vectors import Vectors

__all__ = ["Writer", "operation"]

_COMPARE = {
    "greater": "ogt", "greater_equal": "oge", "less": "olt", "less_equal": "ole", "equal": "oeq", "not_equal": "une",
}  # fmt: skip


def _extreme(v: Vectors, how: str, a: str, b: str) -> str:
    """NumPy's maximum and minimum: NaN wins. With a constant on the left one instruction does it."""
    if b.startswith("splat"):
        a, b = b, a
    y = v.select(v.compare(how, a, b), a, b)  # NaN in b passes
    return y if a.startswith("splat") else v.select(v.compare("uno", a, a), a, y)


_SIMPLE: dict[str, Callable[..., str]] = {
    "add": Vectors.add,
    "subtract": Vectors.sub,
    "multiply": Vectors.mul,
    "divide": Vectors.div,
    "negative": Vectors.neg,
    "fma": Vectors.fma,
    "select": Vectors.select,
    "floor": lambda v, x: v.call("floor", x),
    "absolute": lambda v, x: v.call("fabs", x),
    "maximum": lambda v, a, b: _extreme(v, "ogt", a, b),
    "minimum": lambda v, a, b: _extreme(v, "olt", a, b),
    "constant": lambda v, x: x,
    "logical_and": Vectors.both,
    "logical_or": Vectors.either,
    "logical_not": Vectors.opposite,
    **{op: (lambda v, a, b, how=how: v.compare(how, a, b)) for op, how in _COMPARE.items()},
    **ELEMENTARY,
}


def operation(v: Vectors, op: str, *operands: str) -> str:
    """The instructions of one node; elementary functions unfold into theirs."""
    return _SIMPLE[op](v, *operands)


class Writer:
    """Writes nodes of a graph; what a node's value is called is remembered.

    Parameters
    ----------
    v: where to write.
    read: (input's key) to the name of its value.
    known: values from outside: node index to name.
    """

    def __init__(self, v: Vectors, read: Callable[[tuple[Any, ...]], str], known: dict[int, str] | None = None) -> None:
        self.v, self.read = v, read
        self.values: dict[int, str] = dict(known or {})
        self._inputs: set[int] = set()

    def write(self, outputs: Iterable[Node]) -> list[str]:
        outputs = list(outputs)
        for node in topological(outputs):
            self.value(node)
        return [self.values[o.index] for o in outputs]

    def value(self, node: Node) -> str:
        """The node's value, its operands having been written."""
        name = self.values.get(node.index)
        if name is None:
            if node.op == "number":
                name = self.v.number(node.payload)
            elif node.op == "input":
                name = self.read(node.payload)
                self._inputs.add(node.index)
            else:
                name = operation(self.v, node.op, *(self.value(a) for a in node.args))
            self.values[node.index] = name
        return name

    def forget_inputs(self) -> None:
        """Read inputs again where they are needed next."""
        for index in self._inputs:
            self.values.pop(index, None)
        self._inputs.clear()
