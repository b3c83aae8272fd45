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
from fallline.runs import tridiagonal
from fallline.runs.tridiagonal import dot
from fallline.shapes import Shaped

__all__ = ["Largest", "largest_eigenvalues"]

Floats = NDArray[Any]
Product = Callable[[Floats, NDArray[np.int64]], Floats]

MOST = 112
"""How many products are computed of an operator at most."""

EMPTY = 1e-14
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
        self.top, self.weights = tridiagonal.largest(
            np.array(self.alphas), np.reshape(self.betas[:-1], (-1, len(self.top))), self.top
        )
        self.residuals = np.abs(self.betas[-1] * self.weights[-1])
        size = np.abs(self.alphas).max(axis=0)
        empty = self.betas[-1] <= EMPTY * size
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
