"""The machine reading: a graph becomes SIMD code in which one lane is one whole run.

- `program`: what a kernel is made from: graphs of the loss, its gradient and one parameter's update
- `layout`: what a kernel and its caller agree on: the table of arguments, the measures, the plan of the code
- `target`: the instruction sets, and which of them this machine runs
- `vectors/`: writers of LLVM's text, with explicit vectors of float32 or float64
- `elementary/`: exp, log, tanh, ... made of fma + - * / and integer operations on bits
- `ranges`: the places of a graph where a shorter form of such a function gives the same bits
- `emit`: a graph as straight-line code; `written`: a formula as code, operation by operation
- `samples/`: loss and gradient as sums over the samples, straight-line or in loops
- `frame`: the vectors, arguments and scratch memory that all parts of a kernel share
- `folding`: measures of a run, updated after each step
- `updating`: a step's update of every parameter
- `kernel`: the loops over blocks of lanes and over steps
- `compiled`: from text to machine code in memory

LLVM may never reorder or fuse operations: the graph alone decides the arithmetic, so no bit of a result depends on the
vector's width, the instruction set or the number of threads.
"""

ARITHMETIC_VERSION = 4
"""Increased whenever a bit of a result changes: by a rule of the graph, an elementary function, the order of a sum."""
