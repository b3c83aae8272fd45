"""Derivatives of a graph along a direction, by a walk forwards over it (forward-mode automatic differentiation).

Over the graph of a gradient it gives the product of the Hessian with the direction, for about the price of another gradient.
"""

from __future__ import annotations

from collections.abc import Sequence

from fallline.readings.graph import Node, topological
from fallline.readings.reverse.choices import CHOICES, Choices
from fallline.readings.reverse.partials import PARTIALS

__all__ = ["tangents"]


def tangents(outputs: Sequence[Node], inputs: Sequence[Node], direction: Sequence[Node]) -> list[Node]:
    """Return the sum of d output / d input times the input's direction, for each output, as nodes of the same graph.

    Selections take the branch that `derivatives` takes. A branch that is not taken does not reach the result.

    >>> from fallline.readings.graph import Graph
    >>> graph = Graph()
    >>> (x, y), v = (graph.inputs("x", 2), graph.inputs("v", 2))
    >>> tangents([(x * y).item()], [x.item(), y.item()], [k.item() for k in v])
    [fma(x0, v1, multiply(x1, v0))]
    """
    graph = outputs[0].graph
    choices = Choices(inputs)
    along = {node.index: way for node, way in zip(inputs, direction, strict=True)}
    zero = graph.number(0)
    for node in topological(outputs):
        if node.index in along:
            continue
        if node.op in CHOICES:
            first, second = choices.branches(node)
            parts = [-along[b.argument.index] if b.flipped else along[b.argument.index] for b in (first, second)]
            yes, no = parts if first.truth else parts[::-1]
            along[node.index] = yes if yes is no else graph.make("select", first.condition, yes, no)
            continue
        total = zero
        moving = any(along[a.index] is not zero for a in node.args)
        if node.op in PARTIALS and moving:
            for argument, part in zip(node.args, PARTIALS[node.op](node, graph.number(1)), strict=True):
                if part is not None and along[argument.index] is not zero:
                    total = total + part * along[argument.index]
        along[node.index] = total
    return [along[output.index] for output in outputs]
