"""The program of a kernel: graphs of the loss and its gradient, and of one parameter's update."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fallline.readings.graph import Graph, Node, topological

__all__ = [
    "Direct",
    "Program",
    "Samples",
    "Segment",
    "Update",
    "depends_on",
    "share_reciprocals",
    "split_factor",
    "transplant",
]


@dataclass(frozen=True)
class Samples:
    """A loss and gradient that are sums over samples: the graph of one sample.

    Inputs: ("w", k), ("x", i), ("t", j), ("factor",), ("setting", name). Factors that do not depend on the sample,
    `loss_factor` and each segment's `factor`, are taken out of the sums and applied once a step.
    """

    loss: Node
    loss_factor: Node
    gradient: tuple[Node, ...]
    columns: tuple[int, int]
    hits: Node | None = None
    """1 if the sample's answer is right, else 0. Accuracy is the mean of it."""
    answers: tuple[Node, ...] = ()
    """What the network answers: probabilities or values. Empty if that is not wanted."""


@dataclass(frozen=True)
class Direct:
    """A loss and gradient without samples: a landscape. Inputs: ("w", k), ("setting", name)."""

    loss: Node
    gradient: tuple[Node, ...]


@dataclass(frozen=True)
class Update:
    """One parameter's step. Inputs: ("w",), ("g",), ("s", i), ("t",), ("factor",), ("setting", name).

    ("g",) is the sum over samples without any factor; `gradient` is made of it with the factor and the penalty.
    """

    gradient: Node
    outputs: tuple[Node, ...]
    """The new w, then the new states."""
    initial: tuple[Node, ...]
    """The states before the first step."""
    penalty: Node | None = None
    penalty_factor: Node | None = None
    """The penalty's value is penalty_factor times the sum of `penalty` over the segment."""


@dataclass(frozen=True)
class Segment:
    """Parameters start..stop-1, which share an update: a layer's weights, or its biases."""

    start: int
    stop: int
    update: Update


@dataclass(frozen=True)
class Program:
    """All of a kernel's arithmetic.

    With `full_loss`, the losses of a kernel with minibatches are those of all samples.
    """

    parameters: int
    states: int
    settings: tuple[str, ...]
    objective: Samples | Direct
    segments: tuple[Segment, ...]
    full_loss: bool = False


def depends_on(outputs: Sequence[Node], matters: Callable[[tuple[Any, ...]], bool]) -> set[int]:
    """Return the indices of the nodes below `outputs` that depend on an input whose key `matters`."""
    dependent: set[int] = set()
    for node in topological(outputs):
        if (node.op == "input" and matters(node.payload)) or any(a.index in dependent for a in node.args):
            dependent.add(node.index)
    return dependent


def split_factor(node: Node, inside: set[int]) -> tuple[Node, Node]:
    """Return (factor, rest) with node = factor rest, where the factor is not among the nodes that vary (`inside`).

    The sum over samples of factor rest is factor times the sum of rest: one product a step instead of one a sample.
    """
    factor = node.graph.number(1)
    while True:
        if node.op == "negative":
            factor, node = -factor, node.args[0]
        elif node.op == "multiply" and node.args[0].index not in inside:
            factor, node = factor * node.args[0], node.args[1]
        elif node.op == "multiply" and node.args[1].index not in inside:
            factor, node = factor * node.args[1], node.args[0]
        else:
            return factor, node


def share_reciprocals(outputs: Sequence[Node]) -> list[Node]:
    """Return the outputs with several quotients of one divisor replaced by products with its reciprocal.

    A division takes as long as a dozen products, and softmax has one for each class. The decision uses the graph of one
    sample only.
    """
    shared: dict[int, int] = {}
    order = topological(outputs)
    for node in order:
        if node.op == "divide":
            shared[node.args[1].index] = shared.get(node.args[1].index, 0) + 1
    if not any(count > 1 for count in shared.values()):
        return list(outputs)
    graph = outputs[0].graph
    values: dict[int, Node] = {}
    renamed: dict[int, Node] = {}
    for node in order:
        args = tuple(values[a.index] for a in node.args)
        if node.op == "divide" and shared[node.args[1].index] > 1:
            values[node.index] = args[0] * (graph.number(1) / args[1])
        elif all(x is y for x, y in zip(args, node.args, strict=True)):
            values[node.index] = node
        else:
            values[node.index] = graph.make(node.op, *args)
        if values[node.index] is not node:
            renamed[node.index] = values[node.index]
    for group in graph.groups:  # the records of array operations refer to the new nodes
        for entries in (*group.operands, group.result):
            for i, entry in enumerate(entries.flat):
                if isinstance(entry, Node) and entry.index in renamed:
                    entries.flat[i] = renamed[entry.index]
    return [values[o.index] for o in outputs]


def transplant(node: Node, graph: Graph, replaced: dict[tuple[Any, ...], Node] | None = None) -> Node:
    """Return the same expression in another graph, with some inputs replaced."""
    values: dict[int, Node] = {}
    for n in topological([node]):
        if n.op == "number":
            values[n.index] = graph.number(n.payload)
        elif n.op == "input":
            values[n.index] = (replaced or {}).get(n.payload) or graph.input(*n.payload)
        else:
            values[n.index] = graph.make(n.op, *(values[a.index] for a in n.args))
    return values[node.index]
