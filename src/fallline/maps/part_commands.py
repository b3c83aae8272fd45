"""`fallline map merge`, and the script of a job array that computes a map in parts."""

from __future__ import annotations

import glob
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from fallline.errors import UsageError, visible
from fallline.experiment.estimate import estimate
from fallline.experiment.map_record import MapSpec
from fallline.maps.command import facts
from fallline.maps.merging import Merged, merge_maps
from fallline.maps.parts import Part

__all__ = ["job_array", "map_merge"]

SHOWN = 8
"""Missing parts that a sentence lists."""


def map_merge(
    paths: Sequence[Path], out: Path, *, overwrite: bool = False, as_json: bool = False, quiet: bool = False
) -> int:
    """Merge the files of a map's parts, and say what is missing. Returns the exit status: 1 if the map is not complete."""
    merged = merge_maps(_files(paths), out, overwrite=overwrite, progress=sys.stderr.isatty() and not quiet)
    if as_json:
        told = {
            "files": merged.files,
            "computed_twice": merged.twice,
            "missing": [str(part) for part in merged.missing],
        }
        print(json.dumps(facts(merged.map) | told))
    else:
        print("\n".join(_told(merged, out)))
    return 0 if merged.map.complete else 1


def _told(merged: Merged, out: Path) -> list[str]:
    m = merged.map
    lines = [str(m)]
    if merged.twice:
        tiles = "1 tile was" if merged.twice == 1 else f"{merged.twice:,} tiles were"
        lines.append(f"{tiles} computed twice, with the same bits.")
    if m.complete:
        return [*lines, f"sha256 {m.sha256}", f"Map file written to {visible(str(out))}."]
    lines.append(f"{m.done:,} of {m.spec.cells:,} cells are in {visible(str(out))}.")
    if merged.missing:
        named = ", ".join(str(part) for part in merged.missing[:SHOWN])
        more = f" and {len(merged.missing) - SHOWN:,} more" if len(merged.missing) > SHOWN else ""
        part = merged.missing[0]
        lines += [
            f"Missing, or not finished: part {named}{more}. Repeat the map's command for each, and merge again:",
            f"  fallline map ... --part {part} --out part-{part.number}.fallmap",
        ]
    return lines


def job_array(spec: MapSpec, words: Sequence[str], parts: int) -> str:
    """A script for `sbatch` that computes a map in so many parts. `words` are the map's own words of the command line."""
    Part.of(f"1/{parts}")
    command = shlex.join(words)
    return f"""#!/bin/bash
# {spec.plane_text}: {estimate(spec)} on this machine.
# Every task computes one part into a file of its own, and goes on where it was if it is started again.
# Give the tasks the time, memory and cores that your cluster allows, and submit this file with sbatch.
#SBATCH --job-name=fallline
#SBATCH --array=1-{parts}
#SBATCH --cpus-per-task=4
#SBATCH --mem=4G
#SBATCH --time=01:00:00
#SBATCH --output=part-%a.log
set -euo pipefail
{command} --part auto/{parts} --out "part-$SLURM_ARRAY_TASK_ID.fallmap"
# When all tasks have ended:
#   fallline map merge part-*.fallmap --out map.fallmap
"""


def _files(paths: Sequence[Path]) -> list[Path]:
    """The files, with patterns that a shell left as they were (that of Windows does) filled in."""
    found: list[Path] = []
    for path in paths:
        matches = sorted(glob.glob(str(path))) if not path.exists() and glob.has_magic(str(path)) else []
        if not matches and not path.exists():
            raise UsageError(f"{path} is not a file: give the map files of the parts.")
        found += [Path(match) for match in matches] or [path]
    return found
