"""Hashes and speed on a CUDA device, beside this machine's processor in the same run.

    PYTHONPATH=src python bench/device.py [--seconds 240] [--out FOLDER] [--only info,hashes,sweep,variants,speed,frame]

- info: the device, its driver, the libraries
- hashes: SHA-256 of whole maps, device and processor: the seed study and the fractal network, float32 and float64
- sweep: optimizers x activations x losses x precisions on small maps; the words that differ are counted
- variants: seconds of each layout of the kernels; the fastest is used from there on
- speed: the seed study's workload, device beside 2 and all threads of the processor
- frame: the fractal network, 4,096 x 4,096 cells, 500 steps, float64, as far as the seconds go

Every line is printed at once, and every result is kept in FOLDER/device.json as it comes.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from fallline.bench.workloads import WORKLOADS
from fallline.data import Dataset, generate
from fallline.devices.cuda import cuda
from fallline.errors import DeviceError
from fallline.maps.fractal import fractal_spec
from fallline.maps.map import compute_map
from fallline.maps.spec import map_spec
from fallline.maps.tiles import inputs, layout
from fallline.problems import NetworkObjective
from fallline.readings.ptx.plan import DevicePlan
from fallline.runs.lanes import train
from fallline.runs.starts import draw_starts, notebook_start
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.losses import LOSSES
from fallline.textbook.network import Network
from fallline.textbook.optimizers import OPTIMIZERS
from fallline.textbook.schedules import SCHEDULES

PARTS = ("info", "hashes", "sweep", "variants", "speed", "frame")
SHARE = {"hashes": 0.2, "sweep": 0.2, "variants": 0.35, "speed": 0.05, "frame": 0.2}
"""Of the seconds, what each part may take; what one leaves the next ones may have."""

VARIANTS = {
    "seed": [
        DevicePlan(together=u, unrolled=True, block=block, registers=r)
        for u, block, r in [(2, 128, 0), (1, 128, 0), (1, 128, 128), (3, 128, 0), (2, 128, 128), (1, 64, 0), (1, 128, 96)]
    ] + [DevicePlan(together=2), DevicePlan(together=8, team=4, accumulators=64)],
    "fractal": [
        DevicePlan(together=u, team=team, accumulators=64, block=block, registers=r)
        for team, u, block, r in [(8, 8, 64, 0), (16, 8, 64, 0), (16, 8, 64, 168), (16, 16, 64, 0), (8, 8, 32, 0), (8, 4, 64, 0),
                                  (4, 8, 64, 0), (16, 8, 64, 128), (8, 4, 64, 168), (16, 4, 64, 128)]
    ] + [
        DevicePlan(together=u, tiled=True, accumulators=a, block=block, registers=r)
        for u, a, block, r in [(8, 32, 128, 0), (4, 16, 128, 128), (16, 64, 64, 0)]
    ],
}  # fmt: skip
"""In the order of what they promise: where the seconds end, the rest is left out."""


class Results:
    """Prints results, and keeps them in a file."""

    def __init__(self, folder: Path, seconds: float) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path, self.begin, self.seconds, self.kept = folder / "device.json", time.perf_counter(), seconds, []

    @property
    def left(self) -> float:
        return self.seconds - (time.perf_counter() - self.begin)

    def say(self, part: str, text: str, **facts: object) -> None:
        at = time.perf_counter() - self.begin
        print(f"[{at:6.1f} s] {part}: {text}", flush=True)
        self.kept.append({"part": part, "at": round(at, 2), "text": text, **facts})
        self.path.write_text(json.dumps(self.kept, indent=1, default=str) + "\n")


def info(results: Results, _: dict) -> None:
    import llvmlite
    import llvmlite.binding as llvm

    device = cuda()
    results.say(
        "info",
        f"{device.name}, {device.processors} multiprocessors, capability {device.capability / 10}, driver for CUDA "
        f"{device.driver / 1000}, {device.free_memory() / 2**30:.1f} GiB free; {os.cpu_count()} cores, "
        f"{llvm.get_host_cpu_name()}; Python {platform.python_version()}, NumPy {np.__version__}, llvmlite "
        f"{llvmlite.__version__} (LLVM {llvm.llvm_version_info[0]})",
    )


def seed_spec(size: int, dtype: str):
    objective = NetworkObjective(Network.of("2-3-2-3"), generate("three-gaussians"))
    return map_spec(
        objective, x="learning_rate=1e-5..1e-2:log", y="momentum=0..0.99", size=size, optimizer_="momentum", steps=30,
        start=notebook_start(objective), dtype=dtype, measures=("final_loss", "outcome", "convergence"),
    )  # fmt: skip


def hashes(results: Results, limits: dict) -> None:
    specs = [
        (f"seed {size} x {size} {dtype}", seed_spec(size, dtype))
        for size in (64, 1024)
        for dtype in ("float32", "float64")
    ]
    specs += [
        (f"fractal tanh {size} x {size}, {steps} steps {dtype}", fractal_spec(size=size, steps=steps, dtype=dtype))
        for size, steps in ((64, 100), (256, 100)) for dtype in ("float64", "float32")
    ]  # fmt: skip
    specs.append(("fractal tanh minibatches 64 x 64, 100 steps", fractal_spec(size=64, steps=100, batch=16)))
    for name, spec in specs:
        if time.perf_counter() > limits["hashes"]:
            results.say("hashes", f"{name}: not reached")
            continue
        seconds, found = {}, {}
        try:
            for device in ("cuda", "cpu"):
                begin = time.perf_counter()
                found[device] = compute_map(spec, device=device)
                seconds[device] = time.perf_counter() - begin
        except DeviceError as error:
            results.say("hashes", f"{name}: REFUSED: {error}")
            continue
        same = found["cuda"].sha256 == found["cpu"].sha256
        words = sum(int((found["cuda"][m] != found["cpu"][m]).sum()) for m in spec.names)
        results.say(
            "hashes",
            f"{name}: {'SAME' if same else f'DIFFERENT in {words} values'} {found['cuda'].sha256[:16]} "
            f"{found['cpu'].sha256[:16]}; device {seconds['cuda']:.2f} s, processor {seconds['cpu']:.2f} s",
            same=same, sha256={k: m.sha256 for k, m in found.items()}, seconds=seconds,
        )  # fmt: skip


Case = tuple[int, str, str, str, str]


def small_case(case: Case) -> tuple[Case, int, int, str]:
    """(case, words that differ, words, why not) of a small map; every third has a team, others minibatches or a penalty."""
    number, optimizer, activation, loss, dtype = case
    data = generate("gaussians", samples=7)
    if LOSSES[loss].targets == "values":
        data = Dataset(data.X, data.X @ np.array([[0.3, -0.5, 0.1], [0.2, 0.4, -0.3]]))
    network = Network.of("2-3-3", activation=activation, loss=loss, reduction="mean", l2=0.01 * (number % 5 == 0))
    problem = NetworkObjective(network, data)
    plan = (
        DevicePlan(together=4, team=(4, 8, 32)[number % 9 // 3], accumulators=64, block=64) if number % 3 == 0 else None
    )
    options = {
        "steps": 12, "starts": draw_starts(problem, 1, seed=4)[0], "dtype": dtype,
        "settings": {"learning_rate": np.geomspace(1e-3, 30.0, 64)}, "schedule_": list(SCHEDULES)[number % len(SCHEDULES)],
        "rows": np.random.default_rng(number).integers(0, 21, (12, 6)) if number % 4 == 1 else None,
        "measures": ("final_loss", "best_loss", "diverged_at", "outcome", "convergence", "mean_last", "history", "parameters"),
    }  # fmt: skip
    try:
        got = train(problem, optimizer, device="cuda", device_plan=plan, **options)
    except DeviceError as error:
        return case, -1, 0, str(error)
    expected = train(problem, optimizer, threads=1, **options)
    words = [np.ascontiguousarray(a).view(np.uint32) for a in expected.values()]
    mine = [np.ascontiguousarray(a).view(np.uint32) for a in got.values()]
    differ = sum(int((a != b).sum()) for a, b in zip(words, mine, strict=True))
    return case, differ, sum(a.size for a in words), ""


def sweep(results: Results, limits: dict) -> None:
    cases = list(itertools.product(OPTIMIZERS, ACTIVATIONS, LOSSES, ("float32", "float64")))
    np.random.default_rng(0).shuffle(cases)
    cases = [(number, *(str(word) for word in case)) for number, case in enumerate(cases)]
    done = words = bad = refused = shown = 0
    pool = ProcessPoolExecutor(min(14, os.cpu_count() or 1), mp_context=get_context("spawn"))
    waiting = [pool.submit(small_case, case) for case in cases]
    try:
        for future in as_completed(waiting, timeout=max(1.0, limits["sweep"] - time.perf_counter())):
            case, differ, count, why = future.result()
            done, words = done + 1, words + count
            if differ:
                bad, refused = bad + max(0, differ), refused + (differ < 0)
                if (shown := shown + 1) <= 20:
                    results.say("sweep", f"{' '.join(str(c) for c in case)}: {differ} of {count} words differ {why}")
    except TimeoutError:
        pass
    for process in pool._processes.values():  # our own; what has not begun is not wanted any more
        process.terminate()
    pool.shutdown(wait=True, cancel_futures=True)
    results.say(
        "sweep", f"{done} of {len(cases)} cases, {words:,} words, {bad} differ, {refused} cases refused",
        done=done, cases=len(cases), words=words, differ=bad, refused=refused,
    )  # fmt: skip


def timed(workload, plan: DevicePlan, cells: int, steps: int, repeat: int = 3) -> float:
    """Least seconds of a workload on the device, its transfers included."""
    settings = {k: np.resize(v, cells) for k, v in workload.settings.items()}
    options = {
        "steps": steps, "starts": workload.start, "settings": settings, "dtype": workload.dtype, "device": "cuda",
        "device_plan": plan, "measures": ("convergence",),
    }  # fmt: skip
    train(workload.objective, workload.optimizer, **options)  # compiles, proves, finds the length of a launch
    seconds = []
    for _ in range(repeat):
        begin = time.perf_counter()
        train(workload.objective, workload.optimizer, **options)
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def variants(results: Results, limits: dict) -> None:
    begin = time.perf_counter()
    span = limits["variants"] - begin
    for turn, (name, cells, steps, dtype) in enumerate((
        ("fractal", 1 << 16, 20, "float64"), ("seed", 1 << 20, 30, "float32"),
        ("seed", 1 << 19, 30, "float64"), ("fractal", 1 << 16, 20, "float32"),
    )):  # fmt: skip
        end = begin + span * (0.45, 0.65, 0.8, 1.0)[turn]
        workload = WORKLOADS[name]()
        object.__setattr__(workload, "dtype", dtype)
        best = None
        for plan in VARIANTS[name]:
            if time.perf_counter() > end:
                break
            try:
                seconds = timed(workload, plan, cells, steps)
            except DeviceError as error:
                results.say("variants", f"{name} {dtype} {plan}: {error}")
                continue
            function = list(cuda()._functions.values())[-1]
            rate = cells * steps / seconds
            results.say(
                "variants",
                f"{name} {dtype} {plan}: {seconds:.4f} s, {rate:,.0f} network-steps/s; {function.registers} registers, "
                f"{function.local_bytes} bytes local, {function.shared_bytes} shared by {plan.block}, "
                f"{function.at_once} threads at once",
                seconds=seconds, rate=rate, plan=str(plan), workload=f"{name} {dtype}",
            )  # fmt: skip
            if best is None or seconds < best[0]:
                best = (seconds, plan)
        if best is not None:
            BEST[name, dtype] = best[1]
            results.say("variants", f"{name} {dtype}: the fastest is {best[1]}")


BEST: dict[tuple[str, str], DevicePlan] = {}


def speed(results: Results, limits: dict) -> None:
    for dtype in ("float32", "float64"):
        workload = WORKLOADS["seed"]()
        rates = {}
        settings = {k: np.resize(v, 1 << 16) for k, v in workload.settings.items()}
        for threads in (2, os.cpu_count() or 1):
            options = {
                "steps": 30, "starts": workload.start, "settings": settings, "dtype": dtype, "threads": threads,
                "measures": ("convergence",),
            }  # fmt: skip
            train(workload.objective, workload.optimizer, **options)
            begin = time.perf_counter()
            train(workload.objective, workload.optimizer, **options)
            rates[threads] = (1 << 16) * 30 / (time.perf_counter() - begin)
        object.__setattr__(workload, "dtype", dtype)
        cells = 1 << 22
        seconds = timed(workload, BEST.get(("seed", dtype)), cells, 30)
        rate = cells * 30 / seconds
        results.say(
            "speed",
            f"seed {dtype}, {cells:,} runs: device {seconds:.3f} s, {rate:,.0f} network-steps/s; "
            + "; ".join(f"{t} threads {r:,.0f}, device {rate / r:.1f} times" for t, r in rates.items()),
            rate=rate, threads=rates,
        )  # fmt: skip


def frame(results: Results, limits: dict) -> None:
    spec = fractal_spec(size=4096, steps=500)
    plan = BEST.get(("fractal", "float64"))
    done, spent, checked, differ = 0, 0.0, 0, 0
    for tile in layout(spec, 1 << 17, "cuda"):
        if time.perf_counter() > limits["frame"]:
            break
        i, j = tile.indices()
        begin = time.perf_counter()
        got = cells_of(spec, i, j, device="cuda", device_plan=plan)
        seconds = time.perf_counter() - begin
        done, spent = done + len(i), spent + seconds
        some = np.linspace(0, len(i) - 1, 64).astype(int)
        expected = cells_of(spec, i[some], j[some])
        checked += len(some)
        differ += int((got[some].view(np.uint64) != expected.view(np.uint64)).sum())
        whole = spec.cells * seconds / len(i) / 60
        results.say(
            "frame",
            f"{tile}: {len(i):,} cells in {seconds:.2f} s, {len(i) / seconds:,.0f} cells/s; at this rate the frame takes "
            f"{whole:.1f} minutes; {checked} cells compared with the processor, {differ} differ",
            cells=len(i), seconds=seconds, minutes=whole, checked=checked, differ=differ,
        )  # fmt: skip
    if done:
        results.say(
            "frame", f"{done:,} of {spec.cells:,} cells in {spent:.1f} s: {spec.cells * spent / done / 60:.1f} minutes a frame",
            done=done, seconds=spent,
        )  # fmt: skip


def cells_of(spec, i, j, **options):
    """The convergence measure of cells of the fractal network."""
    settings, _, starts = inputs(spec, i, j)
    return train(
        spec.objective, spec.optimizer, steps=spec.steps, starts=starts, settings=settings, measures=("convergence",),
        dtype=spec.dtype, **options,
    )["convergence"]  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=240, help="what all of it may take")
    parser.add_argument("--out", type=Path, default=Path("device-results"), help="folder for device.json")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, joined by commas")
    options = parser.parse_args()
    results = Results(options.out, options.seconds)
    wanted = [p for p in PARTS if p in options.only.split(",")]
    shares = sum(SHARE.get(p, 0) for p in wanted)
    limits, at = {}, results.begin
    for part in wanted:
        at += SHARE.get(part, 0) / (shares or 1) * options.seconds
        limits[part] = at
    failed = 0
    for part in wanted:
        try:
            globals()[part](results, limits)
        except Exception as error:  # the other parts may still say something
            failed = 1
            results.say(part, f"FAILED: {type(error).__name__}: {error}")
            import traceback

            traceback.print_exc()
    results.say("done", f"{results.left:.0f} s left")
    return failed


if __name__ == "__main__":
    sys.exit(main())
