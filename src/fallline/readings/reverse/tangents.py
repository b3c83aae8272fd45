"""Derivatives of a graph along a direction, by a walk forwards over it (forward-mode automatic differentiation).

Over the graph of a gradient it gives the product of the Hessian with the direction, for about the price of two other gradients.

Of a product of matrices, A B, the derivative is taken as a whole, A' B + A B', and both products are noted as array operations of
the graph. So long graphs become loops again, as those of pages do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from fallline.readings.graph import ArrayOperation, Node
from fallline.readings.graph.nodes import Entries
from fallline.readings.graph.traced import Traced
from fallline.readings.reverse.choices import CHOICES, Choices
from fallline.readings.reverse.partials import PARTIALS

__all__ = ["tangent_terms", "tangents"]


def tangents(
    outputs: Sequence[Node], inputs: Sequence[Node], direction: Sequence[Node], choices: Choices | None = None
) -> list[Node]:
    """Return the sum of d output / d input times the input's direction, for each output, as nodes of the same graph.

    Selections take the branch that `choices` says, by default that which `derivatives` takes. A branch that is not taken does
    not reach the result.

    >>> from fallline.readings.graph import Graph
    >>> graph = Graph()
    >>> (x, y), v = (graph.inputs("x", 2), graph.inputs("v", 2))
    >>> tangents([(x * y).item()], [x.item(), y.item()], [k.item() for k in v])
    [fma(x0, v1, multiply(x1, v0))]
    """
    return _Forward(inputs, direction, choices).of(outputs)


def tangent_terms(
    outputs: Sequence[Node], inputs: Sequence[Node], direction: Sequence[Node], choices: Choices | None = None
) -> list[tuple[Node, Node]]:
    """Return the same as sums of two terms, of which the first is 0 but for products of a column with a row, a b: a' b and a b'.

    A term that is a product can be added to a sum over samples in one operation, as an entry of a gradient is.

    >>> from fallline.readings.graph import Graph
    >>> graph = Graph()
    >>> a, b, v = graph.inputs("a", (2, 1)), graph.inputs("b", (1, 2)), graph.inputs("v", 4)
    >>> tangent_terms((a @ b).ravel().tolist(), [*a.ravel().tolist(), *b.ravel().tolist()], v.tolist())[1]
    (multiply(b1, v0), multiply(a0, v3))
    """
    forward = _Forward(inputs, direction, choices)
    zero = inputs[0].graph.number(0)
    terms = {node.index: (zero, tangent) for node, tangent in zip(outputs, forward.of(outputs), strict=True)}
    for A, B, C in _matmuls(inputs[0].graph.groups):
        if A.shape[1] == 1 and all(node.index in terms for node in C.ravel()):
            first, second = (np.asarray(product).ravel() for product in forward.products(A, B))
            terms |= {node.index: (a, b) for node, a, b in zip(C.ravel(), first, second, strict=True)}
    return [terms[node.index] for node in outputs]


def _matmuls(groups: Iterable[ArrayOperation]) -> list[tuple[Any, Any, Any]]:
    """The products of matrices among array operations: (A, B, A B), where all entries are nodes."""
    found = []
    for group in groups:
        if group.name != "matmul":
            continue
        A, B, C = (entries.array for entries in (*group.operands, group.result))
        if all(M.ndim == 2 and all(isinstance(n, Node) for n in M.flat) for M in (A, B, C)):
            found.append((A, B, C))
    return found


class _Forward:
    """The walk: `along` holds the derivative of each node that was met."""

    def __init__(self, inputs: Sequence[Node], direction: Sequence[Node], choices: Choices | None = None) -> None:
        self.graph = inputs[0].graph
        self.zero = self.graph.number(0)
        self.choices = choices or Choices(inputs)
        self.along = {node.index: way for node, way in zip(inputs, direction, strict=True)}
        self.noted = list(self.graph.groups)
        self.product_of = {
            node.index: (A, B, C) for A, B, C in _matmuls(self.noted) if A.shape[1] > 1 for node in C.ravel()
        }

    def of(self, outputs: Sequence[Node]) -> list[Node]:
        for group in self.noted:  # array after array: so the operands of an array's entries come in one order
            nodes = [n for n in group.result.flat if isinstance(n, Node)]
            self._walk(nodes)
            made = [self.along[n.index] for n in nodes]
            self.graph.groups.append(ArrayOperation("tangent", (), Entries((len(made),), made)))
        self._walk(outputs)
        return [self.along[output.index] for output in outputs]

    def _walk(self, outputs: Sequence[Node]) -> None:
        stack = list(reversed(outputs))
        while stack:
            node = stack[-1]
            product = self.product_of.get(node.index)
            operands = node.args if product is None else (*product[0].flat, *product[1].flat)
            missing = [a for a in operands if a.index not in self.along]
            if missing and node.index not in self.along:
                stack.extend(reversed(missing))
                continue
            stack.pop()
            if node.index in self.along:
                continue
            if product is None:
                self.along[node.index] = self._from_operands(node)
            else:
                A, B, C = product
                first, second = self.products(A, B)
                whole = np.asarray(first + second)
                self.along |= {c.index: tangent for c, tangent in zip(C.flat, whole.flat, strict=True)}

    def products(self, A: Any, B: Any) -> Iterator[Any]:
        """Yield A' B and A B'."""
        dA, dB = (np.frompyfunc(lambda node: self.along[node.index], 1, 1)(M) for M in (A, B))
        return (
            np.full((A.shape[0], B.shape[1]), self.zero, dtype=object).view(Traced)
            if all(node is self.zero for node in moving.flat)
            else left.view(Traced) @ right.view(Traced)
            for left, right, moving in ((dA, B, dA), (A, dB, dB))
        )

    def _from_operands(self, node: Node) -> Node:
        along, total = self.along, self.zero
        if node.op in CHOICES:
            first, second = self.choices.branches(node)
            parts = [-along[b.argument.index] if b.flipped else along[b.argument.index] for b in (first, second)]
            yes, no = parts if first.truth else parts[::-1]
            return yes if yes is no else self.graph.make("select", first.condition, yes, no)
        moving = any(along[a.index] is not self.zero for a in node.args)
        if node.op in PARTIALS and moving:
            for argument, part in zip(node.args, PARTIALS[node.op](node, self.graph.number(1)), strict=True):
                if part is not None and along[argument.index] is not self.zero:
                    total = total + part * along[argument.index]
        return total
