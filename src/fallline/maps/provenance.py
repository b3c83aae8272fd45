"""Package, arithmetic, engine and machine that made a map, as lines of a map file."""

from __future__ import annotations

import platform
import time
from collections.abc import Mapping

import numpy as np

from fallline.experiment.map_record import MapSpec
from fallline.runs import engine

__all__ = ["NEEDED", "arithmetic_of", "other_arithmetic", "provenance"]

NEEDED = ("fallline", "arithmetic", "engine", "created")
"""Lines that every map file has."""


def provenance(spec: MapSpec) -> dict[str, str]:
    """The lines for a map that this process makes."""
    from fallline import __version__

    return {
        "fallline": __version__,
        "arithmetic": str(engine.ARITHMETIC_VERSION),
        "engine": engine.name_of(spec.objective),
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def arithmetic_of(made: Mapping[str, str]) -> dict[str, str]:
    """The lines of a file that say which arithmetic computed its values."""
    return {name: made[name] for name in ("fallline", "arithmetic", "engine")}


def other_arithmetic(kept: Mapping[str, str], spec: MapSpec, made: Mapping[str, str] | None = None) -> str | None:
    """How the arithmetic of a file differs from that of this process, or from that of the lines `made`; None if it does not."""
    now = made or provenance(spec)
    if all(kept[k] == now[k] for k in ("arithmetic", "engine")):
        return None
    return f"its arithmetic is {kept['engine']} {kept['arithmetic']} there and {now['engine']} {now['arithmetic']} here"
