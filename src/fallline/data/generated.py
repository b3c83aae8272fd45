"""Generated data sets of two inputs: clusters, moons, circles, spirals, xor, and the notebook's three Gaussians.

All but the notebook's draw from keyed random numbers (`fallline.random`): sample k of a class depends on the seed,
the class and k alone, so a larger set begins with the smaller one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from fallline import exact, random
from fallline.data.dataset import Dataset, one_hot
from fallline.settings import Setting
from fallline.textbook.families import member

__all__ = ["GENERATED", "circles", "gaussians", "generate", "moons", "spirals", "three_gaussians", "xor"]

Points = NDArray[np.float64]

NOTEBOOK_CENTRES = ((-2.0, -2.0), (0.0, 2.0), (2.0, -2.0))
"""Centres of the notebook's three Gaussians."""


def three_gaussians(samples: int = 100, seed: int = 123) -> Dataset:
    """The notebook's data: unit-covariance Gaussians around (-2, -2), (0, 2), (2, -2), `samples` points each.

    Drawn in that order from NumPy's frozen `RandomState` stream, so that its published figures come out to the digit. NumPy's
    own `multivariate_normal` adds a singular value decomposition to it, which does nothing to unit covariance.

    >>> three_gaussians().X[0].round(6).tolist()
    [-3.085631, -1.002655]
    """
    classes = len(NOTEBOOK_CENTRES)
    noise = random.notebook_normal(seed, classes * samples * 2).reshape(classes, samples, 2)
    X = (np.array(NOTEBOOK_CENTRES)[:, None] + noise).reshape(-1, 2)
    return _dataset("three Gaussians", X, [samples] * classes)


def gaussians(
    samples: int = 100,
    seed: int = 0,
    *,
    centres: Sequence[Sequence[float]] = NOTEBOOK_CENTRES,
    deviation: float = 1.0,
) -> Dataset:
    """Gaussian clusters of equal size, one class each, with the same standard deviation in every direction."""
    n = len(centres[0])
    clusters = [np.asarray(centre) + deviation * _noise(seed, k, samples, n) for k, centre in enumerate(centres)]
    return _dataset("Gaussian clusters", np.vstack(clusters), [samples] * len(centres))


def moons(samples: int = 100, seed: int = 0, *, noise: float = 0.1) -> Dataset:
    """Two interleaved half circles of radius 1."""
    angle = math.pi * (np.arange(samples) + 0.5) / samples
    upper = _on_circle(angle)
    return _noisy("moons", [upper, np.array([1.0, 0.5]) - upper], seed, noise)


def circles(samples: int = 100, seed: int = 0, *, noise: float = 0.1, ratio: float = 0.5) -> Dataset:
    """A circle of radius `ratio` inside one of radius 1."""
    angle = 2 * math.pi * np.arange(samples) / samples
    outer = _on_circle(angle)
    return _noisy("circles", [outer, ratio * outer], seed, noise)


def spirals(samples: int = 100, seed: int = 0, *, noise: float = 0.1, turns: float = 1.5, arms: int = 2) -> Dataset:
    """Archimedean spirals from the origin, one class an arm."""
    r = (np.arange(samples) + 0.5) / samples
    clusters = []
    for k in range(arms):
        clusters.append(2 * r[:, None] * _on_circle(2 * math.pi * (turns * r + k / arms)))
    return _noisy("spirals", clusters, seed, noise)


def xor(samples: int = 100, seed: int = 0, *, noise: float = 0.0) -> Dataset:
    """The square [-1, 1]^2 in quarters: class 1 where the coordinates have different signs."""
    clusters = []
    for k in range(2):
        u = random.uniform(seed, f"xor class {k}", 3, np.arange(samples))
        side = np.where(u[:, 2] < 0.5, -1.0, 1.0)
        clusters.append(np.column_stack([side * u[:, 0], side * u[:, 1] * (1 - 2 * k)]))
    return _noisy("xor", clusters, seed, noise)


_LIMITS = {
    "samples": Setting("samples", "", "samples of each class", 100, 1, 1_000_000, whole=True),
    "arms": Setting("arms", "", "spirals, one class each", 2, 1, 100, whole=True),
}

GENERATED: dict[str, Callable[..., Dataset]] = {
    "circles": circles,
    "gaussians": gaussians,
    "moons": moons,
    "spirals": spirals,
    "three-gaussians": three_gaussians,
    "xor": xor,
}


def generate(name: str, **options: object) -> Dataset:
    """The generated data set of that name.

    >>> generate("moons", samples=50)
    Dataset('moons', 100 samples, 2 inputs, 2 classes)
    """
    make = member("data set", name, GENERATED)
    for option in ("samples", "arms"):
        if option in options:
            options[option] = int(_LIMITS[option].check(options[option]))
    return make(**options)


def _on_circle(angle: NDArray[np.float64]) -> Points:
    # Twelve decimals, as ever: data that are shared by name and seed keep their bits.
    return np.round([exact.circle(a) for a in angle.tolist()], 12)


def _noise(seed: int, cluster: int, samples: int, n: int) -> Points:
    return random.normal(seed, f"noise of class {cluster}", n, np.arange(samples))


def _noisy(name: str, clusters: Sequence[Points], seed: int, noise: float) -> Dataset:
    moved = [points + noise * _noise(seed, k, len(points), 2) for k, points in enumerate(clusters)]
    return _dataset(name, np.vstack(moved), [len(points) for points in clusters])


def _dataset(name: str, X: Points, counts: Sequence[int]) -> Dataset:
    labels = np.repeat(np.arange(len(counts)), counts)
    columns = tuple(f"x{k + 1}" for k in range(X.shape[1]))
    return Dataset(X, one_hot(labels, len(counts)), name, columns, tuple(str(k) for k in range(len(counts))))
