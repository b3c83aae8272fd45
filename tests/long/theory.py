"""The convergence boundary of bias-free linear networks lies on the stability bounds, to within one cell.

    python tests/long/theory.py --sets 100

With squared error such a network is a quadratic, so 2/L, 2(1+mu)/L and 2(1+mu)/(L(1+2mu)) are exact.
"""

from __future__ import annotations

import argparse

import numpy as np

import fallline as fl
from fallline.experiment.axes import Axis
from fallline.experiment.map_spec import map_spec
from fallline.maps.map import Map, compute_map
from fallline.maps.theory import theory_curve

OPTIMIZERS = ("gradient_descent", "momentum", "nesterov")
COLUMNS = 64


def worst_distance(seed: int, optimizer: str) -> int:
    """The largest distance, in cells, between where a map stops converging and the bound, over all its rows."""
    chance = np.random.default_rng(seed)
    inputs, samples, outputs = (int(chance.integers(*limits)) for limits in ((1, 6), (8, 40), (1, 3)))
    X = chance.normal(size=(samples, inputs)) * chance.uniform(0.3, 2, inputs)
    data = fl.Dataset.of(X, chance.normal(size=(samples, outputs)))
    network = fl.Network.of(
        (inputs, outputs), loss="squared_error", reduction=str(chance.choice(["mean", "sum"])), bias=False
    )
    problem = fl.NetworkObjective(network, data)
    start = chance.normal(size=problem.dimension)

    def spec(low: float, high: float):
        rate = Axis("learning_rate", low, high, COLUMNS)
        other = "initial_scale=0.5..2" if optimizer == "gradient_descent" else "momentum=0..0.9"
        return map_spec(problem, x=rate, y=other, size=(COLUMNS, 9), optimizer_=optimizer, steps=600, start=start)

    bound = theory_curve(Map(spec(0.1, 1)))["start"]
    m = compute_map(spec(0.5 * float(bound.min()), 1.3 * float(bound.max())))
    curve = theory_curve(m)["start"]
    np.testing.assert_allclose(curve, bound, rtol=1e-6)
    first = np.array(
        [np.atleast_1d(problem.loss(s * start)) for s in (m.y.values if m.y.name == "initial_scale" else [1] * 9)]
    )
    good = m["final_loss"] < first
    assert (np.diff(good.astype(int), axis=1) <= 0).all(), "what converges must lie left of what does not"
    stops = good.sum(axis=1)  # the first column that does not converge
    predicted = np.searchsorted(m.x.values, curve)
    return int(np.abs(stops - predicted).max())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=100)
    options = parser.parse_args()
    for name in OPTIMIZERS:
        distances = [worst_distance(seed, name) for seed in range(options.sets)]
        print(f"{name}: {options.sets} data sets, largest distance {max(distances)} cells")
        assert max(distances) <= 1
