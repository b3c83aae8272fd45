"""A landscape as an objective."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import ShapeError
from fallline.problems.objective import Floats, Objective, quiet
from fallline.shapes import Shaped
from fallline.textbook.landscapes import Landscape
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
    def gradient(self) -> Callable[..., Any]:
        """The landscape's own gradient page, or the derived one where it has none."""
        if self.landscape.gradient is not None:
            return self.landscape.gradient
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
        partials = [np.broadcast_to(g, x[0].shape) for g in self.gradient(*x)]
        return np.asarray(self.landscape.function(*x)), np.stack(partials, axis=-1)

    def _coordinates(self, w: Shaped[Floats, "*runs P"]) -> tuple[Shaped[Floats, "*runs"], ...]:
        w = np.asarray(w)
        if w.shape[-1:] != (self.dimension,):
            raise ShapeError(f"a point of {self.name} must have {self.dimension} coordinates; got shape {w.shape}.")
        return tuple(np.moveaxis(w, -1, 0))
