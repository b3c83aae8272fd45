"""Which function draws a result: `Run.plot`, `Map.plot` and `Comparison.plot` ask here.

Runs and maps lie below the pictures, so they cannot import them. The package registers its own functions by name, and
a name is imported when the first picture is drawn. Another library of pictures registers its functions in their place.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from importlib import import_module
from typing import Any

from fallline.errors import FalllineError

__all__ = ["Plotted", "draw", "register"]

_DRAWERS: dict[str, str | Callable[..., Any]] = {}


def register(kind: str, drawer: str | Callable[..., Any]) -> None:
    """Let a function draw all results of a kind, in place of the function before.

    Parameters
    ----------
    kind
        "run", "map", "comparison", "tuning", "study" or "evidence"; or "run animation", "map animation", "map page" or "model report".
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


class Plotted:
    """A result that a notebook shows as its picture with its text below it.

    >>> import fallline as fl
    >>> fl.descend("booth", steps=3)._repr_html_()[:36]
    '<figure><div style="max-width: 480px'
    """

    def plot(self, **options: Any) -> Any:
        """The result as a picture."""
        raise NotImplementedError

    def _in_words(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        text = f"<pre>{html.escape(self._in_words())}</pre>"
        try:
            picture = self.plot()
        except FalllineError:  # nothing to draw yet
            return text
        shown = picture._repr_html_() if hasattr(picture, "_repr_html_") else None
        return f"<figure>{shown}<figcaption>{text}</figcaption></figure>" if shown else text
