"""muP and the standard parametrization: all cases of the law, and further ones, for some of which it does not hold.

python tests/long/mup.py [--starts 48]
"""

from __future__ import annotations

import argparse

import numpy as np

from fallline.laws.mup import CASES, Case, best_rates, last_losses
from fallline.laws.trial import Trial

FURTHER = (
    Case("momentum", 1, "relu", 50, (-12, 4)),
    Case("adam", 1, "tanh", 50, (-16, 1)),
    Case("adam", 1, "relu", 50, (-16, 1)),
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--starts", type=int, default=48)
    options.add_argument("--further", action="store_true", help="the further cases alone")
    chosen = options.parse_args()
    trial = Trial(chosen.starts)
    for case in FURTHER if chosen.further else (*CASES, *FURTHER):
        for parametrization in ("mup", "standard"):
            best = best_rates(trial, case, last_losses(trial, case, parametrization))
            moves = best.max(axis=1) - best.min(axis=1)
            low, middle, high = np.quantile(moves, (0.025, 0.5, 0.975))
            centre = [f"{k:g}" for k in np.median(best, axis=0)]
            print(
                f"{case.text}, {parametrization}: best at {', '.join(centre)}; moves {middle:g} [{low:g}, {high:g}]",
                flush=True,
            )


if __name__ == "__main__":
    main()
