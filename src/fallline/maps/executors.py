"""Computing tiles on an executor: any pool that has the interface of `concurrent.futures`, on this machine or elsewhere.

Tasks hold a few tiles, together about a second of work. A task computes some cells of the map again, whose bits this process
knows: a machine that gives others is found before its values are believed.
"""

from __future__ import annotations

import hashlib
import os
import platform
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

import numpy as np

from fallline.errors import OutputError
from fallline.experiment.map_record import MapSpec
from fallline.maps.cells import Values, at_cells
from fallline.maps.cells import compute as compute_tile
from fallline.maps.earlier import Earlier
from fallline.maps.requests import packed_spec, read_request, request, unpacked_spec
from fallline.maps.rows import pack, unpack
from fallline.maps.tiles import Tile

__all__ = ["compute", "computed_on"]

SECONDS = 1.0
"""The work of a task."""

WAITING = 256
"""Tasks that are submitted and not finished, at most."""

LARGEST = 64
"""Tiles of a task, at most."""

PROBED = 16
"""Cells that each process computes to show its bits."""


@dataclass(frozen=True)
class Answer:
    """What a task gives: the digest of the probe, seconds of work, the packed values of its tiles, and who computed them."""

    probe: str
    seconds: float
    tiles: tuple[bytes, ...]
    who: str


def computed_on(
    executor: Executor,
    spec: MapSpec,
    tiles: Iterable[Tile],
    *,
    threads: int | None = None,
    earlier: Earlier | None = None,
) -> Iterator[tuple[Tile, Values]]:
    """Tiles with their values, as the tasks of an executor finish. Each task uses `threads` threads, one by default.

    Raises
    ------
    OutputError
        The executor is broken, or one of its processes computes other bits than this one.
    """
    packed, expected = packed_spec(spec), _probe(spec)
    rest, at_once = iter(tiles), 1
    tasks: dict[Future[Answer], list[Tile]] = {}
    try:
        while True:
            while len(tasks) < WAITING and (batch := list(islice(rest, at_once))):
                requests = [request(tile, earlier) for tile in batch]
                tasks[executor.submit(compute, packed, requests, threads or 1)] = batch
            if not tasks:
                return
            for future in wait(tasks, return_when=FIRST_COMPLETED).done:
                batch = tasks.pop(future)
                answer = future.result()
                if answer.probe != expected:
                    raise OutputError(
                        f"{answer.who} computes other bits than this machine, so its values are not used. Leave it out of the "
                        "pool; the same fallline, NumPy and llvmlite on every machine give the same bits."
                    )
                at_once = max(1, min(LARGEST, round(SECONDS * len(batch) / max(answer.seconds, 1e-9))))
                for tile, raw in zip(batch, answer.tiles, strict=True):
                    yield tile, unpack(spec, raw, tile.cells)
    except BrokenExecutor as error:
        raise OutputError(
            f"the pool of processes is broken ({error}); one of them was probably killed for its memory. All finished tiles are "
            "kept. Use fewer processes, and repeat the call."
        ) from error
    finally:
        for future in tasks:
            future.cancel()


def compute(packed: bytes, requests: list[bytes], threads: int) -> Answer:
    """A task: compute the tiles of some requests, in whatever process the executor has."""
    begin = time.perf_counter()
    spec, probe = _prepared(packed)
    values = (compute_tile(spec, *read_request(spec, message, threads)) for message in requests)
    tiles = tuple(pack(spec, tile) for tile in values)
    return Answer(probe, time.perf_counter() - begin, tiles, f"process {os.getpid()} on {platform.node()}")


@lru_cache(maxsize=4)
def _prepared(packed: bytes) -> tuple[MapSpec, str]:
    """The spec, and this process's digest of the probe; once for each map."""
    spec = unpacked_spec(packed)
    return spec, _probe(spec)


def _probe(spec: MapSpec) -> str:
    """The digest of cells from the whole plane."""
    some = np.linspace(0, spec.cells - 1, min(PROBED, spec.cells)).astype(np.int64)
    values = at_cells(spec, some % spec.shape[1], some // spec.shape[1])
    return hashlib.sha256(pack(spec, values)).hexdigest()
