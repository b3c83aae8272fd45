"""Structures of arrays that a user's code makes: their leaves with the way to each, and replacing a leaf in place."""

from __future__ import annotations

import dataclasses
import itertools
import types
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Leaf", "Path", "as_array", "is_number", "leaves", "replace", "words_of"]

Path = tuple[Any, ...]
"""The way to a leaf: keys, attribute names and indices."""

DEEP = 6
"""How deep structures are searched."""

MANY = 4000
"""How many leaves are looked at: a structure with more is no set of parameters."""


class Leaf(NamedTuple):
    """A number or an array of numbers, copied, and the way to it."""

    path: Path
    value: Any


def is_number(x: Any) -> bool:
    """Whether it is a single number."""
    if isinstance(x, bool | np.bool_):
        return False
    return isinstance(x, int | float | complex | np.number) or (
        isinstance(x, np.ndarray) and x.ndim == 0 and x.dtype.kind in "fiuc"
    )


def as_array(x: Any) -> Any | None:
    """A copy as an array of numbers: of arrays, tensors, matrices, numbers and rows of numbers; None of anything else."""
    if isinstance(x, bool | str | bytes) or x is None:
        return None
    if hasattr(x, "detach"):  # a torch tensor
        x = x.detach().cpu().numpy()
    if is_number(x) or (hasattr(x, "__array__") and not isinstance(x, type)) or _is_rows_of_numbers(x):
        array = np.array(x)
        return array if array.dtype.kind in "fiuc" else None
    return None


def _is_rows_of_numbers(x: Any) -> bool:
    """Whether it is a list of numbers, or of lists of numbers of equal length."""
    if not isinstance(x, list | tuple) or not x or hasattr(x, "_fields"):
        return False
    if all(is_number(e) for e in x):
        return isinstance(x, list)
    rows = all(isinstance(e, list) and e and all(is_number(n) for n in e) for e in x)
    return rows and len({len(e) for e in x}) == 1


def leaves(structure: Any, path: Path = ()) -> Iterator[Leaf]:
    """The leaves of the structure, in order. The outermost list of rows is never read as a matrix."""
    yield from itertools.islice(_leaves(structure, path, set()), MANY)


def _leaves(x: Any, path: Path, above: set[int]) -> Iterator[Leaf]:
    if id(x) in above or len(above) > DEEP:
        return
    outermost_rows = not path and isinstance(x, list) and not all(is_number(e) for e in x)
    array = None if outermost_rows else as_array(x)
    if array is not None:
        yield Leaf(path, array)
        for name in ("grad", "g") if hasattr(x, "detach") else ():  # what torch or the user keeps on a tensor
            gradient = as_array(getattr(x, name, None))
            if gradient is not None:
                yield Leaf((*path, "grad"), gradient)
                return
        return
    for key, inner in _children(x):
        yield from _leaves(inner, (*path, key), above | {id(x)})


def _children(x: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(x, Mapping):
        yield from x.items()
    elif isinstance(x, tuple) and (fields := getattr(x, "_fields", None)):
        yield from zip(fields, x, strict=True)
    elif isinstance(x, list | tuple) or (isinstance(x, np.ndarray) and x.dtype == object and x.ndim):
        yield from enumerate(x)
    elif dataclasses.is_dataclass(x) and not isinstance(x, type):
        yield from ((field.name, getattr(x, field.name, None)) for field in dataclasses.fields(x))
    elif hasattr(x, "__dict__") and not isinstance(
        x, type | types.ModuleType | types.FunctionType | types.MethodType | np.random.RandomState
    ):
        yield from vars(x).items()


def replace(structure: Any, path: Path, value: Any) -> Any:
    """The structure with another value at the end of the path: changed in place where it can be, else a new tuple."""
    if not path:
        return value
    key, *rest = path
    if isinstance(structure, tuple):
        fields = getattr(structure, "_fields", None)
        index = fields.index(key) if fields else key
        items = list(structure)
        items[index] = replace(items[index], tuple(rest), value)
        return type(structure)(*items) if fields else tuple(items)
    if isinstance(structure, Mapping | list | np.ndarray):
        structure[key] = replace(structure[key], tuple(rest), value)  # type: ignore[index]
    else:
        setattr(structure, key, replace(getattr(structure, key), tuple(rest), value))
    return structure


def words_of(path: Path) -> list[str]:
    """The names on the way to a leaf, the nearest first."""
    return [part for part in reversed(path) if isinstance(part, str) and part]


def index_of(path: Path) -> int | None:
    """The last number on the way to a leaf."""
    return next((part for part in reversed(path) if isinstance(part, int) and not isinstance(part, bool)), None)
