"""Rounds: every contestant does the work once in each, in turn."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from fallline.bench.peers import PEERS, ours
from fallline.bench.workloads import WORKLOADS, Workload, architecture, operations, program_and_plan
from fallline.readings.machine.kernel import build

__all__ = ["compare", "peak", "sweep"]

Say = Callable[[str], None]


_ONE_THREAD = (
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)

_PRODUCT = """
import sys, time, numpy as np
size, a = int(sys.argv[2]), np.ones((int(sys.argv[2]),) * 2, sys.argv[1])
def seconds():
    begin = time.process_time()
    a @ a
    return time.process_time() - begin
print(2 * size**3 / min(seconds() for _ in range(4)) / 1e9)
"""


def peak(dtype: str, size: int = 768) -> float:
    """Billions of floating-point operations that NumPy's matrix product does in a second of one core.

    It is measured in a process of its own, since a library of matrix products reads its number of threads when it is
    loaded, and by the processor's clock, so that other work on the machine does not count.
    """
    words = [sys.executable, "-c", _PRODUCT, dtype, str(size)]
    environment = os.environ | dict.fromkeys(_ONE_THREAD, "1")
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)  # noqa: S603  # our own words
    return float(done.stdout)


def shares(w: Workload, rounds: int, instruction_set: str = "native") -> dict[str, Any]:
    """The share of the matrix product's speed that one core reaches on a workload, by the processor's clock.

    "share_of_peak" counts an elementary function as one operation, as the graph does; "share_unfolded" counts the
    additions, products and divisions that it consists of. The first measures what a user gets, the second how busy
    the arithmetic units are.
    """
    call = ours(w, threads=1, clock=time.thread_time, instruction_set=instruction_set)
    call()
    times, peaks = [], []
    for _ in range(rounds):
        times.append(call())
        peaks.append(peak(w.dtype))
    rate = operations(w) / np.array(times) / 1e3
    share = rate / np.array(peaks)
    more = operations(w, unfolded=True) / operations(w)
    return {
        "share_of_peak": float(np.median(share)),
        "share_spread": [float(share.min()), float(share.max())],
        "share_unfolded": float(np.median(share)) * more,
        "gigaflops_a_core": float(np.median(rate)),
        "peak_gigaflops_a_core": float(np.median(peaks)),
    }


def compile_seconds(w: Workload, instruction_set: str = "native") -> float:
    """From pages to machine code, for this architecture: tracing, writing, LLVM; by the processor's clock."""
    begin = time.thread_time()
    program, plan = program_and_plan(w, instruction_set)
    bits = 64 if w.dtype == "float64" else 32
    build(program, plan, bits, remainder=len(w.objective.data) % plan.together != 0)
    return time.thread_time() - begin


def compare(
    names: list[str] | None = None, *, quick: bool = False, instruction_set: str = "native", say: Say = lambda _: None
) -> dict[str, Any]:
    """For each workload microseconds a step, ratios to each peer with their spread, share of the peak, compile time.

    Ratios are how many times as long the peer takes: the median over the rounds.
    """
    found: dict[str, Any] = {}
    for name in names or list(WORKLOADS):
        w = WORKLOADS[name]()
        say(f"{name}: {w.objective.network.text}, {w.cells} runs, {w.steps} steps, {w.dtype}")
        compiled = compile_seconds(w, instruction_set)
        contestants = {"fallline": ours(w, instruction_set=instruction_set)}
        contestants["fallline"]()
        for peer, (there, make) in PEERS.items():
            if there():
                say(f"  preparing {peer}")
                contestants[peer] = make(w)
        times: dict[str, list[float]] = {c: [] for c in contestants}
        for _ in range(3 if quick else 7):
            for contestant, call in contestants.items():
                times[contestant].append(call())
        own = np.array(times["fallline"])
        ratios = {c: np.array(t) / own for c, t in times.items() if c != "fallline"}
        found[name] = {
            "ratios": {c: float(np.median(r)) for c, r in ratios.items()},
            "spread": {c: [float(r.min()), float(r.max())] for c, r in ratios.items()},
            **shares(w, 3 if quick else 7, instruction_set),
            "microseconds_per_step": {c: float(np.median(t)) for c, t in times.items()},
            "compile_seconds": compiled,
            "cores": os.cpu_count(),
        } | w.notes
    return found


SWEEP = [(width, depth) for depth in (1, 2, 3, 4) for width in (1, 2, 3, 4, 6, 8, 11, 16, 23, 32)]
"""Architectures of the sweep: units of a hidden layer, hidden layers."""

WIDEST = [(500, 1), (64, 2), (38, 4)]
"""The widest networks of that depth with at most 5,000 parameters."""


def sweep(
    *, quick: bool = False, dtype: str = "float32", instruction_set: str = "native", say: Say = lambda _: None
) -> list[dict[str, Any]]:
    """Share of the peak over architectures, to find sizes at which speed drops."""
    found = []
    for width, depth in [(1, 1), (4, 2), (16, 2), (32, 4)] if quick else SWEEP + WIDEST:
        w = architecture(width, depth, dtype, 256)
        w = architecture(width, depth, dtype, int(min(256, max(1, 1e9 / operations(w) / 2816))) * 256)
        compiled = compile_seconds(w, instruction_set)
        row = {"sizes": w.name, "parameters": w.objective.dimension, "compile_seconds": compiled,
               "microseconds_per_step": 0.0, **shares(w, 3 if quick else 5, instruction_set)}  # fmt: skip
        row["microseconds_per_step"] = operations(w) / row["gigaflops_a_core"] / 1e3
        found.append(row)
        say(f"{w.name:>18} {w.objective.dimension:5d} parameters   {row['microseconds_per_step']:8.3f} us a core   "
            f"{row['share_of_peak']:4.0%} of the peak, {row['share_unfolded']:4.0%} unfolded   "
            f"compiled in {compiled:.2f} s")  # fmt: skip
    return found
