"""A folder of submissions: each file checked in a process of its own, under a limit of time and memory.

One crash, endless loop or memory hog stops only itself. The limits protect the teacher's machine from accidents, not
from malice: submissions run with the rights of whoever runs the check, so untrusted ones belong in a sandbox.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fallline.checks.grading.answer import Reported, primary
from fallline.checks.grading.checked_file import Limits, check_in_process, shown_name, unchecked
from fallline.errors import UsageError
from fallline.files import csv_cell

__all__ = ["Graded", "grade", "submissions_in", "table"]

SUFFIXES = (".py", ".ipynb")
COLUMNS = ("file", "status", "sentence", "faults", "first_wrong_block", "called", "notes", "seconds")


@dataclass(frozen=True)
class Graded:
    """One submission: the name of its file, the report on it, and the time of its check."""

    file: str
    reported: Reported
    seconds: float

    @property
    def verdict(self) -> Mapping[str, Any]:
        """The verdict as `Verdict.to_dict` gives it."""
        return self.reported.verdict

    @property
    def row(self) -> tuple[str, ...]:
        """Its row of the table."""
        v = self.verdict
        wrong = next((b["block"] for b in v.get("blocks", []) if not b["agrees"]), "")
        return (self.file, v["status"], v["sentence"], "; ".join(v.get("faults", [])), wrong, v.get("called", ""),
                " ".join(v.get("notes", [])),
                f"{self.seconds:.1f}")  # fmt: skip


def submissions_in(folder: Path) -> list[Path]:
    """The Python files and notebooks of the folder, by name; those that begin with _ are helpers, not submissions."""
    if not folder.is_dir():
        raise UsageError(f"{folder} must be a folder of .py files; there is no such folder.")
    files = sorted(p for p in folder.iterdir() if p.name.endswith(SUFFIXES) and not p.name.startswith(("_", ".")))
    if not files:
        raise UsageError(f"{folder} must hold .py or .ipynb files; it holds none.")
    return files


def grade(
    files: Sequence[Path], settings: Mapping[str, Any], *, function: str = "", limits: Limits | None = None,
    hint: int | None = None, workers: int = 1,
) -> Iterator[Graded]:  # fmt: skip
    """Check each file in a process of its own; yield the verdicts in the files' order, each as soon as it is known.

    Parameters
    ----------
    settings
        What `check_file` takes.
    function
        The one to check in each file; without it, the likeliest one.
    limits
        Of time and memory for each file.
    hint
        How much the verdicts tell.
    workers
        Files checked at a time.
    """
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        try:
            yield from pool.map(lambda path: _graded(path, function, settings, limits or Limits(), hint), files)
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


def _graded(path: Path, function: str, settings: Mapping[str, Any], limits: Limits, hint: int | None) -> Graded:
    start = time.monotonic()
    name = shown_name(path)
    try:
        if path.is_file():
            answer = check_in_process(path, function, settings, limits, hint=hint, copied=True)
            reported = answer.verdicts[primary([r.status for r in answer.verdicts])] if answer.verdicts else None
            sentence = answer.refused
        else:
            reported, sentence = None, f"{name} must be a file; it is a folder, a broken link or a device."
    except (OSError, RuntimeError) as error:  # a file that cannot be read, a loop of symbolic links
        reported, sentence = None, f"{name} cannot be read: {getattr(error, 'strerror', None) or error}."
    reported = reported or unchecked(function or name, settings["subject"], sentence)
    return Graded(name, reported, time.monotonic() - start)
