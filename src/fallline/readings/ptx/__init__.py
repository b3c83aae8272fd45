"""The ptx reading: the kernel's own text with one lane, for the processors of a CUDA device. One thread is one run.

- `kernel`: what differs from a kernel for vectors: the thread's index, its memory, minibatches
- `target`: from text to PTX, through LLVM's NVPTX target

The text decides the arithmetic, as everywhere: LLVM writes `add.rn`, `mul.rn`, `fma.rn`, `div.rn` and `sqrt.rn`, whose
rounding and order the device's assembler must keep, so a device gives the bits that processors give.
"""
