"""Kill -9 at random moments, many times: no tile is lost, doubled or torn, and the finished hash is that of a calm run.

    python tests/long/kills.py --kills 10000

Children are forked from this process once everything is loaded and every tile is computed, so that they do nothing but
create, write and finish the file, and a kill takes milliseconds. After each kill the file is opened, all its checksums are
verified, and what was there before must still be there.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import tempfile
import time
from pathlib import Path

from fallline.errors import UsageError
from fallline.experiment.map_spec import map_spec
from fallline.maps import workers
from fallline.maps.cells import compute
from fallline.maps.file import MapFile
from fallline.maps.growing import growing
from fallline.maps.loading import load_map
from fallline.maps.map import Map, compute_map
from fallline.maps.tiles import layout
from fallline.runs.execution import Execution

SPEC = map_spec(
    "rosenbrock", x="learning_rate=1e-4..1e-2:log", y="momentum=0..0.99", size=64, optimizer_="momentum", steps=20,
    measures=["final_loss", "outcome"],
)  # fmt: skip
TILE = 64


COMPUTED = {}


def work(path: Path) -> None:
    workers.compute = lambda spec, tile, *_: COMPUTED[tile]
    for _ in growing(Map(SPEC, path), threads=1, tile_cells=TILE):
        pass


def held(path: Path) -> set:
    """The tiles of the file, every checksum verified."""
    if not path.exists() or not path.stat().st_size:
        return set()
    try:
        file = MapFile.open(path)
    except UsageError as error:
        assert "holds no map yet" in str(error)  # noqa: PT017  # not under pytest
        return set()
    with file:
        assert file.description() == SPEC.describe()[0]
        keys = [tile for tile, _ in file.tiles(SPEC)]
    assert len(keys) == len(set(keys)), "a tile was kept twice"
    return set(keys)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10_000)
    parser.add_argument("--directory", type=Path, default=None)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    # A kill never loses what the system has taken over, so it tests logic, not disks: memory serves, and is quicker.
    memory = Path("/dev/shm")
    directory = options.directory or Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
    chance = random.Random(options.seed)
    calm = compute_map(SPEC, threads=1).sha256
    COMPUTED.update((tile, compute(SPEC, tile, Execution(1))) for tile in layout(SPEC, TILE))
    started = time.perf_counter()
    work(directory / "calm.fallmap")
    length = time.perf_counter() - started  # how long an undisturbed run takes
    (directory / "calm.fallmap").unlink()
    path, before, kills, finished = directory / "killed.fallmap", set(), 0, 0
    tiles = len(list(layout(SPEC, TILE)))
    while kills < options.kills:
        child = os.fork()
        if not child:
            try:
                work(path)
            finally:
                os._exit(0)
        # Short lives mostly: the file is created, opened and written in them, and a map takes several to finish.
        time.sleep(chance.choice([0.05, 0.4, 1.2]) * length * chance.random())
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        kills += os.WIFSIGNALED(status)
        now = held(path)
        assert before <= now, "a tile was lost"
        before = now
        if len(now) == tiles:
            assert load_map(path).sha256 == calm, "another hash"
            path.unlink()
            before, finished = set(), finished + 1
    assert compute_map(SPEC, out=path, threads=1, tile_cells=TILE).sha256 == calm, "another hash"
    seconds = time.perf_counter() - started
    shutil.rmtree(directory, ignore_errors=True)
    print(f"{kills} kills in {seconds:.0f} s, {finished + 1} maps finished, every one with the hash {calm[:12]}")


if __name__ == "__main__":
    main()
