"""Computing tiles, by threads of this process or by worker processes.

A worker is `python -m fallline.maps.workers`. It reads the spec once, then one tile after another, and answers with
packed values. It does not open the map file, so killing it damages nothing: its tile returns to the queue, and a new
worker takes its place. It ends when its input ends, so no worker outlives the process that started it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import struct
import subprocess
import sys
import traceback
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO, Any

from fallline.errors import FalllineError, OutputError, UsageError
from fallline.experiment.map_record import MapSpec
from fallline.maps.cells import Values, compute
from fallline.maps.earlier import Earlier
from fallline.maps.executors import ExecutorPool
from fallline.maps.pools import Pool, computed_on
from fallline.maps.requests import packed_spec, read_request, request, unpacked_spec
from fallline.maps.rows import pack, unpack
from fallline.maps.tasks import Job
from fallline.maps.tiles import Tile
from fallline.runs.execution import EVERY_CORE, Execution, cores

__all__ = ["computed"]

_DEATHS = 5
"""The map is given up when so many workers in a row die at the same tile."""


def computed(
    spec: MapSpec,
    tiles: Iterable[Tile],
    *,
    workers: int = 0,
    executor: Executor | None = None,
    client: Any = None,
    execution: Execution = EVERY_CORE,
    earlier: Earlier | None = None,
) -> Iterator[tuple[Tile, Values]]:
    """Tiles with their values: in order with `workers` 0 (threads of this process), else as processes finish."""
    if executor is not None or client is not None:
        if workers or execution.device != "cpu" or (executor is not None and client is not None):
            raise UsageError(
                "an executor, or a cluster, has processes of its own: give one of them, and leave workers and device out."
            )
        job = Job.of(spec, execution.threads)
        yield from computed_on(_pool_of(executor, client, job), job, spec, tiles, earlier)
        return
    if workers <= 0:
        for tile in tiles:
            yield tile, compute(spec, tile, execution, None if earlier is None else earlier.of(tile))
        return
    if execution.device != "cpu":
        raise UsageError(f"workers must be 0 with a device, which one process drives; got {workers}.")
    yield from _pool(spec, deque((tile, 0) for tile in tiles), workers, execution.threads, earlier)


def _pool_of(executor: Executor | None, client: Any, job: Job) -> Pool:
    if executor is not None:
        return ExecutorPool(executor, job)
    from fallline.maps.cluster import ClusterPool  # late: Dask is optional

    return ClusterPool(client, job)


class _Worker:
    """A worker process, its current tile, and a thread that waits for its answers.

    One thread for each worker, because Windows cannot wait for several pipes at once.
    """

    def __init__(
        self,
        greeting: bytes,
        threads: int,
        answers: SimpleQueue[tuple[_Worker, bytes | None]],
        earlier: Earlier | None,
    ) -> None:
        # A process of its own session: Ctrl-C in the terminal reaches the collector alone, which then ends the rest.
        self.process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            [sys.executable, "-P", "-m", "fallline.maps.workers", str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        self.tile: Tile | None = None
        self.deaths = 0
        self.earlier = earlier
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout
        self.answers = answers
        self.listener = Thread(target=self._listen, name="fallline worker", daemon=True)
        self.listener.start()
        self.send(greeting)

    def _listen(self) -> None:
        """Put every answer into the queue, and None at the end of the output."""
        while (answer := _receive(self.stdout)) is not None:
            self.answers.put((self, answer))
        self.answers.put((self, None))

    def send(self, message: bytes) -> None:
        with contextlib.suppress(OSError):  # it died; the end of its output tells the pool
            self.stdin.write(struct.pack("<Q", len(message)) + message)
            self.stdin.flush()

    def give(self, tile: Tile, deaths: int) -> None:
        self.tile, self.deaths = tile, deaths
        self.send(request(tile, self.earlier))

    def end(self) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(0.01)  # a worker that has died keeps its exit status
        self.process.kill()
        self.process.wait()
        self.listener.join()
        for pipe in (self.stdin, self.stdout):
            with contextlib.suppress(OSError):  # unsent messages to a dead worker
                pipe.close()


def _pool(
    spec: MapSpec, queue: deque[tuple[Tile, int]], count: int, threads: int | None, earlier: Earlier | None
) -> Iterator[tuple[Tile, Values]]:
    greeting = packed_spec(spec)
    threads = threads or max(1, cores() // count)
    answers: SimpleQueue[tuple[_Worker, bytes | None]] = SimpleQueue()
    live: set[_Worker] = set()

    def hire() -> None:
        worker = _Worker(greeting, threads, answers, earlier)
        live.add(worker)
        worker.give(*queue.popleft())

    try:
        for _ in range(min(count, len(queue))):
            hire()
        while live:
            worker, answer = _next(answers)
            if worker not in live:
                continue  # the end of a worker that has finished
            tile = worker.tile
            assert tile is not None
            if answer is None:
                live.discard(worker)
                worker.end()
                if worker.deaths + 1 >= _DEATHS:
                    raise OutputError(
                        f"{_DEATHS} worker processes in a row died at the tile of {tile} (exit status "
                        f"{worker.process.returncode}): most likely they were killed for their memory. "
                        "Use fewer workers."
                    )
                queue.appendleft((tile, worker.deaths + 1))
                hire()
                continue
            if answer[:1] == b"!":
                raise FalllineError(answer[1:].decode())
            if queue:
                worker.give(*queue.popleft())
            else:
                live.discard(worker)
                worker.end()
            yield tile, unpack(spec, answer[1:], tile.cells)
    finally:
        for worker in live:
            worker.end()


def _next(answers: SimpleQueue[tuple[_Worker, bytes | None]]) -> tuple[_Worker, bytes | None]:
    """The next answer. It waits in short pieces: on Windows Ctrl-C is noticed only between them."""
    while True:
        with contextlib.suppress(Empty):
            return answers.get(timeout=0.5)


def _receive(stream: IO[bytes]) -> bytes | None:
    """One message; None at the end of the stream, even if it ends inside a message."""
    head = stream.read(8)
    if len(head) < 8:
        return None
    (length,) = struct.unpack("<Q", head)
    body = stream.read(length)
    return body if len(body) == length else None


def _send(stream: IO[bytes], message: bytes) -> None:
    stream.write(struct.pack("<Q", len(message)) + message)
    stream.flush()


def serve(threads: int, requests: IO[bytes], answers: IO[bytes]) -> None:
    """Run a worker: read the spec, then compute tiles until the input ends."""
    greeting = _receive(requests)
    if greeting is None:
        return
    spec: Any = None
    while (message := _receive(requests)) is not None:
        try:
            spec = spec or unpacked_spec(greeting)
            values = compute(spec, *read_request(spec, message, threads))
            _send(answers, b"=" + pack(spec, values))
        except FalllineError as error:
            _send(answers, b"!" + str(error).encode())
        except Exception as error:
            # A fault of fallline, which every worker would meet: report it, do not try again.
            traceback.print_exc()
            _send(answers, f"!a worker process failed: {type(error).__name__}: {error}.".encode())


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints goes to standard error, not into the answers
    try:
        serve(int(sys.argv[1]), sys.stdin.buffer, out)
    except BrokenPipeError:
        os._exit(1)  # the process that started it has ended
