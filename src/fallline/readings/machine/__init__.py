"""The machine reading: a graph becomes SIMD code in which one lane is one whole run.

- `vectors`: a small writer of LLVM's text, with explicit vectors; knows float32 and float64
- `elementary`: exp, log, tanh, ... of our own, from fma + - * / and integer bit tricks
- `ranges`: where the graph alone says that a part of such a function is enough
- `emit`: a graph, straight-line
- `tiles`: a graph too long for that, as loops over its arrays
- `layout`: what a kernel and its caller agree on: table, measures, plan
- `kernel`: the loop over blocks of lanes and steps, of `samples`, `folding` (measures) and `updating`, in one `frame`
- `target`: the instruction sets, and what this machine has of them
- `exact_fma`: fma for those without one; `whole_fma`: its rare cases; `avx512`: shorter ways where they exist
- `compiled`: from text to machine code in memory

No fast-math flag and no contraction is ever allowed: the graph alone decides the arithmetic, so the vector's width,
the instruction set and the number of threads do not reach a bit.
"""

ARITHMETIC_VERSION = 3
"""Changes whenever results change in a bit: a rule of the graph, an elementary function, the order of a sum."""
