"""How a user's function takes its point, found out: as coordinates f(x, y), as any number of them f(*x), or as a vector f(x)."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence

from fallline.errors import OwnCodeError, UsageError
from fallline.user_code.calling import name_of
from fallline.user_code.page import Function, Page
from fallline.user_code.signature import coordinate_names, default_names, must_be_function

__all__ = ["page_of"]

MOST_GUESSED = 8
"""A vector argument of unknown length is tried with up to so many entries."""


def page_of(function: Function, dimension: int | None = None) -> Page:
    """The page of a user's function of a point.

    Parameters
    ----------
    function
        f(x, y, ...), f(*x), or f(x) of one vector. A parameter with a default stays at it.
    dimension
        Number of coordinates, where it is known, as from a start. Otherwise f(*x) and a vector of any length have
        two, and a vector as many as it needs.

    Examples
    --------
    >>> page_of(lambda x: x[0] ** 2 + 3 * x[1] ** 2)(1.0, 2.0)
    13.0
    >>> page_of(lambda x, y, a=1, b=100: (a - x) ** 2 + b * (y - x**2) ** 2).dimension
    2
    """
    if isinstance(function, Page):
        function = function.function
    must_be_function(function, "a function of coordinates")
    names, many = coordinate_names(function)
    if many:
        count = dimension or max(2, len(names))
        if count < len(names):
            raise _wrong_count(function, names, count)
        return Page(function, default_names(count), vector=False)
    if len(names) > 1:
        if dimension not in (None, len(names)):
            raise _wrong_count(function, names, dimension)
        return Page(function, names, vector=False)
    return _of_one_argument(function, names[0], dimension)


def _of_one_argument(function: Function, name: str, dimension: int | None) -> Page:
    """f(x): a function of one number, or of a vector. Which one it is, trying tells."""
    scalar_page = functools.partial(Page, function, (name,), vector=False)

    def vector_page(n: int) -> Page:
        return Page(function, default_names(n), vector=True)

    if dimension is not None and dimension > 1:
        return vector_page(dimension)
    if dimension == 1:
        return _first([scalar_page, lambda: vector_page(1)])
    guesses = [functools.partial(vector_page, n) for n in range(2, MOST_GUESSED + 1)]
    found = _first([guesses[0], scalar_page, *guesses[1:]])
    only_first = found.vector and found.dimension == 2 and found.uses(0) and not found.uses(1)
    return vector_page(1) if only_first else found


def _first(pages: Sequence[Callable[[], Page]]) -> Page:
    """The first page that can be made; where none can, the sentence of the function of one number."""
    refusals: list[Exception] = []
    for make in pages:
        try:
            return make()
        except OwnCodeError as error:
            refusals.append(error)
    raise refusals[0 if len(pages) == 2 else 1]


def _wrong_count(function: Function, names: Sequence[str], count: int | None) -> UsageError:
    kept = any(p.default is not p.empty for p in inspect.signature(function).parameters.values())
    return UsageError(
        f"{name_of(function)} has {len(names)} coordinates ({', '.join(names)}); a point of {count} does not fit."
        + (" A parameter with a default stays at it." if kept else "")
    )
