"""A frame of the fractal's plane, beside JAX: jit(vmap(step)) over all its cells, as in the paper's notebook.

    python bench/fractal_frame.py [--preset fractal-tanh] [--size 64] [--rounds 3]

Both in one process, in turn. Times are those of the processor, so that other work on the machine does not count. JAX trains each
cell for all steps; ten steps of a plane of 4,096 cells stand for all: the median time of three before our frame and of
three after it. Our runs end early where they diverge.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np

from fallline.bench.peers import PLANE, jax_step
from fallline.bench.workloads import Workload
from fallline.maps.fractal import PRESETS, preset
from fallline.maps.map import compute_map


def processor_time(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="fractal-tanh", choices=list(PRESETS))
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    spec = preset(given.preset).spec(size=given.size)
    first, second = np.meshgrid(spec.x.values, spec.y.values)
    settings = {"learning_rate": first.ravel(), "learning_rate.2": second.ravel()}
    peer = jax_step(Workload("frame", spec.objective, "gradient_descent", spec.start, settings, spec.steps, spec.dtype))
    compute_map(preset(given.preset).spec(size=4, steps=1))  # the compiler's time is not that of a frame
    ratios = []
    for number in range(given.rounds):
        before = [processor_time(peer) for _ in range(3)]
        ours = processor_time(lambda: compute_map(spec))
        after = [processor_time(peer) for _ in range(3)]
        theirs = statistics.median(before + after) / (PLANE * 10) * spec.cells * spec.steps
        ratios.append(theirs / ours)
        print(
            f"round {number}: ours {ours:.1f} s, JAX {theirs:.1f} s of processor time, ratio {ratios[-1]:.1f}",
            flush=True,
        )
    print(
        f"{given.preset}, {spec.size_text} cells, {spec.steps} steps: {statistics.median(ratios):.1f} times as fast as JAX"
    )


if __name__ == "__main__":
    main()
