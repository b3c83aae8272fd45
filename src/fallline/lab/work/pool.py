"""A few threads shared by all pages. They serve pages in turn, and the newest job of a page first.

A page has a desk with its jobs. A job is a generator: at each `yield`, another page may get its turn, or the job may be
dropped. A page runs at most one job of each lane at a time: "runs" trains, "words" writes equations and draws.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Generator, Hashable
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Desk", "Dropped", "Job", "Lane", "Pool"]

Lane = Literal["runs", "words"]


class Dropped(Exception):  # noqa: N818  # not an error: it ends a job whose result is not wanted any more
    """Raised inside a job to end it, because its result is not wanted any more."""


MOST_WAITING = 1200
"""The most jobs of one page that wait."""


@dataclass
class Job:
    """A piece of work. Jobs of lower `rank` run first; jobs of the same rank run in the order in which they were added."""

    key: Hashable
    work: Generator[None, None, None]
    lane: Lane
    rank: int
    number: int
    wanted: bool = True


@dataclass(eq=False)
class Desk:
    """The jobs of one page."""

    pool: Pool
    waiting: list[Job] = field(default_factory=list)
    running: dict[Lane, Job] = field(default_factory=dict)
    served: int = 0
    closed: bool = False

    def put(
        self, key: Hashable, work: Callable[[], Generator[None, None, None]], lane: Lane = "runs", rank: int = 0
    ) -> None:
        """Add a job. A waiting job of the same key is replaced; a running one is dropped."""
        with self.pool.changed:
            if self.closed or len(self.waiting) >= MOST_WAITING:
                return
            self._drop(lambda job: job.key == key)
            self.waiting.append(Job(key, work(), lane, rank, next(self.pool.numbers)))
            self.waiting.sort(key=lambda job: (job.rank, job.number))
            self.pool.changed.notify_all()

    def holds(self, key: Hashable) -> bool:
        """Whether a job of that key is waiting or running."""
        with self.pool.changed:
            return any(job.key == key and job.wanted for job in (*self.waiting, *self.running.values()))

    def drop(self, which: Callable[[Job], bool]) -> None:
        """Drop jobs."""
        with self.pool.changed:
            self._drop(which)

    def close(self) -> None:
        """Drop all jobs and accept no others: the page is closed."""
        with self.pool.changed:
            self.closed = True
            self._drop(lambda job: True)
            if self in self.pool.desks:
                self.pool.desks.remove(self)

    def _drop(self, which: Callable[[Job], bool]) -> None:
        self.waiting = [job for job in self.waiting if not which(job)]
        for job in self.running.values():
            if which(job):
                job.wanted = False


class Pool:
    """Threads that run the desks' jobs, two of each lane at a time.

    >>> import queue
    >>> pool, done = Pool(), queue.Queue()
    >>> def job():
    ...     yield
    ...     done.put("done")
    >>> pool.desk().put("key", job)
    >>> done.get(timeout=5)
    'done'
    >>> pool.close()
    """

    def __init__(self, each: int = 2) -> None:
        self.changed = threading.Condition()
        self.numbers = itertools.count()
        self.desks: list[Desk] = []
        self.closed = False
        self.threads = [
            threading.Thread(target=self._work, args=(lane,), name=f"fallline lab {lane} {k}", daemon=True)
            for lane in ("runs", "words")
            for k in range(each)
        ]
        for thread in self.threads:
            thread.start()

    def desk(self) -> Desk:
        """A desk for a new page."""
        with self.changed:
            desk = Desk(self)
            self.desks.append(desk)
            return desk

    @property
    def idle(self) -> bool:
        """Whether no job is waiting or running."""
        with self.changed:
            return not any(desk.waiting or desk.running for desk in self.desks)

    def close(self) -> None:
        """Stop each thread after the piece of work that it is doing."""
        with self.changed:
            self.closed = True
            for desk in list(self.desks):
                desk.close()
            self.changed.notify_all()

    def _work(self, lane: Lane) -> None:
        while True:
            with self.changed:
                taken = self._next(lane)
                while taken is None:
                    if self.closed:
                        return
                    self.changed.wait()
                    taken = self._next(lane)
                desk, job = taken
                desk.running[lane] = job
                desk.served += 1
            finished = self._piece(job)
            with self.changed:
                del desk.running[lane]
                if not finished and job.wanted and not desk.closed:
                    desk.waiting.insert(0, job)
                    desk.waiting.sort(key=lambda waiting: (waiting.rank, waiting.number))
                self.changed.notify_all()

    def _next(self, lane: Lane) -> tuple[Desk, Job] | None:
        """The first job of the desk that was served the fewest times."""
        ready = []
        for desk in self.desks:
            if lane in desk.running:
                continue
            job = next((job for job in desk.waiting if job.lane == lane), None)
            if job is not None:
                ready.append((desk, job))
        if not ready:
            return None
        desk, job = min(ready, key=lambda pair: pair[0].served)
        desk.waiting.remove(job)
        # A page that was idle must not have saved up turns: its count starts from the smallest of those that wait.
        desk.served = max(desk.served, min(d.served for d, _ in ready))
        return desk, job

    @staticmethod
    def _piece(job: Job) -> bool:
        """Run the job's next piece; return whether the job is finished."""
        if not job.wanted:
            job.work.close()
            return True
        try:
            next(job.work)
        except (StopIteration, Dropped):
            return True
        return False
