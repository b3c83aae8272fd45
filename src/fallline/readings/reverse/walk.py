"""The reverse walk: derivatives of a graph, as nodes of the same graph (reverse-mode automatic differentiation).

Users' landscapes, losses and activations get their derivatives from it, and the hand-written backward page is checked
against it.

A branch that is not taken may be infinite or NaN, as exp(z) - 1 at 800 or sqrt(z) at -1. Its slope must not reach the
result, and 0 times infinity is NaN. So slopes that arrive at a node under different conditions are kept apart (`masks`),
and a condition is applied to a whole product, select(c, g d, 0), never to a factor of it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from fallline.errors import TraceError
from fallline.readings.graph import Graph, Node, as_quantity, evaluate, topological
from fallline.readings.graph.traced import tracing
from fallline.readings.made import Made
from fallline.readings.reverse.choices import CHOICES, Choices
from fallline.readings.reverse.masks import EVERYWHERE, Mask, either, linear, narrowed, total
from fallline.readings.reverse.partials import PARTIALS

__all__ = ["delta_of", "derivative", "derivatives", "gradient_of"]


def derivatives(output: Node, inputs: Sequence[Node], finite: bool = True) -> list[Node]:
    """Return d output / d input for each input, as nodes.

    `finite` says that all inputs are finite numbers, as the parameters of a run are until it ends. A unit's
    pre-activation may be infinite, and there, too, a branch that is not taken must not reach the slope.

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
    """Yield the node's operands, each with the mask under which it receives a slope, and that slope."""
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
    (value,) = entries
    return as_quantity(value) if isinstance(value, Node) else graph.number(float(value))


def derivative(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the slope of a function of one number, as a page for floats, complex numbers, symbols and traced scalars.

    >>> derivative(lambda z: z**3)(np.array([1.0, 2.0])).tolist()
    [3.0, 12.0]
    """
    graph = Graph()
    z = graph.scalar("z")
    with tracing(_name(function)):
        value = function(z)
    (slope,) = derivatives(_single(value, graph, _name(function)), [z.item()], finite=False)

    def page(z: Any) -> Any:
        return evaluate([slope], {("z",): z})[0] + np.zeros_like(z)  # a constant slope takes the shape of z, too

    page.__name__ = f"{_name(function)}_slope"
    page.derivative_of = function  # type: ignore[attr-defined]  # an equation of it is then derived from the function, which is shorter
    return Made(page, derivative, function)


def gradient_of(function: Callable[..., Any]) -> Callable[..., list[Any]]:
    """Return the partial derivatives of f(x, y, ...) or f(*x), as a page of the same arguments.

    >>> gradient_of(lambda x, y: x**2 * y)(3.0, 2.0)
    [12.0, 9.0]
    """
    name = _name(function)
    kept: dict[int, list[Node]] = {}

    def page(*x: Any) -> list[Any]:
        if len(x) not in kept:
            graph = Graph()
            points = [graph.scalar("x", i) for i in range(len(x))]
            with tracing(name):
                value = function(*points)
            kept[len(x)] = derivatives(_single(value, graph, name), [p.item() for p in points])
        return evaluate(kept[len(x)], {("x", i): value for i, value in enumerate(x)})

    parameters = inspect.signature(function).parameters.values()
    if not any(p.kind is p.VAR_POSITIONAL for p in parameters):  # a function that cannot be traced raises its error now
        graph = Graph()
        with tracing(name):
            function(*(graph.scalar("x", i) for i, _ in enumerate(parameters)))
    page.__name__ = f"{name}_gradient"
    return Made(page, gradient_of, function)


def delta_of(value: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return the delta of a loss value(Z, T): its derivative with respect to Z, shaped like Z.

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
    return Made(page, delta_of, value)
