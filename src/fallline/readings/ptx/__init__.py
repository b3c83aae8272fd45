"""The PTX reading: a kernel for CUDA devices, in which one thread, or one team of threads, is one whole run.

The kernel's text is the text for processors, written with one lane. It alone decides the arithmetic: LLVM turns it into
`add.rn`, `mul.rn`, `fma.rn`, `div.rn` and `sqrt.rn`, whose rounding and order the device's assembler must keep. So a
device gives the same bits as a processor.

- `plan`: how many threads train a run, and what each of them keeps where
- `one_lane`: the writer of code for one thread
- `frame`: where a thread's numbers stand, and which cell it trains
- `team`: a sample's graph shared by a team of threads
- `samples`: sums over the samples of a step
- `kernel`: the whole kernel, from the parts of `machine` and these
- `target`: from LLVM's text to PTX
"""
