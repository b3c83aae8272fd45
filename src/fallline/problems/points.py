"""An objective from a name, a function or a record; points of it, and its gradient at many of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fallline.errors import ShapeError, UsageError
from fallline.problems.landscape import LandscapeObjective
from fallline.problems.network import NetworkObjective
from fallline.problems.objective import Floats, Objective
from fallline.shapes import Shaped
from fallline.textbook.landscapes import Landscape, landscape
from fallline.user_code.records import plain_landscape

__all__ = ["as_vector", "gradients", "objective", "objective_at", "points_at_once"]


def objective(what: str | Landscape | Callable[..., Any] | Objective, dimension: int | None = None) -> Objective:
    """An objective from a landscape's name, a landscape, a plain function of coordinates, or an objective.

    `dimension` is the number of coordinates of a function that does not tell it: f(*x), or f(x) of one vector.

    >>> objective("himmelblau")
    LandscapeObjective('himmelblau', 2 coordinates)
    >>> objective(lambda x, y: x**2 + 3 * y**2).dimension
    2
    >>> objective(lambda x: (x**2).sum(), dimension=3).dimension
    3
    """
    if isinstance(what, LandscapeObjective | NetworkObjective):
        return what
    if isinstance(what, str | Landscape):
        return LandscapeObjective(landscape(what))
    if callable(what):
        return LandscapeObjective(plain_landscape(what, dimension))
    if not hasattr(what, "loss_and_gradient"):
        raise UsageError(
            "an objective must be a landscape, its name, a function of coordinates, or a network on data "
            f"(fallline.NetworkObjective); got {what!r}."
        )
    return what


def objective_at(what: str | Landscape | Callable[..., Any] | Objective, start: ArrayLike | None) -> Objective:
    """As `objective`; a function that does not tell its number of coordinates has as many as the start.

    >>> objective_at(lambda *x: sum(x), [1.0, 2.0, 3.0]).dimension
    3
    """
    try:
        shape = np.shape(start) if start is not None else ()
    except ValueError:  # rows of different lengths: `as_vector` says so
        shape = ()
    return objective(what, shape[-1] if shape else None)


def points_at_once(objective: Objective) -> int:
    """How many points one call takes best: as many as make arrays of about 64 kB.

    With fewer, calls are what costs; with more, memory that the system has to hand out anew for each call.
    """
    numbers = objective.dimension
    if isinstance(objective, NetworkObjective):
        numbers = max(numbers, len(objective.data) * max(objective.network.sizes))
    return max(1, 8_000 // numbers)


def gradients(objective: Objective, points: Shaped[Floats, "points P"]) -> Shaped[Floats, "points P"]:
    """The gradient at each of many points.

    >>> gradients(objective("booth"), np.array([[1.0, 3.0], [0.0, 0.0]])).tolist()
    [[0.0, 0.0], [-34.0, -38.0]]
    """
    many = points_at_once(objective)
    return np.concatenate([objective.loss_and_gradient(points[k : k + many])[1] for k in range(0, len(points), many)])


def as_vector(values: ArrayLike, objective: Objective, what: str = "start") -> Shaped[NDArray[np.float64], " P"]:
    """A point of the objective as a float vector, or a sentence that names both shapes."""
    try:
        vector = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(f"{what} must be {objective.dimension} numbers; got {values!r}.") from None
    if vector.shape != (objective.dimension,):
        raise ShapeError(
            f"{what} must have shape ({objective.dimension},), one number for each parameter of {objective.name}; "
            f"got {vector.shape}."
        )
    if not np.isfinite(vector).all():
        k = int(np.argmin(np.isfinite(vector)))
        raise UsageError(f"{what} must be finite numbers; {objective.labels[k]} is {vector[k]}.")
    return vector
