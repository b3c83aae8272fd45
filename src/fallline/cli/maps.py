"""The `map` command. Its companions, which take a map file, are in `map_files`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from fallline.cli import map_files
from fallline.cli.described_map import described_map
from fallline.cli.estimates import print_estimate, startup
from fallline.cli.method_flags import Assigned, MethodFlags
from fallline.cli.options import (
    Force,
    Json,
    Number,
    Numbers,
    Out,
    Point,
    Whole,
)
from fallline.cli.table_flags import TableFlags
from fallline.cli.words import command_line, command_words
from fallline.errors import UsageError
from fallline.number_text import read_number

if TYPE_CHECKING:
    from fallline.experiment.axes import Axis
    from fallline.experiment.map_record import MapSpec

__all__ = ["map_app"]

map_app = App(name="map")
for command in map_files.COMMANDS:
    map_app.command(command)


@map_app.default
def map_(
    study: str | None = None,
    *,
    preset: str | None = None,
    table: TableFlags | None = None,
    x: str | None = None,
    y: str | None = None,
    size: str | None = None,
    steps: Whole | None = None,
    optimizer: str | None = None,
    flags: MethodFlags = None,
    assigned: Assigned = (),
    schedule: str | None = None,
    measure: tuple[str, ...] = (),
    start: Point = None,
    initial: str | None = None,
    seed: Whole | None = None,
    starts: Whole | None = None,
    batch: Whole | None = None,
    replacement: Annotated[bool | None, Parameter(show_default=False)] = None,
    full_loss: Annotated[bool | None, Parameter(show_default=False)] = None,
    features: str | None = None,
    test_share: Number | None = None,
    split_seed: Whole | None = None,
    label_noise: Number | None = None,
    subset: Whole | None = None,
    draw_seed: Whole | None = None,
    parametrization: str | None = None,
    base_width: Whole | None = None,
    dtype: Literal["float32", "float64"] | None = None,
    keep: Literal["values", "state"] = "values",
    workers: Whole = 0,
    device: Literal["cpu", "cuda"] = "cpu",
    cluster: str | None = None,
    part: str | None = None,
    slurm: Whole | None = None,
    theory: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    contour: Numbers = (),
    mark: Annotated[tuple[str, ...], Parameter(allow_leading_hyphen=True, negative="")] = (),
    out: Out = None,
    png: Path | None = None,
    animation: Path | None = None,
    live: Path | None = None,
    without_data: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    estimate: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    force: Force = False,
    json: Json = False,
) -> int:
    """Train one run for each cell of a plane of two settings, and draw how they end.

    Args:
        study: A built-in study, a TOML file, a table (CSV, Parquet) with --target, a landscape, or FILE.py:NAME. Flags that are not given have the values of a study's first map.
        preset: In the place of a study: the set-up of a published map, one of fractal-tanh, fractal-relu, fractal-linear,
            fractal-single-row, fractal-minibatch and fractal-init-offset (Sohl-Dickstein 2024). Other flags change it.
        x: Setting across, NAME=LOW..HIGH, with :log for equal ratios: learning_rate=1e-5..1e-2:log
        y: Setting upwards: momentum=0..0.99, seed=0..999, initial_scale=0.1..3, initial_offset=-1..1, initial_offset.1=...,
            learning_rate.2=..., start.x=-2..2; or choices, which --x takes too: optimizer=sgd,momentum,adam,
            activation=relu,tanh, width=4,8,16, depth=1,2,3, parametrization=standard,mup; or samples=16,64,256 and label_noise=0,0.2 of the training.
            With --x alone the map has one dimension.
        size: Columns x rows, such as 512x512.
        steps: Number of updates of each run.
        optimizer: A name, or one of your own, FILE.py:NAME. By default the study's, or momentum if an axis is momentum.
        schedule: Of the learning rate: constant, step_decay, exponential, inverse_time, cosine, warmup.
            The study's own, or constant.
        measure: Measures to keep of each run, such as final_loss, outcome, steps_to=TARGET; docs/maps.md lists all measures.
            The study's own, or final_loss.
        start: First parameters of every cell, numbers joined by commas.
        initial: Distribution of random starts; the study's own, or normal.
        seed: Key of random starts and minibatches; the study's own, or 0.
        starts: Random starts for each cell, 1 unless given; numbers are then medians, diverged and accuracy are shares.
        batch: Samples in a minibatch; the study's own, or all.
        replacement: Each sample of a minibatch is drawn from all samples; otherwise each epoch is a shuffle. The study's own, or no.
        full_loss: Losses are those of all samples, not of the minibatch of the next step; the study's own, or no.
        features: The network's inputs as functions of the study's two, joined by commas: any of x1, x2, x1^2, x2^2, x1 x2,
            sin x1, sin x2. The study's own, or the inputs themselves.
        test_share: Share of the study's samples that are kept for the test, for the measures test_loss, generalization_gap
            and test_accuracy; the study's own, or 0.
        split_seed: Key of the random split into training and test samples; the study's own, or 0.
        label_noise: Probability that the class of a training sample is replaced by another one; where targets are values, the
            standard deviation of noise that is added to each. The study's own, or 0.
        subset: Samples for the training, drawn from those of the study; the study's own, or all.
        draw_seed: Key of the random numbers that choose wrong labels and the subset; the study's own, or 0.
        parametrization: How first weights and learning rates depend on the width of hidden layers: standard, ntk, mean_field, mup.
            The study's own, or standard.
        base_width: Width at which all parametrizations agree; the study's own, or 1.
        dtype: Precision of the arithmetic, float64 unless given.
        keep: state keeps the state of each run in the map file, too, so that `fallline map extend` can go on from it.
        workers: Worker processes; 0 for threads of this process.
        device: cpu, or cuda for a CUDA device: the same values, compared on an NVIDIA H100. Some cells of each kernel are
            computed on the processor too, and the map stops where they differ.
        cluster: A Dask cluster that computes the map: tcp://HOST:PORT, or local:N for N processes on this machine. Workers may
            come and go; each must compute the same bits as this process. Needs the extra cluster.
        part: K/N computes part K of N alone, into --out; auto is the part of a job array's task. See `fallline map merge`.
        slurm: Print a script for sbatch that computes the map as a job array of so many parts, and compute nothing.
        theory: Lay the stability bound 2(1 + momentum)/L over the picture.
        contour: Value of the first measure at which a line of equal value is drawn; may be given several times.
        mark: A run to point out in the picture, X,Y or X,Y:LABEL; may be given several times.
        out: Map file (.fallmap) to keep the values in; an unfinished file is resumed.
        png: Picture to write.
        animation: Moving picture to write, .gif, or .mp4 where ffmpeg is installed: the loss of every cell step by step.
        live: Page to write, .html: it trains the map's runs in the reader's browser, with the same bits and without a server.
        without_data: The page holds a picture in place of the samples and the kernel, and trains nothing.
        estimate: Print the time, memory and disk that the map takes on this machine, from a short probe, and compute nothing.
    """
    from fallline.maps.command import map_run
    from fallline.maps.parts import Part

    spec, own_data = described_map(
        study, preset=preset, table=table, x=x, y=y, size=size, steps=steps, optimizer=optimizer, flags=flags,
        assigned=assigned, schedule=schedule, measure=measure, start=start, initial=initial, seed=seed, starts=starts,
        batch=batch, replacement=replacement, full_loss=full_loss, features=features, test_share=test_share,
        split_seed=split_seed, label_noise=label_noise, subset=subset, draw_seed=draw_seed,
        parametrization=parametrization, base_width=base_width, dtype=dtype, keep=keep,
        in_memory=not ((out is not None or slurm is not None) and animation is None and live is None),
    )  # fmt: skip
    axes = list(spec.axes.values())
    if len(axes) == 1 and (theory or mark or animation):
        flag = "--theory" if theory else "--mark" if mark else "--animation"
        raise UsageError(f"{flag} needs a map of two axes: give --y, too.")
    if estimate:
        from fallline.maps.probe import probe_maps

        return print_estimate(probe_maps([spec], in_file=out is not None, besides=startup()), as_json=json)
    if animation is not None:
        from fallline.views.pictures.map_animation import check_animation

        check_animation(spec, animation)
    if slurm is not None:
        return _print_job_array(spec, slurm, part=part, out=out, png=png, animation=animation, live=live)
    marks = [_mark(text, axes) for text in mark]
    if live is not None:
        page = _page(spec, live, without_data, marks, own_data=own_data, quiet=json)
    elif without_data:
        raise UsageError("--without-data is about the page that --live writes: give --live FILE.html, too.")
    else:
        page = None
    picture = {"theory": theory, "contours": contour, "marks": marks}
    return map_run(
        spec, out=out, png=png, animation=animation, live=live, page=page, workers=workers, device=device, cluster=cluster,
        overwrite=force, as_json=json, picture=picture, command=command_line(), part=None if part is None else Part.of(part),
    )  # fmt: skip


def _page(
    spec: MapSpec, path: Path, without_data: bool, marks: Sequence[tuple[Any, Any, str]], *, own_data: bool, quiet: bool
) -> dict[str, Any]:
    """The options of a live page, which is refused before the map is computed."""
    from fallline.live import check_page, holds_samples

    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--live must name a file that ends in .html; got {path}.")
    if not without_data:
        check_page(spec)
    holds = "" if without_data or not own_data else holds_samples(spec)
    if holds and not quiet:
        print(f"{holds} With --without-data it holds a picture alone.", file=sys.stderr)
    return {"data": not without_data, "pins": [(x, y) for x, y, _ in marks], "command": command_line()}


def _print_job_array(spec: MapSpec, parts: int, **others: Any) -> int:
    """Print the script of a job array, for the words of this command line without --slurm."""
    from fallline.maps.part_commands import job_array

    for flag, value in others.items():
        if value is not None:
            raise UsageError(f"--slurm prints a script that names its own files and parts: leave --{flag} out.")
    print(job_array(spec, command_words(without="--slurm"), parts), end="")
    return 0


def _mark(text: str, axes: Sequence[Axis]) -> tuple[Any, Any, str]:
    """(x, y, label) from X,Y or X,Y:LABEL. X and Y are numbers, or names on an axis of choices."""
    place, _, label = text.partition(":")
    from fallline.experiment.choices import FAMILIES

    words = place.split(",")
    if len(words) != 2:
        raise UsageError(f"--mark must be X,Y or X,Y:LABEL, such as 0.001,0.9:fast; got {text!r}.")
    x, y = (
        word.strip() if axis.name in FAMILIES else read_number(word, "--mark X,Y")
        for word, axis in zip(words, axes, strict=True)
    )
    return x, y, label or ", ".join(v if isinstance(v, str) else f"{v:g}" for v in (x, y))
