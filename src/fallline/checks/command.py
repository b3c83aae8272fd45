"""The command `fallline check`."""

from __future__ import annotations

import json as json_module
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from fallline import files
from fallline.checks.gradient_file import check_file
from fallline.checks.grading.submissions import MEGABYTES, SECONDS, Graded, grade, submissions_in, table
from fallline.errors import UsageError, visible
from fallline.user_code.python_file import names_file, split

__all__ = ["check"]


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
    json: bool = False,
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
        FILE.py:FUNCTION, FILE.py, or a folder of .py files (FOLDER, or FOLDER:FUNCTION).
    network
        Sizes of the network that it is the gradient of. The default is 2-3-2-3.
    of
        Instead of a network: a landscape, activation, loss or optimizer by name, or FILE.py:FUNCTION of coordinates.
    activation, loss, reduction, l2, bias, data, seed
        As in `check_gradient`; several activations are joined by commas, and a function is FILE.py:NAME.
    json
        Print one JSON object for machines.
    csv
        Of a folder: write one row for each file to this file.
    out
        Write a picture of the errors to this file.
    force
        Overwrite existing files.
    time_limit, memory_limit
        Seconds and megabytes for each file of a folder.
    workers
        Files of a folder checked at a time.
    progress
        Called with the number of files checked, and of all.

    Notes
    -----
    The exit status is 0 if the gradient is right, 1 if wrong, 2 if it could not be checked; of a folder, 1 if any is wrong,
    else 2 if any could not be checked.
    """
    if network and of:
        raise UsageError("--network and --of name two things that it could be the gradient of; give one.")
    settings: dict[str, Any] = {"subject": of or network or "2-3-2-3", "activation": activation, "loss": loss,
                                "reduction": reduction, "l2": l2, "bias": bias, "data": data, "seed": seed}  # fmt: skip
    if data is not None:
        settings["data"] = str(Path(data).resolve())
    folder, name = _folder(path)
    if folder is not None:
        if out is not None:
            raise UsageError("--out draws the errors of one gradient; for a folder give --csv.")
        verdict_settings = {**settings, "subject": _absolute(settings["subject"])}
        for setting in ("activation", "loss"):
            verdict_settings[setting] = ",".join(map(_absolute, settings[setting].split(",")))
        paths = submissions_in(folder)
        if csv is not None:
            files.refuse_existing(csv, overwrite=force)
        graded = grade(
            paths, verdict_settings, function=name, seconds=time_limit, megabytes=memory_limit, workers=workers
        )
        return _report(graded, paths, progress, json=json, csv=csv, force=force)
    if csv is not None:
        raise UsageError("--csv is the table of a folder of submissions; for one file give --json.")
    verdict = check_file(*split(path), **settings)
    if out is not None and verdict.errors:
        verdict.plot().save(out, overwrite=force)
    if json:
        print(json_module.dumps(verdict.to_dict()))
    else:
        from rich.console import Console

        Console(highlight=False, soft_wrap=False).print(verdict)
        if out is not None:
            print(f"Written to {out}." if verdict.errors else f"{out} was not written: there are no errors to draw.")
    return verdict.exit_status


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


def _report(
    graded: Iterable[Graded], paths: Sequence[Path], progress: Callable[[int, int], None] | None, *, json: bool,
    csv: Path | None, force: bool,
) -> int:  # fmt: skip
    """Print a row for each file as soon as it is checked; return the exit status.

    The CSV file is rewritten after each file, so that an interrupted check loses nothing.
    """
    print_row = (lambda submission: None) if json else _rows(max(len(path.name) for path in paths))
    done: list[Graded] = []
    for submission in graded:
        if progress is not None:
            progress(len(done) + 1, len(paths))
        done.append(submission)
        print_row(submission)
        if csv is not None:
            files.write(csv, table(done).encode(), overwrite=force or len(done) > 1)
    statuses = [submission.verdict["status"] for submission in done]
    if json:
        print(json_module.dumps([{"file": submission.file, **submission.verdict} for submission in done]))
    else:
        counted = ", ".join(f"{statuses.count(s)} {s}" for s in ("right", "wrong", "unchecked") if s in statuses)
        print(f"{len(done)} files: {counted}." + (f" Written to {csv}." if csv is not None else ""))
    return 1 if "wrong" in statuses else 2 if "unchecked" in statuses else 0


def _rows(widest: int) -> Callable[[Graded], None]:
    """Print the head of a table, and return a function that prints a row of it."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    colours = {"right": "green", "wrong": "bold red", "unchecked": "yellow"}

    def show(*cells: Text) -> None:
        row = Table.grid(padding=(0, 2, 0, 0))
        row.add_column(width=min(widest, 40), overflow="fold")
        row.add_column(width=max(map(len, colours)))
        row.add_column()
        row.add_row(*cells)
        console.print(row)

    show(*(Text(head, style="dim") for head in ("file", "status", "verdict")))

    def print_row(submission: Graded) -> None:
        status = submission.verdict["status"]
        sentence = visible(submission.verdict["sentence"])
        show(Text(visible(submission.file)), Text(status, style=colours[status]), Text(sentence))

    return print_row
