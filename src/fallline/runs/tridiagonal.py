"""The largest eigenvalue of symmetric tridiagonal matrices, and its eigenvector: for many matrices side by side.

The eigenvalue comes from above by Laguerre's method, which does not leave that side of the largest root and converges cubically.
Source: Parlett, The symmetric eigenvalue problem, 1980, for pivots of T - x.

The formulas are written once, in NumPy's words. `largest` carries them out; the compiled Lanczos method writes code from them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.shapes import Shaped

__all__ = [
    "MOST",
    "component",
    "dot",
    "first_pivot",
    "from_above",
    "laguerre",
    "largest",
    "moves",
    "next_pivot",
    "pivot_of",
]

Floats = NDArray[Any]
Pivots = tuple[Any, Any, Any, Any, Any, Any]
"""The last pivot of T - x, the highest so far, d and e of the last, and the sums of d and of d^2 - e: see `next_pivot`."""

MOST = 40
"""Most steps of Laguerre's method. Some three are enough."""


@np.errstate(all="ignore")  # a pivot is 0 where x is an eigenvalue
def largest(
    a: Shaped[Floats, "m runs"], b: Shaped[Floats, "m-1 runs"], before: Shaped[Floats, " runs"]
) -> tuple[Shaped[Floats, " runs"], Shaped[Floats, "m runs"]]:
    """The largest eigenvalue of each matrix, and its eigenvector.

    Parameters
    ----------
    a, b
        The diagonals, and what stands beside them, above 0.
    before
        The largest eigenvalues of the matrices without their last row and column.

    Examples
    --------
    >>> x, s = largest(np.array([[2.0], [2.0]]), np.array([[1.0]]), np.array([2.0]))
    >>> x.tolist(), s.round(12).tolist()
    ([3.0], [[0.707106781187], [0.707106781187]])
    """
    m = len(a)
    if m == 1:
        return a[0], np.ones_like(a)
    x = from_above(a[-1], b[-1], before)
    size = np.abs(a).max(axis=0) + 2 * b.max(axis=0)
    moving = np.abs(x) < np.inf
    for _ in range(MOST):
        pivots = first_pivot(a[0], x)
        for k in range(1, m):
            pivots = next_pivot(pivots, a[k], b[k - 1], x)
        step = laguerre(pivots, m)
        moving = moving & moves(pivots, step, size)
        if not moving.any():
            break
        x = np.where(moving, x - step, x)
    s = np.ones_like(a)
    pivot = a[0] - x  # all pivots of T - x are negative: its largest eigenvalue is 0
    for k in range(1, m):
        s[k] = component(pivot, s[k - 1], b[k - 1])
        pivot = pivot_of(pivot, a[k], b[k - 1], x)
    return x, s / np.sqrt(dot(s, s))


def dot(a: Floats, b: Floats) -> Floats:
    """Products of vectors in columns, (P, runs): added row by row, in order."""
    products = np.multiply(a, b, order="C")  # along memory, NumPy would add in pairs
    if products.shape[1] == 1:  # NumPy adds a single column in pairs
        return np.asarray(np.add.reduce(np.repeat(products, 2, axis=1), axis=0)[:1])
    return np.asarray(np.add.reduce(products, axis=0))


def from_above(last: Any, beside: Any, before: Any) -> Any:
    """A bound x >= lambda(T), from lambda of T without its last row: T is at most a matrix of two rows."""
    half = (before - last) / 2
    return last + half + np.sqrt(half * half + beside * beside)


def first_pivot(a: Any, x: Any) -> Pivots:
    """The first pivot of T - x, p = a - x, with its d and e as in `next_pivot`."""
    p = a - x
    d = -1 / p
    return p, p, d, 0.0, d, d * d


def next_pivot(pivots: Pivots, a: Any, b: Any, x: Any) -> Pivots:
    """The next pivot, p = a - x - b^2 / p, with d = p' / p and e = p'' / p for the derivatives along x."""
    p, highest, d, e, first, second = pivots
    c = b * b / p
    p = a - x - c
    d, e = (c * d - 1) / p, c * (e - 2 * d * d) / p
    return p, np.maximum(highest, p), d, e, first + d, second + (d * d - e)


def laguerre(pivots: Pivots, m: Any) -> Any:
    """The step down from x, m / (s1 + sqrt((m - 1) (m s2 - s1^2))), with the sums s1 of d and s2 of d^2 - e."""
    *_, first, second = pivots
    return m / (first + np.sqrt(np.maximum((m - 1) * (m * second - first * first), 0)))


def moves(pivots: Pivots, step: Any, size: Any) -> Any:
    """Whether the step is taken: x lies above all eigenvalues, and rounding does not hide the step."""
    return (pivots[1] < 0) & (step > 4e-16 * size)


def component(pivot: Any, before: Any, b: Any) -> Any:
    """The next component of the eigenvector, s = -p s / b."""
    return -pivot * before / b


def pivot_of(pivot: Any, a: Any, b: Any, x: Any) -> Any:
    """The next pivot, where one may be 0."""
    return a - x - b * b / np.where(pivot == 0, np.finfo(np.float64).tiny, pivot)
