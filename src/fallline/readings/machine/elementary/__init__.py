"""Elementary functions made of fma + - * / sqrt, comparisons and integer operations on bits.

The C library's exp differs between machines and between vector widths. These functions do not, because IEEE 754 fixes
every operation that they use. Largest errors in ulp, tested against mpmath over the whole range (`BOUNDS`):

              exp   log   log1p  tanh   sqrt  sin, cos  erf   power
    float32   1.0   1.0   1.5    2.5    0.5   1.0       2.5   10
    float64   1.0   1.0   1.5    2.5    0.5   1.0       2.5   10

Results for infinities, NaN and subnormal numbers follow IEEE 754 and C99's annex F, with one exception: sin and cos of
arguments beyond 1e5 (float32) or 2^30 (float64) are those of 0. The methods are those of Cody & Waite 1980 and of Muller,
Elementary Functions.
"""

from __future__ import annotations

from collections.abc import Callable

from fallline.readings.machine.elementary.exponential import erf, exp, exp_at_most_zero, tanh
from fallline.readings.machine.elementary.formats import DOUBLE, SINGLE
from fallline.readings.machine.elementary.logarithm import log, log1p, log_at_least_one
from fallline.readings.machine.elementary.power import power
from fallline.readings.machine.elementary.sine import cos, sin
from fallline.readings.machine.vectors import Vectors

__all__ = ["BOUNDS", "DOUBLE", "ELEMENTARY", "NARROW", "SINGLE"]

BOUNDS = {
    "exp": 1.0, "log": 1.0, "log1p": 1.5, "tanh": 2.5, "sqrt": 0.5, "sin": 1.0, "cos": 1.0, "erf": 2.5, "power": 10.0,
}  # fmt: skip
"""Largest error of each function in units of the last place, in either format."""


def sqrt(v: Vectors, x: str) -> str:
    return v.call("sqrt", x)


ELEMENTARY: dict[str, Callable[..., str]] = {
    "exp": exp, "log": log, "log1p": log1p, "tanh": tanh, "sqrt": sqrt, "sin": sin, "cos": cos, "erf": erf,
    "power": power,
}  # fmt: skip

NARROW: dict[str, Callable[..., str]] = {"exp": exp_at_most_zero, "log": log_at_least_one}
"""Shorter functions for the restricted arguments that `ranges` recognises."""
