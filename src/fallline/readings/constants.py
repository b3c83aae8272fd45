"""Functions of a page's constants, such as exp(2): rounded correctly, so that they are the same on every machine.

NumPy's exp and the C library's pow differ in the last bit between machines, and a constant enters every run of a kernel.
mpmath computes with whole numbers only, so its results are the same everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from fallline import exact

__all__ = ["INEXACT", "constant"]

INEXACT: dict[str, Callable[..., Any]] = {
    "exp": np.exp, "log": np.log, "log1p": np.log1p, "tanh": np.tanh, "sin": np.sin, "cos": np.cos, "erf": math.erf,
    "power": np.power,
}  # fmt: skip
"""Operations whose values IEEE 754 does not fix, and functions that give their values at 0, at infinity and outside their
domain."""

_EXACT: dict[str, Callable[..., float]] = {
    "exp": exact.exp, "log": exact.log, "tanh": exact.tanh, "sin": exact.sin, "cos": exact.cos,
}  # fmt: skip

_BITS = 200
"""Precision of the computation. No float64 has a function value so near to the middle between two float64 numbers."""

_BEYOND = 800.0
"""exp(x) overflows for larger x, and is 0 for x below the negative of this."""


def constant(op: str, *numbers: float) -> float:
    """Return the float64 nearest to the operation's value for these numbers.

    >>> constant("exp", 2.0), constant("power", 2.0, -0.25), constant("log", 0.0)
    (7.38905609893065, 0.8408964152537145, -inf)
    """
    values = [np.float64(x) for x in numbers]
    with np.errstate(all="ignore"):
        nearby = float(INEXACT[op](*values))
    if not all(math.isfinite(x) and x != 0 for x in values) or math.isnan(nearby) or _far_beyond(op, *numbers):
        return nearby
    return math.copysign(_exact(op, *numbers), nearby)


def _far_beyond(op: str, x: float, y: float = 1.0) -> bool:
    """Whether the result is far beyond the largest float64, or far below the smallest."""
    logarithm = x if op == "exp" else y * math.log(abs(x)) if op == "power" else 0.0
    return abs(logarithm) > _BEYOND


def _exact(op: str, *numbers: float) -> float:
    """The absolute value of the result, rounded once, for subnormal results too."""
    if op in _EXACT:
        return abs(_EXACT[op](*numbers))
    import mpmath  # type: ignore[import-untyped]

    with mpmath.workprec(_BITS):
        value = getattr(mpmath, op)(*(mpmath.mpf(float(x)) for x in numbers))
        mantissa, exponent = int(abs(value).man), int(value.exp)
    try:
        return float(mantissa << exponent) if exponent >= 0 else mantissa / (1 << -exponent)
    except OverflowError:
        return math.inf
