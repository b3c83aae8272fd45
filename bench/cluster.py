"""What a Dask cluster costs: two workers beside two threads, a task's overhead, the scheduler's memory, merging many tiles.

    python bench/cluster.py            # about two minutes
    python bench/cluster.py --long     # 100,000 tasks, and a longer map

Times are given by the clock and by the processor, of all processes together: on a machine that does something else too, only
those by the processor say something.

Wanted: two workers reach 85 % of two threads; a task costs less than 5 ms beside its work at tiles of 64 x 64 cells of the
seed study; the scheduler's memory stays flat; 100,000 tiles merge in less than 60 s.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import psutil
from distributed import Client, LocalCluster

from fallline.experiment.build import objective_of
from fallline.experiment.map_spec import map_spec
from fallline.experiment.studies import study
from fallline.maps import pools
from fallline.maps.cells import compute
from fallline.maps.map import compute_map
from fallline.maps.merging import merge_maps
from fallline.maps.tiles import layout
from fallline.maps.writer import MapWriter

LAYERS = {"x": "learning_rate=1e-4..2e-2:log", "y": "momentum=0..0.99", "optimizer_": "momentum", "steps": 30}


def seed_spec(side, steps=30):
    """The seed study's map, of that many cells a side."""
    return map_spec(objective_of(study("three-gaussians"), ""), **LAYERS | {"steps": steps}, size=side)


def processor_time():
    """Seconds of the processor that this process and those that it has started have taken."""
    me = psutil.Process()
    times = [process.cpu_times() for process in [me, *me.children(recursive=True)]]
    return sum(t.user + t.system for t in times)


def throughput(client, side, steps, times):
    """Two workers beside two threads, in turn; without the start of the processes, with the kernel's compilation."""
    spec = seed_spec(side, steps)
    compute_map(seed_spec(64, steps), client=client)
    seconds, processor = {"threads": [], "workers": []}, {"threads": [], "workers": []}
    for _ in range(times):
        for name, options in (("threads", {"threads": 2}), ("workers", {"client": client})):
            begin, before = time.perf_counter(), processor_time()
            sha256 = compute_map(spec, **options).sha256
            seconds[name].append(time.perf_counter() - begin)
            processor[name].append(processor_time() - before)
    threads, workers = (statistics.median(seconds[name]) for name in ("threads", "workers"))
    mine, theirs = (statistics.median(processor[name]) for name in ("threads", "workers"))
    say(f"{side} x {side} cells, {steps} steps: two threads {threads:.2f} s, two workers {workers:.2f} s: "
          f"{100 * threads / workers:.0f} % (wanted: 85); by the processor {mine:.2f} s and {theirs:.2f} s: {100 * mine / theirs:.0f} %, "
          f"{sha256[:12]}")  # fmt: skip


def overhead(client, side):
    """A task's cost beside its work: time of the two workers less the seconds that the tiles took, for each task."""
    pools.LARGEST = 1
    worked = []
    finished = pools.objection

    def counting(answer, job):
        worked.append(answer.seconds)
        return finished(answer, job)

    pools.objection = counting
    spec = seed_spec(side)
    begin, before = time.perf_counter(), processor_time()
    compute_map(spec, client=client, tile_cells=64 * 64)
    seconds, processor = time.perf_counter() - begin, processor_time() - before
    before = time.process_time()
    for tile in layout(spec, 64 * 64):
        compute(spec, tile)
    work = time.process_time() - before
    pools.objection, pools.LARGEST = finished, 64
    each = 1000 * (2 * seconds - sum(worked)) / len(worked)
    say(
        f"{len(worked)} tasks of 64 x 64 cells: {1000 * statistics.mean(worked):.1f} ms of work and {each:.2f} ms beside it (wanted: 5); "
        f"by the processor {1000 * work / len(worked):.1f} ms and {1000 * (processor - work) / len(worked):.2f} ms"
    )


def scheduler_memory(client, tasks):
    """The scheduler's memory while a map of that many tasks is computed: cells of no work, one task each."""
    pools.LARGEST = 1
    side = round((64 * tasks) ** 0.5)
    spec = map_spec("quadratic", x="start.x=-1..1", y="start.y=-1..1", size=side, steps=1)
    seen = []

    def rss(dask_scheduler=None):
        return psutil.Process().memory_info().rss / 2**20

    every = spec.cells // 5
    last = 0

    def look(done, total):
        nonlocal last
        if done - last >= every or done == total:
            last = done
            seen.append(client.run_on_scheduler(rss))

    begin = time.perf_counter()
    compute_map(spec, client=client, tile_cells=64, progress=look)
    pools.LARGEST = 64
    say(f"{tasks:,} tasks in {time.perf_counter() - begin:.0f} s; memory of scheduler and collector: "
          f"{', '.join(f'{n:.0f}' for n in seen)} MB")  # fmt: skip


def merging(tiles):
    """Merge a map of that many tiles, in 16 parts."""
    count = 16
    side = round((64 * tiles) ** 0.5)
    spec = map_spec("quadratic", x="start.x=-1..1", y="start.y=-1..1", size=side, steps=0)
    folder = Path(tempfile.mkdtemp())
    paths = []
    whole = list(layout(spec, 64))
    for k in range(count):
        paths.append(folder / f"part-{k + 1}.fallmap")
        with MapWriter.create(paths[-1], spec) as file:
            file.add_all(spec, ((tile, compute(spec, tile)) for tile in whole[k::count]))
    begin, before = time.perf_counter(), time.process_time()
    merged = merge_maps(paths, folder / "whole.fallmap")
    assert merged.map.complete
    say(
        f"{len(whole):,} tiles of {count} files merged in {time.perf_counter() - begin:.1f} s (wanted for 100,000: 60), "
        f"{time.process_time() - before:.1f} s by the processor"
    )


def say(text):
    print(text, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true")
    long = parser.parse_args().long
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", memory_limit=0) as cluster,
        Client(cluster) as client,
    ):
        throughput(client, 1024 if long else 256, 90, 3)
        overhead(client, 2048 if long else 768)
        scheduler_memory(client, 100_000 if long else 5_000)
    merging(100_000 if long else 20_000)


if __name__ == "__main__":
    main()
