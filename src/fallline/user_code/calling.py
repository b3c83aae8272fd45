"""Calling a user's own code: where its output goes, and what is said of its errors."""

from __future__ import annotations

import contextlib
import io
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

__all__ = ["file_of", "name_of", "output_aside", "told"]

_LOCK = threading.RLock()


@contextlib.contextmanager
def output_aside(*, silent: bool = False) -> Iterator[None]:
    """Send what the code prints to standard error, or nowhere: standard output belongs to the answer."""
    with _LOCK, contextlib.redirect_stdout(io.StringIO() if silent else sys.stderr):
        yield


def name_of(function: Callable[..., Any]) -> str:
    """What sentences call a function.

    >>> name_of(len), name_of(lambda x: x)
    ('len', 'the function')
    """
    name = getattr(function, "__name__", None) or getattr(function, "func", type(function)).__name__
    return str(name).replace("<lambda>", "the function")


def file_of(function: Callable[..., Any]) -> str:
    """The file that a function, or an object with `__call__`, was written in; "" where that cannot be known."""
    inner = getattr(function, "func", function)  # functools.partial
    call = type(inner).__dict__.get("__call__")  # an object that can be called
    code = getattr(inner, "__code__", None) or getattr(call, "__code__", None)
    return "" if code is None else str(code.co_filename)


def told(error: BaseException, filename: str) -> str:
    """ "raises ValueError on line 3 of mine.py: ...": the last line of that file that led to it."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if f.filename == filename] or frames[1:]
    place = f" on line {own[-1].lineno} of {Path(own[-1].filename).name}" if own else ""
    text = f": `{own[-1].line}`" if own and own[-1].line else ""
    message = " ".join(str(error).split())
    return f"raises {type(error).__name__}{place}{text}" + (f" ({message[:300]})" if message else "")
