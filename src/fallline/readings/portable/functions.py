"""NumPy's functions of columns that are made of several operations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from fallline.readings.portable.column import Column, alike, applied, as_column, chosen, converted, table_of

__all__ = ["KNOWN", "place_of_extreme"]


def select(conditions: Sequence[Any], choices: Sequence[Any], default: Any = 0) -> Any:
    """`np.select`: the choice of the first condition that holds."""
    return _each(partial(_selected, len(conditions)), *conditions, *choices, default)


def _selected(count: int, *entries: Any) -> Column:
    *choices, result = alike(table_of(*entries), *entries[count:])
    for condition, choice in zip(entries[:count][::-1], choices[::-1], strict=True):
        result = chosen(condition, choice, result)
    return result


def nan_to_num(x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """`np.nan_to_num`: numbers in place of NaN and the infinities, by default 0 and the largest finite ones."""
    if x.dtype.kind != "f":
        return x
    largest = float(np.finfo(x.dtype).max)

    def finite(entry: Column) -> Column:
        above = largest if posinf is None else posinf
        below = -largest if neginf is None else neginf
        number = chosen(applied("equal", entry, np.inf), above, chosen(applied("equal", entry, -np.inf), below, entry))
        return chosen(applied("isnan", entry), nan, number)

    return _each(finite, x)


def full_like(x: Any, fill_value: Any, dtype: Any = None, **_: Any) -> Any:
    """`np.full_like`: the same number everywhere."""
    return _each(lambda entry: converted(as_column(entry.table, fill_value), dtype or entry.dtype), x)


def place_of_extreme(entries: Sequence[Any], unless: np.ufunc) -> Any:
    """The place of the first entry for which `unless(entry, best)` is false for the best of those before, or that is NaN."""
    best, *others = entries
    places: Any = _each(lambda entry: as_column(entry.table, np.int64(0)), best)
    for place, entry in enumerate(others, start=1):
        better = _each(partial(_better, unless.__name__), entry, best)
        best, places = _each(chosen, better, entry, best), _each(chosen, better, place, places)
    return np.asarray(places)


def _better(unless: str, entry: Column, best: Column) -> Column:
    ordered = applied("logical_or", applied(unless, entry, best), applied("isnan", best))
    return applied("logical_not", ordered)


def _each(function: Callable[..., Any], *arrays: Any) -> Any:
    return np.frompyfunc(function, len(arrays), 1)(*(np.asarray(a, dtype=object) for a in arrays))


KNOWN: dict[str, Callable[..., Any]] = {
    "select": select,
    "nan_to_num": nan_to_num,
    "full_like": full_like,
    "ones_like": lambda x, dtype=None, **_: full_like(x, 1, dtype),
    "zeros_like": lambda x, dtype=None, **_: full_like(x, 0, dtype),
}
"""Functions by NumPy's names for them."""
