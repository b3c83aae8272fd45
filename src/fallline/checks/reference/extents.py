"""How far the checks of slopes, deltas, derivatives and optimizers reach: every draw and its extent, in one table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fallline import random

__all__ = ["DELTAS", "PARTIALS", "SLOPES", "STEPS", "SlopePoints", "logit_sizes", "slope_points"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Slopes:
    """The points of a slope: random ones within `ordinary`, then magnitudes from `nearest` to `farthest`, and 0.

    `single` is the farthest point for a function that returns single precision.
    """

    ordinary: float = 4.0
    count: int = 60
    farthest: float = 1e30
    nearest: float = 1e-300
    single: float = 1e15

    @property
    def uncovered(self) -> str:
        return (
            f"Points were {self.count} random ones in [−{self.ordinary:g}, {self.ordinary:g}], magnitudes from "
            f"{self.nearest:g} to {self.farthest:g} of both signs, and 0. Infinities were not tried, and beyond |z| = 10⁶ an "
            "error that is small beside z counts as rounding."
        )


@dataclass(frozen=True)
class Deltas:
    """The logits of a delta: random ones, then ties, saturated ones, and sizes up to `farthest`."""

    saturated: tuple[float, ...] = (20.0, 40.0)
    sizes: tuple[float, ...] = (100.0, 300.0, 700.0, 1e3, 1e4, 1e8, 1e15, 1e30)
    outputs: tuple[int, ...] = (3, 5)

    @property
    def uncovered(self) -> str:
        return (
            f"Logits were random ones of a few units, ties, and sizes up to {self.sizes[-1]:g}, for "
            f"{' and '.join(map(str, self.outputs))} outputs. Infinite logits were not tried."
        )


@dataclass(frozen=True)
class Partials:
    """The points of partial derivatives: random ones in the window, in windows `factors` times as large, and special ones."""

    count: int = 40
    factors: tuple[float, ...] = (10.0, 1e3)
    each: int = 8

    @property
    def uncovered(self) -> str:
        return f"Points more than {self.factors[-1]:g} times as far away as the window's edge were not tried."


@dataclass(frozen=True)
class Steps:
    """The steps of an optimizer: `first` that suggest a fault, and many others that confirm it."""

    first: int = 40
    late: int = 1500
    regime: int = 60
    setting: int = 25
    shape: int = 12
    largest: float = 1e30
    smallest: float = 1e-30
    single: float = 1e15

    @property
    def uncovered(self) -> str:
        return (
            f"Gradients had sizes from {self.smallest:g} to {self.largest:g}, and 0; at most {self.late} steps were taken in "
            "a row. A fault that shows only later, or only where numbers overflow, was not seen."
        )


SLOPES, DELTAS, PARTIALS, STEPS = Slopes(), Deltas(), Partials(), Steps()


@dataclass(frozen=True)
class SlopePoints:
    """The points of a slope: ordinary ones that suggest a fault, others that confirm it, and the special ones."""

    ordinary: Floats
    confirming: Floats
    special: Floats

    @property
    def all(self) -> Floats:
        return np.concatenate([self.ordinary, self.confirming, self.special])


def slope_points(seed: int) -> SlopePoints:
    """The points at which a slope is checked.

    >>> points = slope_points(0)
    >>> float(abs(points.ordinary).max()) < 4, float(points.special.max()) > 1e29
    (True, True)
    """
    drawn = SLOPES.ordinary * (2 * random.uniform(seed, "slope check", 2 * SLOPES.count) - 1)
    far = np.concatenate([np.geomspace(SLOPES.ordinary, 1e3, 50), np.geomspace(1e4, SLOPES.farthest, 27)])
    near = 10.0 ** -np.array([1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 30, 100, 200, 300])
    sizes = np.concatenate([far, near])
    sizes *= 1 + 0.05 * random.uniform(seed, "slope check sizes", len(sizes))
    special = np.concatenate([-sizes, [0.0, -0.0], sizes])
    return SlopePoints(drawn[: SLOPES.count], drawn[SLOPES.count :], special)


def logit_sizes() -> tuple[float, ...]:
    """The sizes of logits beyond the ordinary ones, the smallest first."""
    return (*DELTAS.saturated, *DELTAS.sizes)
