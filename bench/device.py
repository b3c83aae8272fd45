"""Hashes and speed on a CUDA device, beside this machine's processor in the same run.

    PYTHONPATH=src python bench/device.py [--seconds 240] [--out FOLDER] [--only info,hashes,sweep,frame,speed,sizes,variants]

- info: the device, its driver, the libraries
- hashes: SHA-256 of whole maps, device and processor: the seed study and the fractal network, float32 and float64
- sweep: optimizers x activations x losses x precisions on small maps; the words that differ are counted
- frame: the fractal network, 4,096 x 4,096 cells, 500 steps, float64, into a map file that a later call goes on with; its
  hash, some hundred cells beside the processor's, and a picture
- speed: the seed study's workload, device beside 2 and all threads of the processor
- sizes: networks from 26 to 4,675 parameters, by the plan that is chosen and by others
- variants: the seed study's and the fractal network by many plans

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
import traceback
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import device_speed
import numpy as np

from fallline.data import Dataset, generate
from fallline.devices.cuda import cuda
from fallline.errors import DeviceError
from fallline.experiment.map_spec import map_spec
from fallline.experiment.starts import draw_starts, notebook_start
from fallline.maps.fractal import fractal_spec
from fallline.maps.map import compute_map
from fallline.problems import NetworkObjective
from fallline.readings.ptx.plan import DevicePlan
from fallline.runs.lanes import train
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.losses import LOSSES
from fallline.textbook.network import Network
from fallline.textbook.optimizers import OPTIMIZERS
from fallline.textbook.schedules import SCHEDULES

SHARE = {
    "info": 0.0, "hashes": 0.05, "sweep": 0.055, "frame": 0.765, "speed": 0.04, "sizes": 0.09, "variants": 0.35,
}  # fmt: skip
"""Of the seconds, what each part may take, all parts chosen together being 1; what one leaves the next ones may have."""


class Results:
    """Prints results, and keeps them in a file."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.begin, self.kept = folder, time.perf_counter(), []

    def say(self, part: str, text: str, **facts: object) -> None:
        at = time.perf_counter() - self.begin
        print(f"[{at:6.1f} s] {part}: {text}", flush=True)
        self.kept.append({"part": part, "at": round(at, 2), "text": text, **facts})
        (self.folder / "device.json").write_text(json.dumps(self.kept, indent=1, default=str) + "\n")


def info(results: Results, _: float) -> None:
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


def hashes(results: Results, until: float) -> None:
    specs = [("fractal tanh minibatches 64 x 64, 100 steps", fractal_spec(size=64, steps=100, batch=16))]
    for size, dtype in itertools.product((64, 256, 1024), ("float32", "float64")):
        if size != 256:
            specs.append((f"seed {size} x {size} {dtype}", seed_spec(size, dtype)))
        if size != 1024:
            name = f"fractal tanh {size} x {size}, 100 steps {dtype}"
            specs.append((name, fractal_spec(size=size, steps=100, dtype=dtype)))
    for name, spec in specs:
        if time.perf_counter() > until:
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


def sweep(results: Results, until: float) -> None:
    cases = list(itertools.product(OPTIMIZERS, ACTIVATIONS, LOSSES, ("float32", "float64")))
    np.random.default_rng(0).shuffle(cases)
    cases = [(number, *(str(word) for word in case)) for number, case in enumerate(cases)]
    done = words = bad = refused = shown = 0
    pool = ProcessPoolExecutor(min(14, os.cpu_count() or 1), mp_context=get_context("spawn"))
    waiting = [pool.submit(small_case, case) for case in cases]
    try:
        for future in as_completed(waiting, timeout=max(1.0, until - time.perf_counter())):
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


def main() -> int:
    parts = {
        "info": info, "hashes": hashes, "sweep": sweep, "frame": device_speed.frame, "speed": device_speed.speed,
        "sizes": device_speed.sizes, "variants": device_speed.variants,
    }  # fmt: skip
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=240, help="what all of it may take")
    parser.add_argument(
        "--out", type=Path, default=Path("device-results"), help="folder for device.json and the picture"
    )
    parser.add_argument("--only", default=",".join(parts), help="parts, joined by commas")
    options = parser.parse_args()
    wanted = [p for p in parts if p in options.only.split(",")]
    results = Results(options.out)
    until, shares, failed = results.begin, sum(SHARE[p] for p in wanted), 0
    for part in wanted:
        until += SHARE[part] / (shares or 1) * options.seconds
        try:
            parts[part](results, until)
        except Exception as error:  # the other parts may still say something
            failed = 1
            results.say(part, f"FAILED: {type(error).__name__}: {error}")
            traceback.print_exc()
    results.say("done", f"{results.begin + options.seconds - time.perf_counter():.0f} s left")
    return failed


if __name__ == "__main__":
    sys.exit(main())
