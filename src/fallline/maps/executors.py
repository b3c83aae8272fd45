"""A pool from any executor that has the interface of `concurrent.futures`, on this machine or elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from typing import NoReturn

from fallline.errors import OutputError
from fallline.maps.tasks import Answer, Job, compute

__all__ = ["ExecutorPool"]

WAITING = 256
"""Tasks that are submitted and not finished, at most."""


class ExecutorPool:
    """The tasks of a job on an executor. It cannot choose who computes what, so one process with other bits ends the map."""

    def __init__(self, executor: Executor, job: Job) -> None:
        self._executor, self._job = executor, job
        self._tasks: set[Future[Answer]] = set()

    def room(self) -> int:
        return WAITING

    def submit(self, requests: list[bytes]) -> Future[Answer]:
        try:
            task = self._executor.submit(compute, self._job, requests)
        except BrokenExecutor as error:
            raise _broken(error) from error
        self._tasks.add(task)
        return task

    def finished(self) -> Iterator[tuple[Future[Answer], Answer]]:
        for task in wait(self._tasks, return_when=FIRST_COMPLETED).done:
            self._tasks.discard(task)
            try:
                answer = task.result()
            except BrokenExecutor as error:
                raise _broken(error) from error
            yield task, answer

    def turn_away(self, answer: Answer, why: str) -> NoReturn:
        raise OutputError(
            f"{answer.who} is of no use: {why}. Leave it out of the pool; the same fallline, NumPy and llvmlite on every machine "
            "give the same bits."
        )

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()


def _broken(error: BrokenExecutor) -> OutputError:
    return OutputError(
        f"the pool of processes is broken ({error}); one of them was probably killed for its memory. All finished tiles are "
        "kept. Use fewer processes, and repeat the call."
    )
