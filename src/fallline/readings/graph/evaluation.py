"""The nodes of a graph in an order in which they can be computed, and their values for numbers or arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from fallline.readings.graph.nodes import Node
from fallline.readings.numeric import NUMERIC

__all__ = ["evaluate", "topological"]


def topological(outputs: Iterable[Node]) -> list[Node]:
    """Return every node that the outputs need, operands first. One output follows another, so that values are used soon."""
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
    """Return the outputs' values for arrays or numbers in place of the inputs; arrays may be complex or of any reading.

    Every branch of a selection is computed, so an overflow gives no warning: its branch may not be taken.

    >>> from fallline.readings.graph import Graph
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
    """Return the type of constants: float32 if all inputs are, so that where(c, 1.0, 0.0) is float32, too."""
    kinds = {x.dtype for x in inputs if isinstance(x, np.ndarray | np.generic)}
    single = {np.dtype(np.float32), np.dtype(np.complex64)}
    return np.float32 if kinds and kinds <= single else float
