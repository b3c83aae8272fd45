"""Batch sharpness with small minibatches, as a share of the low limit of momentum: by momentum and effective learning rate.

python tests/long/momentum_batches.py --starts 20
"""

from __future__ import annotations

import argparse

import numpy as np

from fallline.laws import Trial, momentum_batches
from fallline.laws.momentum_batches import SMALL, limits, scaled

MOMENTA = np.array([0.0, 0.5, 0.8, 0.9])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--steps", type=int, default=momentum_batches.STEPS)
    chosen = parser.parse_args()
    starts, momentum_batches.STEPS = chosen.starts, chosen.steps
    low = np.array([limits(momentum)[0] for momentum in MOMENTA])[:, None]
    for effective in (0.03, 0.06, 0.1, 0.15, 0.2):
        found = scaled(Trial(starts), SMALL, effective * (1 - MOMENTA), MOMENTA)
        for name, values in (("mean of ratios", found.mean_of_ratios), ("ratio of means", found.ratio_of_means)):
            shares = " ".join(f"{share:.2f}" for share in np.median(values / low, axis=1))
            print(f"effective rate {effective:g}, {name}: {shares}")


if __name__ == "__main__":
    main()
