"""The outcomes of many runs as an array that compares with their names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UnknownNameError, UsageError
from fallline.measures.outcome import OUTCOMES, place

__all__ = ["OutcomeArray"]


class OutcomeArray(np.ndarray):
    """Outcomes by their places in `OUTCOMES`, which is how maps keep them; `names` are the outcomes themselves.

    Comparisons with a name compare names. A name that is no outcome is an error, never False everywhere.

    Examples
    --------
    >>> outcomes = OutcomeArray.of(np.array([0, 4, 1, 4], np.uint8))
    >>> (outcomes == "diverged").tolist(), outcomes.names[0].item()
    ([False, True, False, True], 'converged')
    >>> np.isin(outcomes, ["diverged", "converged"]).tolist(), (outcomes == 4).sum().item()
    ([True, True, False, True], 2)
    >>> outcomes == "exploded"
    Traceback (most recent call last):
    fallline.errors.UnknownNameError: outcome must be one of converged, diverged, oscillating, rising, stalled, \
        still descending; got 'exploded'.
    """

    @classmethod
    def of(cls, places: NDArray[Any]) -> OutcomeArray:
        """A view of an array of places."""
        return places.view(cls)

    @property
    def names(self) -> NDArray[np.str_]:
        """The outcomes' names, in an array of the same shape."""
        table = np.array([*OUTCOMES, ""])
        places = np.asarray(self)
        return np.asarray(table[np.minimum(places, len(OUTCOMES))])

    def __getitem__(self, key: Any) -> Any:
        value = super().__getitem__(key)
        # A NumPy number would compare as unequal to every name: a single outcome is an array without axes.
        return np.asarray(value).view(OutcomeArray) if isinstance(value, np.generic) else value

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        named = any(_is_text(value) for value in inputs)
        if named and ufunc not in (np.equal, np.not_equal):
            raise UsageError("the name of an outcome can be compared with == and != alone; outcomes have no order.")
        inputs = tuple(_places(value) for value in inputs)
        if "out" in options:
            options["out"] = tuple(_plain(value) for value in options["out"])
        return getattr(ufunc, method)(*inputs, **options)

    def __array_function__(self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        convert = _places if function is np.isin else _plain
        return function(*(convert(a) for a in args), **{name: convert(a) for name, a in kwargs.items()})


def _plain(value: Any) -> Any:
    """The value, without this class."""
    if isinstance(value, OutcomeArray):
        return value.view(np.ndarray)
    if isinstance(value, tuple | list) and any(isinstance(entry, OutcomeArray) for entry in value):
        return type(value)(_plain(entry) for entry in value)
    return value


def _is_text(value: Any) -> bool:
    if isinstance(value, OutcomeArray):
        return False
    return isinstance(value, str) or np.asarray(value).dtype.kind in "UTO"


def _places(value: Any) -> Any:
    """The value with names of outcomes replaced by their places."""
    if not _is_text(value):
        return _plain(value)
    names = np.asarray(value, dtype=object)
    for name in names.ravel():
        if name not in OUTCOMES:
            raise UnknownNameError("outcome", name, OUTCOMES)
    return np.array([place(name) for name in names.ravel()], np.uint8).reshape(names.shape)
