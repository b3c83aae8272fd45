"""The coordinates of a point: given one by one, f(x, y), or as one vector, f(w)."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fallline.errors import ShapeError, UsageError, shown
from fallline.textbook.operations import Array

__all__ = ["Partials", "coordinates_of", "takes_any_number"]


def takes_any_number(function: Callable[..., Any]) -> bool:
    """Whether the function takes any number of coordinates, f(*x).

    >>> takes_any_number(lambda *x: sum(x)), takes_any_number(lambda x, y: x + y)
    (True, False)
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    return any(p.kind is p.VAR_POSITIONAL for p in parameters)


def coordinates_of(
    arguments: Sequence[Any], name: str, dimension: int, least: int | None = None
) -> tuple[tuple[Array, ...], bool]:
    """Return the coordinates of a point, and whether it was given as one vector.

    Parameters
    ----------
    arguments
        The coordinates, each a number or an array; or one array (..., dimension) of points.
    name
        The function, for messages.
    dimension
        Its number of coordinates.
    least
        The fewest coordinates that it takes, if it takes any number of them; a single vector may then have any length.

    Raises
    ------
    ShapeError
        If the number of coordinates is wrong.

    Examples
    --------
    >>> (x, y), vector = coordinates_of([[1, 2]], "f", 2)
    >>> float(x), float(y), vector
    (1.0, 2.0, True)
    >>> coordinates_of([1, 2, 3], "f", 2)
    Traceback (most recent call last):
    fallline.errors.ShapeError: f has 2 coordinates; got 3. Give them one by one, or as one vector.
    """
    values = [_numbers(value, name) for value in arguments]
    vector = len(values) == 1 and np.ndim(values[0]) > 0 and dimension != 1
    count = int(np.shape(values[0])[-1]) if vector else len(values)
    free = least is not None and count >= least and (not vector or np.ndim(values[0]) == 1)
    if count != dimension and not free:
        what = f"points of shape {np.shape(values[0])}" if vector and np.ndim(values[0]) > 1 else str(count)
        raise ShapeError(
            f"{name} has {dimension} coordinates; got {what}. Give them one by one, or as one vector"
            + (f" (..., {dimension})." if vector and np.ndim(values[0]) > 1 else ".")
        )
    if not vector:
        return tuple(values), False
    point = values[0]
    return tuple(point[k] if point.ndim == 1 else point[..., k] for k in range(count)), True


def _numbers(value: Any, name: str) -> Any:
    """Whole numbers in arrays become floats, which do not overflow without a word. Numbers and other readings' scalars stay."""
    if isinstance(value, list | tuple):
        try:
            value = np.array(value)
        except ValueError:
            raise ShapeError(f"coordinates of {name} must be numbers or arrays; got {shown(value)}.") from None
    if isinstance(value, np.ndarray | np.generic):
        if value.dtype.kind in "iub":
            return value.astype(np.float64)
        if value.dtype.kind not in "fcO":
            raise UsageError(f"coordinates of {name} must be numbers; got {shown(value)}.")
    elif isinstance(value, str | bytes | dict | set) or value is None:
        raise UsageError(f"coordinates of {name} must be numbers; got {shown(value)}.")
    return value


class Partials:
    """A landscape's partial derivatives as a function of its coordinates, or of one vector.

    With coordinates it returns what the page returns, one partial derivative for each; with one vector, an array of its
    shape.

    >>> def bowl_gradient(x, y):
    ...     return 2 * x, 20 * y
    >>> gradient = Partials(bowl_gradient, "bowl", 2)
    >>> gradient(1.0, 2.0), gradient([1.0, 2.0]).tolist()
    ((2.0, 40.0), [2.0, 40.0])
    """

    def __init__(self, page: Callable[..., Any], name: str, dimension: int, least: int | None = None) -> None:
        self.page, self.name, self.dimension, self.least = page, name, dimension, least
        functools.update_wrapper(self, page)

    def __call__(self, *arguments: Any) -> Any:
        x, vector = coordinates_of(arguments, self.name, self.dimension, self.least)
        partials = self.page(*x)
        if not vector:
            return partials
        shape = np.broadcast_shapes(*(np.shape(value) for value in x))
        return np.stack([np.broadcast_to(partial, shape) for partial in partials], axis=-1)

    def __reduce__(self) -> tuple[Any, ...]:
        """Without the page's own attributes, which `update_wrapper` copied: some of them cannot be pickled."""
        return Partials, (self.page, self.name, self.dimension, self.least)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Partials) and self.page == other.page

    def __hash__(self) -> int:
        return hash(self.page)

    def __repr__(self) -> str:
        return f"<gradient of {self.name}>"
