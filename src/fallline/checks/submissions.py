"""A folder of submissions: each file checked in a process of its own, under a limit of time and memory.

One crash, endless loop or memory hog stops only itself. The limits protect the teacher's machine from accidents, not
from malice: submissions run with the rights of whoever runs the check, so untrusted ones belong in a sandbox.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from fallline.errors import FalllineError, UsageError

__all__ = ["Graded", "grade", "table"]

SECONDS, MEGABYTES = 30.0, 2048
MOST_ANSWER = 10_000_000
COLUMNS = ("file", "status", "sentence", "faults", "first_wrong_block", "called", "notes", "seconds")


@dataclass(frozen=True)
class Graded:
    """One submission: its file, and its verdict as `Verdict.to_dict` gives it."""

    file: str
    verdict: Mapping[str, Any]
    seconds: float

    @property
    def row(self) -> tuple[str, ...]:
        """Its row of the table."""
        v = self.verdict
        wrong = next((b["block"] for b in v.get("blocks", []) if not b["agrees"]), "")
        return (self.file, v["status"], v["sentence"], "; ".join(v.get("faults", [])), wrong, v.get("called", ""),
                " ".join(v.get("notes", [])),
                f"{self.seconds:.1f}")  # fmt: skip


def grade(
    folder: Path, settings: Mapping[str, Any], *, function: str = "", seconds: float = SECONDS,
    megabytes: int = MEGABYTES, workers: int = 1, progress: Callable[[int, int], None] | None = None,
) -> list[Graded]:  # fmt: skip
    """Check every .py file of the folder (not those that begin with _), in the order of their names."""
    if not folder.is_dir():
        raise UsageError(f"{folder} must be a folder of .py files; there is no such folder.")
    files = sorted(p for p in folder.glob("*.py") if not p.name.startswith("_"))
    if not files:
        raise UsageError(f"{folder} must hold .py files; it holds none.")

    def one(path: Path) -> Graded:
        return _one(path, function, settings, seconds, megabytes)

    done: list[Graded] = []
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        for graded in pool.map(one, files):
            done.append(graded)
            if progress is not None:
                progress(len(done), len(files))
    return done


def table(graded: Sequence[Graded]) -> str:
    """The grades as CSV. A cell that a spreadsheet would take for a formula gets an apostrophe in front."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in graded:
        writer.writerow([escaped(cell) for cell in one.row])
    return stream.getvalue()


def escaped(cell: str) -> str:
    """The cell, harmless in a spreadsheet.

    >>> escaped("=1+1"), escaped("dW2 is wrong")
    ("'=1+1", 'dW2 is wrong')
    """
    plain = " ".join(cell.split("\n")).replace("\r", " ")
    return f"'{plain}" if plain.startswith(("=", "+", "-", "@", "\t")) else plain


def _one(path: Path, function: str, settings: Mapping[str, Any], seconds: float, megabytes: int) -> Graded:
    start = time.monotonic()
    verdict = _checked(path, function, settings, seconds, megabytes)
    return Graded(path.name, verdict, time.monotonic() - start)


def _checked(
    path: Path, function: str, settings: Mapping[str, Any], seconds: float, megabytes: int
) -> Mapping[str, Any]:
    """The verdict of a process of its own, which answers through a file: what it prints is its own affair."""
    with tempfile.TemporaryDirectory(prefix="fallline-") as scratch:
        answer = Path(scratch, "verdict.json")
        order = json.dumps({
            "path": str(path.resolve()), "function": function, "settings": dict(settings), "answer": str(answer),
            "megabytes": megabytes, "seconds": seconds,
        })  # fmt: skip
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        process = subprocess.Popen(  # our own interpreter, on a file that the user has named
            [sys.executable, "-m", "fallline.checks.submissions"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, cwd=scratch, env=environment, start_new_session=True,
        )  # fmt: skip
        try:
            _feed(process.stdin, order)
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return _unchecked(
                f"{path.name} was stopped: it had not ended after {seconds:g} s. Is there an endless loop?"
            )
        finally:
            _end(process)
        try:
            if answer.stat().st_size > MOST_ANSWER:
                return _unchecked(f"{path.name} gave an answer too large to read.")
            read = json.loads(answer.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return _unchecked(_ended(path, process.returncode, megabytes))
    return read if isinstance(read, dict) else _unchecked(f"{path.name} gave no verdict.")


def _feed(stream: IO[bytes] | None, text: str) -> None:
    assert stream is not None
    with contextlib.suppress(BrokenPipeError):  # it has ended already; how, is seen from its status
        stream.write(text.encode())
        stream.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """The process, and whatever it has started, are over."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _ended(path: Path, status: int, megabytes: int) -> str:
    if status < 0:
        name = signal.Signals(-status).name
        why = " It ran for too long on the processor." if name == "SIGXCPU" else ""
        return f"{path.name} crashed: it was ended by {name}.{why}"
    return f"{path.name} ended by itself with status {status} before it could be checked (within {megabytes} MB)."


def _unchecked(sentence: str) -> dict[str, Any]:
    return {"status": "unchecked", "exit_status": 2, "sentence": sentence, "faults": [], "blocks": []}


def _limit(megabytes: int, seconds: float) -> None:
    """Limits of this process; where the system has none, the time limit of the parent is left."""
    try:
        import resource
    except ImportError:
        return
    size = megabytes * 2**20
    for what, value in ((resource.RLIMIT_AS, size), (resource.RLIMIT_CPU, int(seconds) + 1), (resource.RLIMIT_CORE, 0)):
        try:
            resource.setrlimit(what, (value, value))
        except (ValueError, OSError):
            continue


def main() -> None:
    """What runs in the process of one submission: the order comes on standard input, the verdict goes to a file."""
    from fallline.checks.command import verdict_of

    order = json.loads(sys.stdin.buffer.read())
    _limit(order["megabytes"], order["seconds"])
    path = Path(order["path"])
    sys.path.insert(0, str(path.parent))
    try:
        result = verdict_of(path, order["function"], **order["settings"]).to_dict()
    except MemoryError:
        result = _unchecked(f"{path.name} needs more than {order['megabytes']} MB of memory.")
    except FalllineError as error:
        result = _unchecked(str(error))
    except Exception as error:  # whatever a submission brings about is one row of the table
        result = _unchecked(f"{path.name} could not be checked: {type(error).__name__}: {error}")
    Path(order["answer"]).write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
