"""The points of partial derivatives, in groups of one size, and the right derivatives there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline import random
from fallline.checks.calling.calls import MisbehaviourError
from fallline.checks.reference.comparison import TOLERANCE
from fallline.checks.reference.derivatives import central_difference, complex_step
from fallline.checks.reference.extents import PARTIALS
from fallline.errors import TraceError
from fallline.textbook.landscapes import Landscape

__all__ = ["PointGroup", "Reference", "groups_of", "reference_of", "window_points"]

Floats = NDArray[np.float64]

DIFFERENCE = 1e-6
"""Step of the central difference, in units of the point's size, for functions that take no complex numbers."""
DIFFERENCE_TOLERANCE = 1e-5
ANALYTIC = 1e-4
"""Complex step that differs from the difference by more than this, relative to the largest derivative, is not used."""
KINK = 1e-3
"""One-sided slopes that differ by more than this, relative to the largest derivative, belong to a kink."""


LEAST = 10
"""Points of the window at which the function must be finite."""


@dataclass(frozen=True)
class PointGroup:
    """Points beyond the window, and the range in which each derivative is right: a single number, except at a kink.

    `low` and `high` are nan where the derivative is not known.
    """

    words: str
    points: Floats
    low: Floats
    high: Floats

    @property
    def kinks(self) -> NDArray[np.bool_]:
        """Where the function has a kink in that coordinate."""
        return self.low < self.high


@dataclass(frozen=True)
class Reference:
    """How the right derivatives are computed.

    Parameters
    ----------
    right
        The derivatives at the points of the window.
    words
        The method, in words.
    tolerance
        The relative error that it allows.
    analytic
        Whether it is complex step.
    """

    right: Floats
    words: str
    tolerance: float
    analytic: bool


def _window(landscape: Landscape) -> tuple[Floats, Floats]:
    n = landscape.dimension
    low, high = np.array([landscape.window[k % len(landscape.window)] for k in range(n)], dtype=float).T
    return low, high


@np.errstate(all="ignore")  # where the function has no value
def window_points(landscape: Landscape, seed: int) -> Floats:
    """Random points of the window at which the function is finite: one half suggests a fault, the other confirms it.

    Raises
    ------
    MisbehaviourError
        If the function is finite at hardly any point of the window.
    """
    low, high = _window(landscape)
    drawn = random.uniform(seed, "gradient check points", landscape.dimension, np.arange(2 * PARTIALS.count))
    points: Floats = low + (high - low) * drawn
    finite = np.array([_is_finite(landscape.function, point) for point in points])
    if finite.sum() < LEAST:
        raise MisbehaviourError(
            f"{landscape.name} is finite at only {finite.sum()} of {len(points)} points of the window, so nothing can be said."
        )
    kept: Floats = points[finite]
    return kept


def _is_finite(f: Callable[..., Any], point: Floats) -> bool:
    try:
        return bool(np.isfinite(float(f(*point))))
    except (ArithmeticError, ValueError, TypeError):
        return False


def groups_of(landscape: Landscape, reference: Reference, seed: int) -> list[PointGroup]:
    """Points far away, and special ones: the origin, ties of the coordinates, whole numbers, and the axes."""
    low, high = _window(landscape)
    n, middle = landscape.dimension, (low + high) / 2
    groups = []
    for factor in PARTIALS.factors:
        u = random.uniform(seed, f"gradient check far {factor:g}", n, np.arange(PARTIALS.each))
        points = middle + factor * (high - low) * (u - 0.5)
        groups.append(_group(landscape, reference, f"up to {factor:g} times as far away as the window's edge", points))
    inside = low + (high - low) * random.uniform(seed, "gradient check special", n, np.arange(6))
    special = [np.zeros(n), *np.round(inside[:2])]
    if n > 1:
        special += [np.full(n, inside[2, 0]), np.full(n, -inside[2, 0]), np.where(np.arange(n) == 0, 0, inside[3])]
        special.append(np.where(np.arange(n) == n - 1, 0, inside[4]))
    special += [np.full(n, 1e-8), np.full(n, -1e-8), np.ones(n)]
    groups.append(_group(landscape, reference, "at special points", np.array(special)))
    return groups


@np.errstate(all="ignore")  # of what overflows far away
def _group(landscape: Landscape, reference: Reference, words: str, points: Floats) -> PointGroup:
    f, units = landscape.function, np.eye(points.shape[1])
    low, high = np.full(points.shape, np.nan), np.full(points.shape, np.nan)
    for p, point in enumerate(points):
        try:
            here = float(f(*point))
            wide, narrow = (
                np.array([[(float(f(*(point + s * h * e))) - here) / (s * h) for e in units] for s in (1, -1)])
                for h in (10 * DIFFERENCE, DIFFERENCE)
            )
            exact = narrow.mean(axis=0)
            if reference.analytic:
                exact = np.array([complex_step(lambda x: _complex(f(*x)), point, e) for e in units])
        except (ArithmeticError, TypeError, ValueError):
            continue
        size = np.abs(narrow).max(axis=0)
        noise = 100 * np.finfo(float).eps * abs(here) / DIFFERENCE
        # The jump between the slopes on both sides shrinks with the step, except at a kink.
        jump = np.abs(narrow[0] - narrow[1])
        kink = (jump > 0.5 * np.abs(wide[0] - wide[1])) & (jump > KINK * size + noise)
        smooth = (np.abs(exact - narrow.mean(axis=0)) <= KINK * np.maximum(size, jump) + noise + DIFFERENCE) & ~kink
        low[p] = np.where(smooth, exact, np.where(kink, narrow.min(axis=0), np.nan))
        high[p] = np.where(smooth, exact, np.where(kink, narrow.max(axis=0), np.nan))
    finite = np.isfinite(low) & np.isfinite(high)
    return PointGroup(words, points, np.where(finite, low, np.nan), np.where(finite, high, np.nan))


@np.errstate(all="ignore")  # of what overflows in a branch that is not taken
def reference_of(landscape: Landscape, points: Floats) -> Reference:
    """Partial derivatives at the points of the window, the way in which they were computed, and its tolerance."""
    from fallline.readings.reverse import gradient_of

    f, units = landscape.function, np.eye(points.shape[1])
    analytic: Any
    try:
        analytic = np.array([[complex_step(lambda x: _complex(f(*x)), p, e) for e in units] for p in points])
        if not np.isfinite(analytic).all():
            raise ValueError
    except (TypeError, ValueError, AttributeError, OverflowError):
        analytic = None
    difference = _differences(lambda x: float(f(*x)), points)
    scale = np.abs(difference).max() or 1.0
    if analytic is None or np.abs(analytic - difference).max() > ANALYTIC * scale:
        # abs(), floor and the like are not analytic
        return Reference(difference, "central differences", DIFFERENCE_TOLERANCE, False)
    try:
        walk = np.array([[float(v) for v in gradient_of(f)(*map(float, p))] for p in points])
        error = float(np.abs(walk - analytic).max() / scale)
        return Reference(analytic, f"complex step; the reverse walk agrees to {error:.1e}", TOLERANCE, True)
    except (TraceError, TypeError, ValueError):
        return Reference(analytic, "complex step", TOLERANCE, True)


def _differences(f: Callable[[Any], float], points: Floats) -> Floats:
    units = np.eye(points.shape[1])
    return np.array([[central_difference(f, p, DIFFERENCE * e) for e in units] for p in points]) / DIFFERENCE


def _complex(value: Any) -> complex:
    return complex(np.asarray(value).item())
