"""Ten thousand different kernels in one process: its size and its mappings, which must stay bounded.

python tests/long/kernels.py [kernels] [networks]
"""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

import fallline as fl
from side_by_side import train
from test_kernels import losses, memory

LIMIT = 300e6


def main(formulas: int = 10_000, networks: int = 200) -> int:
    data = fl.generate("three-gaussians")
    sizes = [f"2-{a}-{b}-3" for a, b in product(range(1, 30), repeat=2)]
    most = 0
    for k in range(formulas):
        losses(fl.objective(lambda x, y, k=k: x**2 * (k + 1) + np.exp(y) * (k + 0.5)))
        if k % max(1, formulas // max(1, networks)) == 0 and k * networks // formulas < len(sizes):
            problem = fl.NetworkObjective(fl.Network.of(sizes[k * networks // formulas]), data)
            train(problem, steps=1, starts=np.zeros(problem.dimension), settings={"learning_rate": 0.1})
        if k % 500 == 0 or k == formulas - 1:
            size, mappings = memory()
            most = max(most, size)
            print(f"{k + 1:>6} kernels: {size / 1e6:.0f} MB, {mappings} mappings", flush=True)
    if most > LIMIT:
        print(f"{most / 1e6:.0f} MB are more than {LIMIT / 1e6:.0f}")
    return int(most > LIMIT)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
