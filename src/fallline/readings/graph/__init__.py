"""The graph reading: traced scalars, hash-consed, with the rules that decide their arithmetic."""

from fallline.readings.graph.nodes import (
    COMPARISONS,
    LOGICAL,
    Entries,
    Graph,
    Group,
    Node,
    add,
    as_node,
    as_quantity,
    evaluate,
    make,
    multiply,
    power,
    topological,
)

__all__ = [
    "COMPARISONS", "LOGICAL", "Entries", "Graph", "Group", "Node", "add", "as_node", "as_quantity", "evaluate", "make",
    "multiply", "power", "topological",
]  # fmt: skip
