"""Curvature at a point: the Hessian's extreme eigenvalues, and the learning rate they allow.

Hessian-vector products are central differences of the gradient, H v = (g(w + h v) - g(w - h v)) / 2h.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.problems import Objective, gradients

__all__ = ["eigenvalues", "stable_learning_rate"]

_DENSE = 300
"""Up to this many parameters the whole Hessian is formed; beyond, Lanczos."""


def eigenvalues(objective: Objective, w: NDArray[Any]) -> tuple[float, float]:
    """The smallest and the largest eigenvalue of the Hessian at w; NaN where w or the gradient is not finite.

    >>> from fallline.problems import objective
    >>> low, high = eigenvalues(objective("quadratic"), np.array([1.0, 1.0]))
    >>> round(low, 6), round(high, 6)
    (1.0, 10.0)
    """
    w = np.asarray(w, dtype=np.float64)
    n = objective.dimension
    h = 6e-6 * max(1.0, float(np.abs(w).max(initial=0)))  # balances rounding and truncation: the cube root of eps
    with np.errstate(all="ignore"):
        if not np.isfinite(w).all() or not np.isfinite(objective.loss(w)).all():
            return float("nan"), float("nan")
        if n <= _DENSE:
            shift = h * np.eye(n)
            H = (gradients(objective, w + shift) - gradients(objective, w - shift)) / (2 * h)
            if not np.isfinite(H).all():
                return float("nan"), float("nan")
            values = np.linalg.eigvalsh((H + H.T) / 2)
            return float(values[0]), float(values[-1])
        from scipy.sparse.linalg import LinearOperator, eigsh

        def product(v: NDArray[Any]) -> NDArray[Any]:
            d = h * v.ravel() / max(float(np.linalg.norm(v)), 1e-300)
            change = objective.loss_and_gradient(w + d)[1] - objective.loss_and_gradient(w - d)[1]
            return np.asarray(change * np.linalg.norm(v) / (2 * h))

        operator = LinearOperator((n, n), matvec=product, dtype=np.float64)
        start = np.full(n, n**-0.5)  # eigsh would draw one at random
        high = eigsh(operator, 1, which="LA", v0=start, return_eigenvectors=False, tol=1e-4)[0]
        low = eigsh(operator, 1, which="SA", v0=start, return_eigenvectors=False, tol=1e-4)[0]
        return float(low), float(high)


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
