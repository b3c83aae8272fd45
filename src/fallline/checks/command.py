"""`fallline check`: what the command line calls."""

from __future__ import annotations

import json as json_module
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fallline import files
from fallline.checks.calls import Misbehaviour
from fallline.checks.files import load, names_file, split
from fallline.checks.gradient import check_gradient
from fallline.checks.submissions import MEGABYTES, SECONDS, Graded, grade, table
from fallline.checks.verdict import Verdict
from fallline.errors import UsageError

__all__ = ["check", "verdict_of"]


def check(
    what: str,
    *,
    network: str = "",
    of: str = "",
    activation: str = "relu",
    loss: str = "cross_entropy",
    reduction: str = "sum",
    l2: float = 0.0,
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
    what: FILE.py:FUNCTION, FILE.py, or a folder of .py files (FOLDER, or FOLDER:FUNCTION).
    network: sizes of the network that it is the gradient of, such as 2-3-2-3. The default of a network is 2-3-2-3.
    of: instead of a network: a landscape, activation, loss or optimizer by name, or FILE.py:FUNCTION of coordinates.
    activation, loss, reduction, l2, data, seed: as `check_gradient` has them; several activations joined by commas.
    json: print one JSON object for machines.
    csv: of a folder: write one row for each file. out: picture of the errors. force: overwrite them.
    time_limit, memory_limit: seconds and megabytes for each file of a folder.
    workers: files of a folder checked at a time.

    0 right, 1 wrong, 2 could not check; of a folder, 1 if any is wrong, else 2 if any could not be checked.
    """
    if network and of:
        raise UsageError("--network and --of name two things that it could be the gradient of; give one.")
    settings: dict[str, Any] = {"subject": of or network or "2-3-2-3", "activation": activation, "loss": loss,
                                "reduction": reduction, "l2": l2, "data": data, "seed": seed}  # fmt: skip
    if data is not None:
        settings["data"] = str(Path(data).resolve())
    folder, name = _folder(what)
    if folder is not None:
        if out is not None:
            raise UsageError("--out draws the errors of one gradient; for a folder give --csv.")
        verdict_settings = {**settings, "subject": _absolute(settings["subject"])}
        graded = grade(
            folder, verdict_settings, function=name, seconds=time_limit, megabytes=memory_limit, workers=workers,
            progress=progress,
        )  # fmt: skip
        return _print_grades(graded, json=json, csv=csv, force=force)
    if csv is not None:
        raise UsageError("--csv is the table of a folder of submissions; for one file give --json.")
    verdict = verdict_of(*split(what), **settings)
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


def verdict_of(path: Path, function: str = "", *, subject: str = "2-3-2-3", **settings: Any) -> Verdict:
    """The verdict on the function of that file. A file that cannot be run is a verdict too: unchecked."""
    try:
        checked = load(path, function)
        of: Any = subject
        if names_file(subject):
            of = load(*split(subject))
    except Misbehaviour as misbehaviour:
        return Verdict("unchecked", function or path.name, subject, str(misbehaviour))
    activation = settings.pop("activation", "relu")
    several = activation.split(",") if isinstance(activation, str) and "," in activation else activation
    return check_gradient(checked, of, activation=several, **settings)


def _folder(what: str) -> tuple[Path | None, str]:
    if Path(what).is_dir():
        return Path(what), ""
    path, colon, name = what.rpartition(":")
    if colon and Path(path).is_dir():
        return Path(path), name
    return None, ""


def _absolute(subject: str) -> str:
    """A file that is named relative to here, for a process that runs elsewhere."""
    if not names_file(subject):
        return subject
    path, name = split(subject)
    return f"{path.resolve()}:{name}" if name else str(path.resolve())


def _print_grades(graded: list[Graded], *, json: bool, csv: Path | None, force: bool) -> int:
    if csv is not None:
        files.write(csv, table(graded).encode(), overwrite=force)
    statuses = [one.verdict["status"] for one in graded]
    if json:
        print(json_module.dumps([{"file": one.file, **one.verdict} for one in graded]))
    else:
        _table(graded)
        counted = ", ".join(f"{statuses.count(s)} {s}" for s in ("right", "wrong", "unchecked") if s in statuses)
        print(f"{len(graded)} files: {counted}." + (f" Written to {csv}." if csv is not None else ""))
    return 1 if "wrong" in statuses else 2 if "unchecked" in statuses else 0


def _table(graded: list[Graded]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    colours = {"right": "green", "wrong": "bold red", "unchecked": "yellow"}
    shown = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for head in ("file", "status", "verdict"):
        shown.add_column(head, no_wrap=head != "verdict")
    for one in graded:
        status = one.verdict["status"]
        shown.add_row(Text(one.file), Text(status, style=colours[status]), Text(one.verdict["sentence"]))
    Console(highlight=False).print(shown)
