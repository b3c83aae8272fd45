"""Direction: whether the code around a gradient goes down a loss, or climbs.

The gradient of minus a loss is right for those who climb, and a fault of the sign for all others. Where the code says that it
goes down, and nothing in it says that it climbs, it is a fault.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

from fallline.checks.calling.surroundings import surroundings_of

__all__ = ["goes_down"]

_NEGATIVE = re.compile(r"(neg(ative)?|minus|-)[\s_-]*(log)?[\s_-]*likelihood", re.IGNORECASE)
_CLIMBS = re.compile(
    r"ascen[dt]|climb|likelihood|maximi[sz]|reward|uphill"
    r"|\+=?\s*(\w+\.)*(lr|eta|rate|alpha|step|learning_?rate|step_?size|epsilon)\b\s*\*",
    re.IGNORECASE,
)
_GOES_DOWN = re.compile(
    r"descen[dt]|minimi[sz]|downhill"
    r"|(?<!e)-=?\s*\(?(\w+\.)*(lr|eta|rate|alpha|step|learning_?rate|step_?size|epsilon)\b\s*[*/]",
    re.IGNORECASE,
)
_LOSS = re.compile(r"(?<![a-z])(loss|cost|error|mse)(?![a-z])|dL_?d|Loss|Cost")


def goes_down(function: Callable[..., Any]) -> bool:
    """Whether the source of the function's file says that its gradient is that of a loss, or is subtracted.

    False also where the source says that it climbs, or where it cannot be read.
    """
    inner = inspect.unwrap(getattr(function, "func", function))
    surroundings = surroundings_of(function)
    beside = [f for f in surroundings.functions.values() if getattr(f, "__module__", "") == surroundings.module]
    try:
        source = inspect.getsource(inner)
        around = "\n".join(inspect.getsource(f) for f in (surroundings.owner, *beside) if f is not None)
    except (OSError, TypeError):
        return False
    whole = _NEGATIVE.sub("loss", f"{source}\n{around}")
    if _CLIMBS.search(whole):
        return False
    names = "\n".join([source, *surroundings.costs()])
    return bool(_GOES_DOWN.search(whole) or _LOSS.search(names))
