"""The numbers that stand in a function's code: the likely values of settings that it does not take."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

__all__ = ["numbers_in"]


def numbers_in(function: Callable[..., Any]) -> list[float]:
    """The numbers of the function's code and of its defaults, each once, in their order.

    >>> def step(w, g, rate=0.5):
    ...     return w - 0.01 * g
    >>> numbers_in(step)
    [0.5, 0.01]
    """
    inner = function.func if isinstance(function, functools.partial) else function
    parts = [*vars(inner).values()] if inspect.isclass(inner) else [inner]
    numbers: list[Any] = []
    for part in parts:
        code = getattr(part, "__code__", None) or getattr(getattr(part, "__func__", None), "__code__", None)
        if code is not None:
            numbers += [p.default for p in inspect.signature(part).parameters.values()]
            numbers += list(code.co_consts)
    return list(dict.fromkeys(float(n) for n in numbers if isinstance(n, int | float) and not isinstance(n, bool)))
