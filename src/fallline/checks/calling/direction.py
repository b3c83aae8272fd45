"""Direction: whether the code around a gradient goes down a loss, or climbs.

The gradient of minus a loss is right for those who climb, and a fault of the sign for all others. Where the file says that it
goes down, and nothing in it says that it climbs, it is a fault.
"""

from __future__ import annotations

import inspect
import linecache
import re
from collections.abc import Callable
from typing import Any

from fallline.checks.calling.calls import name_of
from fallline.checks.calling.surroundings import surroundings_of

__all__ = ["goes_down"]

_RATE = r"(\w+\.)*(lr|eta|rate|alpha|step|learning_?rate|step_?size|epsilon)\b"
_NEGATIVE = re.compile(r"(neg(ative)?|minus|-)[\s_-]*(log)?[\s_-]*likelihood", re.IGNORECASE)
_CLIMBS = re.compile(
    rf"ascen[dt]|climb|likelihood|maximi[sz]|reward|uphill|\+=?\s*{_RATE}\s*\*|\+[^\n]*\*\s*{_RATE}", re.IGNORECASE
)
_GOES_DOWN = re.compile(rf"descen[dt]|minimi[sz]|downhill|(?<!e)-=?\s*\(?{_RATE}\s*[*/]", re.IGNORECASE)
_LOSS = re.compile(r"loss|cost|error|mse", re.IGNORECASE)
_STEP = re.compile(r"update|step|change|correct|adjust|delta_?w|increment", re.IGNORECASE)


def goes_down(function: Callable[..., Any]) -> bool:
    """Whether the function's file subtracts gradients, or speaks of losses and costs whose gradient it may be.

    False also where the file says that it climbs, where the function's name is that of a step, and where no source is found.
    """
    surroundings = surroundings_of(function)
    beside = {n: f for n, f in surroundings.namespace.items() if getattr(f, "__module__", "") == surroundings.module}
    code = getattr(inspect.unwrap(getattr(function, "func", function)), "__code__", None)
    name = name_of(function)
    lines = linecache.getlines(code.co_filename) if code is not None else []
    if not lines:
        return False
    whole = _NEGATIVE.sub("loss", "".join(lines))
    if _CLIMBS.search(whole) or _STEP.search(name):
        return False
    return bool(_GOES_DOWN.search(whole) or any(_LOSS.search(n) for n in (name, *beside)))
