"""Reverse walk: derivatives of a graph as nodes of the same graph, as in any textbook on automatic differentiation.

It is the independent derivative: users' own landscapes, losses and activations get theirs from it, and the
hand-written backward page is checked against it. The table of derivatives is `readings.partials`, the rule for ties
`readings.choices`.

A branch that is not taken may be infinite, or no number: exp(z) - 1 at 800, sqrt(z) at -1. Its slope must not reach
the result, and 0 times infinity is no number; so what arrives at a node is kept apart by the conditions under which it
counts (`readings.masks`), and a condition is applied to whole products, select(c, g d, 0), never to a factor of them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from fallline.errors import TraceError
from fallline.readings.graph import Graph, Node, as_quantity, evaluate, topological
from fallline.readings.graph.traced import scalar, tracing
from fallline.readings.reverse.choices import CHOICES, Choices
from fallline.readings.reverse.masks import EVERYWHERE, Mask, either, linear, narrowed, total
from fallline.readings.reverse.partials import PARTIALS

__all__ = ["delta_of", "derivative", "derivatives", "gradient_of"]


def derivatives(output: Node, inputs: Sequence[Node], finite: bool = True) -> list[Node]:
    """d output / d input for each input, as nodes.

    `finite` says that inputs are finite numbers. A run whose parameters are not has ended; but a unit's pre-activation
    may be infinite, and a branch not taken must stay out of the slope there, too.

    >>> x, y = Graph().inputs("x", 2)
    >>> derivatives((x * y).item(), [x.item(), y.item()])
    [x1, x0]
    """
    graph = output.graph
    choices = Choices(inputs)
    safe = linear([output]) if finite else frozenset()
    arrived: dict[int, dict[Mask, Node]] = {output.index: {EVERYWHERE: graph.number(1)}}
    for node in reversed(topological([output])):
        terms = arrived.get(node.index)
        if not terms:
            continue
        mask, slope = (
            next(iter(terms.items())) if len(terms) == 1 else (either(graph, terms), total(graph, terms, safe))
        )
        for argument, where, part in _passed_on(node, mask, slope, choices):
            known = arrived.setdefault(argument.index, {})
            known[where] = known[where] + part if where in known else part
    return [total(graph, arrived.get(i.index, {}), safe) for i in inputs]


def _passed_on(node: Node, mask: Mask, slope: Node, choices: Choices) -> Iterator[tuple[Node, Mask, Node]]:
    """The node's operands, each with the part of the slope that it gets, and where this part counts."""
    if node.op in CHOICES:
        for branch in choices.branches(node):
            where = narrowed(mask, branch.condition, branch.truth)
            if where is not None:
                yield branch.argument, where, -slope if branch.flipped else slope
    elif node.op in PARTIALS:
        for argument, part in zip(node.args, PARTIALS[node.op](node, slope), strict=True):
            if part is not None:
                yield argument, mask, part


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", "the function")


def _single(value: Any, graph: Graph, name: str) -> Node:
    entries = np.asarray(value, dtype=object).ravel()
    if len(entries) != 1:
        raise TraceError(f"{name} must return one number for each point; it returned {len(entries)}.")
    found = entries[0]
    return as_quantity(found) if isinstance(found, Node) else graph.number(float(found))


def derivative(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The slope of a function of one number, as a page: it works on floats, complex numbers, symbols, traced scalars.

    >>> derivative(lambda z: z**3)(np.array([1.0, 2.0])).tolist()
    [3.0, 12.0]
    """
    graph = Graph()
    z = scalar(graph, "z")
    with tracing(_name(function)):
        value = function(z)
    (slope,) = derivatives(_single(value, graph, _name(function)), [z.item()], finite=False)

    def page(z: Any) -> Any:
        return evaluate([slope], {("z",): z})[0] + np.zeros_like(z)  # a constant slope, too, takes the shape of z

    page.__name__ = f"{_name(function)}_slope"
    page.derivative_of = function  # type: ignore[attr-defined]  # what prints an equation finds a shorter form
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
        parts = [part + np.zeros_like(Z[..., 0]) for part in evaluate(kept[n], inputs)]
        return np.stack(parts, axis=-1)

    page.__name__ = f"{name}_delta"
    return page
