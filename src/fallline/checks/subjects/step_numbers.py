"""The numbers that stand in a function's code: the likely values of settings that it does not take."""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
from collections.abc import Callable
from typing import Any

from fallline.checks.calling.names import source_of

__all__ = ["numbers_in"]


def numbers_in(function: Callable[..., Any]) -> list[float]:
    """The numbers of the function's code and of its defaults, each once, in their order.

    >>> def step(w, g, rate=0.5):
    ...     return w - 0.01 * g
    >>> numbers_in(step)
    [0.5, 0.01]
    """
    inner = function.func if isinstance(function, functools.partial) else function
    code = getattr(inner, "__code__", None) or getattr(getattr(inner, "__func__", None), "__code__", None)
    numbers: list[Any] = []
    with contextlib.suppress(TypeError, ValueError):
        numbers += [p.default for p in inspect.signature(inner).parameters.values()]
    if code is not None:
        numbers += list(code.co_consts)
    else:
        with contextlib.suppress(SyntaxError):
            tree = ast.parse(source_of(inner))
            numbers += [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)]
    return list(dict.fromkeys(float(n) for n in numbers if isinstance(n, int | float) and not isinstance(n, bool)))
