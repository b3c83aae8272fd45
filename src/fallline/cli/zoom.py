"""The `zoom` command."""

from __future__ import annotations

import json as json_module
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from fallline.cli.described_map import described_map
from fallline.cli.estimates import print_estimate, startup
from fallline.cli.method_flags import Assigned, MethodFlags
from fallline.cli.options import Force, Json, Number, Numbers, Whole
from fallline.cli.words import command_line
from fallline.errors import UsageError

if TYPE_CHECKING:
    from fallline.maps.probe import Estimate
    from fallline.maps.zoom import Zoom

__all__ = ["zoom"]

INTERRUPTED = 130

_ROUGH = 16
"""Cells along each axis of the maps that look for a boundary for an estimate."""


def zoom(
    study: str,
    *,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    center: Annotated[Numbers, Parameter(n_tokens=2, show_default=False)] = (),
    depth: Annotated[Number, Parameter(show_default=False)] = 1e12,
    frames: Whole = 120,
    fps: Whole = 12,
    way: Whole = 0,
    x: str | None = None,
    y: str | None = None,
    size: str = "256x256",
    steps: Whole | None = None,
    optimizer: str | None = None,
    flags: MethodFlags = None,
    assigned: Assigned = (),
    measure: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    seed: Whole | None = None,
    batch: Whole | None = None,
    dtype: Literal["float32", "float64"] | None = None,
    workers: Whole = 0,
    device: Literal["cpu", "cuda"] = "cpu",
    theme: Literal["light", "dark"] = "light",
    force: Force = False,
    estimate: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    json: Json = False,
) -> int:
    """Zoom into a map, and write it as a film. Without a center, the zoom follows the boundary between training and divergence.

    The key frames, each twice as deep as the one before it, are kept as map files in the folder OUT.keys; the other frames are
    scaled from them. An interrupted zoom is resumed by the same command, and another film of the same key frames takes seconds.

    Args:
        study: A preset, such as fractal-tanh, or what `fallline map` takes.
        out: File to write, .gif, or .mp4 where ffmpeg is installed; or a folder for pictures, which must be new or empty.
        center: Where the zoom leads: a value on each axis.
        depth: How many times narrower than the map the last frame is, 1e12 unless given. A depth at which neighbouring cells
            would be the same number is refused.
        frames: Frames of the film; depths have equal ratios.
        fps: Frames for each second.
        way: Key of the draw that chooses the way along the boundary.
        x: Setting across, NAME=LOW..HIGH, with :log for equal ratios; the study's own unless given.
        y: Setting upwards; the study's own unless given.
        size: Columns x rows of a key frame.
        steps: Number of updates of each run; the study's own unless given.
        optimizer: A name, or one of your own, FILE.py:NAME; the study's own unless given.
        measure: What is shown; convergence unless given.
        seed: As for `fallline map`.
        batch: Samples in a minibatch; the study's own, or all.
        dtype: Precision of the arithmetic; the study's own, or float64.
        workers: Worker processes; 0 for threads of this process.
        device: cpu, or cuda for a CUDA device.
        theme: Colours: light or dark.
        estimate: Print the time, memory and disk that the zoom takes on this machine, from a short probe, and compute nothing.
    """
    from fallline.cli.progress import bar
    from fallline.maps.zoom import MIDDLE, Zoom, boundary_place, place_of
    from fallline.views.pictures.zoom_film import check_zoom_film, zoom_film

    spec, _ = described_map(
        study, x=x, y=y, size=size, steps=steps, optimizer=optimizer, flags=flags, assigned=assigned,
        measure=measure or ("convergence",), seed=seed, batch=batch, dtype=dtype,
    )  # fmt: skip
    if spec.one_dimensional:
        raise UsageError("a zoom needs a map of two axes: give --y, too.")
    if spec.x.count != spec.y.count:
        raise UsageError(f"a zoom needs square key frames, such as --size 256x256; got {spec.size_text}.")
    check_zoom_film(out, overwrite=force)
    middle = place_of(spec, *center) if center else None
    trial = Zoom(spec, middle or MIDDLE, depth)  # refuses a depth before anything is computed
    if estimate:
        return print_estimate(_probed(trial, middle, way, frames), as_json=json)
    folder = out.with_name(f"{out.name}.keys")
    folder.mkdir(exist_ok=True)
    keys: list[Any] = []
    options: dict[str, Any] = {"workers": workers, "device": device, "overwrite": force}
    try:
        with bar("zoom") as show:
            if middle is None:
                middle = boundary_place(spec, depth, seed=way, folder=folder, **options)
            chosen = Zoom(trial.spec, middle, depth)
            for m in chosen.maps(folder, progress=show, **options):
                keys.append(m)
        with bar("frames") as show:
            path = zoom_film(chosen, keys, out=out, frames=frames, fps=fps, theme=theme, overwrite=force, progress=show)
    except KeyboardInterrupt:
        print(
            f"Stopped: {len(keys)} of {len(trial.keys)} key frames are done; they are safe in {folder}. To go on, give the same "
            f"command again:\n  {command_line()}",
            file=sys.stderr,
        )
        return INTERRUPTED
    facts: dict[str, Any] = {
        "center": {spec.x.name: chosen.centre[0], spec.y.name: chosen.centre[1]}, "depth": depth, "frames": frames,
        "key_frames": len(keys), "floats_between_cells": chosen.ulps, "sha256": [m.sha256 for m in keys],
        "folder": str(folder), "out": str(path),
    }  # fmt: skip
    if json:
        print(json_module.dumps(facts))
        return 0
    at = ", ".join(f"{name} {value!r}" for name, value in facts["center"].items())
    print(
        f"{frames} frames from {len(keys)} key frames of {spec.size_text} cells, down to {depth:g} times, around {at}."
    )
    print(f"Neighbouring cells of the deepest key frame are at least {chosen.ulps:.0f} floats apart.")
    print(f"Film written to {path}, key frames to {folder}.")
    return 0


def _probed(trial: Zoom, middle: Any, way: int, frames: int) -> Estimate:
    """The estimate of a zoom. Without a centre, smaller maps than those of the zoom follow the boundary."""
    from fallline.maps.probe import probe_maps
    from fallline.maps.zoom import SCOUTS, Zoom, boundary_place, scouts
    from fallline.views.pictures.zoom_film import time_to_draw

    first, begun = 0, startup()
    if middle is None:
        middle = boundary_place(trial.spec, trial.depth, seed=way, side=_ROUGH)
        first = scouts(trial.depth) * SCOUTS**2
    zoom = Zoom(trial.spec, middle, trial.depth)
    return probe_maps(zoom.keys, first=first, besides=begun + time_to_draw(zoom, frames))
