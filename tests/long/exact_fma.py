"""The exact fma of each instruction set without one against the processor's own, on millions of operands.

PYTHONPATH=src:tests python tests/long/exact_fma.py [operands of each kind, in millions]
"""

from __future__ import annotations

import sys

import numpy as np

from elementwise import elementwise
from fallline.readings.machine.target import INSTRUCTION_SETS, this_host
from fma_operands import KINDS, operands

if not this_host().native.fma:
    sys.exit("this machine has no fma to compare with")
sets = [name for name in this_host().sets if not INSTRUCTION_SETS[name].fma]
block, rng = 1 << 18, np.random.default_rng()
rounds = max(1, int(float(sys.argv[1] if len(sys.argv) > 1 else 3) * 1e6 / block))
for dtype in (np.float32, np.float64):
    own = elementwise("fma", dtype, 3)
    others = {name: elementwise("fma", dtype, 3, name) for name in sets}
    for kind in KINDS:
        for _ in range(rounds):
            given = operands(kind, dtype, block, rng)
            right = own(*given)
            for name, fma in others.items():
                got = fma(*given)
                wrong = (got.tobytes() != right.tobytes()) and ~(
                    ((got == right) & (np.signbit(got) == np.signbit(right))) | (np.isnan(got) & np.isnan(right))
                )
                if np.any(wrong):
                    k = int(np.argmax(wrong))
                    shown = ", ".join(float(x[k]).hex() for x in given)
                    sys.exit(f"{name}, {dtype.__name__}: fma({shown}) is {got[k]!r}, not {right[k]!r}")
        print(f"{dtype.__name__} {kind}: {rounds * block:,} operands, the same bits on {', '.join(sets)}", flush=True)
