"""The check of one file in a process of its own, under a limit of time and memory.

A crash, an endless loop or a memory hog stops only that process. If it happens while the file runs (a training that takes an
hour, an `os._exit`), another process runs the file again, but not the statement at which it was stopped: what was defined
before, and what follows it, can still be checked.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fallline.checks.grading.answer import Answer, Reported
from fallline.checks.grading.isolation import Milestone, run
from fallline.checks.presentation.parts import Paragraph

__all__ = ["MEGABYTES", "SECONDS", "Limits", "check_in_process", "shown_name"]

SECONDS, MEGABYTES = 30.0, 2048
SHARE = 1 / 3
"""The part of the time limit that is for the file itself."""

TRIES = 4
"""Runs of a file that is stopped again and again."""

CANDIDATES = 4
"""Functions that are checked where none is named."""


@dataclass(frozen=True)
class Limits:
    """Limits of the check of one file.

    A third of the time is for the file itself: for what it runs before a function of it can be called.
    """

    seconds: float = SECONDS
    megabytes: int = MEGABYTES


def check_in_process(
    path: Path, function: str, settings: Mapping[str, Any], limits: Limits, *, hint: int | None = None, copied: bool = False,
    picture: Path | None = None,
) -> Answer:  # fmt: skip
    """Check a file in a process of its own.

    Parameters
    ----------
    function
        The one to check; "" for the likeliest ones.
    settings
        What `check_file` takes.
    hint
        How much the verdict tells.
    copied
        Run a copy of the file in a scratch folder, so that it leaves nothing in its own; only the likeliest function that can be
        checked is.
    picture
        A file for the picture of the errors.
    """
    with tempfile.TemporaryDirectory(prefix="fallline-", ignore_cleanup_errors=True) as scratch:
        order = {
            "path": str(path.resolve()), "folder": str(path.parent.resolve()), "function": function, "settings": dict(settings),
            "megabytes": limits.megabytes, "hint": hint, "picture": str(picture.resolve()) if picture else "",
            "most": CANDIDATES, "first": copied,
        }  # fmt: skip
        if copied:
            copy = Path(scratch, shown_name(path))
            copy.write_bytes(path.read_bytes())
            order["path"] = str(copy)
        return _answered(order, Path(scratch), limits)


def _answered(order: dict[str, Any], scratch: Path, limits: Limits) -> Answer:
    name = Path(order["path"]).name
    end = time.monotonic() + limits.seconds
    stopped: dict[int, str] = {}
    for _ in range(TRIES):
        left = max(0.1, end - time.monotonic())
        answer, status = _try({**order, "stopped": stopped}, scratch, left)
        at = None if answer.loaded else answer.running
        if answer.whole or at is None or at in stopped or time.monotonic() > end:
            break
        stopped[at] = _how(status, SHARE * left)
    if not answer.whole:
        checked = order["function"] or next(iter(answer.candidates[len(answer.verdicts) :]), "") or name
        sentence = _ended(name, status, limits)
        answer.verdicts.append(unchecked(checked, order["settings"]["subject"], sentence))
    return answer


def _try(order: dict[str, Any], scratch: Path, seconds: float) -> tuple[Answer, int | None]:
    """Run the process once; return its answer, and its exit status or None if it was stopped."""
    path = scratch / f"{uuid.uuid4().hex}.jsonl"
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    environment = {**os.environ, **threads, "PYTHONDONTWRITEBYTECODE": "1", "MPLBACKEND": "Agg"}
    # -P keeps the folder off the path, where a file could take the place of a library's module
    command = [sys.executable, "-P", "-m", "fallline.checks.grading.worker"]
    status = run(
        command, json.dumps({**order, "answer": str(path), "seconds": seconds}),
        cwd=scratch if order["first"] else Path.cwd(), env=environment, seconds=seconds,
        milestone=Milestone(SHARE * seconds, lambda: _has_begun(Answer.read(path)), lambda: Answer.read(path).loaded),
    )  # fmt: skip
    return Answer.read(path), status


def _has_begun(answer: Answer) -> bool:
    """Whether the file does something of its own: to import a large library takes long on a busy machine, and is no endless loop."""
    return answer.running is not None and not answer.importing


def unchecked(name: str, subject: str, sentence: str) -> Reported:
    """The report on a function that could not be checked."""
    from fallline.checks.presentation.verdict import (
        Verdict,
    )  # late: it loads NumPy, which the usual answer does not need

    verdict = Verdict("unchecked", name, subject, sentence)
    return Reported(name, verdict.to_dict(), (Paragraph.of(sentence, "sentence"),))


def shown_name(path: Path) -> str:
    """The file's name, with the bytes that are not UTF-8 escaped."""
    return os.fsencode(path.name).decode("utf-8", "backslashreplace")


def _how(status: int | None, seconds: float) -> str:
    """How a process ended while the file ran, as the predicate of a sentence."""
    if status is None:
        return f"was stopped after {seconds:.2g} s, a third of the time limit,"
    return f"ended the process by {_signal(status)}" if status < 0 else f"ended the process with status {status}"


def _ended(name: str, status: int | None, limits: Limits) -> str:
    """The sentence on a process that ended without a whole answer: with a status, by a signal (-status), or stopped (None)."""
    if status is None:
        return f"{name} was stopped: it had not ended after {limits.seconds:g} s. Is there an endless loop?"
    if status < 0:
        why = " It ran for too long on the processor." if _signal(status) == "SIGXCPU" else ""
        return f"{name} crashed: it was ended by {_signal(status)}.{why}"
    return f"{name} ended by itself with status {status} before it could be checked (within {limits.megabytes} MB)."


def _signal(status: int) -> str:
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
