"""Fingerprints: the SHA-256 of arrays, of functions of the user's own, and of landscapes.

The fingerprint of a landscape is that of the graph of its traced page; the fingerprint of any other function is that of its
text and of the values that it uses from outside.
"""

from __future__ import annotations

import hashlib
import inspect
import textwrap
import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import FalllineError
from fallline.experiment.description.absent import AbsentFunction
from fallline.problems import LandscapeObjective
from fallline.problems.traced import traced_landscape
from fallline.readings.graph import topological

__all__ = ["array_key", "fingerprint", "landscape_fingerprint"]


def array_key(values: NDArray[Any]) -> str:
    """SHA-256 of an array: type, shape and little-endian bytes.

    >>> array_key(np.zeros(3))[:8]
    '7e9aa208'
    """
    little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    return hashlib.sha256(f"{little.dtype.str}{little.shape}".encode() + little.tobytes()).hexdigest()


def fingerprint(function: Callable[..., Any], seen: tuple[Any, ...] = ()) -> str:
    """SHA-256 of a function's text, of the values it closes over, and of the module's values and functions that it names."""
    if isinstance(function, AbsentFunction):
        return function.sha256
    if is_dataclass(function) and not isinstance(function, type):  # a factor that is made of others, or of numbers
        values = [_key_of(getattr(function, f.name), (*seen, function)) for f in fields(function)]
        return hashlib.sha256("\n".join([type(function).__name__, *values]).encode()).hexdigest()
    function = inspect.unwrap(function)  # the user's own, not the page around it
    if function in seen:
        return function.__name__
    try:
        text = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        code = getattr(function, "__code__", None)
        text = repr((code.co_code, code.co_consts, code.co_names)) if code is not None else repr(function)
    inside = (*seen, function)
    cells = [cell.cell_contents for cell in getattr(function, "__closure__", None) or ()]
    bound = [_key_of(c, inside) for c in cells] + [
        f"{k} {_key_of(v, inside)}" for k, v in _globals_of(function).items()
    ]
    defaults = repr(getattr(function, "__defaults__", None)) + repr(getattr(function, "__kwdefaults__", None))
    return hashlib.sha256("\n".join([text, *bound, defaults]).encode()).hexdigest()


def _key_of(value: Any, seen: tuple[Any, ...]) -> str:
    return (
        array_key(value)
        if isinstance(value, np.ndarray)
        else fingerprint(value, seen)
        if callable(value)
        else repr(value)
    )


def _globals_of(function: Callable[..., Any]) -> dict[str, Any]:
    """The numbers, arrays and plain functions of its module that a function names."""
    code, outside = getattr(function, "__code__", None), getattr(function, "__globals__", {})
    named = {name: outside[name] for name in sorted(code.co_names) if name in outside} if code is not None else {}
    return {
        k: v for k, v in named.items() if isinstance(v, int | float | str | tuple | np.ndarray | types.FunctionType)
    }


def landscape_fingerprint(objective: LandscapeObjective) -> str:
    """SHA-256 of the graph of a landscape and its gradient; of the function if it cannot be traced.

    >>> from fallline.problems import objective
    >>> one, same = (landscape_fingerprint(objective(f)) for f in (lambda x, y: x * x + y, lambda a, b: a**2 + b))
    >>> one == same
    True
    """
    function = objective.landscape.function
    if isinstance(function, AbsentFunction):
        return function.sha256
    try:
        outputs = traced_landscape(objective)
    except FalllineError:
        return fingerprint(function)
    order = topological(outputs)
    place = {node.index: k for k, node in enumerate(order)}
    lines = [f"{node.op} {node.payload!r} {[place[a.index] for a in node.args]}" for node in order]
    return hashlib.sha256("\n".join([*lines, repr([place[o.index] for o in outputs])]).encode()).hexdigest()
