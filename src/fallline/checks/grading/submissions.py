"""A folder of submissions: each file checked in a process of its own, under a limit of time and memory.

One crash, endless loop or memory hog stops only itself. The limits protect the teacher's machine from accidents, not
from malice: submissions run with the rights of whoever runs the check, so untrusted ones belong in a sandbox.
"""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fallline.checks.grading.isolation import run
from fallline.checks.presentation.verdict import Verdict
from fallline.errors import UsageError
from fallline.files import csv_cell

__all__ = ["MEGABYTES", "SECONDS", "Graded", "grade", "submissions_in", "table"]

SECONDS, MEGABYTES = 30.0, 2048
MOST_ANSWER = 10_000_000
COLUMNS = ("file", "status", "sentence", "faults", "first_wrong_block", "called", "notes", "seconds")


@dataclass(frozen=True)
class Graded:
    """One submission: the name of its file, its verdict as `Verdict.to_dict` gives it, and the time of its check."""

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


def submissions_in(folder: Path) -> list[Path]:
    """Every entry of the folder whose name ends in .py, by name; those that begin with _ are helpers, not submissions."""
    if not folder.is_dir():
        raise UsageError(f"{folder} must be a folder of .py files; there is no such folder.")
    files = sorted(p for p in folder.iterdir() if p.name.endswith(".py") and not p.name.startswith("_"))
    if not files:
        raise UsageError(f"{folder} must hold .py files; it holds none.")
    return files


def grade(
    files: Sequence[Path], settings: Mapping[str, Any], *, function: str = "", seconds: float = SECONDS,
    megabytes: int = MEGABYTES, workers: int = 1,
) -> Iterator[Graded]:  # fmt: skip
    """Check each file in a process of its own; yield the verdicts in the files' order, each as soon as it is known.

    Parameters
    ----------
    settings
        What `check_file` takes.
    function
        The one to check in each file; without it, the one that has a usual name.
    seconds, megabytes
        Limits of time and memory for each file.
    workers
        Files checked at a time.
    """
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        try:
            yield from pool.map(lambda path: _graded(path, function, settings, seconds, megabytes), files)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def table(graded: Sequence[Graded]) -> str:
    """The grades as CSV. A cell that a spreadsheet would take for a formula begins with an apostrophe."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for submission in graded:
        writer.writerow([csv_cell(cell) for cell in submission.row])
    return stream.getvalue()


def _graded(path: Path, function: str, settings: Mapping[str, Any], seconds: float, megabytes: int) -> Graded:
    start = time.monotonic()
    try:
        verdict = _checked(path, function, settings, seconds, megabytes)
    except (OSError, RuntimeError) as error:  # a file that cannot be read, a loop of symbolic links
        verdict = f"{_shown(path)} cannot be read: {getattr(error, 'strerror', None) or error}."
    if isinstance(verdict, str):
        verdict = Verdict("unchecked", function or _shown(path), settings["subject"], verdict).to_dict()
    return Graded(_shown(path), verdict, time.monotonic() - start)


def _checked(
    path: Path, function: str, settings: Mapping[str, Any], seconds: float, megabytes: int
) -> Mapping[str, Any] | str:
    """Return the verdict of a separate process, or a sentence that says why it gave no verdict.

    The process gets a copy of the file, alone in a scratch folder, and answers through another file there, so that what
    it prints does not matter.
    """
    if not path.is_file():
        return f"{_shown(path)} must be a file; it is a folder, a broken link or a device."
    with tempfile.TemporaryDirectory(prefix="fallline-", ignore_cleanup_errors=True) as scratch:
        copy = Path(scratch, _shown(path))
        copy.write_bytes(path.read_bytes())
        answer = Path(scratch, f"{uuid.uuid4().hex}.json")
        order = json.dumps({
            "path": str(copy), "folder": str(path.parent.resolve()), "function": function, "settings": dict(settings),
            "answer": str(answer), "megabytes": megabytes, "seconds": seconds,
        })  # fmt: skip
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        environment = {**os.environ, **threads, "PYTHONDONTWRITEBYTECODE": "1"}
        # -P keeps the scratch folder off the path, where a submission could take the place of a library's module
        command = [sys.executable, "-P", "-m", "fallline.checks.grading.worker"]
        status = run(command, order, cwd=Path(scratch), env=environment, seconds=seconds)
        try:
            if answer.stat().st_size > MOST_ANSWER:
                return f"{_shown(path)} gave an answer too large to read."
            read = json.loads(answer.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return _ended(_shown(path), status, seconds, megabytes)
    return read if isinstance(read, dict) else f"{_shown(path)} gave no verdict."


def _shown(path: Path) -> str:
    """The file's name, with the bytes that are not UTF-8 escaped."""
    return os.fsencode(path.name).decode("utf-8", "backslashreplace")


def _ended(name: str, status: int | None, seconds: float, megabytes: int) -> str:
    """The sentence on a process that ended without an answer: with a status, by a signal (-status), or stopped (None)."""
    if status is None:
        return f"{name} was stopped: it had not ended after {seconds:g} s. Is there an endless loop?"
    if status < 0:
        try:
            name_of_signal = signal.Signals(-status).name
        except ValueError:
            name_of_signal = f"signal {-status}"
        why = " It ran for too long on the processor." if name_of_signal == "SIGXCPU" else ""
        return f"{name} crashed: it was ended by {name_of_signal}.{why}"
    return f"{name} ended by itself with status {status} before it could be checked (within {megabytes} MB)."
