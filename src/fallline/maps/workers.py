"""Computing tiles, by threads of this process or by worker processes.

A worker is `python -m fallline.maps.workers`. It reads the spec once, then one tile after another, and answers with
packed values. It does not open the map file, so killing it damages nothing: its tile returns to the queue, and a new
worker takes its place. It ends when its input ends, so no worker outlives the process that started it.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import struct
import subprocess
import sys
import traceback
from collections import deque
from collections.abc import Iterable, Iterator
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO, Any

import numpy as np

from fallline.errors import FalllineError, OutputError, UsageError
from fallline.experiment.description.absent import refuse_absent
from fallline.experiment.description.plain_data import canonical
from fallline.experiment.map_record import MapSpec
from fallline.experiment.map_spec import rebuild_map_spec
from fallline.maps.cells import Values, compute
from fallline.maps.earlier import Earlier
from fallline.maps.rows import pack, unpack
from fallline.maps.tiles import Tile
from fallline.runs.checkpoints import Checkpoints
from fallline.runs.execution import EVERY_CORE, Execution

__all__ = ["computed"]

_DEATHS = 5
"""The map is given up when so many workers in a row die at the same tile."""


def computed(
    spec: MapSpec,
    tiles: Iterable[Tile],
    *,
    workers: int = 0,
    execution: Execution = EVERY_CORE,
    earlier: Earlier | None = None,
) -> Iterator[tuple[Tile, Values]]:
    """Tiles with their values: in order with `workers` 0 (threads of this process), else as worker processes finish."""
    if workers <= 0:
        for tile in tiles:
            yield tile, compute(spec, tile, execution, None if earlier is None else earlier.of(tile))
        return
    if execution.device != "cpu":
        raise UsageError(f"workers must be 0 with a device, which one process drives; got {workers}.")
    yield from _pool(spec, deque((tile, 0) for tile in tiles), workers, execution.threads, earlier)


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
        after = None if self.earlier is None else self.earlier.of(tile)
        states = b"" if after is None else np.ascontiguousarray(after.values).tobytes()
        self.send(json.dumps([tile, after and after.step]).encode() + b"\n" + states)

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
    greeting = _packed_spec(spec)
    threads = threads or max(1, (os.cpu_count() or 1) // count)
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


def _packed_spec(spec: MapSpec) -> bytes:
    description, arrays = spec.describe()
    refuse_absent(description)
    memory = io.BytesIO()
    np.savez(memory, **arrays)  # type: ignore[arg-type]  # numpy's stub takes allow_pickle for one of the arrays
    text = canonical(description).encode()
    return struct.pack("<Q", len(text)) + text + memory.getvalue()


def _unpacked_spec(message: bytes) -> MapSpec:
    (length,) = struct.unpack("<Q", message[:8])
    with np.load(io.BytesIO(message[8 + length :])) as arrays:
        return rebuild_map_spec(json.loads(message[8 : 8 + length]), dict(arrays))


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
            spec = spec or _unpacked_spec(greeting)
            values = compute(spec, *_tile_and_states(spec, message, threads))
            _send(answers, b"=" + pack(spec, values))
        except FalllineError as error:
            _send(answers, b"!" + str(error).encode())
        except Exception as error:
            # A fault of fallline, which every worker would meet: report it, do not try again.
            traceback.print_exc()
            _send(answers, f"!a worker process failed: {type(error).__name__}: {error}.".encode())


def _tile_and_states(spec: MapSpec, message: bytes, threads: int) -> tuple[Tile, Execution, Checkpoints | None]:
    """What a request asks for: a tile, and the states from which its runs go on."""
    head, _, states = message.partition(b"\n")
    tile, step = json.loads(head)
    values = np.frombuffer(states, spec.dtype).reshape(-1, spec.kept) if step is not None else None
    return Tile(*tile), Execution(threads), None if values is None else Checkpoints(step, values)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints goes to standard error, not into the answers
    try:
        serve(int(sys.argv[1]), sys.stdin.buffer, out)
    except BrokenPipeError:
        os._exit(1)  # the process that started it has ended
