"""The graph of a page as columns: a number for each point, or for each run, at every node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fallline.readings.graph import COMPARISONS, LOGICAL, Node, topological
from fallline.readings.portable.column import Column
from fallline.readings.portable.columns import Columns

__all__ = ["of_graph"]


def of_graph(outputs: Sequence[Node], inputs: Mapping[str, Any]) -> Any:
    """Return the columns that the nodes stand for, in the type of the inputs.

    Parameters
    ----------
    outputs
        Nodes of one graph.
    inputs
        `Columns` for the inputs of the graph: those with the keys ("w", 0), ("w", 1), ... are the entries of "w".

    Examples
    --------
    >>> from fallline.readings.graph import Graph
    >>> from fallline.readings.portable import Trace
    >>> x, y = Graph().inputs("x", 2)
    >>> trace = Trace(exact=False)
    >>> product = of_graph([np.tanh(x * y).item()], {"x": trace.columns("points", "float64", 2)})
    >>> [node.op for node in trace.program({"product": product}).nodes]
    ['multiply', 'tanh']
    """
    entries = {name: np.atleast_1d(np.asarray(columns)) for name, columns in inputs.items()}
    first: Column = next(iter(entries.values()))[0]
    table, real = first.table, first.dtype.name
    values: dict[int, int] = {}
    for node in topological(outputs):
        operands = [values[a.index] for a in node.args]
        if node.op == "number":
            values[node.index] = table.number(real, np.dtype(real).type(node.payload).item())
        elif node.op == "input":
            values[node.index] = entries[node.payload[0]][node.payload[1]].value
        elif node.op == "constant":  # what is not differentiated
            [values[node.index]] = operands
        else:
            dtype = "bool" if node.op in (*COMPARISONS, *LOGICAL) else real
            values[node.index] = table.node(node.op, dtype, *operands)
    return Columns.of([Column(table, values[node.index]) for node in outputs])
