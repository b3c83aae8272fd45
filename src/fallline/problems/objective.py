"""What every objective has: a name, a number of parameters, a loss and its gradient.

    objective.loss_and_gradient(w)      w (..., P) to loss (...) and gradient (..., P)

Any leading batch axes of w are runs side by side. The arithmetic is NumPy's, in w's own dtype (float32, float64, or
complex for complex-step checks); networks this wide use BLAS, so results are exact to rounding, not to the bit.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fallline.shapes import Shaped

__all__ = ["Floats", "Objective", "quiet"]

Floats: TypeAlias = NDArray[Any]

quiet = np.errstate(all="ignore")
"""NumPy evaluates both branches of `where`; an overflow in the branch that is not taken must not warn."""


class Objective(Protocol):
    """A differentiable function of a flat parameter vector."""

    @property
    def name(self) -> str:
        """What sentences and pictures call it."""
        ...

    @property
    def dimension(self) -> int:
        """Number of parameters P."""
        ...

    @property
    def labels(self) -> tuple[str, ...]:
        """A name for each parameter."""
        ...

    def loss(self, w: Shaped[Floats, "*runs P"]) -> Shaped[Floats, "*runs"]:
        """The loss at w."""
        ...

    def loss_and_gradient(
        self, w: Shaped[Floats, "*runs P"], rows: Shaped[NDArray[np.int64], " batch"] | None = None
    ) -> tuple[Shaped[Floats, "*runs"], Shaped[Floats, "*runs P"]]:
        """The loss at w and its gradient, over the samples in `rows` alone if they are given."""
        ...

    def minibatch(
        self, w: Shaped[Floats, "*runs P"], rows: Shaped[NDArray[np.int64], " batch"]
    ) -> tuple[Shaped[Floats, "*runs"], Shaped[Floats, "*runs P"], Shaped[Floats, "*runs P"]]:
        """What a step on the samples in `rows` records and takes: loss and gradient on the scale of all samples, and the
        gradient of those samples alone."""
        loss, gradient = self.loss_and_gradient(w, rows)
        return loss, gradient, gradient
