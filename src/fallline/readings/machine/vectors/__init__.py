"""Writers of LLVM's text, with explicit vectors of float32 or float64.

- `code`: lines, blocks, loops and branches
- `instructions`: arithmetic and memory, one method for each instruction
- `avx512`: AVX-512's own instructions for scaling, taking apart and special values
- `exact_fma`: vectors for machines without an fma, which is then made of other instructions
- `whole_fma`: its rare cases, in whole numbers
"""

from fallline.readings.machine.vectors.instructions import Vectors

__all__ = ["Vectors"]
