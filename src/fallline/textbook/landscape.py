"""The record of a landscape: a function of a point, its gradient, and what is known about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fallline.errors import ShapeError
from fallline.textbook.coordinates import Partials, coordinates_of, takes_any_number
from fallline.textbook.families import Member
from fallline.textbook.operations import Array

__all__ = ["Landscape"]


@dataclass(frozen=True, repr=False)
class Landscape(Member):
    """A function of a point, its gradient, and what is known about it.

    It is called with its coordinates one by one, or with one vector, as SciPy's functions are; so is its `gradient`. An
    array of points has its coordinates along the last axis.

    Parameters
    ----------
    name
        The usual name in the field.
    function
        Maps the coordinates `(x, y, ...)` to a value; the arguments' names are the coordinates' names.
    gradient
        Maps the coordinates to a tuple of partial derivatives. If None, fallline derives it from the function.
    start
        The classical start, or one that shows the landscape well.
    window
        (low, high) of each of two coordinates, for pictures.
    minima
        The known global minima; empty if the landscape has none.
    dimension
        The number of coordinates, for pages that take any number of them.
    log_levels
        True if contours should have logarithmic levels.
    label
        Its name in words, for display; by default, the name with spaces.
    least
        The fewest coordinates of a page that takes any number of them.

    Raises
    ------
    ShapeError
        If it is called with another number of coordinates.

    Examples
    --------
    >>> from fallline.textbook.landscapes import LANDSCAPES
    >>> LANDSCAPES["rosenbrock"](-1.2, 1.0)
    24.199999999999996
    >>> point = [-1.2, 1.0]
    >>> float(LANDSCAPES["rosenbrock"](point)), LANDSCAPES["rosenbrock"].gradient(point).round(6).tolist()
    (24.199999999999996, [-215.6, -88.0])
    """

    name: str
    function: Callable[..., Array]
    gradient: Callable[..., Sequence[Array]] | None = None
    start: tuple[float, ...] = (1.0, 1.0)
    window: tuple[tuple[float, float], tuple[float, float]] = ((-2.0, 2.0), (-2.0, 2.0))
    minima: tuple[tuple[float, ...], ...] = ()
    dimension: int = 2
    log_levels: bool = False
    label: str = ""
    least: int = 1
    page = "function"
    home = "fallline.textbook.landscapes"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.gradient is not None:
            page = self.gradient.page if isinstance(self.gradient, Partials) else self.gradient
            object.__setattr__(self, "gradient", Partials(page, self.name, self.dimension, self._least))

    @property
    def _least(self) -> int | None:
        """The fewest coordinates; None if their number is fixed."""
        return self.least if takes_any_number(self.function) else None

    def __call__(self, *coordinates: Array) -> Array:
        x, _ = coordinates_of(coordinates, self.name, self.dimension, self._least)
        return self.function(*x)

    def in_dimensions(self, dimension: int) -> Landscape:
        """Return the landscape with that many coordinates, where its page takes any number of them.

        The classical start is repeated; so are minima whose coordinates are all equal.

        Raises
        ------
        ShapeError
            If the landscape has another number of coordinates.

        Examples
        --------
        >>> from fallline.textbook.landscapes import LANDSCAPES
        >>> LANDSCAPES["rosenbrock"].in_dimensions(5).start
        (-1.2, 1.0, -1.2, 1.0, -1.2)
        >>> LANDSCAPES["booth"].in_dimensions(3)
        Traceback (most recent call last):
        fallline.errors.ShapeError: booth has 2 coordinates; it cannot have 3.
        """
        if dimension == self.dimension:
            return self
        if self._least is None:
            raise ShapeError(f"{self.name} has {self.dimension} coordinates; it cannot have {dimension}.")
        if dimension < self._least:
            raise ShapeError(f"{self.name} has at least {self._least} coordinates; it cannot have {dimension}.")
        minima = tuple((point[0],) * dimension for point in self.minima if len(set(point)) == 1)
        start = tuple(np.resize(self.start, dimension).tolist())
        return replace(self, dimension=dimension, start=start, minima=minima)
