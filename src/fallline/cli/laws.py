"""The `reproduce` command."""

from __future__ import annotations

import json as json_module
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from fallline.cli.estimates import print_estimate, startup
from fallline.cli.options import Force, Json, Out, Whole, bounded
from fallline.cli.progress import bar

if TYPE_CHECKING:
    from fallline.laws import Trial

__all__ = ["reproduce"]


def reproduce(
    *laws: str,
    starts: Whole = 100,
    seed: Whole = 0,
    region: Whole | None = None,
    out: Out = None,
    estimate: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    force: Force = False,
    json: Json = False,
) -> int:
    """Test published laws on how networks learn over many starts, and print what holds.

    The exit status is 1 if a law fails.

    Args:
        laws: Which laws, as edge-of-stability; all unless given. Or your own, as FILE.py:NAME, which executes that file.
        starts: How many starts each case has.
        seed: Key of the starts.
        region: Also find where each law holds, in planes of settings with so many cells along each side, such as 24.
        out: Folder to write a page for each law to, with pictures and results.json.
        estimate: Print the time and memory that this takes on this machine, from some of the runs of each law, and test nothing.
    """
    from fallline.laws import Trial
    from fallline.laws.reproduce import Result, find, hash_of, lines_of
    from fallline.laws.reproduce import reproduce as tested
    from fallline.report.laws.files import law_pages, refuse_law_pages
    from fallline.settings import SETTINGS

    trial = Trial(int(SETTINGS["starts"].check(starts)), int(SETTINGS["seed"].check(seed)))
    bounded(region, "--region", 2, 200, whole=True)
    if out is not None:
        refuse_law_pages(out, force)  # before the work
    if estimate:
        return _print_estimate(laws, trial, region or 0, pages=out is not None, as_json=json)
    results: list[Result] = []
    with bar("laws") as show:
        for result in tested(find(laws), trial, region=region or 0, show=show):
            results.append(result)
            if not json:
                print("\n".join(lines_of(result)), flush=True)
    sha256 = hash_of(results)
    if json:
        data = {"starts": trial.starts, "seed": trial.seed, "sha256": sha256, "laws": [r.to_dict() for r in results]}
        print(json_module.dumps(data))
    else:
        print(f"SHA-256 of the findings: {sha256}")
    if out is not None:
        with bar("pages") as show:
            written = law_pages(
                results, trial, out, command=_command(laws, trial.starts, trial.seed, region, out), overwrite=force, progress=show
            )  # fmt: skip
        if not json:
            print(written)
    return int(any(r.verdict == "fails" for r in results))


def _print_estimate(names: tuple[str, ...], trial: Trial, region: int, *, pages: bool, as_json: bool) -> int:
    from fallline.laws.rehearsal import estimate_laws
    from fallline.laws.reproduce import find
    from fallline.report.laws.files import time_to_write

    begun = startup()
    with bar("laws") as show:
        found = estimate_laws(
            find(names), trial, region=region, show=show,
            besides=lambda results: begun + time_to_write(results, trial) if pages else begun,
        )  # fmt: skip
    return print_estimate(found, as_json=as_json)


def _command(laws: tuple[str, ...], starts: int, seed: int, region: int | None, out: Path) -> str:
    words = ["fallline", "reproduce", *laws, "--starts", str(starts)]
    words += ["--seed", str(seed)] if seed else []
    words += ["--region", str(region)] if region else []
    return shlex.join([*words, "--out", out.name])
