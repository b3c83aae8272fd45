"""One map of 1,024 x 1,024 cells in every way that there is to compute it: one SHA-256.

    python tests/long/one_hash.py                 # two minutes of an idle machine with two cores
    python tests/long/one_hash.py --size 256      # a short form

Threads; worker processes; 64 parts that are killed and started again at random, then merged; executors of threads and of processes;
Dask with one and four local workers, with a worker killed every few seconds, with the scheduler killed, and with the collector
killed. It prints the time of each way, and ends with an error at the first other hash.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

from fallline.experiment.map_spec import map_spec
from fallline.maps import cluster, pools
from fallline.maps.map import compute_map
from fallline.maps.merging import merge_maps
from fallline.maps.parts import Part

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from dask_processes import Cluster

PARTS = 64


def spec_of(size: int, steps: int):
    plane = {"x": "learning_rate=1e-4..1e-2:log", "y": "momentum=0..0.99", "optimizer_": "momentum"}
    return map_spec("rosenbrock", size=size, steps=steps, measures=["final_loss", "outcome"], **plane)


def compute_part(size: int, steps: int, number: int, path: Path) -> None:
    compute_map(spec_of(size, steps), out=path, part=Part(number, PARTS), threads=1)


def collect(size: int, steps: int, address: str, path: Path) -> None:
    pools.SECONDS = 0.05
    compute_map(spec_of(size, steps), out=path, client=address)


class Ways:
    """The ways to compute one map; each method gives its hash."""

    def __init__(self, size: int, steps: int, folder: Path, chance: random.Random) -> None:
        self.size, self.steps, self.folder, self.chance = size, steps, folder, chance
        self.spec = spec_of(size, steps)
        self.processes = multiprocessing.get_context("forkserver")
        self.processes.set_forkserver_preload(["fallline.maps.map", "fallline.maps.cluster", "distributed"])
        self.kills = self.done = 0

    def one_thread(self) -> str:
        return compute_map(self.spec, threads=1).sha256

    def four_threads(self) -> str:
        return compute_map(self.spec, threads=4).sha256

    def two_worker_processes(self) -> str:
        return compute_map(self.spec, workers=2).sha256

    def killed_parts(self) -> str:
        """Every third part is killed once at a random moment of its work, and started again."""
        paths = [self.folder / f"part-{k}.fallmap" for k in range(1, PARTS + 1)]
        for number, path in enumerate(paths, start=1):
            killed = self.chance.random() < 1 / 3
            if killed:
                self._process(compute_part, number, path, until=lambda path=path: path.exists())
            self._process(compute_part, number, path)
        return merge_maps(paths, self.folder / "whole.fallmap").map.sha256

    def executor_of_threads(self) -> str:
        with ThreadPoolExecutor(2) as pool:
            return compute_map(self.spec, executor=pool).sha256

    def executor_of_processes(self) -> str:
        with ProcessPoolExecutor(2, mp_context=self.processes) as pool:
            return compute_map(self.spec, executor=pool).sha256

    def dask_local_1(self) -> str:
        return compute_map(self.spec, client="local:1").sha256

    def dask_local_4(self) -> str:
        return compute_map(self.spec, client="local:4").sha256

    def dask_workers_killed(self) -> str:
        def trouble(dask: Cluster, over: threading.Event) -> None:
            while not over.wait(self.chance.uniform(0.5, 2)):
                done = self.done  # a worker that is always killed while it starts computes nothing
                while self.done <= done and not over.wait(0.01):
                    pass
                dask.add()
                dask.kill(dask.workers[0])
                self.kills += 1

        return self._troubled(trouble)

    def dask_scheduler_killed(self) -> str:
        def trouble(dask: Cluster, over: threading.Event) -> None:
            if not over.wait(self.chance.uniform(0.2, 1)):
                dask.restart()
                self.kills += 1

        return self._troubled(trouble)

    def dask_collector_killed(self) -> str:
        path = self.folder / "collected.fallmap"
        dask = self._cluster()
        try:
            for _ in range(3):
                size = path.stat().st_size if path.exists() else 0
                self._process(
                    collect, dask.address, path, until=lambda s=size: path.exists() and path.stat().st_size > s
                )
            self._process(collect, dask.address, path)
        finally:
            dask.close()
        return compute_map(self.spec, out=path).sha256

    def _process(self, work: Callable[..., None], *arguments: object, until: Callable[[], bool] | None = None) -> None:
        """Run work in a process of its own; with `until`, kill it a little after that holds."""
        process = self.processes.Process(target=work, args=(self.size, self.steps, *arguments))
        process.start()
        if until is not None:
            while process.is_alive() and not until():
                time.sleep(0.005)
            process.join(self.chance.uniform(0, 0.1))
            if process.is_alive():
                process.kill()
                self.kills += 1
        process.join()
        if until is None and process.exitcode:
            raise SystemExit(f"{work.__name__}{arguments} ended with {process.exitcode}")

    def _grown(self, done: int, total: int) -> None:
        self.done = done

    def _cluster(self) -> Cluster:
        dask = Cluster(Path(tempfile.mkdtemp(dir=self.folder)), 2)
        dask.wait_for(2)
        return dask

    def _troubled(self, trouble: Callable[[Cluster, threading.Event], None]) -> str:
        dask, over = self._cluster(), threading.Event()
        thread = threading.Thread(target=trouble, args=(dask, over))
        thread.start()
        try:
            return compute_map(self.spec, client=dask.address, progress=self._grown).sha256
        finally:
            over.set()
            thread.join()
            dask.close()


WAYS = (
    Ways.one_thread, Ways.four_threads, Ways.two_worker_processes, Ways.killed_parts, Ways.executor_of_threads,
    Ways.executor_of_processes, Ways.dask_local_1, Ways.dask_local_4, Ways.dask_workers_killed, Ways.dask_scheduler_killed,
    Ways.dask_collector_killed,
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("ignore", RuntimeWarning)
    cluster.LATE, pools.SECONDS = 5.0, 0.2
    expected = ""
    with tempfile.TemporaryDirectory() as folder:
        ways = Ways(options.size, options.steps, Path(folder), random.Random(options.seed))
        for way in WAYS:
            before, begun = ways.kills, time.perf_counter()
            sha256 = way(ways)
            expected = expected or sha256
            killed = f", {ways.kills - before} processes killed" if ways.kills > before else ""
            print(f"{way.__name__}: {time.perf_counter() - begun:.1f} s{killed}, {sha256[:16]}", flush=True)
            if sha256 != expected:
                raise SystemExit(f"{way.__name__}: another hash, {sha256}; wanted {expected}")
    print(f"{len(WAYS)} ways, one hash: {expected}")


if __name__ == "__main__":
    main()
