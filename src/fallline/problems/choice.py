"""An objective from what a user writes: a name, a function, a landscape, or a network and its data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike

from fallline.data.dataset import Dataset
from fallline.data.generated import GENERATED, generate
from fallline.data.given import with_target
from fallline.errors import ShapeError, UsageError, shown
from fallline.problems.landscape import LandscapeObjective
from fallline.problems.network import NetworkObjective
from fallline.problems.objective import Objective
from fallline.textbook.coordinates import takes_any_number
from fallline.textbook.landscapes import Landscape, landscape
from fallline.textbook.network import Network
from fallline.user_code.coordinates import page_of
from fallline.user_code.page import Page
from fallline.user_code.records import plain_landscape

__all__ = ["Data", "Problem", "objective", "objective_at"]

Problem: TypeAlias = str | Landscape | Callable[..., Any] | Objective | Network
"""A landscape's name, a landscape, a function of coordinates, an objective, or a network (with its data)."""

Data: TypeAlias = Dataset | tuple[Any, Any] | str | Any
"""A data set; inputs and targets (X, y) as arrays or data frames; the name of a generated data set; or a table, a data frame or a
file, whose target column is told beside it."""


def objective(
    what: Problem,
    data: Data | int | None = None,
    *,
    target: str | Sequence[str] | None = None,
    dimension: int | None = None,
    l2: float | None = None,
) -> Objective:
    """Return an objective: what a run descends.

    Parameters
    ----------
    what
        A landscape's name, a landscape, a function of coordinates, an objective, or a network.
    data
        The data of a network: a `Dataset`, (X, y), the name of a generated data set, or a table: a data frame or a file. For
        a function of coordinates, a whole number here is its `dimension`.
    target
        The column to learn of a table. `data=(frame, "species")` says the same.
    dimension
        The number of coordinates, of a function that does not tell it, f(*x) or f(x) of one vector, and of a landscape that
        may have any number.
    l2
        Strength of a network's L2 penalty, in place of its own.

    Raises
    ------
    UsageError
        A network without data, data without a network, or something else than an objective.
    ShapeError
        The data or the dimension do not fit.

    Examples
    --------
    >>> objective("himmelblau")
    LandscapeObjective(landscape=landscape('himmelblau'))
    >>> objective("rosenbrock", 5).dimension
    5
    >>> objective(lambda x, y: x**2 + 3 * y**2).dimension
    2
    >>> objective(lambda x: (x**2).sum(), dimension=3).dimension
    3
    >>> objective(Network.of("1-1", loss="squared_error"), ([[0.0], [1.0]], [0.5, 1.5]))([1.0, 0.0])
    0.5
    """
    if isinstance(data, int | np.integer):
        data, dimension = None, _dimension(data, dimension)
    elif dimension is not None:
        dimension = _dimension(dimension, None)
    data = with_target(data, target)
    if data is not None and not isinstance(data, Dataset | tuple | list | str):
        raise UsageError(
            f"data must be inputs and targets (X, y), or a data set, after the network; got {_kind(data)}."
        )
    if isinstance(what, str) and what[:1].isdigit() and data is not None:
        what = Network.of(what)
    if isinstance(what, Network):
        return _of_network(what, data, dimension, l2)
    if data is not None:
        raise UsageError(_no_network(what, data))
    if isinstance(what, str | Landscape):
        made: Objective = LandscapeObjective(_of_landscape(what, dimension))
    elif isinstance(what, LandscapeObjective):
        made = what if dimension is None else LandscapeObjective(what.landscape.in_dimensions(dimension))
    elif hasattr(what, "loss_and_gradient"):
        made = cast(Objective, what)
    elif callable(what):
        made = LandscapeObjective(plain_landscape(what, dimension))
    else:
        raise UsageError(
            "an objective must be a landscape, its name, a function of coordinates, or a network and its data; "
            f"got {_kind(what)}."
        )
    if dimension is not None and made.dimension != dimension:
        raise ShapeError(f"{made.name} has {made.dimension} parameters; it cannot have {dimension}.")
    if l2 is not None:
        if not isinstance(made, NetworkObjective):
            raise UsageError(f"l2 penalises the weights of a network; {made.name} has none. Leave it out.")
        made = NetworkObjective(made.network.with_(l2=l2), made.data)
    return made


def objective_at(
    what: Problem, start: Any = None, data: Data | None = None, *, target: Any = None, l2: float | None = None
) -> Objective:
    """Return an objective, as `objective` does; its number of coordinates is that of the start if only that tells it.

    >>> objective_at(lambda *x: sum(x), [1.0, 2.0, 3.0]).dimension
    3
    """
    if isinstance(what, Network) or data is not None or target is not None or hasattr(what, "loss_and_gradient"):
        return objective(what, data, target=target, l2=l2)
    dimension = _length(start)
    if isinstance(what, str | Landscape):
        record = landscape(what)
        if dimension is None or not takes_any_number(record.function) or dimension < record.least:
            return objective(record, l2=l2)  # `as_vector` refuses another number of coordinates
    return objective(what, dimension=dimension, l2=l2)


def _length(start: ArrayLike | Mapping[str, Any] | None) -> int | None:
    """The number of coordinates of a start; None if it does not tell."""
    if isinstance(start, Mapping):
        return len(start) or None
    try:
        shape = np.shape(start) if start is not None else ()
    except ValueError:  # rows of different lengths: `as_vector` says so
        shape = ()
    return shape[-1] if shape else None


def _of_network(network: Network, data: Data | None, dimension: int | None, l2: float | None) -> NetworkObjective:
    if data is None:
        raise UsageError(
            f"the network {network.text} needs data: give inputs and targets (X, y), or a data set, after it."
        )
    if dimension is not None and dimension != network.parameter_count:
        raise ShapeError(f"the network {network.text} has {network.parameter_count} parameters, not {dimension}.")
    if isinstance(data, str):
        if data not in GENERATED:
            raise UsageError(
                f"data of the network {network.text} must be (X, y), a data set, or one of {', '.join(GENERATED)}; "
                f"got {shown(data)}."
            )
        data = generate(data)
    return NetworkObjective(network if l2 is None else network.with_(l2=l2), data)


def _of_landscape(what: str | Landscape, dimension: int | None) -> Landscape:
    record = landscape(what)
    own = str(getattr(record.function, "__module__", "")).startswith("fallline.")
    if dimension is not None:
        record = record.in_dimensions(dimension)
    if own or isinstance(record.function, Page):
        return record
    # The page refuses a function that draws random numbers, and a parameter with a default that would be a coordinate.
    return replace(record, function=page_of(record.function, record.dimension))


def _dimension(value: Any, other: int | None) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise UsageError(f"dimension must be a whole number at least 1; got {shown(value)}.")
    if other is not None and other != value:
        raise UsageError(f"dimension must be one number; got {value} and {other}.")
    return int(value)


def _no_network(what: Problem, data: Data) -> str:
    if isinstance(what, NetworkObjective):
        return f"{what.name} has its data already; give its network and other data, objective.network, (X, y)."
    name = what if isinstance(what, str) else getattr(what, "name", getattr(what, "__name__", "the objective"))
    return f"data belong to a network; {name} is not a network. Leave them out; got {_kind(data)}."


def _kind(value: object) -> str:
    """A value in a message: a text or a number as it is, anything longer by its type."""
    return shown(value) if isinstance(value, str | int | float) else f"an object of type {type(value).__name__}"
