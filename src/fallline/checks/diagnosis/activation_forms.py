"""Which function of the pre-activation z a computed activation is, read off its values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.checks.faults.coefficients import constant_text
from fallline.textbook.activations import ACTIVATIONS, Activation

__all__ = ["EXACT", "agree", "examples", "form_of", "inverse_of", "is_function"]

Floats = NDArray[np.float64]

EXACT = 1e-7
"""Relative error of a step that counts as right: quotients of small numbers lose some digits."""


def agree(a: Any, b: Any) -> bool:
    """Whether all numbers agree to `EXACT`, relative to the largest."""
    scale = float(np.abs(b).max()) if np.size(b) else 0.0
    return bool(np.abs(a - b).max() <= EXACT * (scale or 1.0)) if np.size(a) else False


def inverse_of(name: str, a: Floats) -> Floats | None:
    """The pre-activations that give a, for activations that have an inverse, or have one where they are positive."""
    with np.errstate(all="ignore"):
        if name == "tanh":
            return np.asarray(np.arctanh(a))
        if name == "logistic":
            return np.asarray(np.log(a / (1 - a)))
    return np.where(a > 0, a, np.nan) if name in ("relu", "leaky_relu") else None


def is_function(z: Floats, values: Floats) -> bool:
    """Whether the values depend on z alone: each is near the line between its neighbours in z, for most of them."""
    order = np.argsort(z)
    x, y = z[order], values[order]
    between = y[:-2] + (y[2:] - y[:-2]) * (x[1:-1] - x[:-2]) / np.maximum(x[2:] - x[:-2], 1e-300)
    return bool(np.median(np.abs(y[1:-1] - between)) <= 0.02 * np.std(y))


def form_of(z: Floats, a: Floats) -> str:
    """The function of z that gives a, if it is a known one."""
    half = len(z) // 2  # constants come from the first half, and must hold on the second
    for other in ACTIVATIONS.values():
        if agree(a, other(z)):
            return f"{other.name}(z)"
        c = _argument(other.name, z[:half], a[:half])
        if c is not None and agree(a, other(c * z)):
            return f"{other.name}({constant_text(c)} z)"
        values = other(z)
        c = float(values[:half] @ a[:half] / ((values[:half] @ values[:half]) or 1))
        if agree(a, c * values):
            return f"{constant_text(c)} {other.name}(z)"
    with np.errstate(all="ignore"):
        for words, function in _MISTAKES:
            if agree(a, function(z)):
                return words
    leak = z < 0
    if leak.any() and agree(a[~leak], z[~leak]):
        c = float(a[leak] @ z[leak] / (z[leak] @ z[leak]))
        if agree(a[leak], c * z[leak]):
            return f"a leaky ReLU with leak {constant_text(c)}"
    return ""


_MISTAKES: Sequence[tuple[str, Callable[[Any], Any]]] = (
    ("e^z - e^-z / (e^z + e^-z), without brackets around the numerator,", lambda z: np.exp(z) - np.exp(-z) / (np.exp(z) + np.exp(-z))),
    ("(e^z - e^-z) / e^z + e^-z, without brackets around the denominator,", lambda z: (np.exp(z) - np.exp(-z)) / np.exp(z) + np.exp(-z)),
    ("e^z - e^-z / e^z + e^-z, without brackets,", lambda z: np.exp(z) - np.exp(-z) / np.exp(z) + np.exp(-z)),
    ("1 / (1 + e^z), with the wrong sign,", lambda z: 1 / (1 + np.exp(z))),
    ("1 / 1 + e^-z, without brackets,", lambda z: 1 + np.exp(-z)),
    ("|z|", np.abs),
    ("min(z, 0)", lambda z: np.minimum(z, 0)),
    ("sin(z)", np.sin),
    ("z^2", np.square),
)  # fmt: skip


def _argument(name: str, z: Floats, a: Floats) -> float | None:
    """The constant c with which the activation of c z is a, for activations that have an inverse."""
    inverse = inverse_of(name, a) if name in ("tanh", "logistic") else None
    if inverse is None:
        return None
    with np.errstate(all="ignore"):
        ratio = inverse / z
    return float(np.median(ratio)) if np.isfinite(ratio).all() else None


def examples(z: Floats, a: Floats, activation: Activation) -> str:
    """Two values of the computed activation beside the right ones."""
    order = np.argsort(z)
    picked = [int(order[len(order) // 4]), int(order[3 * len(order) // 4])]
    return " and ".join(
        f"{a[k]:.4g} at z = {z[k]:.4g}, where {activation.name} is {float(activation(z[k])):.4g}" for k in picked
    )
