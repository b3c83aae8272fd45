"""Activations: each function stands beside its slope.

Conventions: the slope of a kinked activation at its kink is the one from the left (ReLU: 0 at 0), as in PyTorch.
GELU is the exact one, with the error function, not the tanh approximation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from fallline.textbook.families import member
from fallline.textbook.operations import Array, erf, exp, log1p, magnitude, maximum, positive, tanh, where

__all__ = ["ACTIVATIONS", "Activation", "activation"]


@dataclass(frozen=True)
class Activation:
    """A function of one number, applied to every entry, and its derivative.

    Parameters
    ----------
    name: the field's name for it.
    function: z to a, elementwise.
    slope: z to da/dz, elementwise; at the pre-activation z, not at a.
    analytic: false where the function has a kink, so that complex step does not apply across it.

    >>> import numpy as np
    >>> ACTIVATIONS["relu"](np.array([-1.0, 0.0, 2.0])).tolist()
    [0.0, 0.0, 2.0]
    >>> ACTIVATIONS["relu"].slope(np.array([-1.0, 0.0, 2.0])).tolist()
    [0.0, 0.0, 1.0]
    """

    name: str
    function: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    analytic: bool = True

    def __call__(self, z: Array) -> Array:
        return self.function(z)

    def __repr__(self) -> str:
        return f"Activation({self.name!r})"


def identity(z: Array) -> Array:
    return z


def identity_slope(z: Array) -> Array:
    return 1


def relu(z: Array) -> Array:
    return maximum(z, 0)


def relu_slope(z: Array) -> Array:
    return positive(z)


LEAK = 0.01
"""Slope of the leaky ReLU below 0 (the default of PyTorch)."""


def leaky_relu(z: Array) -> Array:
    return where(z > 0, z, LEAK * z)


def leaky_relu_slope(z: Array) -> Array:
    return positive(z) + LEAK * (1 - positive(z))


def logistic(z: Array) -> Array:
    e = exp(-magnitude(z))  # never overflows; 1 / (1 + exp(-z)) on either side of 0
    return where(z > 0, 1, e) / (1 + e)


def logistic_slope(z: Array) -> Array:
    return logistic(z) * logistic(-z)  # y (1 - y), without cancellation for large z


def hyperbolic_tangent(z: Array) -> Array:
    return tanh(z)


def hyperbolic_tangent_slope(z: Array) -> Array:
    return 1 - tanh(z) ** 2


def softplus(z: Array) -> Array:
    return maximum(z, 0) + log1p(exp(-magnitude(z)))  # log(1 + exp(z)), without overflow


def softplus_slope(z: Array) -> Array:
    return logistic(z)


def gelu(z: Array) -> Array:
    return 0.5 * z * (1 + erf(z / math.sqrt(2)))


def gelu_slope(z: Array) -> Array:
    return 0.5 * (1 + erf(z / math.sqrt(2))) + z * exp(-(z**2) / 2) / math.sqrt(2 * math.pi)


def silu(z: Array) -> Array:
    return z * logistic(z)


def silu_slope(z: Array) -> Array:
    return logistic(z) * (1 + z * logistic(-z))


ACTIVATIONS: dict[str, Activation] = {
    a.name: a
    for a in (
        Activation("gelu", gelu, gelu_slope),
        Activation("identity", identity, identity_slope),
        Activation("leaky_relu", leaky_relu, leaky_relu_slope, analytic=False),
        Activation("logistic", logistic, logistic_slope),
        Activation("relu", relu, relu_slope, analytic=False),
        Activation("silu", silu, silu_slope),
        Activation("softplus", softplus, softplus_slope),
        Activation("tanh", hyperbolic_tangent, hyperbolic_tangent_slope),
    )
}


def activation(name: str | Activation) -> Activation:
    """The activation of that name; an `Activation` of the user's own is returned as it is.

    >>> activation("relu")
    Activation('relu')
    """
    if isinstance(name, Activation):
        return name
    return member("activation", name, ACTIVATIONS)
