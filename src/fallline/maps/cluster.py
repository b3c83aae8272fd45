"""The tasks of a map on a Dask cluster, whatever happens there.

A tile is a pure function of spec and place, so a task may be lost, or computed twice. Each is sent until it is answered: again
when its worker is killed or the scheduler is started anew, and to another worker, too, when its own stays silent.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import pickle
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue
from typing import Any

from fallline.errors import FalllineError, OutputError
from fallline.maps.cluster_client import ClientForm, Connection, tell
from fallline.maps.tasks import Answer, Job, compute

__all__ = ["ClusterPool"]

LATE = 30.0
"""Seconds after which a task may count as late: if it also takes ten times as long as the slowest before."""

ATTEMPTS = 3
"""How often a task may fail or kill its worker before the map is given up."""

LOOK = 1.0
"""Seconds between two looks at the cluster."""

INLINE = 2**18
"""Bytes of a spec that every task carries. A larger one is a task of its own, whose result the workers hand on."""


@dataclass(eq=False)
class _Task:
    """A task, and what was sent of it: for each answer that may come, the future on the cluster."""

    requests: list[bytes]
    begun: float = field(default_factory=time.monotonic)
    attempts: int = 0
    futures: dict[Future[Answer], Any] = field(default_factory=dict)

    @property
    def keys(self) -> set[str]:
        """Their names on the cluster."""
        return {remote.key for remote in self.futures.values()}


class ClusterPool:
    """The tasks of a job on the workers of a cluster, which may come and go."""

    def __init__(self, client: ClientForm, job: Job) -> None:
        self._connection, self._job = Connection(client), job
        self._done: SimpleQueue[tuple[_Task, Future[Answer]]] = SimpleQueue()
        self._tasks: set[_Task] = set()
        self._unsent: list[_Task] = []
        self._workers: dict[str, int] | None = None
        self._refused: dict[str, str] = {}
        self._slowest = 0.0
        self._looked = -math.inf
        self._lonely = False
        self._shared: tuple[Any, Any] = (None, None)
        self._look()

    def room(self) -> int:
        return max(8, 3 * sum((self._workers or {}).values()))

    def submit(self, requests: list[bytes]) -> _Task:
        task = _Task(requests)
        self._tasks.add(task)
        self._send(task)
        return task

    def finished(self) -> Iterator[tuple[_Task, Answer]]:
        answered = False
        while not answered:
            self._look()
            for task, future in self._returned():
                answer = self._answer(task, future)
                if answer is not None:
                    answered = True
                    yield task, answer

    def turn_away(self, answer: Answer, why: str) -> None:
        self._refuse({answer.who: why})

    def close(self) -> None:
        for task in self._tasks:
            self._forget(task)
        self._connection.close()

    def _forget(self, task: _Task) -> None:
        """Cancel what was sent of a task."""
        futures, task.futures = task.futures, {}
        client = self._connection.client
        if futures and client.status == "running":
            asyncio.run_coroutine_threadsafe(_cancelled(client, list(futures.values())), client.loop.asyncio_loop)

    def _returned(self) -> Iterator[tuple[_Task, Future[Answer]]]:
        """The futures that have ended, after waiting a little for the first."""
        with contextlib.suppress(Empty):
            yield self._done.get(timeout=LOOK)
            while True:
                yield self._done.get_nowait()

    def _answer(self, task: _Task, future: Future[Answer]) -> Answer | None:
        """The answer that a future brings, if it is the first of its task; else the task may have to be sent again."""
        remote = task.futures.pop(future, None)
        if task not in self._tasks or remote is None:
            return None  # a copy was faster
        try:
            answer = future.result()
        except (Exception, CancelledError) as error:
            if isinstance(error, FalllineError):
                raise
            if remote.status == "error":
                self._failed(task, error)
            # else the scheduler has lost it, or went away before the answer came
        else:
            self._tasks.discard(task)
            self._slowest = max(self._slowest, time.monotonic() - task.begun)
            self._forget(task)
            return answer
        if not task.futures:
            self._unsent.append(task)
        return None

    def _send(self, task: _Task, workers: list[str] | None = None) -> None:
        """Send a task, or a copy of it, to some worker that is not refused."""
        client, key = self._connection.client, f"fallline-{uuid.uuid4().hex}"
        if workers is None and not self._refused.keys().isdisjoint(self._workers or ()):
            workers = [address for address in self._workers or () if address not in self._refused]
        only = {"workers": workers, "allow_other_workers": False} if workers else {}
        try:
            buffers: list[Any] = []
            if len(self._job.packed) > INLINE:
                if self._shared[0] is not client:
                    self._shared = client, client.submit(bytes, self._job.packed, pure=False)
                buffers = [self._shared[1]]
            call = _Call(self._job, task.requests).pickled(apart=bool(buffers))
            remote = client.submit(pickle.loads, call, buffers=buffers, key=key, pure=False, **only)
            future = asyncio.run_coroutine_threadsafe(_brought(client, remote), client.loop.asyncio_loop)
        except RuntimeError:  # the client has closed
            self._unsent.append(task)
            return
        task.futures[future] = remote
        future.add_done_callback(lambda future: self._done.put((task, future)))

    def _look(self) -> None:
        """Look at the cluster now and then: send what was lost, and copies of what is late."""
        now = time.monotonic()
        if now - self._looked < LOOK:
            return
        self._looked = now
        self._workers = self._connection.threads()
        if self._workers is None:
            return
        if self._workers and self._refused.keys() >= self._workers.keys():
            reasons = "; ".join(f"{who}: {self._refused[who]}" for who in list(self._workers)[:3])
            raise OutputError(f"no worker of the cluster at {self._connection.address} can be used. {reasons}.")
        if self._lonely != (not self._workers):
            self._lonely = not self._workers
            if self._lonely:
                tell(f"the cluster at {self._connection.address} has no worker; waiting for the first.")
        unsent, self._unsent = self._unsent, []
        for task in unsent:
            if task in self._tasks:
                self._send(task)
        limit = max(LATE, 10 * self._slowest)
        late = [task for task in self._tasks if now - task.begun > limit and task.futures]
        if late:
            self._again(late)

    def _again(self, late: list[_Task]) -> None:
        """Send late tasks once more: a copy to another worker if one has it, else anew, because it may have been lost."""
        try:
            processing = self._connection.client.processing()
        except (OSError, RuntimeError):
            return
        holder = {key: address for address, keys in processing.items() for key in keys}
        silent = {holder[key] for task in late for key in task.keys if key in holder}
        others = [w for w in self._workers or () if w not in silent and w not in self._refused]
        for task in late:
            task.begun = time.monotonic()
            if holder.keys().isdisjoint(task.keys):
                self._forget(task)
                self._send(task)
            elif others:
                self._send(task, others)

    def _failed(self, task: _Task, error: Exception) -> None:
        """Count a failure of a task; raises OutputError if there were too many, or if no worker can be blamed."""
        task.attempts += 1
        if type(error).__name__ == "KilledWorker":
            if task.attempts >= ATTEMPTS:
                raise OutputError(
                    "several workers in a row died at the same tiles: most likely they were killed for their memory. Give each "
                    "worker fewer threads or more memory. All finished tiles are in the map's file, if it has one."
                ) from error
            return
        faults = self._connection.faults(list(self._workers or ()))
        self._refuse({who: why for who, why in faults.items() if who not in self._refused})
        if not faults or task.attempts >= ATTEMPTS:
            raise OutputError(f"a task failed on the cluster: {type(error).__name__}: {error}.") from error

    def _refuse(self, faults: dict[str, str]) -> None:
        for who, why in faults.items():
            if who not in self._refused:
                tell(f"the worker {who} is turned away: {why}.")
        self._refused |= faults
        self._looked = -math.inf  # it may have been the last one


async def _brought(client: Any, remote: Any) -> Answer:
    """The answer of a future on the cluster. Not `Client.get_executor`, whose futures never end if the scheduler goes away while
    it hands an answer over."""
    answer: Answer = await client.gather(remote, asynchronous=True)
    return answer


async def _cancelled(client: Any, remotes: list[Any]) -> None:
    """Cancel futures on the cluster, whose `_brought` then end; cancelled themselves, they would take others with them."""
    with contextlib.suppress(Exception):  # the scheduler is away
        await client.cancel(remotes, asynchronous=True)


class _Call:
    """A call of `_compute` as bytes: it is carried out when they are read.

    So Dask itself sees only bytes and `pickle.loads`, and neither a scheduler nor a worker without fallline comes to harm. A worker
    ends when it is sent a function that it does not have.
    """

    def __init__(self, job: Job, requests: list[bytes]) -> None:
        self._job, self._requests = job, requests

    def pickled(self, *, apart: bool) -> bytes:
        """The bytes, with the packed spec or without it."""
        return pickle.dumps(self, protocol=5, buffer_callback=(lambda _: False) if apart else None)

    def __reduce__(self) -> tuple[Any, ...]:
        job = self._job
        return _compute, (pickle.PickleBuffer(job.packed), job.proof, job.threads, self._requests)


def _compute(packed: bytes, proof: str, threads: int, requests: list[bytes]) -> Answer:
    """The task as a worker runs it."""
    from dask.distributed import get_worker

    return replace(compute(Job(packed, proof, threads), requests), who=get_worker().address)
