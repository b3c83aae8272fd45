"""The largest eigenvalues of many symmetric operators side by side, by Lanczos's method.

Each operator is known by its products alone. All sums run in one order and every operation is rounded correctly, so an
eigenvalue's bits depend on its own operator and start alone, on every machine: LAPACK promises neither.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline import random
from fallline.shapes import Shaped

__all__ = ["Largest", "largest_eigenvalues"]

Floats = NDArray[Any]
Product = Callable[[Floats], Floats]

LOOKED_AT = (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 21, 24, 28, 32, 37, 43, 49, 56, 64, 74, 85, 98, 112)
"""The numbers of products after which eigenvalues are computed and those that are near enough are kept."""


@dataclass(frozen=True, eq=False)
class Largest:
    """The largest eigenvalue of each operator.

    Attributes
    ----------
    values
        The eigenvalues; NaN where a product is not finite.
    vectors
        Their eigenvectors, of length 1: a start for an operator near by.
    products
        How many products were computed of each.
    """

    values: Shaped[Floats, " runs"]
    vectors: Shaped[Floats, "runs P"]
    products: int


def largest_eigenvalues(
    product: Product, start: Shaped[Floats, "runs P"], *, tolerance: float = 1e-4, most: int = LOOKED_AT[-1]
) -> Largest:
    """The largest eigenvalue of each operator, (runs,), to a relative error of about `tolerance`.

    Parameters
    ----------
    product
        Takes vectors (runs, P), one for each operator, and returns their products (runs, P).
    start
        The vectors to begin with, of any length but 0. One near the eigenvector saves products.
    tolerance
        An eigenvalue is kept once the residual |H v - lambda v|, which bounds its error, is below `tolerance` times the
        eigenvalue. Its error is then about residual^2 / gap, with the gap to the next eigenvalue.
    most
        How many products are computed of each operator at most.

    Examples
    --------
    >>> H = np.array([[2.0, 1.0], [1.0, 2.0]])
    >>> largest_eigenvalues(lambda v: v @ H, np.array([[1.0, 0.0], [3.0, 1.0]])).values.tolist()
    [3.0, 3.0]
    """
    with np.errstate(all="ignore"):
        return _lanczos(product, np.ascontiguousarray(start.T, dtype=np.float64), tolerance, min(most, start.shape[1]))


def drawn(runs: int, dimension: int, seed: int = 0) -> Shaped[Floats, "runs P"]:
    """Vectors to begin with: normal numbers, the same for each operator."""
    return np.tile(random.normal(seed, "eigenvalues", dimension), (runs, 1))


def _dot(a: Floats, b: Floats) -> Floats:
    """Products of vectors in columns, (P, runs): added row by row, in order."""
    return np.asarray(np.add.reduce(a * b, axis=0))


def _lanczos(product: Product, first: Floats, tolerance: float, most: int) -> Largest:
    P, runs = first.shape
    basis = [first / np.sqrt(_dot(first, first))]
    alphas: list[Floats] = []
    betas: list[Floats] = []
    values = np.full(runs, np.nan)
    weights = np.zeros((most, runs))
    open_ = np.ones(runs, dtype=bool)
    for count in range(1, most + 1):
        u = np.ascontiguousarray(product(np.ascontiguousarray(basis[-1].T)).T)
        alphas.append(_dot(basis[-1], u))
        for q in basis:  # against all that came before: rounding would bring found directions back
            u = u - _dot(q, u) * q
        beta = np.sqrt(_dot(u, u))
        betas.append(beta)
        if count in LOOKED_AT or count == most:
            theta, s = _top(alphas, betas)
            residual = np.abs(betas[-1] * s[-1])
            near = (residual <= tolerance * np.abs(theta)) | (count == most) | ~np.isfinite(theta)
            now = open_ & near
            values[now] = theta[now]
            weights[:count, now] = s[:, now]
            open_ &= ~now
            if not open_.any():
                break
        basis.append(u / np.where(beta > 0, beta, 1))
    vectors = np.zeros((P, runs))
    for q, weight in zip(basis, weights, strict=False):
        vectors = vectors + weight * q
    return Largest(values, vectors.T.copy(), count)


def _top(alphas: list[Floats], betas: list[Floats]) -> tuple[Floats, Floats]:
    """The largest eigenvalue of each tridiagonal matrix and its eigenvector, (m, runs).

    Bisection by Sturm's count; a matrix that falls apart where a beta is 0 is read up to there.
    """
    m = len(alphas)
    a = np.array(alphas)
    b = np.array(betas[: m - 1]).reshape(m - 1, a.shape[1])
    scale = np.abs(a).max(axis=0)
    split = np.cumsum(b <= 1e-14 * scale, axis=0) > 0 if m > 1 else np.zeros((0, a.shape[1]), bool)
    b = np.where(split, 0.0, b)
    a = np.vstack([a[:1], np.where(split, -np.inf, a[1:])])  # what follows a 0 belongs to no eigenvalue of the start
    around = np.zeros_like(a)
    if m > 1:
        around[:-1] += b
        around[1:] += b
    high = (a + around).max(axis=0)
    low = a[0].copy()  # a matrix's largest eigenvalue is at least each entry of its diagonal
    for k in range(1, m):
        low = np.maximum(low, a[k])
    tiny = np.finfo(np.float64).tiny
    for _ in range(60):
        middle = low + (high - low) / 2
        pivot = a[0] - middle
        above = pivot > 0
        for k in range(1, m):
            pivot = a[k] - middle - b[k - 1] * b[k - 1] / np.where(pivot == 0, tiny, pivot)
            above |= pivot > 0
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    theta = low + (high - low) / 2
    s = np.zeros_like(a)
    s[0] = 1
    pivot = a[0] - theta  # all pivots of T - theta are negative: its largest eigenvalue is 0
    for k in range(1, m):
        s[k] = np.where(split[k - 1], 0.0, -pivot * s[k - 1] / np.where(b[k - 1] > 0, b[k - 1], 1))
        pivot = a[k] - theta - b[k - 1] * b[k - 1] / np.where(pivot == 0, tiny, pivot)
    return theta, s / np.sqrt(_dot(s, s))
