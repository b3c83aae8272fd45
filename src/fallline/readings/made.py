"""A page that is made from a function: a derivative, or a user's function with its results checked."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable
from typing import Any

__all__ = ["Made"]


class Made:
    """A page made from a function.

    Two pages that the same maker made from equal functions are equal. A page is pickled as its maker and its function, so it
    can be sent to another process if the function can.

    Parameters
    ----------
    page
        What is called.
    maker, function, *more
        The page is `maker(function, *more)`.

    Examples
    --------
    >>> from fallline.readings.reverse import derivative
    >>> def square(z):
    ...     return z**2
    >>> derivative(square) == derivative(square)
    True
    """

    def __init__(
        self, page: Callable[..., Any], maker: Callable[..., Any], function: Callable[..., Any], *more: Hashable
    ) -> None:
        functools.update_wrapper(self, page)
        self._page, self._origin = page, (maker, (function, *more))
        self.__name__: str = page.__name__

    def __call__(self, *arguments: Any, **settings: Any) -> Any:
        return self._page(*arguments, **settings)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Made) and self._origin == other._origin

    def __hash__(self) -> int:
        return hash(self._origin)

    def __reduce__(self) -> tuple[Any, ...]:
        return self._origin

    def __repr__(self) -> str:
        return f"<page {self.__name__}>"
