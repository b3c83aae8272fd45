"""The exact fma of each instruction set without one against the processor's own, on millions of operands.

python tests/long/exact_fma.py [operands of each kind, in millions] [seed]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from elementwise import elementwise
from fallline.readings.machine.target import INSTRUCTION_SETS, this_host
from fma_operands import KINDS, operands

BLOCK = 1 << 18


def first_difference(got: np.ndarray, right: np.ndarray) -> int | None:
    """The first place where two arrays differ in a bit; every NaN is the same."""
    same = ((got == right) & (np.signbit(got) == np.signbit(right))) | (np.isnan(got) & np.isnan(right))
    return None if same.all() else int(np.argmin(same))


def main(millions: float = 3, seed: int = 0) -> str | None:
    if not this_host().native.fma:
        return "this machine has no fma to compare with"
    sets = [name for name in this_host().sets if not INSTRUCTION_SETS[name].fma]
    rounds, rng = max(1, int(millions * 1e6 / BLOCK)), np.random.default_rng(seed)
    for dtype in (np.float32, np.float64):
        own = elementwise("fma", dtype, 3)
        others = {name: elementwise("fma", dtype, 3, name) for name in sets}
        for kind in KINDS:
            for _ in range(rounds):
                given = operands(kind, dtype, BLOCK, rng)
                right = own(*given)
                for name, fma in others.items():
                    got = fma(*given)
                    k = first_difference(got, right)
                    if k is not None:
                        shown = ", ".join(float(x[k]).hex() for x in given)
                        return f"{name}, {dtype.__name__}: fma({shown}) is {got[k]!r}, not {right[k]!r}"
            print(
                f"{dtype.__name__} {kind}: {rounds * BLOCK:,} operands, the same bits on {', '.join(sets)}", flush=True
            )
    return None


if __name__ == "__main__":
    sys.exit(main(*map(float, sys.argv[1:2]), *map(int, sys.argv[2:])))
