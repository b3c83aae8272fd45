"""The fingerprint of a function together with the objects that it reads: data sets, models, tables.

The functions of a page read numbers and arrays (`fingerprints`); a measure of the user's own may read anything.
"""

from __future__ import annotations

import builtins
import hashlib
import inspect
import pickle
import re
import types
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from fallline.data.dataset import Dataset
from fallline.experiment.description.absent import AbsentFunction
from fallline.experiment.description.fingerprints import array_key, fingerprint
from fallline.experiment.description.plain_data import canonical, describe_objective
from fallline.problems import LandscapeObjective, NetworkObjective

__all__ = ["fingerprint_with_objects"]


def fingerprint_with_objects(function: Callable[..., Any], seen: tuple[Any, ...] = ()) -> str:
    """SHA-256 of a function's text and of the objects that it reads: its owner, what it closes over, and globals.

    >>> limit = [1, 2]
    >>> first = fingerprint_with_objects(lambda run: run.loss < limit[0])
    >>> limit = [3, 2]
    >>> first == fingerprint_with_objects(lambda run: run.loss < limit[0])
    False
    """
    if isinstance(function, AbsentFunction):
        return function.sha256
    if any(function is known for known in seen):
        return "recursion"
    seen = (*seen, function)
    if isinstance(function, partial):
        parts = [_key(value, seen) for value in (function.func, *function.args, *sorted(function.keywords.items()))]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()
    inner = inspect.unwrap(getattr(function, "__func__", function))
    parts = [fingerprint(function) if isinstance(inner, types.FunctionType) else _key_of_object(inner)]
    owner = getattr(function, "__self__", None)
    if owner is not None and not isinstance(owner, types.ModuleType):
        parts.append(_key(owner, seen))
    for cell in getattr(inner, "__closure__", None) or ():
        parts.append(_key(cell.cell_contents, seen))
    outside = getattr(inner, "__globals__", {})
    for name in sorted(set(_names(getattr(inner, "__code__", None)))):
        if name in outside and not hasattr(builtins, name):
            parts.append(f"{name} {_key(outside[name], seen)}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _names(code: types.CodeType | None) -> Iterator[str]:
    """The names that a function's code reads, and those of the functions inside it."""
    if code is None:
        return
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _key(value: Any, seen: tuple[Any, ...]) -> str:
    if isinstance(value, types.ModuleType | type | types.BuiltinFunctionType | np.ufunc):
        return str(getattr(value, "__name__", value))
    if isinstance(value, types.FunctionType | types.MethodType | partial):
        return fingerprint_with_objects(value, seen)
    return _key_of_object(value)


def _key_of_object(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return array_key(value)
    if isinstance(value, Dataset):
        return f"{array_key(value.X)} {array_key(value.T)}"
    if isinstance(value, NetworkObjective | LandscapeObjective):
        return canonical(describe_objective(value, {}))
    try:
        return hashlib.sha256(pickle.dumps(value, protocol=4)).hexdigest()
    except Exception:  # whatever a class raises that cannot be pickled
        return re.sub(r" at 0x[0-9a-fA-F]+", "", repr(value))
