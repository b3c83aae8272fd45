"""Operations of a graph that may be written as shorter code with the same bits, because of what their operands are.

exp(x - m), m the largest of x and others       x - m is at most 0, or NaN: exp cannot overflow
exp(-|x|)                                       the same
log(sum of exp(x_k - m)), m the largest x_k     one term is 1, so the sum is at least 1, or NaN: log needs none of its special values
largest or smallest of several values           NaN need not be returned, if all that depends on the result is NaN anyway
"""

from __future__ import annotations

from collections.abc import Sequence

from fallline.readings.graph import COMPARISONS, Node, topological

__all__ = ["narrow"]

_EXTREMES = ("maximum", "minimum")
_BRANCHES = ("select", "power", *COMPARISONS, *_EXTREMES)
"""Operations whose result may be a number though an operand is NaN."""


def narrow(outputs: Sequence[Node]) -> frozenset[int]:
    """Return the indices of the nodes below `outputs` that may be written as shorter code (`emit.operation`)."""
    shorter = _extremes(outputs)
    for node in topological(outputs):
        if (node.op == "exp" and _at_most_zero(node.args[0])) or (node.op == "log" and _at_least_one(node.args[0])):
            shorter.add(node.index)
    return frozenset(shorter)


def _at_most_zero(node: Node) -> bool:
    if node.op == "subtract":
        return node.args[0].index in _compared(node.args[1])
    return node.op == "negative" and _is_magnitude(node.args[0])


def _is_magnitude(node: Node) -> bool:
    """where(x > 0, x, -x)."""
    if node.op != "select":
        return False
    condition, x, opposite = node.args
    return (
        condition.op == "greater"
        and condition.args[0] is x
        and condition.args[1].payload == 0
        and (opposite.args == (x,) if opposite.op == "negative" else x.op == "negative" and x.args == (opposite,))
    )


def _at_least_one(node: Node) -> bool:
    """Whether the node is a sum of exp(x - m) over all x whose largest is m, or over more: one of its terms is 1."""
    terms = _leaves(node, "add")
    if any(term.op != "exp" or term.args[0].op != "subtract" for term in terms):
        return False
    largest = {term.args[0].args[1].index: term.args[0].args[1] for term in terms}
    return len(largest) == 1 and _compared(*largest.values()) <= {term.args[0].args[0].index for term in terms}


def _compared(node: Node) -> set[int]:
    """Return the indices of the values of which the node is the largest, as a constant; empty for any other node."""
    return {leaf.index for leaf in _leaves(node.args[0], "maximum")} if node.op == "constant" else set()


def _leaves(node: Node, op: str) -> list[Node]:
    """Return the operands of a tree of this operation, or the node itself if it is another operation."""
    return [leaf for a in node.args for leaf in _leaves(a, op)] if node.op == op else [node]


def _extremes(outputs: Sequence[Node]) -> set[int]:
    """Return the indices of maximum and minimum nodes, if none of them needs to return NaN for a NaN operand.

    That holds if NaN in a compared value also reaches every output that depends on the comparison on another way, through
    operations whose result is NaN if an operand is.
    """
    order = topological(outputs)
    compared = {
        n.index: {leaf.index for leaf in _leaves(n, n.op)}
        for n in order if n.op in _EXTREMES and all(a.op != "number" for a in n.args)
    }  # fmt: skip
    values = set().union(*compared.values())
    depends: dict[int, set[int]] = {}  # by node: the values in those comparisons that it depends on
    poisoned: dict[int, set[int]] = {}  # by node: the values of which each one, if NaN, makes it NaN
    for n in order:
        depends[n.index] = compared.get(n.index, set()).union(*(depends[a.index] for a in n.args))
        passed = set() if n.op in _BRANCHES else set().union(*(poisoned[a.index] for a in n.args))
        poisoned[n.index] = passed | ({n.index} & values)
    safe = all(depends[output.index] <= poisoned[output.index] for output in outputs)
    return set(compared) if safe else set()
