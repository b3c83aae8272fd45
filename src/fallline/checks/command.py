"""The command `fallline check`."""

from __future__ import annotations

import json as json_module
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from fallline import files
from fallline.checks.grading.answer import Answer, Reported, primary
from fallline.checks.grading.checked_file import MEGABYTES, SECONDS, Limits, check_in_process
from fallline.checks.grading.formats import FORMATS, Format, Scored
from fallline.checks.grading.submissions import Graded, grade, submissions_in, table
from fallline.checks.reference.comparison import Status
from fallline.checks.user_files.source import require_source
from fallline.errors import UsageError, visible
from fallline.user_code.python_file import names_file, split

__all__ = ["check"]

EXIT: dict[Status, int] = {"right": 0, "wrong": 1, "unchecked": 2}
READABLE = 30
"""Columns of the terminal that a verdict needs beside its file and status."""
COLOURS: dict[Status, str] = {"right": "green", "wrong": "bold red", "unchecked": "yellow"}


def check(
    path: str,
    *,
    network: str = "",
    of: str = "",
    activation: str = "relu",
    loss: str = "cross_entropy",
    reduction: str | None = None,
    l2: float = 0.0,
    bias: bool = True,
    data: str | None = None,
    seed: int = 0,
    hint: int | None = None,
    json: bool = False,
    format: Format | None = None,
    points: float = 1.0,
    csv: Path | None = None,
    out: Path | None = None,
    force: bool = False,
    time_limit: float = SECONDS,
    memory_limit: int = MEGABYTES,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Check a gradient, or a folder of them, and print the verdict. Returns the exit status.

    Parameters
    ----------
    path
        FILE:FUNCTION, FILE:Class.method, FILE:Class, FILE (a Python file or a notebook), or a folder of them (FOLDER, or
        FOLDER:FUNCTION). Without a function the likeliest ones are checked.
    network
        Sizes of the network that it is the gradient of. The default is 2-3-2-3.
    of
        Instead of a network: a landscape, activation, loss or optimizer by name, or FILE.py:FUNCTION of coordinates.
    activation, loss, reduction, l2, bias, data, seed
        As in `check_gradient`; several activations are joined by commas, and a function is FILE.py:NAME.
    hint
        How much a verdict "wrong" tells: 1 where the fault is, 2 also of what kind it is, 3 (and None) everything.
    json
        Print one JSON object for machines.
    format
        Print the results as an autograder reads them.
    points
        Points for a right gradient in that format.
    csv
        Of a folder: write one row for each file to this file.
    out
        Write a picture of the errors to this file.
    force
        Overwrite existing files.
    time_limit, memory_limit
        Seconds and megabytes for each file.
    workers
        Files of a folder checked at a time.
    progress
        Called with the number of files checked, and of all.

    Notes
    -----
    The exit status is 0 if the gradient is right, 1 if wrong, 2 if it could not be checked. Of several functions of a file, that
    of the likeliest one that could be checked counts. Of a folder it is 1 if any file is wrong, else 2 if any could not be
    checked.
    """
    if network and of:
        raise UsageError("--network and --of name two things that it could be the gradient of; give one.")
    if json and format is not None:
        raise UsageError(f"--json and --format {format} are two forms of one result; give one.")
    settings: dict[str, Any] = {
        "subject": _absolute(of or network or "2-3-2-3"), "activation": ",".join(map(_absolute, activation.split(","))),
        "loss": _absolute(loss), "reduction": reduction, "l2": l2, "bias": bias, "data": data, "seed": seed,
    }  # fmt: skip
    if data is not None:
        settings["data"] = str(Path(data).resolve())
    limits = Limits(time_limit, memory_limit)
    folder, name = _folder(path)
    if folder is not None:
        if out is not None:
            raise UsageError("--out draws the errors of one gradient; for a folder give --csv.")
        paths = submissions_in(folder)
        if csv is not None:
            files.refuse_existing(csv, overwrite=force)
        graded = grade(paths, settings, function=name, limits=limits, hint=hint, workers=workers)
        done = _collect(graded, paths, progress, csv=csv, force=force, rows=not json and format is None)
        if format is not None:
            scored = [Scored(g.file, g.file, g.reported.status, g.reported.parts, g.seconds, points) for g in done]
            print(json_module.dumps(FORMATS[format](scored), indent=2))
        elif json:
            print(json_module.dumps([{"file": submission.file, **submission.verdict} for submission in done]))
        statuses = [submission.reported.status for submission in done]
        return 1 if "wrong" in statuses else 2 if "unchecked" in statuses else 0
    if csv is not None:
        raise UsageError("--csv is the table of a folder of submissions; for one file give --json.")
    start = time.monotonic()
    answer, drawn = _check_one(path, settings, limits, hint, out, force)
    seconds = time.monotonic() - start
    report = answer.verdicts[primary([reported.status for reported in answer.verdicts])]
    if format is not None:
        scored = [Scored(report.name, split(path)[0].name, report.status, report.parts, seconds, points)]
        print(json_module.dumps(FORMATS[format](scored), indent=2))
    elif json:
        print(json_module.dumps(_as_json(answer, report)))
    else:
        _show(path, answer, report)
        if out is not None:
            print(f"Written to {out}." if drawn else f"{out} was not written: there are no errors to draw.")
    return EXIT[report.status]


def _check_one(
    path: str, settings: dict[str, Any], limits: Limits, hint: int | None, out: Path | None, force: bool
) -> tuple[Answer, bool]:
    """The answer on one file, and whether a picture was written."""
    file, function = split(path)
    require_source(file)
    if out is not None:
        files.refuse_existing(out, overwrite=force)
    with tempfile.TemporaryDirectory(prefix="fallline-", ignore_cleanup_errors=True) as scratch:
        picture = None if out is None else Path(scratch, out.name)
        answer = check_in_process(file, function, settings, limits, hint=hint, picture=picture)
        if answer.refused:
            raise UsageError(answer.refused)
        if out is None or picture is None or not picture.is_file():
            return answer, False
        files.write(out, picture.read_bytes(), overwrite=force)
        return answer, True


def _folder(path: str) -> tuple[Path | None, str]:
    """The folder and the name of a function in its files; (None, "") if the path is not that of a folder."""
    if Path(path).is_dir():
        return Path(path), ""
    folder, colon, name = path.rpartition(":")
    if colon and Path(folder).is_dir():
        return Path(folder), name
    return None, ""


def _absolute(subject: str) -> str:
    """The subject, with the path of a file made absolute for a process that runs in another folder."""
    if not names_file(subject):
        return subject
    file, name = split(subject)
    return f"{file.resolve()}:{name}" if name else str(file.resolve())


def _as_json(answer: Answer, report: Reported) -> dict[str, Any]:
    if len(answer.candidates) < 2:
        return dict(report.verdict)
    checked = {reported.name: reported.verdict for reported in answer.verdicts}
    candidates = [
        {"name": name} | ({key: checked[name][key] for key in ("status", "sentence")} if name in checked else {})
        for name in answer.candidates
    ]
    return {**report.verdict, "checked": report.name, "candidates": candidates}


def _show(path: str, answer: Answer, report: Reported) -> None:
    """Print the verdict; before it, if there are several candidates, a line on each."""
    from rich.console import Console
    from rich.text import Text

    from fallline.checks.presentation.terminal import renderable

    console = Console(highlight=False, soft_wrap=False)
    if len(answer.candidates) > 1:
        checked = {reported.name: reported for reported in answer.verdicts}
        print(f"{len(answer.candidates)} functions may be the gradient; the likeliest is first.")
        _print_rows(
            [
                (name, *((r.status, str(r.verdict["sentence"])) if (r := checked.get(name)) else ("", "not checked")))
                for name in answer.candidates
            ],
            ("function", "status", "verdict"),
        )
        file, name = visible(split(path)[0].name), visible(answer.candidates[-1])
        console.print(Text(f"To check one of them alone, write its name after the file: {file}:{name}.\n"))
    console.print(renderable(report.parts, report.status))


def _collect(
    graded: Iterable[Graded], paths: Sequence[Path], progress: Callable[[int, int], None] | None, *, csv: Path | None,
    force: bool, rows: bool,
) -> list[Graded]:  # fmt: skip
    """Print a row for each file as soon as it is checked, and a summary; return the checked files.

    The CSV file is rewritten after each file, so that an interrupted check loses nothing.
    """
    widest = max(len(path.name) for path in paths)
    if rows:
        _print_rows([], ("file", "status", "verdict"), widest)
    done: list[Graded] = []
    for submission in graded:
        if progress is not None:
            progress(len(done) + 1, len(paths))
        done.append(submission)
        if rows:
            _print_rows([(submission.file, submission.reported.status, submission.verdict["sentence"])], (), widest)
        if csv is not None:
            files.write(csv, table(done).encode(), overwrite=force or len(done) > 1)
    if rows:
        statuses = [submission.reported.status for submission in done]
        counted = ", ".join(f"{statuses.count(s)} {s}" for s in EXIT if s in statuses)
        print(f"{len(done)} files: {counted}." + (f" Written to {csv}." if csv is not None else ""))
    return done


def _print_rows(rows: Sequence[Sequence[str]], heads: Sequence[str], widest: int = 0) -> None:
    """Print rows of name, status and verdict, under their heads if there are any."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    first = min(widest or max(len(row[0]) for row in rows), max(20, console.width // 3))
    second = max(map(len, EXIT))
    narrow = console.width < first + second + READABLE
    lines = [[Text(head, style="dim") for head in heads]] if heads and not narrow else []
    for name, status, verdict in rows:
        style = COLOURS.get(status, "")  # type: ignore[call-overload]  # any text
        lines.append([Text(visible(name)), Text(status, style=style), Text(visible(verdict))])
    for name_text, status_text, verdict_text in lines:
        row = Table.grid(padding=(0, 2, 0, 0))
        if narrow:  # the verdict gets lines of its own
            console.print(Text.assemble(name_text, "  ", status_text))
            row.add_row("", verdict_text)
        else:
            row.add_column(width=first, overflow="fold")
            row.add_column(width=second)
            row.add_row(name_text, status_text, verdict_text)
        console.print(row)
