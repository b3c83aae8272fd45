"""Curvature at a point: the Hessian's extreme eigenvalues, what they say of the point, and the learning rate they allow.

Hessian-vector products are central differences of the gradient, H v = (g(w + h v) - g(w - h v)) / 2h.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fallline.problems import Objective, gradients
from fallline.problems.second_order import DENSE, lanczos
from fallline.shapes import Shaped

__all__ = [
    "DIFFERENCE",
    "DISTANCES",
    "LEAST_FALL",
    "Point",
    "Stationary",
    "eigenvalues",
    "falls_along",
    "kind_of_point",
    "stability_bound",
    "stable_learning_rate",
    "stationary",
    "stationary_point",
]

Floats = NDArray[Any]
Point = Literal["minimum", "saddle", "maximum", "no minimum", "degenerate", "unknown"]

_NOISE = 1e-4
"""Eigenvalues below this share of the largest count as 0: central differences leave about this much."""

DIFFERENCE = 6e-6
"""The step of central differences, as a share of the largest parameter: it balances rounding and truncation, the cube root of eps."""

DISTANCES = np.geomspace(1e-4, 10, 60)
"""How far along a line losses are looked at, as shares of the largest parameter."""

LEAST_FALL = 1e-6
"""A way leads down if the loss falls by this share of what it has changed by."""


def eigenvalues(
    objective: Objective, w: Shaped[Floats, " P"], factors: Shaped[Floats, " P"] | None = None
) -> tuple[float, float]:
    """The smallest and the largest eigenvalue of the Hessian at w; NaN where w or the gradient is not finite.

    With `factors` r on the learning rates of the parameters, those of sqrt(r) H sqrt(r): steps of rate e r on H are those of
    rate e on that matrix, in coordinates w / sqrt(r).

    >>> from fallline.problems import objective
    >>> low, high = eigenvalues(objective("quadratic"), np.array([1.0, 1.0]))
    >>> round(low, 6), round(high, 6)
    (1.0, 10.0)
    """
    H = _hessian(objective, np.asarray(w, dtype=np.float64))
    if H is None:
        return float("nan"), float("nan")
    if factors is not None:
        H = _between(np.sqrt(factors), H)
    if isinstance(H, np.ndarray):
        values = np.linalg.eigvalsh(H)
        return float(values[0]), float(values[-1])
    high, low = (lanczos(H, which)[0] for which in ("LA", "SA"))
    return low, high


def stationary_point(objective: Objective, w: Shaped[Floats, " P"], scale: float = 1.0) -> tuple[Point, float, float]:
    """What a point with a vanished gradient is, with the smallest and the largest eigenvalue of the Hessian.

    That it is no minimum is said only where a straight way without a rise is seen to lead down by more than a millionth of
    `scale`. "degenerate": the eigenvalue that decides is 0 within the noise of central differences, and no such way was
    found. "unknown": there is no finite Hessian.

    >>> from fallline.problems import objective
    >>> def at_zero(f):
    ...     return stationary_point(objective(f), np.zeros(2))[0]
    >>> at_zero("quadratic"), at_zero("saddle"), at_zero(lambda x, y: x**2 + y**4)
    ('minimum', 'saddle', 'degenerate')
    >>> at_zero(lambda x, y: -(x**2) - y**2), at_zero(lambda x, y: -(x**2) + 0 * y), at_zero(lambda x, y: np.tanh(x + 9) + y**2)
    ('maximum', 'no minimum', 'no minimum')
    """
    point = stationary(objective, w, scale)
    return kind_of_point(point), point.low, point.high


@dataclass(frozen=True)
class Stationary:
    """What is known of a point with a vanished gradient.

    Attributes
    ----------
    low, high
        The smallest and the largest eigenvalue of the Hessian; NaN where it is not finite.
    leads
        Which straight ways lead down, without a rise, by more than a millionth of a scale: those of the smallest eigenvalue or
        of the gradient, and that of the largest eigenvalue. They are looked at when they are asked for.
    """

    low: float
    high: float
    leads: tuple[Callable[[], bool], Callable[[], bool]]

    @classmethod
    def unknown(cls) -> Stationary:
        """Of a point at which there is no finite Hessian."""
        return cls(float("nan"), float("nan"), (lambda: False, lambda: False))

    @cached_property
    def falls(self) -> bool:
        return self.leads[0]()

    @cached_property
    def falls_upward(self) -> bool:
        return self.leads[1]()


def stationary(objective: Objective, w: Shaped[Floats, " P"], scale: float = 1.0) -> Stationary:
    """What is known of a point with a vanished gradient."""
    w = np.asarray(w, dtype=np.float64)
    H = _hessian(objective, w)
    if H is None:
        return Stationary.unknown()
    if isinstance(H, np.ndarray):
        values, ways = np.linalg.eigh(H)
        low, high, downward, upward = float(values[0]), float(values[-1]), ways[:, 0], ways[:, -1]
    else:
        (low, downward), (high, upward) = lanczos(H, "SA"), lanczos(H, "LA")

    def falls() -> bool:
        gradient = objective.loss_and_gradient(w)[1]
        steepest = float(np.abs(gradient).max(initial=0))
        lines = [downward] if steepest == 0 else [downward, gradient / steepest]
        return any(_leads_down(objective, w, way, LEAST_FALL * scale) for way in lines)

    return Stationary(low, high, (falls, lambda: _leads_down(objective, w, upward, LEAST_FALL * scale)))


def kind_of_point(point: Any) -> Point:
    """What a point is, from what `Stationary` knows of it.

    >>> kind_of_point(Stationary(0.5, 2.0, (lambda: False, lambda: False)))
    'minimum'
    """
    low, high = point.low, point.high
    if not np.isfinite(low):
        return "unknown"
    noise = _NOISE * np.maximum(abs(low), abs(high))
    if low > noise:
        return "minimum"
    if not point.falls:
        return "degenerate"
    if low < -noise and high > noise:
        return "saddle"
    if high < -noise and point.falls_upward:
        return "maximum"
    return "no minimum"


def _leads_down(objective: Objective, w: Shaped[Floats, " P"], way: Shaped[Floats, " P"], enough: float) -> bool:
    """Whether the loss falls by `enough` along that line, to one side, and no sampled loss before is higher than at w."""
    far = np.maximum(1.0, np.abs(w).max(initial=0)) / np.linalg.norm(way) * DISTANCES
    here = float(objective.loss(w))
    for side in (-1, 1):
        with np.errstate(all="ignore"):
            losses = np.broadcast_to(objective.loss(w + side * far[:, None] * way), far.shape)
            if falls_along(losses, here, enough):
                return True
    return False


def falls_along(losses: Shaped[Floats, " points"], here: float, enough: float) -> Any:
    """Whether losses along a line fall below that at its start, `here`, by `enough`, before any of them is higher.

    >>> bool(falls_along(np.array([3.0, 2.0, 9.0]), 3.0, 0.5)), bool(falls_along(np.array([4.0, 2.0]), 3.0, 0.5))
    (True, False)
    """
    rises = ~(losses <= here + 1e-12 * abs(here))
    unbroken = np.minimum.accumulate(np.where(rises, 0, 1), axis=0) == 1
    return np.where(unbroken & (losses < here - enough), 1, 0).max(axis=0, initial=0) > 0


def _hessian(objective: Objective, w: Shaped[Floats, " P"]) -> Any:
    """The Hessian at w: a matrix, or an operator where it is large; None where it is not finite."""
    n = objective.dimension
    h = DIFFERENCE * max(1.0, float(np.abs(w).max(initial=0)))
    with np.errstate(all="ignore"):
        if not np.isfinite(w).all() or not np.isfinite(objective.loss(w)).all():
            return None
        if n <= DENSE:
            shift = h * np.eye(n)
            H = (gradients(objective, w + shift) - gradients(objective, w - shift)) / (2 * h)
            return (H + H.T) / 2 if np.isfinite(H).all() else None
    from scipy.sparse.linalg import LinearOperator

    def product(v: Floats) -> Floats:
        d = h * v.ravel() / max(float(np.linalg.norm(v)), 1e-300)
        with np.errstate(all="ignore"):
            change = objective.loss_and_gradient(w + d)[1] - objective.loss_and_gradient(w - d)[1]
        return np.asarray(change * np.linalg.norm(v) / (2 * h))

    return LinearOperator((n, n), matvec=product, dtype=np.float64)


def _between(root: Shaped[Floats, " P"], H: Any) -> Any:
    """D H D, a matrix or an operator as H is, where D has those numbers on its diagonal."""
    if isinstance(H, np.ndarray):
        return root[:, None] * H * root
    from scipy.sparse.linalg import LinearOperator

    return LinearOperator(H.shape, matvec=lambda v: root * (H @ (root * v.ravel())), dtype=np.float64)


def stable_learning_rate(optimizer: str, largest: float, momentum: float = 0.0) -> float | None:
    """The learning rate below which the optimizer is stable on a quadratic with largest eigenvalue L.

    Gradient descent 2/L; momentum 2(1 + m)/L; Nesterov 2(1 + m)/(L(1 + 2m)); None for optimizers without such a bound
    or where L is not positive. Source: Polyak 1964; Lessard, Recht & Packard 2016.

    >>> stable_learning_rate("momentum", 10.0, 0.5)
    0.3
    """
    if not largest > 0:
        return None
    if optimizer == "gradient_descent":
        return 2 / largest
    if optimizer in ("momentum", "momentum_outside"):
        return 2 * (1 + momentum) / largest
    if optimizer in ("nesterov", "nesterov_outside"):
        return 2 * (1 + momentum) / (largest * (1 + 2 * momentum))
    return None


def stability_bound(optimizer: str, momentum: float = 0.0, beta1: float = 0.0) -> float | None:
    """The learning rate times the largest eigenvalue at which the optimizer is at the bound of its stability on a quadratic.

    That of `stable_learning_rate` with L = 1; for optimizers that divide by a preconditioner D, with the eigenvalue of D^-1 H: 2 for
    AdaGrad and RMSProp, (2 + 2 beta1) / (1 - beta1) for Adam and its kin. None if it is not known. Source: Cohen et al. 2022
    (arXiv:2207.14484).

    >>> stability_bound("momentum", 0.5), round(stability_bound("adam", beta1=0.9), 6)
    (3.0, 38.0)
    """
    if optimizer in ("adagrad", "rmsprop"):
        return 2.0
    if optimizer in ("adam", "adam_epsilon_hat", "adamw"):
        return (2 + 2 * beta1) / (1 - beta1)
    return stable_learning_rate(optimizer, 1.0, momentum)
