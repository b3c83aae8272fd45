"""Calls of a user's code: where its output goes, and how its errors are described."""

from __future__ import annotations

import contextlib
import io
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

__all__ = ["describe_error", "file_of", "name_of", "output_aside"]

_LOCK = threading.RLock()


@contextlib.contextmanager
def output_aside(*, silent: bool = False) -> Iterator[None]:
    """Send the code's output to standard error, or drop it if `silent`. Standard output is for results."""
    with _LOCK, contextlib.redirect_stdout(io.StringIO() if silent else sys.stderr):
        yield


def name_of(function: Callable[..., Any]) -> str:
    """Return the name of a function for messages.

    >>> name_of(len), name_of(lambda x: x)
    ('len', 'the function')
    """
    name = getattr(function, "__name__", None) or getattr(function, "func", type(function)).__name__
    return str(name).replace("<lambda>", "the function")


def file_of(function: Callable[..., Any]) -> str:
    """Return the file of a function or of an object with `__call__`; "" if it is unknown."""
    inner = getattr(function, "func", function)  # of a functools.partial
    call = type(inner).__dict__.get("__call__")  # an object that can be called
    code = getattr(inner, "__code__", None) or getattr(call, "__code__", None)
    return "" if code is None else str(code.co_filename)


def describe_error(error: BaseException, filename: str) -> str:
    """Return a phrase such as "raises ValueError on line 3 of mine.py: `...`", with the last line of that file."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if f.filename == filename] or frames[1:]
    place = f" on line {own[-1].lineno} of {Path(own[-1].filename).name}" if own else ""
    text = f": `{own[-1].line}`" if own and own[-1].line else ""
    message = " ".join(str(error).split())
    return f"raises {type(error).__name__}{place}{text}" + (f" ({message[:300]})" if message else "")
