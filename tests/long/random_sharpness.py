"""The sharpness of random networks in lanes, beside the largest eigenvalue of the dense, exact Hessian.

    python tests/long/random_sharpness.py --networks 200

Sizes, activations, losses, penalties, data and starts are drawn by a key, so network k is the same in every run. Three starts are
measured of each network: two as they are drawn, and one after 20 steps of gradient descent. tests/test_sharpness.py measures ten.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np

import fallline as fl
from fallline import random
from fallline.experiment.method import method
from fallline.runs.engine import train
from fallline.runs.sharpness import sharpness_at
from fallline.runs.training import Training
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.losses import LOSSES

TOLERANCE = 1e-6
"""The largest relative error."""


def network_of(number: int) -> fl.NetworkObjective:
    """A random network on random data."""
    drawn = iter(random.uniform(number, "network", 16))

    def pick(values):
        values = list(values)
        return values[int(next(drawn) * len(values))]

    loss, samples = LOSSES[pick(LOSSES)], pick(range(5, 40))
    sizes = [pick(range(1, 5)), *(pick(range(2, 9)) for _ in range(pick((1, 1, 2)))), pick(range(1, 4))]
    if loss.targets == "classes":
        sizes[-1] = max(2, sizes[-1])
    network = fl.Network.of(
        tuple(sizes), activation=pick(ACTIVATIONS), loss=loss.name, reduction=pick(("sum", "mean")), bias=pick((True, True, False)),
        l2=pick((0.0, 0.0, 0.01, 0.3)),
    )  # fmt: skip
    X = random.normal(number, "inputs", samples * sizes[0]).reshape(samples, sizes[0])
    T = random.normal(number, "targets", samples * sizes[-1]).reshape(samples, sizes[-1])
    if loss.targets == "classes":
        T = np.eye(sizes[-1])[T.argmax(axis=1)]
    elif loss.targets == "labels":
        T = (T > 0).astype(float)
    return fl.NetworkObjective(network, (X, T))


def errors(networks: int) -> Iterator[tuple[str, float, int]]:
    """Of each network: its text, the largest relative error, and the products that it took."""
    for number in range(networks):
        problem = network_of(number)
        w = fl.draw_starts(problem, 3, seed=number)
        trained = train(Training(problem, method(learning_rate=0.01), 20, w), ("parameters",))["parameters"][2]
        w[2] = np.where(np.isfinite(trained).all(), trained, w[2])
        dense = np.linalg.eigvalsh(problem.hessian(w))[:, -1]
        found = sharpness_at(problem, w)
        yield (
            problem.network.text,
            float((np.abs(found.values - dense) / np.where(dense == 0, 1, np.abs(dense))).max()),
            int(found.products.max()),
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", type=int, default=200)
    options = parser.parse_args()
    products = []
    failed = 0
    worst = 0.0
    for number, (text, error, count) in enumerate(errors(options.networks)):
        products.append(count)
        worst = max(worst, error)
        if not error <= TOLERANCE:
            failed += 1
            print(f"network {number}, {text}: relative error {error:.1e}", flush=True)
    low, middle, high = np.quantile(products, (0, 0.5, 1))
    print(f"{options.networks} networks: largest relative error {worst:.1e}, {failed} above {TOLERANCE:g}; "
          f"{middle:.0f} products in the median, {low:.0f} to {high:.0f}")  # fmt: skip
    raise SystemExit(bool(failed))
