"""Look up a member of a family by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from fallline.errors import UnknownNameError

__all__ = ["member"]

T = TypeVar("T")


def member(what: str, name: object, family: Mapping[str, T]) -> T:
    """Look up a member of a family by its name.

    Raises
    ------
    UnknownNameError
        If no member has that name. The message lists the nearest names.

    Examples
    --------
    >>> member("loss", "squared", {"squared_error": 1})
    Traceback (most recent call last):
    fallline.errors.UnknownNameError: loss must be one of squared_error; got 'squared'. Did you mean 'squared_error'?
    """
    if not isinstance(name, str) or name not in family:
        raise UnknownNameError(what, name, family)
    return family[name]
