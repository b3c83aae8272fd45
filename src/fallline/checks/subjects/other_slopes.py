"""Slopes of other functions, which stand in the place of an activation's, and formulas that lack a part of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from fallline.textbook.activations import ACTIVATIONS, logistic

__all__ = ["INCOMPLETE", "OTHER_SLOPES"]

Formula = Callable[[Any], Any]

_CUBIC = 0.044715
"""The constant of the approximation of GELU by tanh."""
_ALPHA, _SCALE = 1.6732632423543772, 1.0507009873554805
"""The constants of SELU."""


def _density(z: Any) -> Any:
    return np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)


def _tanh_gelu(z: Any) -> Any:
    """The slope of z (1 + tanh(u)) / 2 with u = sqrt(2 / pi) (z + 0.044715 z^3)."""
    z = np.clip(z, -1e50, 1e50)
    t = np.tanh(math.sqrt(2 / math.pi) * (z + _CUBIC * z**3))
    return (1 + t) / 2 + z * (1 - t**2) / 2 * math.sqrt(2 / math.pi) * (1 + 3 * _CUBIC * z**2)


def _quick_gelu(z: Any) -> Any:
    return logistic(1.702 * z) * (1 + 1.702 * z * logistic(-1.702 * z))


def _mish(z: Any) -> Any:
    t = np.tanh(np.logaddexp(0, z))
    return t + z * logistic(z) * (1 - t**2)


def _hard_swish(z: Any) -> Any:
    return np.where(z > 3, 1, np.where(z < -3, 0, z / 3 + 0.5))


OTHER_SLOPES: dict[str, Formula] = {
    **{a.label: a.slope for a in ACTIVATIONS.values()},
    "the tanh approximation of GELU": _tanh_gelu,
    "QuickGELU, z logistic(1.702 z)": _quick_gelu,
    "ReLU6": lambda z: np.where((z > 0) & (z < 6), 1, 0),
    "the hard sigmoid 0.2 z + 0.5": lambda z: np.where(np.abs(z) < 2.5, 0.2, 0),
    "the hard sigmoid z/6 + 0.5": lambda z: np.where(np.abs(z) < 3, 1 / 6, 0),
    "the hard tanh": lambda z: np.where(np.abs(z) < 1, 1, 0),
    "hard swish": _hard_swish,
    "ELU": lambda z: np.where(z > 0, 1, np.exp(np.minimum(z, 0))),
    "SELU": lambda z: _SCALE * np.where(z > 0, 1, _ALPHA * np.exp(np.minimum(z, 0))),
    "softsign": lambda z: 1 / (1 + np.abs(z)) ** 2,
    "mish": _mish,
    "1.7159 tanh(2z/3)": lambda z: 1.7159 * 2 / 3 * (1 - np.tanh(2 * z / 3) ** 2),
    "tanh(2z/3)": lambda z: 2 / 3 * (1 - np.tanh(2 * z / 3) ** 2),
    "arctan": lambda z: 1 / (1 + z**2),
    "sin": np.cos,
}
"""The slope of each function, by the name that a sentence uses."""

INCOMPLETE: dict[str, tuple[tuple[str, str, Formula], ...]] = {
    "silu": (
        ("it lacks the second term, z y (1 − y) with y = logistic(z)", "write y + z y (1 − y)", logistic),
        ("it lacks the first term, y = logistic(z)", "write y + z y (1 − y)", lambda z: z * logistic(z) * logistic(-z)),
        ("it lacks the factor z in the second term", "write y + z y (1 − y)",
         lambda z: logistic(z) + logistic(z) * logistic(-z)),
        ("it lacks the factor y in the second term", "write y + z y (1 − y)", lambda z: logistic(z) + z * logistic(-z)),
        ("it has y where 1 − y belongs in the second term", "write y + z y (1 − y)",
         lambda z: logistic(z) * (1 + z * logistic(z))),
        ("it has the pre-activation z where the activation belongs: y + z (1 − y)", "write z y + y (1 − z y)",
         lambda z: z + logistic(z) * (1 - z)),
    ),
    "gelu": (
        ("it lacks the second term, z φ(z)", "write Φ(z) + z φ(z)",
         lambda z: ACTIVATIONS["gelu"].slope(z) - z * _density(z)),
        ("it lacks the first term, Φ(z)", "write Φ(z) + z φ(z)", lambda z: z * _density(z)),
        ("it lacks the factor z in the second term", "write Φ(z) + z φ(z)",
         lambda z: ACTIVATIONS["gelu"].slope(z) + (1 - z) * _density(z)),
        ("the sign of the second term, z φ(z), is wrong", "write Φ(z) + z φ(z)",
         lambda z: ACTIVATIONS["gelu"].slope(z) - 2 * z * _density(z)),
        ("the density φ(z) lacks its factor 1/√(2π)", "write φ(z) = exp(−z²/2) / √(2π)",
         lambda z: ACTIVATIONS["gelu"].slope(z) + z * _density(z) * (math.sqrt(2 * math.pi) - 1)),
        ("the density has exp(−z²) where exp(−z²/2) belongs", "write φ(z) = exp(−z²/2) / √(2π)",
         lambda z: ACTIVATIONS["gelu"].slope(z) + z * _density(z) * (np.exp(-(z**2) / 2) - 1)),
    ),
    "tanh": (
        ("it is 1 + a², where 1 − a² belongs", "write 1 − a²", lambda z: 1 + np.tanh(z) ** 2),
        ("it is a², and lacks the 1 −", "write 1 − a²", lambda z: np.tanh(z) ** 2),
        ("it is (1 − a)², where 1 − a² belongs", "write 1 − a²", lambda z: (1 - np.tanh(z)) ** 2),
        ("it is 1 − |a|, where 1 − a² belongs", "write 1 − a²", lambda z: 1 - np.abs(np.tanh(z))),
        ("it is 1 − 2a², where 1 − a² belongs", "write 1 − a²", lambda z: 1 - 2 * np.tanh(z) ** 2),
        ("it is a (1 − a), the slope of logistic in terms of its activation", "write 1 − a²",
         lambda z: np.tanh(z) * (1 - np.tanh(z))),
        ("it is sech(z), where sech(z)² belongs", "square it", lambda z: 1 / np.cosh(np.clip(z, -700, 700))),
    ),
    "logistic": (
        ("it is a (1 + a), where a (1 − a) belongs", "write a (1 − a)", lambda z: logistic(z) * (1 + logistic(z))),
        ("it is 1 − a², the slope of tanh in terms of its activation", "write a (1 − a)", lambda z: 1 - logistic(z) ** 2),
        ("it is exp(−z), and lacks the rest", "write a (1 − a)", lambda z: np.exp(-z)),
        ("it is exp(−z) / (1 + exp(−z)): the denominator lacks its square", "write exp(−z) / (1 + exp(−z))²",
         lambda z: logistic(-z)),
    ),
    "softplus": (
        ("it is logistic(−z) = 1 / (1 + exp(z)): the sign of z is wrong", "write logistic(z)", lambda z: logistic(-z)),
        ("it is the slope of logistic, a derivative too many", "write logistic(z)",
         lambda z: logistic(z) * logistic(-z)),
        ("it is exp(z), and lacks the denominator", "write exp(z) / (1 + exp(z))", np.exp),
    ),
    "relu": (
        ("it is the sign of z, −1 below 0", "write z > 0", np.sign),
        ("it is 1 everywhere: the mask is left out", "write z > 0", np.ones_like),
        ("it is 0 everywhere", "write z > 0", np.zeros_like),
    ),
}  # fmt: skip
"""By activation: a fault in words, its cure, and the formula with it."""
