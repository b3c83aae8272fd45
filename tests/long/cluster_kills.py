"""Kill, pause and part the processes of a Dask cluster, many times: every map completes with the hash of a calm one.

    python tests/long/cluster_kills.py --runs 200
    python tests/long/cluster_kills.py --runs 200 --journal kills.jsonl --most 20    # twenty of them; again for the next twenty

Each run computes one map on real processes and does one of these things to them, by turns: a worker is killed and another one
added, now and again; the scheduler is killed and started again; the collector is killed and started again; a worker is paused.
What happens in a run depends on the seed and the run's number. A journal keeps the runs that are done, so that they count later.
At the end, where the system permits network namespaces, a worker is cut off from the scheduler by its network.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

from fallline.errors import FalllineError
from fallline.experiment.map_spec import map_spec
from fallline.maps import cluster, pools
from fallline.maps.file import MapFile
from fallline.maps.loading import load_map
from fallline.maps.map import compute_map

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from dask_processes import Cluster, go_on, pause

AXES = {"x": "learning_rate=1e-4..1e-2:log", "y": "momentum=0..0.99"}
SPEC = map_spec("rosenbrock", **AXES, size=192, optimizer_="momentum", steps=4000)
COMMAND = [sys.executable, "-m", "fallline", "map", "rosenbrock", "--x", AXES["x"], "--y", AXES["y"], "--size", "192x192",
           "--steps", "4000", "--optimizer", "momentum", "--json"]  # fmt: skip
TILE = 64


class Troubles:
    """What happens to a cluster while a map is computed."""

    def __init__(self, dask: Cluster, length: float) -> None:
        self.dask, self.length, self.chance, self.done, self.cut = dask, length, random.Random(0), 0, False

    def moment(self, over: threading.Event) -> None:
        """Wait a little, and until the map has grown: a worker that is always killed while it starts computes nothing."""
        before = self.done
        time.sleep(self.length * self.chance.uniform(0.02, 0.3))
        while self.done <= before and not over.wait(0.01):
            pass

    def worker(self, over: threading.Event) -> None:
        while not over.is_set():
            self.moment(over)
            self.dask.add()
            self.dask.kill(self.chance.choice(self.dask.workers[:-1]))

    def scheduler(self, over: threading.Event) -> None:
        self.moment(over)
        self.dask.restart()

    def pause(self, over: threading.Event) -> None:
        self.moment(over)
        worker = self.chance.choice(self.dask.workers)
        pause(worker)
        over.wait()
        go_on(worker)

    def partition(self, over: threading.Event) -> None:
        self.moment(over)
        subprocess.run(["ip", "link", "set", "fl1", "down"], check=True)
        self.cut = not over.is_set()


def troubled(dask: Cluster, trouble) -> str:
    """The hash of a map that is computed meanwhile."""
    over, troubles = threading.Event(), getattr(trouble, "__self__", None)

    def grown(done: int, total: int) -> None:
        if troubles is not None:
            troubles.done = done

    thread = threading.Thread(target=trouble, args=(over,))
    thread.start()
    try:
        return compute_map(SPEC, client=dask.address, tile_cells=TILE, progress=grown).sha256
    finally:
        over.set()
        thread.join()


def killed_collector(dask: Cluster, chance: random.Random, folder: Path, length: float) -> str:
    """The hash of a map whose collector is killed again and again, each time after it has kept a tile."""
    path = folder / f"{chance.random()}.fallmap"
    words = [*COMMAND, "--cluster", dask.address, "--out", str(path)]
    while True:
        before = tiles_in(path)
        collector = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        while collector.poll() is None and tiles_in(path) == before:
            time.sleep(0.05)
        try:
            told, _ = collector.communicate(timeout=length * chance.uniform(0, 0.5))
        except subprocess.TimeoutExpired:
            dask.kill(collector)
            continue
        assert collector.returncode == 0
        assert load_map(path).sha256 == json.loads(told)["sha256"]
        return json.loads(told)["sha256"]


def tiles_in(path: Path) -> int:
    """How many tiles a map file holds; 0 before it exists."""
    try:
        with MapFile.open(path) as file:
            return len(file.keys())
    except FalllineError:
        return 0


def partition(calm: str, folder: Path) -> str:
    """Cut the network between the scheduler and one of two workers, which are in namespaces of their own."""

    def ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True)

    names = ["fallline-a", "fallline-b"]
    try:
        for k, name in enumerate(names):
            ip("netns", "add", name)
            ip("link", "add", f"fl{k}", "type", "veth", "peer", "name", "inner", "netns", name)
            ip("addr", "add", f"10.213.{k}.1/24", "dev", f"fl{k}")
            ip("link", "set", f"fl{k}", "up")
            for words in (("addr", "add", f"10.213.{k}.2/24", "dev", "inner"), ("link", "set", "inner", "up"),
                          ("link", "set", "lo", "up"), ("route", "add", "default", "via", f"10.213.{k}.1")):  # fmt: skip
                ip("-n", name, *words)
        dask = Cluster(folder, host="0.0.0.0")  # both namespaces reach it
        try:
            for k, name in enumerate(names):
                address = f"tcp://10.213.{k}.1:{dask.port}"
                dask.add(inside=("ip", "netns", "exec", name), host=f"10.213.{k}.2", scheduler=address)
            dask.address = f"tcp://127.0.0.1:{dask.port}"
            dask.wait_for(2)
            troubles = Troubles(dask, 1.0)
            assert troubled(dask, troubles.partition) == calm
            assert troubles.cut, "the map was complete before the network was cut"
        finally:
            dask.close()
        return "a worker was cut off from its scheduler, and the map completed"
    except (OSError, subprocess.CalledProcessError) as error:
        return f"no network was cut: this system permits no network namespaces ({getattr(error, 'stderr', error)!r})"
    finally:
        for k, name in enumerate(names):
            subprocess.run(["ip", "link", "del", f"fl{k}"], capture_output=True)
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


def journal_of(path: Path | None, calm: str) -> dict[int, dict]:
    """The runs that a journal holds, by number."""
    lines = path.read_text().splitlines() if path is not None and path.exists() else []
    entries = {entry["run"]: entry for entry in map(json.loads, lines)}
    assert all(entry["sha256"] == calm for entry in entries.values()), "the journal has another hash"
    return entries


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--most", type=int, help="how many of them to do now; by default, all")
    parser.add_argument("--journal", type=Path, help="file of the runs that are done; they are not done again")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--late", type=float, default=5.0, help="seconds after which a silent worker's tasks are repeated"
    )
    options = parser.parse_args()
    warnings.simplefilter("ignore", RuntimeWarning)
    cluster.LATE, pools.SECONDS = options.late, 0.2
    folder = Path(tempfile.mkdtemp())
    calm = compute_map(SPEC).sha256
    done = journal_of(options.journal, calm)
    missing = [run for run in range(options.runs) if run not in done][: options.most]
    dask = Cluster(folder, 2)
    try:
        dask.wait_for(2)
        assert troubled(dask, lambda over: None) == calm  # the workers load and compile
        begun = time.perf_counter()
        assert troubled(dask, lambda over: None) == calm
        length = time.perf_counter() - begun
        for run in missing:
            done[run] = one_run(run, dask, options.seed, folder, length, calm)
            print(f"run {run + 1}: {done[run]['kind']}, {done[run]['seconds']:.1f} s", flush=True)
            if options.journal is not None:
                with options.journal.open("a") as journal:
                    print(json.dumps(done[run]), file=journal)
    finally:
        dask.close()
    print(
        f"{len(done)} of {options.runs} runs are done, all with the hash {calm[:12]} (a calm one takes {length:.1f} s):"
    )
    for kind in sorted({entry["kind"] for entry in done.values()}):
        seconds = [entry["seconds"] for entry in done.values() if entry["kind"] == kind]
        print(f"{kind}: {len(seconds)} runs, {sum(seconds) / len(seconds):.1f} s each")
    if len(done) == options.runs:
        print(partition(calm, folder))


def one_run(run: int, dask: Cluster, seed: int, folder: Path, length: float, calm: str) -> dict:
    """One map with its trouble: the run's number, kind, seconds and hash."""
    troubles = Troubles(dask, length)
    troubles.chance = random.Random(f"{seed} {run}")
    trouble = ([troubles.worker] * 5 + [troubles.scheduler, troubles.pause, None])[run % 8]
    while len(dask.workers) > 2:
        dask.kill(dask.workers[0])
    dask.wait_for(2, exactly=True)
    begun = time.perf_counter()
    if trouble is None:
        kind, sha256 = "collector killed", killed_collector(dask, troubles.chance, folder, length)
    else:
        kind, sha256 = f"{trouble.__name__} troubled", troubled(dask, trouble)
    assert sha256 == calm, f"run {run + 1}, {kind}: another hash"
    return {"run": run, "kind": kind, "seconds": round(time.perf_counter() - begun, 2), "sha256": sha256}


if __name__ == "__main__":
    main()
