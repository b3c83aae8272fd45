"""Generated data sets of two inputs: clusters, moons, circles, spirals, xor, and the notebook's three Gaussians.

All but the notebook's use keyed random numbers (`fallline.random`): sample k of a class depends on the seed,
the class and k alone, so a larger data set begins with the smaller one.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fallline import exact, random
from fallline.data.dataset import Dataset, one_hot
from fallline.errors import DataError, UnknownNameError, shown
from fallline.settings import Setting, Slider
from fallline.textbook.families import MemberWithSettings, member

__all__ = ["GENERATED", "Generated", "circles", "gaussians", "generate", "moons", "spirals", "three_gaussians", "xor"]

Points = NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Generated(MemberWithSettings):
    """A generated data set.

    Parameters
    ----------
    name
        The name in studies and on the command line.
    function
        Maps `(samples, seed, *, ...)` to a `Dataset`. The arguments whose defaults are numbers are the settings.
    label
        Its name in words, for display.
    own_settings
        Declarations of settings that `fallline.settings` does not declare, or declares with another range.

    Examples
    --------
    >>> GENERATED["spirals"].settings
    ('samples', 'seed', 'noise', 'turns', 'arms')
    """

    name: str
    function: Callable[..., Dataset]
    label: str = ""
    own_settings: tuple[Setting, ...] = ()
    page = "function"
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)

    def __call__(self, **options: object) -> Dataset:
        names = inspect.signature(self.function).parameters
        for name in options:
            if name not in names:
                raise UnknownNameError(f"setting of data set {self.name}", name, names)
        checked = {k: self.declared[k].check(v) if k in self.declared else v for k, v in options.items()}
        return self.function(**checked)


SAMPLES = Setting("samples", "", "samples of each class", 100, 1, 1_000_000, whole=True, slider=Slider(5, 500, "log"))
NOISE = Setting("noise", "", "standard deviation of the noise on each coordinate", 0.1, 0, slider=Slider(0, 2))

NOTEBOOK_CENTRES = ((-2.0, -2.0), (0.0, 2.0), (2.0, -2.0))
"""Centres of the notebook's three Gaussians."""


def three_gaussians(samples: int = 100, seed: int = 123) -> Dataset:
    """The notebook's data: Gaussians with unit covariance around (-2, -2), (0, 2) and (2, -2), `samples` points each.

    The points are drawn in that order from NumPy's frozen `RandomState` stream, which reproduces the notebook's published
    figures to the digit. NumPy's own `multivariate_normal` adds a singular value decomposition, which leaves unit covariance
    unchanged.

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
    """Gaussian clusters of equal size, with the same standard deviation in every direction; each is a class."""
    try:
        places = np.asarray(centres, dtype=np.float64)
    except (TypeError, ValueError):
        places = np.empty(0)
    if places.ndim != 2 or not places.size or not np.isfinite(places).all():
        raise DataError(f"centres must be a list of points with equally many finite coordinates; got {shown(centres)}.")
    n = places.shape[1]
    clusters = [centre + deviation * _noise(seed, k, samples, n) for k, centre in enumerate(places)]
    return _dataset("Gaussian clusters", np.vstack(clusters), [samples] * len(places))


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
    """Archimedean spirals from the origin; each arm is a class."""
    r = (np.arange(samples) + 0.5) / samples
    clusters = []
    for k in range(arms):
        clusters.append(2 * r[:, None] * _on_circle(2 * math.pi * (turns * r + k / arms)))
    return _noisy("spirals", clusters, seed, noise)


def xor(samples: int = 100, seed: int = 0, *, noise: float = 0.0) -> Dataset:
    """The square [-1, 1]^2 in quarters; class 1 is where the coordinates have different signs."""
    clusters = []
    for k in range(2):
        u = random.uniform(seed, f"xor class {k}", 3, np.arange(samples))
        side = np.where(u[:, 2] < 0.5, -1.0, 1.0)
        clusters.append(np.column_stack([side * u[:, 0], side * u[:, 1] * (1 - 2 * k)]))
    return _noisy("xor", clusters, seed, noise)


GENERATED: dict[str, Generated] = {
    g.name: g
    for g in (
        Generated(
            "circles", circles, "circles",
            (SAMPLES, NOISE, Setting("ratio", "", "radius of the inner circle beside the outer", 0.5, 0, slider=Slider(0, 1))),
        ),
        Generated(
            "gaussians", gaussians, "Gaussian clusters",
            (SAMPLES, Setting("deviation", "", "standard deviation of each cluster", 1.0, 0, slider=Slider(0, 5))),
        ),
        Generated("moons", moons, "two moons", (SAMPLES, NOISE)),
        Generated(
            "spirals", spirals, "spirals",
            (
                SAMPLES, NOISE, Setting("turns", "", "turns of each spiral", 1.5, slider=Slider(0.1, 5)),
                Setting("arms", "", "number of spirals, a class each", 2, 1, 100, whole=True, slider=Slider(1, 6)),
            ),
        ),
        Generated("three-gaussians", three_gaussians, "three Gaussians", (SAMPLES,)),
        Generated("xor", xor, "exclusive or", (SAMPLES, NOISE)),
    )
}  # fmt: skip


def generate(name: str, **options: object) -> Dataset:
    """Generate the data set of that name.

    Raises
    ------
    UnknownNameError
        If there is no data set of that name.
    SettingError
        If a setting of the data set is out of range.

    Examples
    --------
    >>> generate("moons", samples=50)
    Dataset('moons', 100 samples, 2 inputs, 2 classes)
    """
    return member("data set", name, GENERATED)(**options)


def _on_circle(angle: NDArray[np.float64]) -> Points:
    # Rounded to twelve decimals, as in all versions, so that the same name and seed give the same bits.
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
