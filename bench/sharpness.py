"""The cost of one sharpness by Lanczos's method in gradient steps: processor time of both, in turn, in one process.

    python bench/sharpness.py [--runs 256] [--repeats 3]

A gradient step is a step of gradient descent in lanes, of the same runs, on one thread. "cold" begins with a drawn vector and stops
at a residual of 1e-6, as `sharpness_at` does; "warm" begins with the result 20 steps before and stops at 1e-4, as
`sharpness_along` does. Beside each cost stand the products of the Hessian for each run. Compilers run before the clock.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

import fallline as fl
from fallline.experiment.method import method
from fallline.runs.engine import train
from fallline.runs.execution import Execution
from fallline.runs.second_order import hessian_products
from fallline.runs.sharpness import sharpness_at
from fallline.runs.training import Training

ONE = Execution(threads=1)
STEPS = 100
NETWORKS = (
    ("2-3-2-3", "relu", "cross_entropy"),
    ("2-8-8-3", "tanh", "cross_entropy"),
    ("1-30-1", "tanh", "half_squared_error"),
    ("2-16-16-3", "tanh", "cross_entropy"),
)


def problem_of(sizes: str, activation: str, loss: str) -> fl.NetworkObjective:
    """The network with its data: 300 samples of three classes, or a polynomial at 100 points."""
    network = fl.Network.of(sizes, activation=activation, loss=loss, reduction="mean")
    if loss == "cross_entropy":
        return fl.NetworkObjective(network, fl.generate("three-gaussians"))
    x = np.linspace(-1, 1, 100)[:, None]
    return fl.NetworkObjective(network, (x, 8 * x**4 - 8 * x**2 + 1))


def seconds(work: Callable[[], object], repeats: int) -> float:
    """The median processor time."""
    times = []
    for _ in range(repeats):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return float(np.median(times))


def main() -> None:
    """Print a line for each network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=[])
    options = parser.parse_args()
    print(f"{'network':<12}{'P':>5}{'product':>10}{'cold':>18}{'warm':>18}   (in gradient steps)")
    for sizes, activation, loss in NETWORKS:
        if options.only and sizes not in options.only:
            continue
        problem = problem_of(sizes, activation, loss)
        starts = fl.draw_starts(problem, options.runs)
        how = method(learning_rate=0.05)
        steps = Training(problem, how, STEPS, starts)
        near, later = (train(Training(problem, how, n, starts), ("parameters",))["parameters"] for n in (80, 100))
        before = sharpness_at(problem, near, tolerance=1e-4, execution=ONE)
        step = seconds(lambda: train(steps, execution=ONE), options.repeats) / STEPS  # noqa: B023 (called at once)
        product = seconds(lambda: hessian_products(problem, later, before.vectors, execution=ONE), options.repeats)  # noqa: B023
        line = f"{sizes:<12}{problem.dimension:>5}{product / step:>10.2f}"
        for start, tolerance in ((None, 1e-6), (before, 1e-4)):
            found = []
            cost = seconds(
                lambda: found.append(sharpness_at(problem, later, start=start, tolerance=tolerance, execution=ONE)),  # noqa: B023
                options.repeats,
            )
            line += f"{cost / step:>11.1f} ({found[0].products.mean():>4.1f})"
        print(line, flush=True)


if __name__ == "__main__":
    main()
