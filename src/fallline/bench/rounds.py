"""Rounds: every contestant does the work once in each, in turn."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from fallline.bench.peers import PEERS, ours
from fallline.bench.workloads import WORKLOADS, Workload, architecture, operations
from fallline.readings.machine.kernel import Plan, build
from fallline.runs.programs import program_of
from fallline.textbook.optimizers import optimizer
from fallline.textbook.schedules import schedule

__all__ = ["compare", "peak", "sweep"]

Say = Callable[[str], None]


def peak(dtype: str, size: int = 1024) -> float:
    """Billions of floating-point operations a second of NumPy's matrix product, on all cores."""
    a = np.ones((size, size), dtype)
    best = float("inf")
    for _ in range(3):
        begin = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - begin)
    return 2 * size**3 / best / 1e9


def compile_seconds(w: Workload) -> float:
    """From pages to machine code, for this architecture: tracing, writing, LLVM."""
    begin = time.perf_counter()
    program = program_of(
        w.objective.network,
        optimizer(w.optimizer),
        schedule("constant"),
        (*w.settings, *optimizer(w.optimizer).settings),
    )
    bits, rows = 64 if w.dtype == "float64" else 32, (len(w.objective.data),)
    plan = Plan.best(program, bits, rows)
    build(program, plan, bits, remainder=rows[0] % plan.together != 0)
    return time.perf_counter() - begin


def compare(names: list[str] | None = None, *, quick: bool = False, say: Say = lambda _: None) -> dict[str, Any]:
    """For each workload microseconds a step, ratios to each peer with their spread, share of the peak, compile time.

    Ratios are how many times as long the peer takes: the median over the rounds.
    """
    found: dict[str, Any] = {}
    for name in names or list(WORKLOADS):
        w = WORKLOADS[name]()
        say(f"{name}: {w.objective.network.text}, {w.cells} runs, {w.steps} steps, {w.dtype}")
        compiled = compile_seconds(w)
        contestants = {"fallline": ours(w)}
        contestants["fallline"]()
        for peer, (there, make) in PEERS.items():
            if there():
                say(f"  preparing {peer}")
                contestants[peer] = make(w)
        times: dict[str, list[float]] = {c: [] for c in contestants}
        peaks = []
        for _ in range(3 if quick else 7):
            for contestant, call in contestants.items():
                times[contestant].append(call())
            peaks.append(peak(w.dtype))
        own = np.array(times["fallline"])
        ratios = {c: np.array(t) / own for c, t in times.items() if c != "fallline"}
        rate = operations(w) / np.array(times["fallline"]) / 1e3
        found[name] = {
            "ratios": {c: float(np.median(r)) for c, r in ratios.items()},
            "spread": {c: [float(r.min()), float(r.max())] for c, r in ratios.items()},
            "share_of_peak": float(np.median(rate / np.array(peaks))),
            "gigaflops": float(np.median(rate)),
            "peak_gigaflops": float(np.median(peaks)),
            "microseconds_per_step": {c: float(np.median(t)) for c, t in times.items()},
            "compile_seconds": compiled,
            "cores": os.cpu_count(),
        } | w.notes
    return found


def sweep(*, quick: bool = False, dtype: str = "float32", say: Say = lambda _: None) -> list[dict[str, Any]]:
    """Share of the peak over architectures: is there a size at which speed falls off a cliff?"""
    rows = []
    widths, depths = ((1, 4, 16, 32), (1, 2)) if quick else ((1, 2, 3, 4, 6, 8, 11, 16, 23, 32), (1, 2, 3, 4))
    for depth in depths:
        for width in widths:
            w = architecture(width, depth, dtype, 256)
            compiled = compile_seconds(w)
            call = ours(w)
            call()
            best = min(call() for _ in range(3))
            top = max(peak(dtype) for _ in range(2))
            rate = operations(w) / best / 1e3
            rows.append(
                {"sizes": w.name, "parameters": w.objective.dimension, "microseconds_per_step": best,
                 "gigaflops": rate, "share_of_peak": rate / top, "compile_seconds": compiled}
            )  # fmt: skip
            say(f"{w.name:>18} {w.objective.dimension:6d} parameters {best:9.3f} us {rate:7.1f} GFLOP/s {rate / top:6.1%}"
                f"  compiled in {compiled:.2f} s")  # fmt: skip
    return rows
