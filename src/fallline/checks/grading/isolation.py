"""A command in a process of its own. When it ends, every process that it started is ended too.

A process group is not enough, since a child can leave it (`start_new_session=True`, a daemon). So on Linux the command runs
under a supervisor that the kernel makes the parent of every orphan below it (PR_SET_CHILD_SUBREAPER); the supervisor kills
its children until all have ended. Elsewhere the group is killed, or on Windows the tree of processes.
"""

from __future__ import annotations

import contextlib
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

__all__ = ["Milestone", "run", "supervise"]

GRACE = 2.0
"""Seconds that the supervisor has to end its children."""

POLL = 0.05
"""Seconds between two looks at a milestone."""

PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Milestone:
    """A condition that a command must fulfil so many seconds after it has `begun` something; otherwise it is stopped then."""

    seconds: float
    begun: Callable[[], bool]
    reached: Callable[[], bool]


def run(
    command: Sequence[str],
    message: str,
    *,
    cwd: Path,
    env: Mapping[str, str],
    seconds: float,
    milestone: Milestone | None = None,
) -> int | None:
    """Run a command with `message` on its standard input.

    Returns its exit status, or None if it was stopped: after `seconds`, or at its milestone, if that is not reached. Its output is
    discarded, its errors too unless FALLLINE_TRACEBACK is set. Every process that it started has ended when this returns.

    >>> run([sys.executable, "-c", "import sys; sys.exit(len(sys.stdin.read()))"], "four", cwd=Path("."), env=os.environ, seconds=60)
    4
    """
    errors = None if os.environ.get("FALLLINE_TRACEBACK") else subprocess.DEVNULL
    process = subprocess.Popen(  # noqa: S603  # our own interpreter, on a file that the user has named
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors, cwd=cwd, env=dict(env),
        start_new_session=True,
    )  # fmt: skip
    try:
        _feed(process.stdin, message)
        return _wait(process, seconds, milestone)
    finally:
        _end(process)


def _wait(process: subprocess.Popen[bytes], seconds: float, milestone: Milestone | None) -> int | None:
    """The exit status; None if the time is up, or that of the milestone."""
    end = time.monotonic() + seconds
    due = math.inf
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(timeout=max(0.0, min(end - time.monotonic(), POLL if milestone else math.inf)))
        now = time.monotonic()
        if milestone is not None and due == math.inf and milestone.begun():
            due = now + milestone.seconds
        if milestone is not None and now > due:
            if not milestone.reached():
                return None
            milestone = None
        if now >= end:
            return None


def _feed(stream: IO[bytes] | None, text: str) -> None:
    assert stream is not None
    with contextlib.suppress(BrokenPipeError):  # it has ended already, and its status says how
        stream.write(text.encode())
        stream.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()  # a supervisor ends its children, then itself
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    elif process.poll() is None:
        taskkill = str(Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32", "taskkill.exe"))
        command = [taskkill, "/F", "/T", "/PID", str(process.pid)]
        subprocess.run(command, capture_output=True, check=False)  # noqa: S603  # a fixed command of the system's
    if process.poll() is None:
        process.kill()
    process.wait()


def supervise(seconds: float) -> None:
    """Continue in a child of this process. The parent waits for the child, ends all processes that it left, and exits as it did.

    The parent ends the child after `seconds` and some grace, in case its own parent no longer does. Call this before threads
    start. It does nothing on systems without subreapers.
    """
    if not _adopt_orphans():
        return
    child = os.fork()
    if child == 0:
        return
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, AttributeError, ValueError):
            stream.close()
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, lambda *_: _leave(-signal.SIGKILL))
    signal.alarm(math.ceil(seconds + 2 * GRACE))
    _, status = os.waitpid(child, 0)
    _leave(os.waitstatus_to_exitcode(status))


def _adopt_orphans() -> bool:
    if sys.platform != "linux":
        return False
    import ctypes

    try:
        return bool(ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)
    except (OSError, AttributeError):
        return False


def _leave(status: int) -> None:
    """End every child, and its children as they are adopted; then end as the command did: by a signal (-status) or a status."""
    deadline = time.monotonic() + GRACE
    while time.monotonic() < deadline:
        for pid in _children():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            break
    if status < 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        with contextlib.suppress(OSError, ValueError):  # SIGKILL's handling cannot be set, and need not be
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status & 0xFF)


def _children() -> list[int]:
    """The processes whose parent is this one."""
    parent = str(os.getpid())
    children = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                # "pid (name) state parent ..."; the name may hold spaces and parentheses
                after_name = Path("/proc", entry, "stat").read_bytes().rpartition(b")")[2].decode().split()
                if after_name[1] == parent:
                    children.append(int(entry))
    return children
