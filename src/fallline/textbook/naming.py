"""`let` names an intermediate result of a page; `recording` listens to those names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeAlias

from fallline.textbook.operations import Array

__all__ = ["let", "recording"]

Recorder: TypeAlias = Callable[[str, "int | None", Array], Array]
_recorder: ContextVar[Recorder | None] = ContextVar("recorder", default=None)


def let(symbol: str, layer: int | None, value: Array) -> Array:
    """Name an intermediate result, as a textbook does: "let Z of layer 2 be ...".

    Returns `value` itself, unless a recorder is active (`recording`). The recorder of the symbolic reading writes an
    equation and returns the bare symbol; that of the gradient checker keeps the value, to find the first that is wrong.

    >>> let("Z", 1, 3.0)
    3.0
    """
    recorder = _recorder.get()
    return value if recorder is None else recorder(symbol, layer, value)


@contextmanager
def recording(recorder: Recorder) -> Iterator[None]:
    """Within this context each `let(symbol, layer, value)` returns `recorder(symbol, layer, value)`.

    >>> seen = {}
    >>> with recording(lambda symbol, layer, value: seen.setdefault((symbol, layer), value)):
    ...     _ = let("Z", 1, 3.0) + 1
    >>> seen
    {('Z', 1): 3.0}
    """
    token = _recorder.set(recorder)
    try:
        yield
    finally:
        _recorder.reset(token)
