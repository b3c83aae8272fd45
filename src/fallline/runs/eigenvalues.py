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
Product = Callable[[Floats, NDArray[np.int64]], Floats]

MOST = 112
"""How many products are computed of an operator at most."""

_EMPTY = 1e-14
"""A new direction that is shorter than this share of the operator holds rounding errors alone: all others are found."""


@dataclass(frozen=True, eq=False)
class Largest:
    """The largest eigenvalue of each operator.

    Attributes
    ----------
    values
        The eigenvalues; NaN where a product is not finite.
    vectors
        Their eigenvectors, of length 1: a start for an operator near by.
    residuals
        |H v - lambda v| of each: an eigenvalue of the operator lies within this distance. Above the tolerance where the
        products were too few.
    products
        How many products were computed of each, (runs,).
    """

    values: Shaped[Floats, " runs"]
    vectors: Shaped[Floats, "runs P"]
    residuals: Shaped[Floats, " runs"]
    products: Shaped[NDArray[np.int64], " runs"]


def largest_eigenvalues(
    product: Product, start: Shaped[Floats, "runs P"], *, tolerance: float = 1e-4, most: int = MOST
) -> Largest:
    """The largest eigenvalue of each operator, (runs,), to a relative error of about `tolerance` squared.

    Parameters
    ----------
    product
        Takes vectors, (some, P), and the places of their operators, (some,), and returns the products, (some, P). Operators
        whose eigenvalue is found are left out.
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
    >>> largest_eigenvalues(lambda v, which: v @ H, np.array([[1.0, 0.0], [3.0, 1.0]])).values.tolist()
    [3.0, 3.0]
    """
    with np.errstate(all="ignore"):
        return _Lanczos(np.ascontiguousarray(start.T, dtype=np.float64)).run(
            product, tolerance, min(most, start.shape[1])
        )


def drawn(runs: int, dimension: int, seed: int = 0) -> Shaped[Floats, "runs P"]:
    """Vectors to begin with: normal numbers, the same for each operator."""
    return np.tile(random.normal(seed, "eigenvalues", dimension), (runs, 1))


def dot(a: Floats, b: Floats) -> Floats:
    """Products of vectors in columns, (P, runs): added row by row, in order."""
    products = np.multiply(a, b, order="C")  # along memory, NumPy would add in pairs
    if products.shape[1] == 1:  # NumPy adds a single column in pairs
        return np.asarray(np.add.reduce(np.repeat(products, 2, axis=1), axis=0)[:1])
    return np.asarray(np.add.reduce(products, axis=0))


class _Lanczos:
    """Lanczos's method for the operators that are still open: a column each."""

    def __init__(self, first: Floats) -> None:
        P, runs = first.shape
        self.found = Largest(
            np.full(runs, np.nan), np.zeros((runs, P)), np.full(runs, np.nan), np.zeros(runs, np.int64)
        )
        self.which = np.arange(runs)
        self.basis = [first / np.sqrt(dot(first, first))]
        self.alphas: list[Floats] = []
        self.betas: list[Floats] = []
        self.top = np.full(runs, -np.inf)

    def run(self, product: Product, tolerance: float, most: int) -> Largest:
        for count in range(1, most + 1):
            q = self.basis[-1]
            u = np.ascontiguousarray(product(np.ascontiguousarray(q.T), self.which).T)
            self.alphas.append(dot(q, u))
            for q in self.basis:  # against all that came before: rounding would bring found directions back
                u = u - dot(q, u) * q
            self.betas.append(np.sqrt(dot(u, u)))
            done = self._look(tolerance) | (count == most)
            if done.any():
                self._keep(done, count)
                u = u[:, ~done]
                if not u.size:
                    break
            self.basis.append(u / self.betas[-1])
        return self.found

    def _look(self, tolerance: float) -> NDArray[np.bool_]:
        """Take the largest eigenvalue of each tridiagonal matrix, and say which operators need no further product."""
        self.top, self.weights = _top(np.array(self.alphas), np.array(self.betas[:-1]), self.top)
        self.residuals = np.abs(self.betas[-1] * self.weights[-1])
        size = np.abs(self.alphas).max(axis=0)
        empty = self.betas[-1] <= _EMPTY * size
        return np.asarray((self.residuals <= tolerance * np.abs(self.top)) | empty | ~np.isfinite(self.top))

    def _keep(self, done: NDArray[np.bool_], count: int) -> None:
        """Write the results of the operators that are done, and go on with the others."""
        which, found = self.which[done], self.found
        found.values[which], found.residuals[which], found.products[which] = self.top[done], self.residuals[done], count
        vectors = np.zeros((len(self.basis[0]), len(which)))
        for q, weight in zip(self.basis, self.weights, strict=True):
            vectors = vectors + weight[done] * q[:, done]
        found.vectors[which] = vectors.T
        self.which, self.top = self.which[~done], self.top[~done]
        self.basis = [q[:, ~done] for q in self.basis]
        self.alphas, self.betas = ([row[~done] for row in rows] for rows in (self.alphas, self.betas))


def _top(a: Floats, b: Floats, before: Floats) -> tuple[Floats, Floats]:
    """The largest eigenvalue of each tridiagonal matrix, (runs,), and its eigenvector, (m, runs).

    The eigenvalue comes from above by Laguerre's method, which does not leave that side of the largest root and converges
    cubically: the numbers d and e are the first and second derivatives of a pivot divided by the pivot.
    Source: Parlett, The symmetric eigenvalue problem, 1980, for pivots of T - x.

    Parameters
    ----------
    a, b
        The diagonals, (m, runs), and what stands beside them, (m - 1, runs).
    before
        The largest eigenvalues of the matrices without their last row and column.
    """
    m = len(a)
    if m == 1:
        return a[0], np.ones_like(a)
    half = (before - a[-1]) / 2
    x = a[-1] + half + np.sqrt(half * half + b[-1] * b[-1])  # T is at most this matrix of two rows
    size = np.abs(a).max(axis=0) + 2 * b.max(axis=0)
    moving = np.isfinite(x)
    for _ in range(40):
        pivot = a[0] - x
        d, e = -1 / pivot, np.zeros_like(x)
        first, second, above = d, d * d, pivot < 0
        for k in range(1, m):
            c = b[k - 1] * b[k - 1] / pivot
            pivot = a[k] - x - c
            above = above & (pivot < 0)
            d, e = (c * d - 1) / pivot, c * (e - 2 * d * d) / pivot
            first, second = first + d, second + (d * d - e)
        step = m / (first + np.sqrt(np.maximum((m - 1) * (m * second - first * first), 0)))
        moving = moving & above & (step > 4e-16 * size)
        if not moving.any():
            break
        x = np.where(moving, x - step, x)
    s = np.ones_like(a)
    pivot = a[0] - x  # all pivots of T - x are negative: its largest eigenvalue is 0
    for k in range(1, m):
        s[k] = -pivot * s[k - 1] / b[k - 1]
        pivot = a[k] - x - b[k - 1] * b[k - 1] / np.where(pivot == 0, np.finfo(np.float64).tiny, pivot)
    return x, s / np.sqrt(dot(s, s))
