"""Generated data sets of two inputs: clusters, moons, circles, spirals, xor, the notebook's three Gaussians, and two whose
targets are values. Each has noise, which moves the inputs of classes, and values themselves.

All but the notebook's use keyed random numbers (`fallline.random`): sample k of a class depends on the seed,
the class and k alone, so a larger data set begins with the smaller one.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fallline import exact, random
from fallline.data.dataset import Dataset, one_hot
from fallline.errors import DataError, UnknownNameError, shown
from fallline.settings import Setting, Slider
from fallline.textbook.families import MemberWithSettings, member

__all__ = [
    "GENERATED", "Generated", "circles", "disc", "gaussians", "generate", "hills", "moons", "plane", "spirals",
    "three_gaussians", "two_gaussians", "xor",
]  # fmt: skip

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

SAMPLES_IN_ALL = replace(SAMPLES, meaning="samples in all", label="samples in all")
NOISE_OF_VALUES = replace(NOISE, meaning="standard deviation of the noise on each target", slider=Slider(0, 1))
DEVIATION = Setting("deviation", "", "standard deviation of each cluster", 1.0, 0, slider=Slider(0, 5))

NOTEBOOK_CENTRES = ((-2.0, -2.0), (0.0, 2.0), (2.0, -2.0))
"""Centres of the notebook's three Gaussians."""

OPPOSITE_CENTRES = ((-2.0, -2.0), (2.0, 2.0))
"""Centres of the two Gaussians."""

HILLS = tuple((x, y, (-1) ** (i + j)) for j, y in enumerate((-0.5, 0.5)) for i, x in enumerate((-0.75, 0.0, 0.75)))
"""Hills and hollows: place and height of each."""

HILL_WIDTH = 0.25
"""Standard deviation of the Gaussian of a hill."""


def three_gaussians(samples: int = 100, seed: int = 123, *, noise: float = 0.0) -> Dataset:
    """The notebook's data: Gaussians with unit covariance around (-2, -2), (0, 2) and (2, -2), `samples` points each.

    The points are drawn in that order from NumPy's frozen `RandomState` stream, which reproduces the notebook's published
    figures to the digit. NumPy's own `multivariate_normal` adds a singular value decomposition, which leaves unit covariance
    unchanged.

    >>> three_gaussians().X[0].round(6).tolist()
    [-3.085631, -1.002655]
    """
    classes = len(NOTEBOOK_CENTRES)
    drawn = random.notebook_normal(seed, classes * samples * 2).reshape(classes, samples, 2)
    return _noisy("three Gaussians", [*(np.array(NOTEBOOK_CENTRES)[:, None] + drawn)], seed, noise)


def gaussians(
    samples: int = 100,
    seed: int = 0,
    *,
    centres: Sequence[Sequence[float]] = NOTEBOOK_CENTRES,
    deviation: float = 1.0,
    noise: float = 0.0,
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
    return _noisy("Gaussian clusters", clusters, seed, noise, "more noise")


def two_gaussians(samples: int = 100, seed: int = 0, *, deviation: float = 1.0, noise: float = 0.0) -> Dataset:
    """Two Gaussian clusters around (-2, -2) and (2, 2), a class each."""
    data = gaussians(samples, seed, centres=OPPOSITE_CENTRES, deviation=deviation, noise=noise)
    return replace(data, name="two Gaussians")


def disc(samples: int = 100, seed: int = 0, *, noise: float = 0.0, ratio: float = 0.5) -> Dataset:
    """A disc of radius `ratio` inside a ring from radius 0.7 to 1. Radii and angles are uniform."""
    clusters = []
    for k, (low, high) in enumerate(((0.7, 1.0), (0.0, ratio))):
        u = random.uniform(seed, f"disc class {k}", 2, np.arange(samples))
        clusters.append((low + (high - low) * u[:, :1]) * _on_circle(2 * math.pi * u[:, 1]))
    return _noisy("disc and ring", clusters, seed, noise)


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


def plane(samples: int = 100, seed: int = 0, *, noise: float = 0.0) -> Dataset:
    """Values (x1 + x2) / 2 over the square [-1, 1]^2."""
    X = _in_square("plane", samples, seed)
    return _of_values("plane", X, X.sum(axis=1) / 2, seed, noise)


def hills(samples: int = 100, seed: int = 0, *, noise: float = 0.0) -> Dataset:
    """Values of three Gaussian hills and three hollows over the square [-1, 1]^2.

    The value at x is the sum of s exp(-|x - c|^2 / (2 0.25^2)), with heights s = 1 and -1 in turn and centres c at
    x1 = -0.75, 0, 0.75 and x2 = -0.5, 0.5.
    """
    X = _in_square("hills", samples, seed)
    total = np.zeros(samples)
    for x, y, height in HILLS:
        total += height * exact.each(exact.exp, -((X[:, 0] - x) ** 2 + (X[:, 1] - y) ** 2) / (2 * HILL_WIDTH**2))
    return _of_values("hills", X, total, seed, noise)


GENERATED: dict[str, Generated] = {
    g.name: g
    for g in (
        Generated(
            "circles", circles, "circles",
            (SAMPLES, NOISE, Setting("ratio", "", "radius of the inner circle beside the outer", 0.5, 0, slider=Slider(0, 1))),
        ),
        Generated(
            "disc", disc, "disc and ring",
            (SAMPLES, NOISE, Setting("ratio", "", "radius of the disc", 0.5, 0, slider=Slider(0, 1))),
        ),
        Generated("gaussians", gaussians, "Gaussian clusters", (SAMPLES, DEVIATION, NOISE)),
        Generated("hills", hills, "hills and hollows", (SAMPLES_IN_ALL, NOISE_OF_VALUES)),
        Generated("moons", moons, "two moons", (SAMPLES, NOISE)),
        Generated("plane", plane, "plane of values", (SAMPLES_IN_ALL, NOISE_OF_VALUES)),
        Generated(
            "spirals", spirals, "spirals",
            (
                SAMPLES, NOISE, Setting("turns", "", "turns of each spiral", 1.5, slider=Slider(0.1, 5)),
                Setting("arms", "", "number of spirals, a class each", 2, 1, 100, whole=True, slider=Slider(1, 6)),
            ),
        ),
        Generated("three-gaussians", three_gaussians, "three Gaussians", (SAMPLES, NOISE)),
        Generated("two-gaussians", two_gaussians, "two Gaussians", (SAMPLES, DEVIATION, NOISE)),
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


def _noise(seed: int, cluster: int, samples: int, n: int, purpose: str = "noise") -> Points:
    return random.normal(seed, f"{purpose} of class {cluster}", n, np.arange(samples))


def _noisy(name: str, clusters: Sequence[Points], seed: int, noise: float, purpose: str = "noise") -> Dataset:
    moved = [
        points + noise * _noise(seed, k, len(points), points.shape[1], purpose) for k, points in enumerate(clusters)
    ]
    return _dataset(name, np.vstack(moved), [len(points) for points in clusters])


def _in_square(purpose: str, samples: int, seed: int) -> Points:
    return 2 * random.uniform(seed, f"{purpose} inputs", 2, np.arange(samples)) - 1


def _of_values(name: str, X: Points, values: NDArray[np.float64], seed: int, noise: float) -> Dataset:
    drawn = random.normal(seed, f"{name} noise", 1, np.arange(len(X)))
    return Dataset(X, values[:, None] + noise * drawn, name, ("x1", "x2"))


def _dataset(name: str, X: Points, counts: Sequence[int]) -> Dataset:
    labels = np.repeat(np.arange(len(counts)), counts)
    columns = tuple(f"x{k + 1}" for k in range(X.shape[1]))
    return Dataset(X, one_hot(labels, len(counts)), name, columns, tuple(str(k) for k in range(len(counts))))
