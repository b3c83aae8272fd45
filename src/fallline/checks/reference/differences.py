"""Differences of a function of one number, extrapolated to step 0: of a loss, and of an elementwise function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

__all__ = ["extrapolated_difference", "short_difference"]

FIRST_STEP = 0.02
FIRST_STEP_SINGLE = 0.1
LEVELS = 9
"""Steps of a difference: the first one, half of it, and so on."""
CONFIRMING_STEP = 1e-5
ENOUGH = 1e-12
"""A difference with a smaller relative error estimate is not refined."""
SHORT_STEP = 2e-4
"""The first step of `short_difference`: within the distance that draws keep from kinks."""


def extrapolated_difference(function: Callable[[float], float], *, single: bool = False) -> tuple[float, float]:
    """The derivative of a function of one number at 0, and an estimate of its error.

    Central differences with steps h, h/2, h/4, ... are extrapolated to step 0. Of all extrapolations that with the smallest
    error estimate is taken: its distance from its neighbours, and the rounding of the function's values. A difference with
    a much smaller step must confirm it; a function in steps, such as a rounded one, does not pass.

    >>> value, error = extrapolated_difference(np.exp)
    >>> abs(value - 1) < 1e-11, error < 1e-11
    (True, True)
    >>> extrapolated_difference(lambda x: abs(x - 1e-9))[1] > 1e-3  # a kink
    True
    """
    epsilon = float(np.finfo(np.float32 if single else np.float64).eps)
    best = (np.nan, np.inf)
    before: list[float] = []
    for level in range(LEVELS):
        step = (FIRST_STEP_SINGLE if single else FIRST_STEP) / 2**level
        above, below = float(function(step)), float(function(-step))
        rounding = epsilon * max(abs(above), abs(below)) / step
        row = _extrapolations((above - below) / (2 * step), before)
        for coarser, finer, last in zip(row, row[1:], before, strict=False):
            error = max(abs(finer - coarser), abs(finer - last)) + rounding
            if error < best[1]:
                best = finer, error
        before = row
        if level >= 2 and best[1] <= ENOUGH * abs(best[0]) + 2 * rounding:
            break
    if single:
        return best
    plain = float(function(CONFIRMING_STEP) - function(-CONFIRMING_STEP)) / (2 * CONFIRMING_STEP)
    rounding = epsilon * max(abs(above), abs(below)) / CONFIRMING_STEP
    return (best[0], best[1] if abs(plain - best[0]) <= 1e-5 * abs(best[0]) + 8 * rounding else np.inf)


def short_difference(function: Callable[[float], Any]) -> Any:
    """The derivative at 0 of a function of one number with values of any shape, from three short steps.

    >>> values = np.array([1.0, 2.0])
    >>> bool(abs(short_difference(lambda h: np.exp(values + h)) - np.exp(values)).max() < 1e-10)
    True
    """
    row: list[Any] = []
    for step in (SHORT_STEP, SHORT_STEP / 2, SHORT_STEP / 4):
        row = _extrapolations((function(step) - function(-step)) / (2 * step), row)
    return row[-1]


def _extrapolations(difference: Any, before: Sequence[Any]) -> list[Any]:
    """A central difference and its extrapolations to step 0, from those with twice the step: a row of Richardson's table."""
    row = [difference]
    for k, last in enumerate(before):
        row.append(row[k] + (row[k] - last) / (4 ** (k + 1) - 1))
    return row
