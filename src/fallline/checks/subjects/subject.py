"""The subject of a check: the network, landscape, activation, loss or optimizer that a function should be the gradient of."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fallline.checks.subjects.slope_calls import UPSTREAM, plain_name
from fallline.errors import UnknownNameError, UsageError
from fallline.textbook.activations import ACTIVATIONS, Activation
from fallline.textbook.landscapes import LANDSCAPES, Landscape
from fallline.textbook.losses import LOSSES, Loss
from fallline.textbook.network import Network
from fallline.textbook.optimizers import OPTIMIZERS, Optimizer
from fallline.user_code.coordinates import page_of
from fallline.user_code.page import Page
from fallline.user_code.signature import coordinate_names

__all__ = ["Subject", "subject_of"]

Subject = Network | Landscape | Activation | Loss | Optimizer
Function = Callable[..., Any]


def subject_of(asked: Any, function: Function, **settings: Any) -> Subject:
    """The subject of a check, from what the caller gives.

    Parameters
    ----------
    asked
        A subject, the sizes of a network, a name, or a plain function of coordinates.
    function
        The function to be checked: its parameters and results decide where `asked` leaves a choice.
    settings
        Of a network of which only the sizes are given.
    """
    if isinstance(asked, Subject):
        return asked
    if isinstance(asked, str) and not asked.strip()[:1].isdigit():
        return _by_name(asked, function)
    if callable(asked):
        return _landscape(asked, function)
    return Network.of(asked, **settings)


def _by_name(name: str, function: Function) -> Landscape | Activation | Loss | Optimizer:
    """A landscape, activation, loss or optimizer; "logistic" is an activation for slope(z), a loss for delta(Z, T)."""
    tables: Sequence[dict[str, Any]] = (LANDSCAPES, ACTIVATIONS, LOSSES, OPTIMIZERS)
    subjects: list[Any] = [table[name] for table in tables if name in table]
    if not subjects:
        valid = dict.fromkeys(n for table in tables for n in table)
        raise UnknownNameError("what the gradient is of", name, [*valid, "2-3-2-3"])
    if len(subjects) > 1 and _is_of_two_arguments(function):
        return subjects[1]  # type: ignore[no-any-return]  # tables of several types
    return subjects[0]  # type: ignore[no-any-return]


def _is_of_two_arguments(function: Function) -> bool:
    """Whether the function takes two quantities of its own, as delta(Z, T) does, and slope(z) or backward(dA, Z) does not."""
    parameters = inspect.signature(function).parameters.values()
    names = [p.name for p in parameters if p.default is p.empty and p.name != "self"]
    return len(names) > 1 and not any(plain_name(name) in UPSTREAM for name in names)


def _landscape(function: Function, gradient: Function) -> Landscape:
    """A function of coordinates f(x, y), or of one vector f(x), as a landscape."""
    names, many = coordinate_names(function)
    counts: Sequence[int] = (len(names),) if len(names) > 1 and not many else (2, 3, 4, 5, 1)
    pages = [page for n in counts if (page := _page(function, n)) is not None]
    fitting = [page for page in pages if _returns(gradient, page.dimension)]
    page = next(iter(fitting or pages), None) or page_of(function)
    return Landscape(page.__name__, page, dimension=page.dimension, start=(1.0,) * page.dimension)


def _page(function: Function, n: int) -> Page | None:
    try:
        return page_of(function, n)
    except UsageError:
        return None


def _returns(gradient: Function, n: int) -> bool:
    """Whether the gradient, called with one vector of n entries, returns n numbers."""
    try:
        return bool(np.size(gradient(0.5 + 0.25 * np.arange(n))) == n)
    except (Exception, SystemExit):  # a gradient of another number of coordinates
        return False
