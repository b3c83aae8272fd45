"""The portable reading: NumPy code on many runs or points as a list of operations, for evaluators without Python.

An outcome's rule, a measure, or a network's answers are traced with columns in place of arrays. A column stands for one
number of each run (or point), and NumPy's own rules decide the type of each result, so an evaluator that rounds as the types
say computes the values of NumPy to the bit. A `Program` holds the operations as data:

    {"inputs":  [{"name": "first", "dtype": "float32", "each": true, "count": 1}, ...],
     "nodes":   [["number", "float32", 0.5], ["multiply", "float32", 0, 1], ...],
     "outputs": [{"name": "final_loss", "dtype": "float32", "nodes": [1]}, ...]}

inputs
    `each` says whether every run has a value of its own; otherwise one value serves all. An input of `count` numbers is an
    array (runs, count), or (count,) if not `each`; those numbers are values 0, 1, ... in the order of the inputs.
nodes
    The values that follow, each computed from values before it: an operation, the type of its result, and the numbers of
    its operands. Operands of arithmetic have the type that NumPy computes in; `astype` stands where it converts.
    Operations have the names of NumPy's functions. "number" is a constant, with the texts "NaN", "Infinity" and "-Infinity"
    for what JSON cannot write; "select" is `where`; "fma" is x y + z.
outputs
    An array (len(nodes), runs) by name.
dtype
    "float32", rounded after each operation; "float64"; "int64", "int32" and "uint8", whole numbers below 2^53; "bool".

- `program`: the record, and the table in which it is written
- `column`: one column, and the types of operations on it
- `columns`: arrays of columns, to which NumPy hands the code's operations
- `functions`: NumPy's functions that are made of several operations
- `trace`: makes the inputs of the code, and a program of its results
- `textbook`: the graph of a page as columns
- `sentences`: code that writes sentences about numbers, as a tree of decisions
"""

from fallline.readings.portable.program import Program
from fallline.readings.portable.sentences import sentences
from fallline.readings.portable.textbook import of_graph
from fallline.readings.portable.trace import Trace

__all__ = ["Program", "Trace", "of_graph", "sentences"]
