"""The graph reading: traced scalars, hash-consed, with the rules that decide their arithmetic.

A page that is called with arrays of traced scalars leaves an expression graph behind. The graph *is* the arithmetic: it
says which operation is rounded when, and everything that computes from it keeps to it.

- `nodes`: one operation with its operands, and the arrays that the page worked on
- `rules`: which products are fused into sums, and what is simplified, decided as nodes are made
- `traced`: arrays of nodes, to which NumPy hands the page's operations
- `table`: the graph itself, in which equal expressions are one node
- `evaluation`: the values of a graph for numbers or arrays
- `nonfinite`: where a value that is not finite comes from
"""

from fallline.readings.graph.evaluation import evaluate, topological
from fallline.readings.graph.nodes import COMPARISONS, LOGICAL, ArrayOperation, Node, as_quantity
from fallline.readings.graph.table import Graph

__all__ = ["COMPARISONS", "LOGICAL", "ArrayOperation", "Graph", "Node", "as_quantity", "evaluate", "topological"]
