"""What every objective has: a name, a number of parameters, a loss and its gradient.

    objective.loss_and_gradient(w)      w (..., P) to loss (...) and gradient (..., P)

Any leading batch axes of w are runs side by side. The arithmetic is NumPy's, in w's own dtype (float32, float64, or
complex for complex-step checks); networks this wide use BLAS, so results are exact to rounding, not to the bit.

An objective is also a function, `f(w)`, with `f.gradient(w)`, `f.hessian(w)`, `f.hessian_vector(w, v)` and
`f.sharpness(w)`.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fallline.errors import ShapeError, UsageError, shown
from fallline.problems import second_order
from fallline.shapes import Shaped

__all__ = ["Floats", "Objective", "as_points", "quiet"]

Floats: TypeAlias = NDArray[Any]

quiet = np.errstate(all="ignore")
"""NumPy evaluates both branches of `where`; an overflow in the branch that is not taken must not warn."""


def as_points(values: Any, name: str, dimension: int, what: str = "a point") -> Floats:
    """Return points (..., P) of an objective as an array of real or complex numbers, or of another reading's scalars.

    Whole numbers become floats: as whole numbers they would overflow, or cut off the data's digits.

    Raises
    ------
    ShapeError
        If the last axis does not have one number for each parameter.
    UsageError
        If the values are not numbers.

    Examples
    --------
    >>> as_points([1, 2], "booth", 2).tolist()
    [1.0, 2.0]
    """
    try:
        w = values if isinstance(values, np.ndarray) else np.asarray(values)
    except ValueError:
        raise ShapeError(f"{what} of {name} must be rows of {dimension} numbers; got {shown(values)}.") from None
    if w.dtype.kind in "iub":
        w = w.astype(np.float64)
    if w.dtype.kind not in "fcO" or (w.dtype.kind == "O" and type(w) is np.ndarray and _holds_no_numbers(w)):
        raise UsageError(f"{what} of {name} must hold numbers; got {shown(values)}.")
    if w.shape[-1:] != (dimension,):
        raise ShapeError(
            f"{what} of {name} must have {dimension} {'coordinates' if dimension < 10 else 'parameters'}; got shape {w.shape}."
        )
    return w


def _holds_no_numbers(w: Floats) -> bool:
    return any(entry is None or isinstance(entry, str | bytes | dict | list) for entry in w.ravel())


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
        """The loss at w.

        Examples
        --------
        >>> import fallline as fl
        >>> f = fl.objective("2-3-3", fl.generate("three-gaussians"))
        >>> w = fl.draw_starts(f, 4)
        >>> f.loss(w).shape
        (4,)
        """
        ...

    def loss_and_gradient(
        self, w: Shaped[Floats, "*runs P"], rows: Shaped[NDArray[np.int64], " batch"] | None = None
    ) -> tuple[Shaped[Floats, "*runs"], Shaped[Floats, "*runs P"]]:
        """The loss at w and its gradient, over the samples in `rows` alone if they are given.

        Examples
        --------
        >>> import fallline as fl
        >>> f = fl.objective("2-3-3", fl.generate("three-gaussians"))
        >>> w = fl.draw_starts(f, 4)
        >>> loss, gradient = f.loss_and_gradient(w)
        >>> loss.shape, gradient.shape
        ((4,), (4, 21))
        """
        ...

    def minibatch(
        self, w: Shaped[Floats, "*runs P"], rows: Shaped[NDArray[np.int64], " batch"]
    ) -> tuple[Shaped[Floats, "*runs"], Shaped[Floats, "*runs P"], Shaped[Floats, "*runs P"]]:
        """What a step on the samples in `rows` records and takes: loss and gradient on the scale of all samples, and the
        gradient of those samples alone.

        Examples
        --------
        >>> import fallline as fl
        >>> f = fl.objective("2-3-3", fl.generate("three-gaussians"))
        >>> w = fl.draw_starts(f, 4)
        >>> loss, gradient, own = f.minibatch(w, np.arange(8))
        >>> loss.shape, own.shape
        ((4,), (4, 21))
        """
        loss, gradient = self.loss_and_gradient(w, rows)
        return loss, gradient, gradient

    @property
    def exact_hessian(self) -> bool:
        """Whether `hessian`, `hessian_vector` and `sharpness` are exact to rounding. Otherwise they are central differences
        of exact gradients, with about eight correct digits."""
        return False

    def __call__(self, w: ArrayLike) -> Any:
        """The loss at w, (..., P): a float for one point, else an array (...).

        >>> from fallline.problems import objective
        >>> objective("booth")([1, 3]), objective("booth")([[1, 3], [0, 0]]).tolist()
        (0.0, [0.0, 74.0])
        """
        loss = self.loss(self._points(w))
        return float(loss) if np.ndim(loss) == 0 and not np.iscomplexobj(loss) else loss

    def gradient(self, w: ArrayLike) -> Floats:
        """The gradient at w, (..., P).

        >>> from fallline.problems import objective
        >>> objective("booth").gradient([0, 0]).tolist()
        [-34.0, -38.0]
        """
        return np.asarray(self.loss_and_gradient(self._points(w))[1])

    def hessian(self, w: ArrayLike) -> Floats:
        """The matrix of second derivatives at w, (..., P, P); see `exact_hessian`.

        >>> from fallline.problems import objective
        >>> objective("booth").hessian([0, 0]).tolist()
        [[10.0, 8.0], [8.0, 10.0]]
        """
        return second_order.hessian(self._gradient_at, self._real(w), exact=self.exact_hessian)

    def hessian_vector(self, w: ArrayLike, v: ArrayLike) -> Floats:
        """The Hessian at w times v, (..., P), without the matrix; see `exact_hessian`.

        >>> from fallline.problems import objective
        >>> objective("booth").hessian_vector([0, 0], [1, -1]).tolist()
        [2.0, -2.0]
        """
        points, direction = self._real(w), self._real(v, "a direction")
        return second_order.hessian_vector(self._gradient_at, points, direction, exact=self.exact_hessian)

    def sharpness(self, w: ArrayLike) -> Any:
        """The Hessian's largest eigenvalue at w: a float for one point, else an array (...). NaN where it is not finite.

        Gradient descent is stable around a minimum for learning rates below 2 / sharpness.

        >>> from fallline.problems import objective
        >>> round(objective("quadratic").sharpness([1, 1]), 9)
        10.0
        """
        return second_order.sharpness(self._gradient_at, self._real(w), exact=self.exact_hessian)

    def _points(self, w: ArrayLike) -> Floats:
        return as_points(w, self.name, self.dimension)

    def _real(self, w: ArrayLike, what: str = "a point") -> Floats:
        points = as_points(w, self.name, self.dimension, what)
        if points.dtype.kind != "f":
            raise UsageError(
                f"{what} of {self.name} must hold real numbers for second derivatives; got {points.dtype}."
            )
        return points

    def _gradient_at(self, w: Floats) -> Floats:
        return np.asarray(self.loss_and_gradient(w)[1])
