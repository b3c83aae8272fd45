"""The parameters of a user's function: which of them are coordinates."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from fallline.errors import UsageError
from fallline.user_code.calling import name_of

__all__ = ["coordinate_names", "default_names", "must_be_function"]


def must_be_function(function: Any, role: str) -> None:
    """Raise UsageError if it cannot be called, or is a class, coroutine or generator, whose call returns no number."""
    if not callable(function):
        raise UsageError(f"{role} must be a function, or the name of one; got {function!r}.")
    if hasattr(function, "loss_and_gradient"):
        raise UsageError(
            f"{role} must be a plain function; got the objective {getattr(function, 'name', name_of(function))}."
        )
    if inspect.isclass(function):
        raise UsageError(f"{name_of(function)} is a class; give a function, or an object of it that can be called.")
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        kind = "async" if inspect.iscoroutinefunction(function) else "a generator"
        raise UsageError(f"{name_of(function)} is {kind}; give a plain function that returns its value.")


def coordinate_names(function: Callable[..., Any]) -> tuple[list[str], bool]:
    """Return the parameters that are coordinates, and whether any number of further ones may follow (`*x`).

    A parameter with a default is not a coordinate: it keeps its default.

    >>> coordinate_names(lambda x, y, a=1, *, b=100: 0)
    (['x', 'y'], False)
    """
    name = name_of(function)
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        raise UsageError(
            f"the parameters of {name} cannot be read; wrap it in a function, as lambda x, y: {name}(x, y)."
        ) from None
    required = [p for p in parameters if p.default is p.empty]
    for p in required:
        if p.kind is p.KEYWORD_ONLY:
            raise UsageError(
                f"{name} has the keyword-only parameter {p.name} without a default, so it has no value. Give it a "
                "default; or, if it is a coordinate, move it before the *."
            )
    names = [p.name for p in required if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    many = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    if not names and not many:
        kept = ", ".join(p.name for p in parameters if p.default is not p.empty)
        why = f" A parameter with a default ({kept}) keeps its default; leave the default out." if kept else ""
        raise UsageError(f"{name} has no coordinate: it must take at least one argument.{why}")
    if many and len(names) < len([p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]):
        raise UsageError(
            f"{name} has parameters with a default before its *, which would become coordinates; move them."
        )
    return names, many


def default_names(count: int) -> tuple[str, ...]:
    """Return names for coordinates that the function does not name: x and y, or x1, x2, ...

    >>> default_names(2), default_names(3)
    (('x', 'y'), ('x1', 'x2', 'x3'))
    """
    return ("x", "y") if count == 2 else tuple(f"x{k + 1}" for k in range(count))
