"""A lab that is used for long: thousands of states through one session, each with its tile; its memory must not grow.

python tests/long/lab.py [states]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fallline.lab.work.pool import Pool
from test_kernels import memory
from test_lab_session import Talk

GROWTH = 1.15
"""What the process may have at the end, as a part of what it had after a quarter of the states, when caches are full."""


def state(k: int) -> dict:
    """Formulas, networks and data, no two the same."""
    if k % 2:
        return {"objective": {"kind": "formula", "text": f"x^2 + {k}*y^2"}, "steps": 20 + k % 7}
    units = [2, 2 + k % 9, 2 + k // 9 % 5, 3]
    data = {"kind": "generated", "name": "three-gaussians", "samples": 20 + k % 50, "seed": k}
    return {
        "objective": {"kind": "network", "units": units, "activations": ["tanh", "relu"]},
        "data": data,
        "steps": 10,
    }


def main(states: int = 4000) -> int:
    talk, quarter, begun = Talk(Pool()), 0, time.perf_counter()
    for k in range(states):
        change = talk.welcome["state"] | state(k)
        talk.ask("state", state=change, changed="objective.kind", accepted=talk.number, tiles=[[0, 0, 0]])
        talk.until("tile")
        if k == states // 4:
            quarter, _ = memory()
        if k % max(1, states // 10) == 0 or k == states - 1:
            size, mappings = memory()
            print(
                f"{k + 1:>6} states: {size / 1e6:.0f} MB, {mappings} mappings, {time.perf_counter() - begun:.0f} s",
                flush=True,
            )
    talk.session.close()
    return int(memory()[0] > GROWTH * quarter)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
