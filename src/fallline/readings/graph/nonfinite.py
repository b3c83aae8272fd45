"""The operations of a graph whose result is not finite although their operands are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from fallline.readings.graph.evaluation import evaluate, topological
from fallline.readings.graph.nodes import Node

__all__ = ["Trouble", "first_troubles"]

Trouble = Literal["division by 0", "no value", "overflow"]


def first_troubles(output: Node, inputs: Mapping[tuple[Any, ...], Any]) -> tuple[Trouble, ...]:
    """Return why the output is not finite: the kinds of operations on finite numbers whose result is not, each once.

    A branch of `where` or an operand of `maximum` or `minimum` that is not taken does not count.

    Examples
    --------
    >>> import numpy as np
    >>> from fallline.readings.graph import Graph
    >>> x = Graph().inputs("x", 1)
    >>> first_troubles((1 / x[0]).item(), {("x", 0): np.float64(0)})
    ('division by 0',)
    >>> first_troubles(np.log(x[0]).item(), {("x", 0): np.float64(-1)})
    ('no value',)
    """
    order = topological([output])
    values = dict(zip((node.index for node in order), map(float, evaluate(order, inputs)), strict=True))
    kinds: dict[Trouble, None] = {}
    waiting, seen = [output], set()
    while waiting:
        node = waiting.pop()
        if node.index in seen or math.isfinite(values[node.index]):
            continue
        seen.add(node.index)
        operands = _taken(node, values)
        if operands and all(math.isfinite(values[o.index]) for o in operands):
            kinds[_kind(node, values)] = None
        waiting += operands
    return tuple(kinds)


def _taken(node: Node, values: Mapping[int, float]) -> list[Node]:
    """The operands on which the node's value depends."""
    if node.op == "select":
        condition, yes, no = node.args
        return [yes if values[condition.index] else no]
    if node.op in ("maximum", "minimum"):
        value = values[node.index]
        return [o for o in node.args if values[o.index] == value or math.isnan(values[o.index])]
    return list(node.args)


def _kind(node: Node, values: Mapping[int, float]) -> Trouble:
    if math.isnan(values[node.index]):
        return "no value"
    zero = {"divide": node.args[-1], "log": node.args[0], "power": node.args[0]}.get(node.op)
    return "division by 0" if zero is not None and values[zero.index] == 0 else "overflow"
