"""Second derivatives from exact gradients: the Hessian, its product with a vector, and its largest eigenvalue.

Where the gradient g takes complex numbers, H v = Im g(w + i h v) / h with h = 1e-20: no difference is taken, so nothing
cancels, and the product is exact to rounding (Squire & Trapp 1998). Elsewhere H v is the central difference
(g(w + h v) - g(w - h v)) / 2h.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.limits import check_memory

__all__ = ["DENSE", "hessian", "hessian_vector", "lanczos", "sharpness"]

Floats = NDArray[Any]
Gradient = Callable[[Floats], Floats]

DENSE = 300
"""Up to this many parameters the whole Hessian is formed for an eigenvalue; beyond, Lanczos."""

_COMPLEX_STEP = 1e-20
_NUMBERS = 2**16
"""About as many parameters go into one call of a gradient: points side by side."""


def hessian_vector(gradient: Gradient, w: Floats, v: Floats, *, exact: bool) -> Floats:
    """Return H v at points w for directions v, both (..., P).

    >>> cubes = lambda w: 3 * w**2  # the gradient of sum w^3
    >>> hessian_vector(cubes, np.array([1.0, 2.0]), np.array([1.0, 1.0]), exact=True).tolist()
    [6.0, 12.0]
    """
    w, v = np.broadcast_arrays(np.asarray(w, dtype=np.float64), np.asarray(v, dtype=np.float64))
    with np.errstate(all="ignore"):
        if exact:
            return np.asarray(gradient(w + 1j * _COMPLEX_STEP * v).imag / _COMPLEX_STEP)
        length = np.linalg.norm(v, axis=-1, keepdims=True)
        h = 6e-6 * np.maximum(1.0, np.abs(w).max(axis=-1, keepdims=True, initial=0))  # the cube root of eps
        step = h * v / np.where(length > 0, length, 1)
        return np.asarray((gradient(w + step) - gradient(w - step)) / (2 * h) * length)


def hessian(gradient: Gradient, w: Floats, *, exact: bool) -> Floats:
    """Return the Hessian at points w, (..., P), as (..., P, P), symmetric.

    >>> hessian(lambda w: w[..., ::-1], np.zeros(2), exact=False).round(9).tolist()  # of x y
    [[0.0, 1.0], [1.0, 0.0]]
    """
    n = w.shape[-1]
    check_memory(32.0 * w.size * n, f"the Hessian of {n:,} parameters", "Take hessian_vector.")
    points = w.reshape(-1, n)
    rows_at_once = max(1, _NUMBERS // n)
    unit = np.eye(n)
    H = np.empty((len(points), n, n))
    for k, point in enumerate(points):
        for first in range(0, n, rows_at_once):
            part = unit[first : first + rows_at_once]
            H[k, first : first + len(part)] = hessian_vector(gradient, point, part, exact=exact)
    return ((H + H.mT) / 2).reshape(*w.shape, n)


def sharpness(gradient: Gradient, w: Floats, *, exact: bool) -> Any:
    """Return the largest eigenvalue of the Hessian at points w, (..., P): a float for one point, else an array (...).

    >>> sharpness(lambda w: w * [1.0, 10.0], np.ones(2), exact=True)
    10.0
    """
    n = w.shape[-1]
    values = np.array([_largest(gradient, point, exact) for point in w.reshape(-1, n)])
    return float(values[0]) if w.ndim == 1 else values.reshape(w.shape[:-1])


def _largest(gradient: Gradient, w: Floats, exact: bool) -> float:
    with np.errstate(all="ignore"):
        if not np.isfinite(gradient(w)).all():
            return float("nan")
    if len(w) <= DENSE:
        H = hessian(gradient, w, exact=exact)
        return float(np.linalg.eigvalsh(H)[-1]) if np.isfinite(H).all() else float("nan")
    from scipy.sparse.linalg import LinearOperator

    n = len(w)
    operator = LinearOperator(
        (n, n), matvec=lambda v: hessian_vector(gradient, w, v.ravel(), exact=exact), dtype=np.float64
    )
    return lanczos(operator, "LA")[0]


def lanczos(H: Any, which: str) -> tuple[float, Floats]:
    """Return the smallest ("SA") or largest ("LA") eigenvalue of an operator, and its direction."""
    from scipy.sparse.linalg import eigsh

    n = H.shape[0]
    values, ways = eigsh(H, 1, which=which, v0=np.full(n, n**-0.5), tol=1e-4)  # eigsh would draw v0 at random
    return float(values[0]), np.asarray(ways[:, 0])
