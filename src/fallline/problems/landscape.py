"""A landscape as an objective."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UsageError, shown
from fallline.problems.objective import Floats, Objective, as_points, quiet
from fallline.shapes import Shaped
from fallline.textbook.coordinates import Partials
from fallline.textbook.landscapes import Landscape
from fallline.user_code.page import is_analytic
from fallline.user_code.signature import default_names

__all__ = ["LandscapeObjective"]


@dataclass(frozen=True)
class LandscapeObjective(Objective):
    """A landscape as an objective.

    >>> from fallline.textbook.landscapes import landscape
    >>> LandscapeObjective(landscape("rosenbrock")).loss_and_gradient(np.array([-1.2, 1.0]))[1].round(6).tolist()
    [-215.6, -88.0]
    """

    landscape: Landscape

    def __post_init__(self) -> None:
        if not isinstance(self.landscape, Landscape):
            raise UsageError(
                f"landscape must be a Landscape, as fallline.landscape(function) makes it; got {shown(self.landscape)}."
            )

    @property
    def name(self) -> str:
        return self.landscape.name

    @property
    def dimension(self) -> int:
        return self.landscape.dimension

    @property
    def labels(self) -> tuple[str, ...]:
        parameters = inspect.signature(self.landscape.function).parameters.values()
        names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        if len(names) == self.dimension:
            return tuple(names)
        return default_names(self.dimension)

    @cached_property
    def partials(self) -> Callable[..., Any]:
        """The landscape's own gradient page, or the derived one where it has none."""
        own = self.landscape.gradient
        if own is not None:
            return own.page if isinstance(own, Partials) else own
        from fallline.readings.reverse import gradient_of  # needed for a user's own page alone

        return gradient_of(self.landscape.function)

    @quiet
    def loss(self, w: Shaped[Floats, "*runs P"]) -> Shaped[Floats, "*runs"]:
        return np.asarray(self.landscape.function(*self._coordinates(w)))

    @quiet
    def loss_and_gradient(
        self, w: Shaped[Floats, "*runs P"], rows: Shaped[NDArray[np.int64], " batch"] | None = None
    ) -> tuple[Shaped[Floats, "*runs"], Shaped[Floats, "*runs P"]]:
        x = self._coordinates(w)
        partials = [np.broadcast_to(g, x[0].shape) for g in self.partials(*x)]
        return np.asarray(self.landscape.function(*x)), np.stack(partials, axis=-1)

    @property
    def exact_hessian(self) -> bool:
        """Whether second derivatives are exact: the partial derivatives are the textbook's, or derived, or traced."""
        return is_analytic(self.partials)

    @quiet
    def _gradient_at(self, w: Floats) -> Floats:
        x = self._coordinates(w)
        return np.stack([np.broadcast_to(g, np.shape(x[0])) for g in self.partials(*x)], axis=-1)

    def _coordinates(self, w: Shaped[Floats, "*runs P"]) -> tuple[Shaped[Floats, "*runs"], ...]:
        w = as_points(w, self.name, self.dimension)
        return tuple(np.moveaxis(w, -1, 0))
