"""Reverse walk: derivatives of a graph as nodes of the same graph, as in any textbook on automatic differentiation.

It is the independent derivative: users' own landscapes, losses and activations get theirs from it, and the
hand-written backward page is checked against it. Conventions: where a condition decides, the taken branch is
differentiated; at a tie maximum(z, 0) counts as the constant, so ReLU's slope at 0 is 0; `floor` and comparisons have
derivative 0; a `constant` (the shift of a log-sum-exp) is not entered.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fallline.errors import TraceError
from fallline.readings.graph import Graph, Node, as_node, evaluate, make, multiply, power, topological
from fallline.readings.traced import scalar, tracing

__all__ = ["delta_of", "derivative", "derivatives", "gradient_of"]


def derivatives(output: Node, inputs: Sequence[Node]) -> list[Node]:
    """d output / d input for each input, as nodes.

    >>> x, y = Graph().inputs("x", 2)
    >>> derivatives((x * y).item(), [x.item(), y.item()])
    [x1, x0]
    """
    graph = output.graph
    zero = graph.number(0)
    adjoint: dict[int, Node] = {output.index: graph.number(1)}
    for node in reversed(topological([output])):
        slope = adjoint.get(node.index)
        if slope is None or node.op not in _RULES:
            continue
        for argument, part in zip(node.args, _RULES[node.op](node, slope), strict=True):
            if part is not None:
                known = adjoint.get(argument.index)
                adjoint[argument.index] = part if known is None else known + part
    return [adjoint.get(i.index, zero) for i in inputs]


def _square(x: Node) -> Node:
    return multiply(x, x)


def _extreme(op: str) -> Callable[[Node, Node], tuple[Node, Node]]:
    def rule(node: Node, g: Node) -> tuple[Node, Node]:
        x, y = node.args
        if x.op == "number":  # a tie belongs to the constant
            second = make(node.graph, op, y, x)
            return _where(second, as_node(g, 0), g), _where(second, g, as_node(g, 0))
        first = make(node.graph, op, x, y)
        return _where(first, g, as_node(g, 0)), _where(first, as_node(g, 0), g)

    return rule


def _where(condition: Node, yes: Node, no: Node) -> Node:
    return make(condition.graph, "select", condition, yes, no)


def _power_rule(node: Node, g: Node) -> tuple[Node, Node | None]:
    x, y = node.args
    return g * y * power(x, y - 1), None if y.op == "number" else g * node * make(node.graph, "log", x)


_RULES: dict[str, Callable[[Node, Node], tuple[Node | None, ...]]] = {
    "add": lambda n, g: (g, g),
    "subtract": lambda n, g: (g, -g),
    "multiply": lambda n, g: (g * n.args[1], g * n.args[0]),
    "divide": lambda n, g: (g / n.args[1], -(g * n / n.args[1])),
    "negative": lambda n, g: (-g,),
    "fma": lambda n, g: (g * n.args[1], g * n.args[0], g),
    "power": _power_rule,
    "exp": lambda n, g: (g * n,),
    "log": lambda n, g: (g / n.args[0],),
    "log1p": lambda n, g: (g / (1 + n.args[0]),),
    "tanh": lambda n, g: (g * (1 - _square(n)),),
    "sqrt": lambda n, g: (g / (2 * n),),
    "sin": lambda n, g: (g * make(n.graph, "cos", n.args[0]),),
    "cos": lambda n, g: (-(g * make(n.graph, "sin", n.args[0])),),
    "erf": lambda n, g: (g * (2 / math.sqrt(math.pi) * make(n.graph, "exp", -_square(n.args[0]))),),
    "maximum": _extreme("greater"),
    "minimum": _extreme("less"),
    "select": lambda n, g: (
        None,
        _where(n.args[0], g, n.graph.number(0)),
        _where(n.args[0], n.graph.number(0), g),
    ),
}
"""Each operation's partial derivatives times the slope g that arrives at it. Operations not listed have none."""


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", "the function")


def _single(value: Any, graph: Graph, name: str) -> Node:
    entries = np.asarray(value, dtype=object).ravel()
    if len(entries) != 1:
        raise TraceError(f"{name} must return one number for each point; it returned {len(entries)}.")
    found = entries[0]
    return found if isinstance(found, Node) else graph.number(float(found))


def derivative(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The slope of a function of one number, as a page: it works on floats, complex numbers, symbols, traced scalars.

    >>> derivative(lambda z: z**3)(np.array([1.0, 2.0])).tolist()
    [3.0, 12.0]
    """
    graph = Graph()
    z = scalar(graph, "z")
    with tracing(_name(function)):
        value = function(z)
    (slope,) = derivatives(_single(value, graph, _name(function)), [z.item()])

    def page(z: Any) -> Any:
        return evaluate([slope], {("z",): z})[0] + 0 * z  # a constant slope, too, takes the shape of z

    page.__name__ = f"{_name(function)}_slope"
    return page


def gradient_of(function: Callable[..., Any]) -> Callable[..., list[Any]]:
    """The partial derivatives of f(x, y, ...), or f(*x), as a page of the same arguments.

    >>> gradient_of(lambda x, y: x**2 * y)(3.0, 2.0)
    [12.0, 9.0]
    """
    name = _name(function)
    kept: dict[int, list[Node]] = {}

    def page(*x: Any) -> list[Any]:
        if len(x) not in kept:
            graph = Graph()
            points = [scalar(graph, "x", i) for i in range(len(x))]
            with tracing(name):
                value = function(*points)
            kept[len(x)] = derivatives(_single(value, graph, name), [p.item() for p in points])
        return evaluate(kept[len(x)], {("x", i): value for i, value in enumerate(x)})

    parameters = inspect.signature(function).parameters.values()
    if not any(p.kind is p.VAR_POSITIONAL for p in parameters):  # refuse now what cannot be traced
        graph = Graph()
        with tracing(name):
            function(*(scalar(graph, "x", i) for i, _ in enumerate(parameters)))
    page.__name__ = f"{name}_gradient"
    return page


def delta_of(value: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """The delta of a loss value(Z, T): its derivative with respect to Z, shaped like Z.

    >>> delta_of(lambda Z, T: ((Z - T) ** 2).sum(axis=-1))(np.array([[3.0, 1.0]]), np.array([[1.0, 1.0]])).tolist()
    [[4.0, 0.0]]
    """
    name = _name(value)
    kept: dict[int, list[Node]] = {}

    def page(Z: Any, T: Any) -> Any:
        n = Z.shape[-1]
        if n not in kept:
            graph = Graph()
            z, t = graph.inputs("z", (1, n)), graph.inputs("t", (1, n))
            with tracing(name):
                loss = value(z, t)
            kept[n] = derivatives(_single(loss, graph, name), list(np.asarray(z).ravel()))
        inputs = {("z", k): Z[..., k] for k in range(n)} | {("t", k): T[..., k] for k in range(n)}
        parts = [part + 0 * Z[..., 0] for part in evaluate(kept[n], inputs)]
        return np.stack(parts, axis=-1)

    page.__name__ = f"{name}_delta"
    return page
