"""A graph, or single operations of it, as straight-line vector code."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from typing import Any

from fallline.readings.graph import Node, topological
from fallline.readings.machine.elementary import ELEMENTARY, NARROW
from fallline.readings.machine.vectors import Vectors

__all__ = ["Writer", "instructions", "operation"]

_COMPARE = {
    "greater": "ogt", "greater_equal": "oge", "less": "olt", "less_equal": "ole", "equal": "oeq", "not_equal": "une",
}  # fmt: skip


def _extreme(v: Vectors, how: str, a: str, b: str) -> str:
    """NumPy's maximum and minimum, which return NaN if an operand is NaN. With a constant one instruction is enough."""
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
    "fma": lambda v, a, b, c: v.fma(a, b, c),  # a subclass may write it with other instructions
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


_NARROW: dict[str, Callable[..., str]] = {
    "maximum": lambda v, a, b: v.select(v.compare("ogt", a, b), a, b),
    "minimum": lambda v, a, b: v.select(v.compare("olt", a, b), a, b),
    **NARROW,
}


def operation(v: Vectors, op: str, *operands: str, narrow: bool = False) -> str:
    """Write the instructions of one operation. A `narrow` operation (see `ranges`) takes fewer of them."""
    return (_NARROW if narrow else _SIMPLE)[op](v, *operands)


@cache
def instructions(op: str, operands: int, bits: int, narrow: bool = False) -> tuple[str, ...]:
    """Return the code of a single operation, to count its instructions or its arithmetic."""
    v = Vectors(bits, 4)
    if op not in ("number", "input"):
        operation(v, op, *(f"%{k}" for k in range(operands)), narrow=narrow)
    return tuple(v.lines)


class Writer:
    """Writes nodes of a graph, and remembers the name of each node's value.

    Parameters
    ----------
    v
        The code to which it writes.
    read
        A function from an input's key to the name of its value.
    known
        Names of values that are already written, by node index.
    narrow
        Indices of the nodes whose shorter code may be written (`ranges`).
    stored
        Keys of nodes whose values are read as inputs are, by node index.
    """

    def __init__(
        self, v: Vectors, read: Callable[[tuple[Any, ...]], str], known: dict[int, str] | None = None,
        narrow: Collection[int] = (), stored: Mapping[int, tuple[Any, ...]] | None = None,
    ) -> None:  # fmt: skip
        self.v, self.read, self.narrow, self.stored = v, read, narrow, stored or {}
        self.values: dict[int, str] = dict(known or {})
        self._inputs: set[int] = set()

    def write(self, outputs: Iterable[Node]) -> list[str]:
        outputs = list(outputs)
        for node in topological(outputs):
            self.value(node)
        return [self.values[o.index] for o in outputs]

    def value(self, node: Node) -> str:
        """Return the name of the node's value, and write it if necessary. Its operands must be written."""
        name = self.values.get(node.index)
        if name is None:
            if node.op == "number":
                name = self.v.number(node.payload)
            elif node.op == "input" or node.index in self.stored:
                name = self.read(self.stored.get(node.index, node.payload))
                self._inputs.add(node.index)
            else:
                name = operation(self.v, node.op, *self.operands(node), narrow=node.index in self.narrow)
            self.values[node.index] = name
        return name

    def operands(self, node: Node) -> list[str]:
        """Return the names of the operands' values."""
        return [self.value(a) for a in node.args]

    def forget_inputs(self) -> None:
        """Forget the values of inputs, so that each is read again where it is needed next."""
        for index in self._inputs:
            self.values.pop(index, None)
        self._inputs.clear()
