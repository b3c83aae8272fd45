"""The ways to read a page of the textbook: numbers, symbols, graph, machine, PTX, WebAssembly, portable. A reading knows no particular formula.

NumPy hands each operation of a page to the array type that the page was called with, so a reading is an array type and
what is made from the arrays. Each part uses only parts that stand above it in this list.

- `constants`: functions of a page's constants, rounded correctly
- `numeric`: what each operation of a graph means for NumPy's arrays
- `scalars`: arrays whose entries are a reading's own scalars
- `graph/`: the expression graph that a page leaves, and the rules that decide its arithmetic
- `reverse/`: derivatives of a graph, by a reverse walk
- `symbols/`: equations, from SymPy's expressions or from matrices as symbols
- `machine/`: machine code for processors, made from a graph
- `ptx/`: the same code for CUDA devices
- `wasm/`: the same code for browsers
- `portable/`: NumPy code on many runs or points as a list of operations, for evaluators without Python
"""
