"""A folder of gradient programs with an index of what the checker should say of each, and what it does say.

The index is a list of objects: `file`, `function` (`Class.method` too), `flags` (of `fallline check`), `expect` ("right",
"wrong" or "unchecked") and `fault` (what is wrong, in words). Optional are `says`, a pattern that a named fault must match,
and `owner`, the part of the checker that a failure points at.

Each program is checked in a process of its own, by the command itself. Where the system can fork, the process is a fork of
this one, which has loaded the checker already; a check then takes 0.2 s instead of 1 s.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import types
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECONDS = 60.0

RIGHT = ("taken", "unchecked", "called wrong", "crash")
WRONG = ("named", "named otherwise", "localised", "unchecked", "called right", "crash")
UNCHECKED = ("unchecked", "called right", "called wrong", "crash")
ENDINGS = {"right": RIGHT, "wrong": WRONG, "unchecked": UNCHECKED}
"""For each expectation, what can become of a program; the endings that may never happen stand last."""


@dataclass(frozen=True)
class Program:
    """One program of a folder, and what the checker should say of it."""

    folder: Path
    file: str
    function: str
    flags: Mapping[str, Any]
    expect: str
    fault: str | None = None
    says: str = ""
    owner: str = ""

    @property
    def arguments(self) -> list[str]:
        """The arguments of the command `fallline`."""
        where = f"{self.file}:{self.function}" if self.function else self.file
        flags = [text for name, value in self.flags.items()
                 for text in ([f"--{name}"] if value is True else [f"--{name}", str(value)])]  # fmt: skip
        return ["check", where, *flags, "--json"]


@dataclass(frozen=True)
class Outcome:
    """What the checker said of a program: the verdict as JSON holds it, or the text of a crash, and the seconds it took."""

    program: Program
    verdict: Mapping[str, Any]
    seconds: float
    crash: str = ""

    @property
    def ending(self) -> str:
        """What became of the program, one of `ENDINGS` of its expectation."""
        if self.crash:
            return "crash"
        status, expect = self.verdict["status"], self.program.expect
        if status == "unchecked":
            return "unchecked"
        if status == "right":
            return "taken" if expect == "right" else "called right"
        if expect != "wrong":
            return "called wrong"
        faults = "; ".join(self.verdict.get("faults", []))
        if not faults:
            return "localised"
        return "named" if re.search(self.program.says, faults) else "named otherwise"

    @property
    def intolerable(self) -> bool:
        """Whether a right program was called wrong, or a wrong one right, or the command crashed."""
        never = "called right" if self.program.fault else "called wrong"
        return self.ending in (never, "crash")

    @property
    def sentence(self) -> str:
        """What the checker said, in one line."""
        return self.crash or " ".join(str(self.verdict["sentence"]).split())


@dataclass
class Score:
    """How many programs of each expectation came to each ending."""

    counts: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in ENDINGS})

    @classmethod
    def of(cls, outcomes: Iterable[Outcome]) -> Score:
        """The score of those outcomes."""
        score = cls()
        for outcome in outcomes:
            score.counts[outcome.program.expect][outcome.ending] += 1
        return score

    def share(self, expect: str, *endings: str) -> float:
        """The share of the programs with that expectation that came to one of those endings."""
        counts = self.counts[expect]
        return sum(counts[ending] for ending in endings) / max(1, counts.total())

    def table(self) -> str:
        """One line for each expectation and ending."""
        lines = []
        for expect, counts in self.counts.items():
            if not counts.total():
                continue
            lines.append(f"{expect} ({counts.total()})")
            for ending in ENDINGS[expect]:
                count = counts[ending]
                lines.append(f"  {ending:<16}{count:>5}{100 * count / counts.total():>7.1f} %")
        return "\n".join(lines)


def programs_in(folder: Path) -> list[Program]:
    """The programs of the folder's index."""
    rows = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    return [Program(folder, **row) for row in rows]


def check_all(programs: Sequence[Program], *, seconds: float = SECONDS, cold: bool = False) -> Iterator[Outcome]:
    """Check one program after the other; `cold` starts Python anew for each, as a user's shell does."""
    forks = hasattr(os, "fork") and not cold
    if forks:
        _load_the_checker()
    for program in programs:
        yield (_forked if forks else _started)(program, seconds)


def _load_the_checker() -> None:
    """Load what a check needs, so that each fork has it."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    import fallline.checks.calling.loading
    import fallline.checks.command
    import fallline.checks.diagnosis.search
    import fallline.checks.gradient_file
    import fallline.checks.presentation.fault_equations
    import fallline.checks.subjects.network
    import fallline.cli  # noqa: F401


def fork() -> int:
    """Fork this process, without the warnings of libraries whose threads do not survive that; JAX, once imported, warns of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        return os.fork()


class _Fork:
    """In the place of `subprocess.Popen`, for the process that checks one file: a fork instead of another Python."""

    def __init__(self, command: Sequence[str], *, cwd: Path, env: Mapping[str, str], **_: Any) -> None:
        from fallline.checks.grading import worker

        assert command[-1] == worker.__name__
        read, write = os.pipe()
        self.returncode: int | None = None
        self.pid = fork()
        if self.pid:
            os.close(read)
            self.stdin = os.fdopen(write, "wb")
            return
        try:
            os.setsid()
            os.close(write)
            os.dup2(read, 0)
            sys.stdin = io.TextIOWrapper(io.FileIO(0))
            os.environ.update(env)
            os.chdir(cwd)
            worker.main()
        finally:
            os._exit(70)

    def poll(self) -> int | None:
        """The exit status, None while it runs."""
        if self.returncode is None:
            pid, code = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(code) if pid else None
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit status, as soon as it has ended."""
        start = time.perf_counter()
        while self.poll() is None:
            if timeout is not None and time.perf_counter() - start > timeout:
                raise subprocess.TimeoutExpired("fork", timeout)
            time.sleep(0.005)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


def _started(program: Program, seconds: float) -> Outcome:
    command = [sys.executable, "-m", "fallline", *program.arguments]
    start = time.perf_counter()
    try:
        done = subprocess.run(command, cwd=program.folder, capture_output=True, text=True, errors="replace", timeout=seconds,
                              env={**os.environ, "FALLLINE_TRACEBACK": "1"})  # fmt: skip
    except subprocess.TimeoutExpired:
        return Outcome(program, {}, time.perf_counter() - start, f"not ended after {seconds:g} s")
    return _outcome(program, done.returncode, done.stdout, done.stderr, time.perf_counter() - start)


def _forked(program: Program, seconds: float) -> Outcome:
    start = time.perf_counter()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = fork()
        if child == 0:
            _check_here(program, out.fileno(), err.fileno())
        status = _waited(child, start, seconds)
        took = time.perf_counter() - start
        if status is None:
            return Outcome(program, {}, took, f"not ended after {seconds:g} s")
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read().decode(errors="replace"))
    return _outcome(program, status, *texts, took)


def _check_here(program: Program, out: int, err: int) -> None:
    """Run the command in this process, a fork, and end the process."""
    status = 70
    try:
        os.setsid()
        os.dup2(out, 1)
        os.dup2(err, 2)
        # pytest's own streams are no files; an unbuffered text stream needs no closing
        sys.stdout, sys.stderr = (
            io.TextIOWrapper(io.FileIO(fd, "w"), "utf-8", "replace", write_through=True) for fd in (1, 2)
        )
        os.chdir(program.folder)
        os.environ["FALLLINE_TRACEBACK"] = "1"
        from fallline.checks.grading import isolation
        from fallline.cli import main

        forks = types.SimpleNamespace(**vars(subprocess))
        forks.Popen = _Fork
        isolation.subprocess = forks
        sys.argv = ["fallline", *program.arguments]
        status = main(program.arguments)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(status)


def _waited(child: int, start: float, seconds: float) -> int | None:
    """The exit status of the child; None if it had to be ended after those seconds. Its process group ends with it."""
    status = None
    while True:
        pid, code = os.waitpid(child, os.WNOHANG)
        if pid:
            status = os.waitstatus_to_exitcode(code)
        if pid or time.perf_counter() - start > seconds:
            break
        time.sleep(0.005)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    if status is None:
        os.waitpid(child, 0)
    return status


def _outcome(program: Program, status: int, out: str, err: str, seconds: float) -> Outcome:
    for line in reversed(out.splitlines()):
        try:
            verdict = json.loads(line)
        except ValueError:
            continue
        if isinstance(verdict, dict) and "status" in verdict:
            # an error of the checker itself becomes "unchecked", and its traceback is printed
            own_error = " < ".join(reversed(re.findall(r'File "(\S*fallline\S*", line \d+)', err)[-2:]))
            return Outcome(program, verdict, seconds, f"{verdict['sentence']} ({own_error})" if own_error else "")
    said = [line for line in err.splitlines() if line.strip()]
    last = said[-1] if said else f"exit status {status} without a verdict"
    if status == 2 and "Traceback" not in err:  # the command refused its arguments
        return Outcome(program, {"status": "unchecked", "sentence": last}, seconds)
    if "UsageError" in last or "CycloptsError" in last or "UnknownOptionError" in last:
        return Outcome(program, {"status": "unchecked", "sentence": last}, seconds)
    return Outcome(program, {}, seconds, last)
