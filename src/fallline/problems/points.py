"""Points of an objective from what a user writes, and its gradient at many of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import ShapeError, UsageError, shown
from fallline.problems.layers import vector_of
from fallline.problems.network import NetworkObjective
from fallline.problems.objective import Floats, Objective
from fallline.shapes import Shaped

__all__ = ["as_vector", "gradients", "has_plane", "points_at_once"]


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

    >>> from fallline.problems import objective
    >>> gradients(objective("booth"), np.array([[1.0, 3.0], [0.0, 0.0]])).tolist()
    [[0.0, 0.0], [-34.0, -38.0]]
    """
    many = points_at_once(objective)
    return np.concatenate([objective.loss_and_gradient(points[k : k + many])[1] for k in range(0, len(points), many)])


def as_vector(values: Any, objective: Objective, what: str = "start") -> Shaped[NDArray[np.float64], " P"]:
    """A point of the objective as a new float vector, or a sentence that names both shapes.

    It may be given as the vector itself, as numbers by name, or as the layers of a network; see
    `fallline.problems.layers.vector_of`.

    >>> from fallline.problems import objective
    >>> as_vector({"y": 3, "x": 1}, objective("booth")).tolist()
    [1.0, 3.0]
    """
    network = objective.network if isinstance(objective, NetworkObjective) else None
    values = vector_of(values, objective.labels if network is None else (), network, what)
    try:
        vector = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(f"{what} must be {objective.dimension} numbers; got {shown(values)}.") from None
    if vector.shape != (objective.dimension,):
        raise ShapeError(
            f"{what} must have shape ({objective.dimension},), one number for each parameter of {objective.name}; "
            f"got {vector.shape}."
        )
    if not np.isfinite(vector).all():
        k = int(np.argmin(np.isfinite(vector)))
        raise UsageError(f"{what} must be finite numbers; {objective.labels[k]} is {vector[k]}.")
    return vector


def has_plane(objective: Objective) -> bool:
    """Whether the objective is a network whose data have two inputs, or features of two.

    >>> from fallline.data import generate
    >>> from fallline.textbook.network import Network
    >>> has_plane(NetworkObjective(Network.of("3-2"), generate("xor").with_features("x1", "x2", "x1 x2")))
    True
    """
    return isinstance(objective, NetworkObjective) and objective.data.raw.X.shape[1] == 2
