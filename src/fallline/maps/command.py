"""The commands `fallline map`, `map info`, `map extend` and `map export`, after their arguments are read."""

from __future__ import annotations

import contextlib
import json
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from fallline.errors import UsageError, visible
from fallline.experiment.architectures import architecture_text
from fallline.experiment.axes import Axis
from fallline.experiment.choice_axis import ChoiceAxis, refuse_lines
from fallline.experiment.description.absent import AbsentFunction, AbsentObjective
from fallline.experiment.estimate import estimate
from fallline.experiment.map_record import MapSpec
from fallline.files import refuse_existing
from fallline.formulas import formula_of
from fallline.maps.earlier import Earlier, earlier_of, longer, refuse_own_file
from fallline.maps.export import export
from fallline.maps.file import MapFile
from fallline.maps.growing import growing
from fallline.maps.large import LargeMap, map_at, open_map
from fallline.maps.large_zarr import write_large_zarr
from fallline.maps.loading import load_map
from fallline.maps.map import Map
from fallline.maps.parts import Part
from fallline.problems import LandscapeObjective
from fallline.runs.progress import showing

__all__ = ["map_export", "map_extend", "map_info", "map_run"]

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


def map_run(
    spec: MapSpec,
    *,
    out: Path | None = None,
    png: Path | None = None,
    animation: Path | None = None,
    live: Path | None = None,
    page: dict[str, Any] | None = None,
    workers: int = 0,
    threads: int | None = None,
    device: str = "cpu",
    cluster: str | None = None,
    overwrite: bool = False,
    as_json: bool = False,
    quiet: bool = False,
    picture: dict[str, Any] | None = None,
    earlier: Earlier | None = None,
    part: Part | None = None,
    command: str = "",
) -> int:
    """Compute a map or a `part` of it with a progress bar, keep it in `out`, draw it to `png` and, step by step, to
    `animation`; the coarse picture comes first. With all cells, write the page `live`, whose options are `page`.

    Prints the map's one line, its hash and where it is. Returns the exit status. `command` is the command that computes it, for the
    advice to repeat it.
    """
    if part is not None:
        _check_part(part, out, png or animation or live)
    named = (("out", out), ("png", png), ("animation", animation), ("live", live))
    files = {name: path for name, path in named if path is not None}
    for (a, first), (b, second) in combinations(files.items(), 2):
        if first.resolve() == second.resolve():
            raise UsageError(f"--{a} and --{b} must be two files; both are {second}.")
    for path in (png, animation, live):
        if path is not None:
            refuse_existing(path, overwrite=overwrite)
    if png is not None or animation is not None:
        _check_picture(spec, **(picture or {}))
    whole = animation is not None or live is not None
    result = Map(spec, out) if whole else map_at(spec, out)
    stride = 0
    try:
        with contextlib.ExitStack() as stack:
            progress = None if quiet else stack.enter_context(_bar(spec))
            if cluster is not None:
                stack.enter_context(_warnings_as_lines())
            options: dict[str, Any] = {"workers": workers, "threads": threads, "device": device, "client": cluster}
            for tile in growing(result, progress=progress, earlier=earlier, part=part, **options):
                if png is not None and stride and tile.stride != stride:
                    result.plot(**(picture or {})).save(png, overwrite=True)
                stride = tile.stride
    except KeyboardInterrupt:
        done = f"{100 * result.done / spec.cells:.0f} % of the map's cells are done"
        if out is None:
            hint = "nothing was kept: give --out FILE.fallmap, and the same command goes on where it was"
        else:
            hint = f"they are safe in {out}; to go on, give the same command again:\n  {command}"
        print(f"Stopped: {done}; {hint}", file=sys.stderr)
        return INTERRUPTED
    if png is not None:
        result.plot(**(picture or {})).save(png, overwrite=True)
    if animation is not None and isinstance(result, Map):
        options = {name: value for name, value in (picture or {}).items() if name != "contours"}
        result.animate(animation, overwrite=overwrite, progress=not quiet and sys.stderr.isatty(), **options)
    if live is not None and isinstance(result, Map):
        result.to_html(live, overwrite=True, **(page or {}))
    if as_json:
        print(json.dumps(facts(result) | ({} if part is None else {"part": str(part)})))
        return 0
    if part is None or result.complete:
        print(f"{result}\nsha256 {result.sha256}")
    else:
        print(f"Part {part} of the map is done: {result.done:,} of {spec.cells:,} cells.")
    for what, path in (("Map file", out), ("Picture", png), ("Moving picture", animation), ("Live page", live)):
        if path is not None:
            print(f"{what} written to {path}.")
    if not files:
        print("Nothing was written: give --png FILE.png for a picture, --out FILE.fallmap to keep the values.")
    return 0


def _check_part(part: Part, out: Path | None, picture: Path | None) -> None:
    if out is None:
        raise UsageError(f"part {part} of a map needs --out FILE.fallmap, from which it is merged with the others.")
    if picture is not None:
        raise UsageError(f"part {part} of a map gives no picture: merge the parts, then use fallline map export.")


def map_extend(path: Path, steps: int, *, anew: bool, out: Path | None, **options: Any) -> int:
    """Compute the map of a file for more steps, from the states that it keeps; the rest is as for `map_run`."""
    m = load_map(path)
    spec = longer(m.spec, steps)
    refuse_own_file(m, out)
    return map_run(spec, out=out, earlier=None if anew else earlier_of(m), **options)


def map_info(path: Path, *, as_json: bool = False) -> int:
    """Print the spec, progress, hash and provenance of a map file."""
    with MapFile.open(path) as file:
        made = file.provenance()
        description = file.description()
        arrays = file.arrays()
        tiles = len(file.keys())
        old = file.format == 1 and "sha256" not in made
    result = open_map(path)
    if as_json:
        info: dict[str, Any] = {"file": str(path), "spec": description, "spec_sha256": result.spec.sha256}
        info |= {"provenance": made, "tiles": tiles}
        print(json.dumps(info | facts(result)))
        return 0
    spec = result.spec
    fixed = ", ".join(f"{k} {v:g}" for k, v in spec.settings.items()) or "none"
    schedule = "on an axis" if "schedule" in spec.axes else spec.method.schedule.name
    optimizer = "on an axis" if "optimizer" in spec.axes else spec.method.optimizer.name
    start = "random" if spec.start is None else "given"
    lines = {
        "objective": _objective(spec),
        "optimizer": f"{optimizer}, schedule {schedule}",
        "x": _axis(spec.x),
        "y": "none" if spec.one_dimensional else _axis(spec.y),
        "fixed": fixed,
        "start": f"{start}, seed {spec.seed}, {spec.starts} a cell",
        "steps": f"{spec.steps}" + _minibatches(spec),
        "measures": ", ".join(str(w) for w in spec.measures),
        "dtype": spec.dtype,
        "progress": f"{result.done:,} of {spec.cells:,} cells, {tiles} tiles",
        "sha256": result.sha256 if result.complete else "not complete yet",
        "made by": f"fallline {made['fallline']}, {made['engine']} arithmetic {made['arithmetic']}, {made['created']}",
        "data kept": f"{len(arrays)} arrays",
    }
    if "part" in made and not result.complete:
        lines["part"] = f"{made['part']}, to be merged with the others by fallline map merge"
    if spec.kept:
        lines["states"] = f"{spec.kept} numbers of each run, from which `fallline map extend` goes on"
    if old:
        lines["format"] = "1: a tile's checksum does not cover its place; resuming the map checks every tile"
    print("\n".join([visible(str(path)), *(f"  {key:<10} {visible(value)}" for key, value in lines.items())]))
    return 0


def map_export(path: Path, out: Path, *, overwrite: bool = False) -> int:
    """Export a map file in the format that the ending of `out` says; one that is larger than memory as .zarr or as a picture."""
    result = open_map(path)
    if isinstance(result, Map):
        export(result, out, overwrite=overwrite)
    elif out.suffix.lower() in (".png", ".svg", ".pdf"):
        export(result.thinned(), out, overwrite=overwrite)
    elif out.suffix.lower() == ".zarr":
        with showing(sys.stderr.isatty(), "chunks") as show:
            write_large_zarr(result, out, overwrite=overwrite, progress=show)
    else:
        raise UsageError(
            f"a map of {result.spec.size_text} cells is exported as .zarr, as a picture of some of its cells, .png, .svg or .pdf, or as "
            "a folder of picture tiles: --tiles FOLDER."
        )
    note = "" if result.complete else f" ({100 * result.done / result.spec.cells:.0f} % of the cells are known)"
    print(f"Written to {out}{note}.")
    return 0


def _check_picture(
    spec: MapSpec, marks: Sequence[tuple[Any, Any, str]] = (), contours: Sequence[float] = (), theory: bool = False
) -> None:
    """Refuse what the picture cannot show, before the map is computed."""
    if contours and not spec.one_dimensional:
        refuse_lines(spec.x, spec.y)
    for x, y, _ in marks:
        spec.x.position(x), spec.y.position(y)


def _axis(axis: Axis) -> str:
    """An axis with the number of its values, and the settings of each choice."""
    text = f"{axis}, {axis.count} values"
    if not isinstance(axis, ChoiceAxis):
        return text
    settings = {
        str(name): ", ".join(f"{k} {v:g}" for k, v in choice.settings)
        for name, choice in zip(axis.values, axis.choices, strict=True)
    }
    return "; ".join([text, *(f"{name} has {inner}" for name, inner in settings.items() if inner)])


def _objective(spec: MapSpec) -> str:
    """Its name, with the text of a formula."""
    objective = spec.objective
    if isinstance(objective, AbsentObjective):
        return f"{objective.name}, an objective of your own"
    if isinstance(objective, LandscapeObjective) and isinstance(objective.landscape.function, AbsentFunction):
        return f"{objective.name}, a function of your own"
    text = formula_of(objective.landscape) if isinstance(objective, LandscapeObjective) else None
    return f"{objective.name}: {text}" if text else architecture_text(objective, spec.axes)


def facts(result: Map | LargeMap) -> dict[str, Any]:
    """The facts of a map as plain data, for JSON."""
    s = result.spec
    return {
        "objective": architecture_text(s.objective, s.axes),
        "optimizer": None if "optimizer" in s.axes else s.method.optimizer.name,
        "x": s.x.describe(),
        "y": None if s.one_dimensional else s.y.describe(),
        "steps": s.steps,
        "dtype": s.dtype,
        "measures": [str(w) for w in s.measures],
        "cells": s.cells,
        "cells_done": result.done,
        "complete": result.complete,
        "sha256": result.sha256 if result.complete else None,
    }


@contextlib.contextmanager
def _bar(spec: MapSpec) -> Iterator[Callable[[int, int], None]]:
    """A progress bar with cells per second and time left; nothing if standard error is not a terminal."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    console.print(f"[dim]{spec.plane_text}: {estimate(spec)}[/dim]", highlight=False)
    columns = (
        TextColumn("map"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True) as display:
        task = display.add_task("map", total=spec.cells, rate="")
        known: int | None = None

        def show(done: int, total: int) -> None:
            nonlocal known
            known = done if known is None else known
            elapsed = display.tasks[0].elapsed or 0.0
            rate = f"{(done - known) / elapsed:,.0f} cells/s" if elapsed > 0 and done > known else ""
            display.update(task, completed=done, total=total, rate=rate)

        yield show


@contextlib.contextmanager
def _warnings_as_lines() -> Iterator[None]:
    """Show what a cluster warns of as lines on standard error, above the bar."""

    def show(message: Warning | str, *_: object, **__: object) -> None:
        print(f"fallline: {visible(str(message))}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.simplefilter("always", RuntimeWarning)
        warnings.showwarning = show
        yield


def _minibatches(spec: MapSpec) -> str:
    """What the command says of a map's minibatches; "" if every step takes all samples."""
    if not spec.batch:
        return ""
    drawn = " drawn with replacement" if spec.replacement else ""
    return f", minibatches of {spec.batch}{drawn}" + (", losses of all samples" if spec.full_loss else "")
