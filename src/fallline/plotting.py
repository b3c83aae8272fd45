"""Which function draws a result: `Run.plot`, `Map.plot` and `Comparison.plot` ask here.

Runs and maps lie below the pictures, so they cannot import them. The package registers its own functions by name, and
a name is imported when the first picture is drawn. Another library of pictures registers its functions in their place.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

__all__ = ["draw", "register"]

_DRAWERS: dict[str, str | Callable[..., Any]] = {}


def register(kind: str, drawer: str | Callable[..., Any]) -> None:
    """Let a function draw all results of a kind, in place of the function before.

    Parameters
    ----------
    kind
        "run", "map" or "comparison".
    drawer
        A function of the result and of the options that `plot` was called with; or "module:function", which is
        imported on first use.

    Examples
    --------
    >>> import fallline as fl
    >>> register("run", lambda run, **options: f"{run.steps} steps, {options}")
    >>> fl.descend("booth", steps=3).plot(theme="dark")
    "3 steps, {'theme': 'dark'}"
    >>> register("run", "fallline.views:run_picture")
    """
    _DRAWERS[kind] = drawer


def draw(kind: str, result: Any, **options: Any) -> Any:
    """Call the registered function with the result."""
    drawer = _DRAWERS[kind]
    if isinstance(drawer, str):
        module, _, name = drawer.partition(":")
        drawer = _DRAWERS[kind] = getattr(import_module(module), name)
    return drawer(result, **options)
