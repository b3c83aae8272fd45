"""Computing a map on a pool, wherever its processes are: an executor, or a Dask cluster.

A task holds a few tiles, together about a second of work. Its process proves that it computes the same bits as this one; the
tiles of a process that does not are computed elsewhere.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from itertools import islice
from typing import Protocol

from fallline.experiment.map_record import MapSpec
from fallline.maps.cells import Values
from fallline.maps.earlier import Earlier
from fallline.maps.requests import request
from fallline.maps.rows import unpack
from fallline.maps.tasks import Answer, Job, objection
from fallline.maps.tiles import Tile

__all__ = ["Pool", "computed_on"]

SECONDS = 1.0
"""The work of a task."""

LARGEST = 64
"""Tiles of a task, at most."""


class Pool(Protocol):
    """Where the tasks of a job run."""

    def room(self) -> int:
        """How many tasks may be submitted and not finished."""

    def submit(self, requests: list[bytes]) -> Hashable:
        """Begin a task, and return what `finished` will call it."""

    def finished(self) -> Iterable[tuple[Hashable, Answer]]:
        """Wait for the next tasks that end, one at least."""

    def turn_away(self, answer: Answer, why: str) -> None:
        """Give no more tasks to the process of that answer; raises OutputError where this pool cannot do without it."""

    def close(self) -> None:
        """Cancel what is not finished."""


def computed_on(
    pool: Pool, job: Job, spec: MapSpec, tiles: Iterable[Tile], earlier: Earlier | None = None
) -> Iterator[tuple[Tile, Values]]:
    """Tiles with their values, as the tasks of a pool finish. The pool is closed at the end.

    Raises
    ------
    OutputError
        The pool is broken, or none of its processes computes the same bits as this one.
    """
    rest, again, at_once = iter(tiles), deque[list[Tile]](), 1
    tasks: dict[Hashable, list[Tile]] = {}
    try:
        while True:
            while len(tasks) < pool.room() and (batch := again.popleft() if again else list(islice(rest, at_once))):
                tasks[pool.submit([request(tile, earlier) for tile in batch])] = batch
            if not tasks:
                return
            for task, answer in pool.finished():
                batch = tasks.pop(task)
                why = objection(answer, job)
                if why is not None:
                    again.append(batch)
                    pool.turn_away(answer, why)
                    continue
                at_once = max(1, min(LARGEST, round(SECONDS * len(batch) / max(answer.seconds, 1e-9))))
                for tile, raw in zip(batch, answer.tiles, strict=True):
                    yield tile, unpack(spec, raw, tile.cells)
    finally:
        pool.close()
