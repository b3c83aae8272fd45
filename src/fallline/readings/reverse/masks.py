"""Masks: the conditions under which a term of a derivative counts.

A mask is a set of conditions, by their nodes' indices, each with the truth value that it must have. The empty mask holds
everywhere. Terms with different masks are kept apart while they pass through a branch, so that products are formed as
if there were no branch; they are summed once, where the branches meet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from functools import reduce
from typing import TypeAlias

from fallline.readings.graph import Graph, Node, topological

__all__ = ["EVERYWHERE", "Mask", "either", "linear", "narrowed", "total"]

Mask: TypeAlias = frozenset[tuple[int, bool]]

EVERYWHERE: Mask = frozenset()


def narrowed(mask: Mask, condition: Node, truth: bool) -> Mask | None:
    """Return the part of the mask where the condition has this truth value; None if there is no such part."""
    return None if (condition.index, not truth) in mask else mask | {(condition.index, truth)}


def total(graph: Graph, terms: Mapping[Mask, Node], finite: Set[int] = frozenset()) -> Node:
    """Return the sum of terms, each counted where its mask holds, with one selection for each condition.

    A term may have any value where its mask does not hold. A product with one of the `finite` nodes is masked at its
    other factor, so that it stays a product, and products with the same factor share the selection.

    >>> x, y = (node.item() for node in Graph().inputs("x", 2))
    >>> positive = x > 0
    >>> total(x.graph, {narrowed(EVERYWHERE, positive, True): x, narrowed(EVERYWHERE, positive, False): y})
    select(greater(x0, 0.0), x0, x1)
    """
    uses = Counter(index for mask in terms for index, _ in mask)
    if not uses:
        return terms.get(EVERYWHERE, graph.number(0))
    index = min(uses, key=lambda i: (-uses[i], i))  # the condition that most terms share comes first
    parts: dict[bool | None, dict[Mask, Node]] = {True: {}, False: {}, None: {}}
    for mask, term in terms.items():
        parts[_truth(mask, index)][mask - {(index, True), (index, False)}] = term
    yes, no, elsewhere = (total(graph, part, finite) for part in parts.values())
    return elsewhere + _selected(graph.nodes[index], yes, no, finite)


def _selected(condition: Node, yes: Node, no: Node, finite: Set[int]) -> Node:
    graph = condition.graph
    zero = graph.number(0)
    if zero in (yes, no):
        term = no if yes is zero else yes
        factor = next((a for a in term.args if a.index in finite), None) if term.op == "multiply" else None
        if factor is not None:
            rest = term.args[0] if term.args[1] is factor else term.args[1]
            return _selected(condition, *((zero, rest) if yes is zero else (rest, zero)), finite) * factor
    return graph.make("select", condition, yes, no)


def linear(outputs: Iterable[Node]) -> Set[int]:
    """Return the nodes below `outputs` that are finite wherever the inputs are: piecewise linear in them, or bounded.

    Powers do not belong to them: x^4 is infinite in single precision at 10^10.
    """
    known: set[int] = set()
    for node in topological(outputs):
        operands = node.args[1:] if node.op == "select" else node.args
        factors = node.args[:2] if node.op in ("multiply", "fma") else ()
        if (
            node.op in _LINEAR
            and all(a.index in known for a in operands)
            and (not factors or any(a.op == "number" for a in factors))
        ):
            known.add(node.index)
    return known


_LINEAR = frozenset((
    "input", "number", "add", "subtract", "negative", "multiply", "fma", "select", "maximum", "minimum", "absolute",
    "tanh", "sin", "cos", "erf",
))  # fmt: skip


def _truth(mask: Mask, index: int) -> bool | None:
    return True if (index, True) in mask else False if (index, False) in mask else None


def either(graph: Graph, masks: Iterable[Mask]) -> Mask:
    """Return a mask that holds where at least one of the masks holds: their common part, and one condition for the rest."""
    few = _simplified(set(masks))
    shared = frozenset.intersection(*few)
    if shared in few:
        return shared
    rest = sorted(sorted(mask - shared) for mask in few)
    holds = reduce(lambda a, b: graph.make("logical_or", a, b), [_all(graph, literals) for literals in rest])
    return shared | {(holds.index, True)}


def _simplified(masks: set[Mask]) -> set[Mask]:
    """Return fewer masks that hold at the same places: c or not c holds everywhere."""
    for mask in sorted(masks, key=lambda m: (len(m), sorted(m))):
        for index, truth in sorted(mask):
            whole = mask - {(index, truth)}
            if whole in masks or whole | {(index, not truth)} in masks:
                return _simplified({m for m in masks if not whole <= m} | {whole})
    return masks


def _all(graph: Graph, literals: Iterable[tuple[int, bool]]) -> Node:
    conditions = [
        graph.nodes[index] if truth else graph.make("logical_not", graph.nodes[index]) for index, truth in literals
    ]
    return reduce(lambda a, b: graph.make("logical_and", a, b), conditions)
