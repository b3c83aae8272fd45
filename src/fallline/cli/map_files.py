"""The commands that take map files: `map merge`, `map info`, `map extend` and `map export`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from fallline.cli.options import Force, Json, Out, Whole
from fallline.cli.words import command_line
from fallline.errors import UsageError

__all__ = ["COMMANDS", "export", "extend", "info", "merge"]


def merge(files: Annotated[tuple[Path, ...], Parameter(negative="")], /, *, out: Annotated[Path, Parameter(name=["--out", "-o"])],
          force: Force = False, json: Json = False) -> int:  # fmt: skip
    """Merge the files of a map's parts (--part) into one map file. Cells that several files have are compared.

    The exit status is 1 if the map is not complete; what is missing is said. More parts can be merged into the same file later.

    Args:
        files: The parts' map files: part-*.fallmap
        out: Map file (.fallmap) to write; one that holds tiles of the same map is added to.
    """
    from fallline.maps.part_commands import map_merge

    return map_merge(files, out, overwrite=force, as_json=json)


def info(file: Path, *, json: Json = False) -> int:
    """Print the content of a map file: spec, progress, hash of the values, provenance.

    Args:
        file: A .fallmap file.
    """
    from fallline.maps.command import map_info

    return map_info(file, as_json=json)


def extend(
    file: Path,
    steps: Whole,
    *,
    out: Out = None,
    png: Path | None = None,
    anew: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    workers: Whole = 0,
    device: Literal["cpu", "cuda"] = "cpu",
    force: Force = False,
    json: Json = False,
) -> int:
    """Compute the map of a map file for more steps. Its runs go on from the states that the file keeps (--keep state).

    Args:
        file: A .fallmap file of a complete map.
        steps: Number of further updates of each run.
        out: Map file (.fallmap) to keep the longer map in; an unfinished file is resumed.
        png: Picture to write.
        anew: Train all steps again, which a file without states needs.
        workers: Worker processes; 0 for threads of this process.
        device: cpu, or cuda for a CUDA device.
    """
    from fallline.maps.command import map_extend

    return map_extend(
        file,
        steps,
        anew=anew,
        out=out,
        png=png,
        workers=workers,
        device=device,
        overwrite=force,
        as_json=json,
        command=command_line(),
    )


def export(
    file: Path,
    out: Path | None = None,
    *,
    tiles: Path | None = None,
    measure: str | None = None,
    without_data: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    force: Force = False,
) -> int:
    """Export a map file: .csv, .nc, .zarr, .png, .svg, .pdf; .gif or .mp4, which show it step by step; .html, a live page.

    Or as a folder of picture tiles for any host of files, --tiles. A map that is larger than memory has .zarr, pictures and tiles.

    Args:
        file: A .fallmap file.
        out: File to write; the suffix decides the format.
        tiles: Folder to make: picture tiles z/x/y.png, index.html that pans and zooms over them, and live.html that trains.
        measure: Measure that the tiles show; by default, the first.
        without_data: Leave out live.html, which holds the samples of a network's data.
    """
    from fallline.maps.command import map_export

    if (out is None) == (tiles is None):
        raise UsageError("give a file to write, or a folder with --tiles FOLDER.")
    if tiles is not None:
        return _tiles(file, tiles, measure=measure, data=not without_data, overwrite=force)
    assert out is not None
    if measure is not None or without_data:
        raise UsageError("--measure and --without-data belong to --tiles FOLDER.")
    if out.suffix.lower() == ".html":
        from fallline.live import holds_samples
        from fallline.maps.loading import load_map

        if holds := holds_samples(load_map(file).spec):
            print(holds, file=sys.stderr)
    return map_export(file, out, overwrite=force)


def _tiles(file: Path, folder: Path, *, measure: str | None, data: bool, overwrite: bool) -> int:
    from fallline.live import holds_samples, write_tile_folder
    from fallline.maps.large import LargeMap
    from fallline.runs.progress import showing

    large = LargeMap.open(file)
    if data and (holds := holds_samples(large.spec)):
        print(holds, file=sys.stderr)
    with showing(sys.stderr.isatty(), "tiles") as show:
        made = write_tile_folder(large, folder, measure=measure, data=data, overwrite=overwrite, progress=show)
    count, levels = made["tiles"], made["levels"]
    tiles = "1 tile is" if count == 1 else f"{count:,} tiles of {levels} levels are"
    print(f"{tiles} in {folder}. Open {folder / 'index.html'}, or put the folder on any host.")
    if data and made["no_page"]:
        print(f"It has no page that trains: {made['no_page']}.")
    return 0


COMMANDS = (merge, info, extend, export)
