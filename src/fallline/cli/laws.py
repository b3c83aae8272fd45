"""The `reproduce` command."""

from __future__ import annotations

import json as json_module
from typing import Any

from fallline.cli.options import Force, Json, Out, Whole
from fallline.cli.progress import bar

__all__ = ["reproduce"]


def reproduce(
    *laws: str, starts: Whole = 100, seed: Whole = 0, out: Out = None, force: Force = False, json: Json = False
) -> int:
    """Test published laws on how networks learn over many starts, and print what holds.

    The exit status is 1 if a law fails.

    Args:
        laws: Which laws, as edge-of-stability; all unless given.
        starts: How many starts each case has.
        seed: Key of the starts.
        out: JSON file to write the findings to.
    """
    from fallline import files
    from fallline.laws import Trial
    from fallline.laws.reproduce import as_data, find, lines_of
    from fallline.laws.reproduce import reproduce as tested
    from fallline.settings import SETTINGS

    trial = Trial(int(SETTINGS["starts"].check(starts)), int(SETTINGS["seed"].check(seed)))
    found: list[dict[str, Any]] = []
    failed = False
    with bar("laws") as show:
        for law, findings in tested(find(laws), trial, show):
            found.append(as_data(law, findings))
            failed |= any(f.verdict == "fails" for f in findings)
            if not json:
                print("\n".join(lines_of(law, findings)))
    if out is not None:
        files.write(out, (json_module.dumps(found, indent=1) + "\n").encode(), overwrite=force)
    if json:
        print(json_module.dumps(found))
    elif out is not None:
        print(f"Written to {out}.")
    return int(failed)
