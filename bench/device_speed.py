"""What `bench/device.py` measures of speed: a whole frame, the seed study beside the processor, sizes, plans."""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from fallline.bench.workloads import WORKLOADS, Workload, architecture
from fallline.devices.cuda import cuda
from fallline.errors import DeviceError
from fallline.maps.fractal import fractal_spec
from fallline.maps.growing import growing
from fallline.maps.map import Map
from fallline.maps.tiles import at_cells
from fallline.readings.ptx.plan import DevicePlan
from fallline.runs.lanes import train

FRAME = Path(tempfile.gettempdir(), "fallline-frame.fallmap")
"""The frame's map file."""

AFTER = 25
"""Seconds for what is done with a frame once its cells are known."""

VARIANTS = {
    "seed": [
        DevicePlan(together=u, unrolled=True, block=block, registers=r)
        for u, block, r in [(1, 128, 0), (1, 128, 128), (1, 128, 96), (1, 128, 80), (1, 128, 64), (2, 128, 0), (2, 128, 128),
                            (3, 128, 0), (1, 64, 0)]
    ] + [DevicePlan(together=2), DevicePlan(together=8, team=4, accumulators=64)],
    "fractal": [
        DevicePlan(together=u, team=team, accumulators=64, block=block, registers=r)
        for team, u, block, r in [(8, 4, 64, 0), (8, 8, 64, 0), (8, 8, 32, 0), (8, 4, 64, 168), (16, 8, 64, 0), (16, 4, 64, 128),
                                  (16, 8, 64, 168), (16, 8, 64, 128), (16, 16, 64, 0), (4, 8, 64, 0)]
    ] + [
        DevicePlan(together=u, tiled=True, accumulators=a, block=block, registers=r)
        for u, a, block, r in [(8, 32, 128, 0), (4, 16, 128, 128), (16, 64, 64, 0)]
    ],
}  # fmt: skip
"""In the order of what they promise: where the seconds end, the rest is left out."""

SIZES = [
    (4, 2, [DevicePlan(unrolled=True, registers=r) for r in (0, 96, 168)], (2,)),
    (8, 1, [DevicePlan(unrolled=True)], (2, 4)),
    (11, 1, [DevicePlan(unrolled=True)], (4,)),
    (8, 2, [DevicePlan()], (2, 8)),
    (16, 2, [], (4, 16)),
    (32, 2, [], (8, 16, 32)),
    (64, 2, [], (16,)),
]
"""Width and number of the hidden layers, and what is measured beside the plan that is chosen: plans, sizes of teams."""


def frame(results, until: float) -> None:
    spec = fractal_spec(size=4096, steps=500)
    m = Map(spec, FRAME)
    begin, before = time.perf_counter(), None
    for number, tile in enumerate(growing(m, device="cuda")):
        if before is None:
            before = int(m.known.sum()) - tile.cells
        if number % 40 == 0:
            results.say("frame", f"{tile}: {m.known.mean():.1%} of the cells are known")
        if time.perf_counter() > until - AFTER:
            break
    seconds, known = time.perf_counter() - begin, int(m.known.sum())
    before = known if before is None else before
    results.say(
        "frame",
        f"{known - before:,} of {spec.cells:,} cells in {seconds:.1f} s, {known:,} are known; "
        + (f"SHA-256 {m.sha256}" if m.complete else "the seconds were not enough for the others"),
        seconds=seconds, cells=known - before, known=known, sha256=m.sha256 if m.complete else None,
    )  # fmt: skip
    places = np.random.default_rng(0).permutation(np.argwhere(m.known))[:400]
    j, i = places[:, 0], places[:, 1]
    expected = at_cells(spec, i, j)["convergence"]
    differ = int((m.values[j, i].view(np.uint64) != expected.view(np.uint64)).sum())
    results.say(
        "frame", f"{len(i)} cells at random beside the processor: {differ} differ", checked=len(i), differ=differ
    )
    path = results.folder / "frame.png"
    draw(m, path)
    results.say("frame", f"picture in {path}, {path.stat().st_size / 1e6:.2f} MB; the map in {FRAME}")


def draw(m: Map, path: Path, pixels: int = 1500) -> None:
    """The project's own picture of a map, in 256 colours."""
    from PIL import Image

    drawing = m.plot()
    width = drawing.figure.get_size_inches()[0]
    drawing.figure.savefig(path, dpi=pixels / width)
    with Image.open(path) as image:
        small = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


def speed(results, until: float) -> None:
    for dtype in ("float32", "float64"):
        workload = replace(WORKLOADS["seed"](), dtype=dtype)
        rates = {}
        for threads in (2, os.cpu_count() or 1):
            seconds = timed(workload, 1 << 16, 1, threads=threads)
            rates[threads] = (1 << 16) * workload.steps / seconds
        cells = 1 << 22
        seconds = timed(workload, cells, 3, device="cuda")
        rate = cells * workload.steps / seconds
        results.say(
            "speed",
            f"seed {dtype}, {cells:,} runs: device {seconds:.3f} s, {rate:,.0f} network-steps/s; "
            + "; ".join(f"{t} threads {r:,.0f}, device {rate / r:.1f} times" for t, r in rates.items()),
            rate=rate, threads=rates,
        )  # fmt: skip


def sizes(results, until: float) -> None:
    for dtype in ("float64", "float32"):
        for width, depth, plans, teams in SIZES:
            cells = 1 << (18 if width < 16 else 16)
            workload = replace(architecture(width, depth, dtype, cells), steps=30)
            together = 4 if dtype == "float64" else 8
            plans = [None, *plans, *(DevicePlan(together=together, team=t, accumulators=64, block=64) for t in teams)]
            measure_plans(results, "sizes", workload, plans, cells, until)


def variants(results, until: float) -> None:
    begin = time.perf_counter()
    for (name, cells, dtype), share in {
        ("fractal", 1 << 16, "float64"): 0.45, ("seed", 1 << 20, "float32"): 0.65,
        ("seed", 1 << 19, "float64"): 0.8, ("fractal", 1 << 16, "float32"): 1.0,
    }.items():  # fmt: skip
        workload = WORKLOADS[name]()
        workload = replace(workload, dtype=dtype, steps=min(workload.steps, 30))
        measure_plans(results, "variants", workload, [None, *VARIANTS[name]], cells, begin + share * (until - begin))


def measure_plans(results, part: str, workload: Workload, plans, cells: int, until: float) -> None:
    """Seconds of a workload by each plan; None is the plan that is chosen."""
    name, best = f"{workload.name} {workload.dtype}", None
    for plan in plans:
        if time.perf_counter() > until:
            results.say(part, f"{name}: {plan or 'the plan that is chosen'}: not reached")
            continue
        cuda()._functions.clear()
        try:
            seconds = timed(workload, cells, 2, device="cuda", device_plan=plan)
        except DeviceError as error:
            results.say(part, f"{name}: {plan}: {error}")
            continue
        (function,) = cuda()._functions.values()
        rate = cells * workload.steps / seconds
        results.say(
            part,
            f"{name}: {plan or 'the plan that is chosen'}: {seconds:.4f} s, {rate:,.0f} network-steps/s; "
            f"{function.registers} registers, {function.local_bytes} bytes local, {function.shared_bytes} shared by "
            f"{function.block} threads, {function.at_once} threads at once",
            seconds=seconds, rate=rate, plan=str(plan), workload=name,
        )  # fmt: skip
        if best is None or seconds < best[0]:
            best = (seconds, plan)
    if best is not None:
        results.say(part, f"{name}: the fastest is {best[1] or 'the plan that is chosen'}")


def timed(workload: Workload, cells: int, repeat: int, **options) -> float:
    """Least seconds of a workload, transfers included; a first call compiles and is compared with the processor."""
    settings = {k: np.resize(v, cells) for k, v in workload.settings.items()}

    def once() -> float:
        begin = time.perf_counter()
        train(
            workload.objective, workload.optimizer, steps=workload.steps, starts=workload.start, settings=settings,
            dtype=workload.dtype, measures=("convergence",), **options,
        )  # fmt: skip
        return time.perf_counter() - begin

    once()
    return min(once() for _ in range(repeat))
