"""Activations: each function stands beside its slope.

Each function takes pre-activations z, of shape (..., batch, n) or any other, and works on every entry alone; the result
has the shape of z. Convention: the slope of a kinked activation at its kink is the slope from the left (relu: 0 at 0),
as in PyTorch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from fallline.shapes import Shaped
from fallline.textbook.families import Member, member
from fallline.textbook.operations import Array, erf, exp, log1p, magnitude, maximum, positive, tanh, where

__all__ = ["ACTIVATIONS", "Activation", "activation"]


@dataclass(frozen=True, repr=False)
class Activation(Member):
    """A function of one number, applied to every entry, and its derivative.

    Parameters
    ----------
    name
        The usual name in the field.
    function
        Maps z to a, elementwise.
    slope
        Maps z to da/dz, elementwise. Its argument is the pre-activation z, not a.
    analytic
        False if the function has a kink, so that a complex step across the kink gives a wrong derivative.
    label
        Its name in words, for display; by default, the name with spaces.

    Examples
    --------
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
    label: str = ""
    page = "function"

    def __call__(self, z: Shaped[Array, "*shape"]) -> Shaped[Array, "*shape"]:
        return self.function(z)


def identity(z: Array) -> Array:
    """identity(z) = z: a linear layer."""
    return z


def identity_slope(z: Array) -> Array:
    """identity'(z) = 1, as a Python number, which broadcasts to the shape of z."""
    return 1


def relu(z: Array) -> Array:
    """relu(z) = max(z, 0). Source: Nair & Hinton 2010."""
    return maximum(z, 0)


def relu_slope(z: Array) -> Array:
    """relu'(z) = [z > 0]: 1 where z > 0, else 0. At the kink it is 0, the slope from the left."""
    return positive(z)


LEAK = 0.01
"""Slope of the leaky ReLU below 0 (the default of PyTorch)."""


def leaky_relu(z: Array) -> Array:
    """leaky_relu(z) = z where z > 0, else 0.01 z: the slope is the constant `LEAK`. Source: Maas, Hannun & Ng 2013."""
    return where(z > 0, z, LEAK * z)


def leaky_relu_slope(z: Array) -> Array:
    """leaky_relu'(z) = 1 where z > 0, else 0.01. At the kink it is 0.01, the slope from the left."""
    return positive(z) + LEAK * (1 - positive(z))


def logistic(z: Array) -> Array:
    """logistic(z) = 1 / (1 + exp(-z)): the sigmoid, computed from exp(-|z|). Source: Rumelhart, Hinton & Williams 1986.

    >>> import numpy as np
    >>> logistic(np.array([-1000.0, 0.0, 1000.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    e = exp(-magnitude(z))  # never overflows; 1 / (1 + exp(-z)) on either side of 0
    return where(z > 0, 1, e) / (1 + e)


def logistic_slope(z: Array) -> Array:
    """logistic'(z) = y (1 - y) with y = logistic(z); computed as logistic(z) logistic(-z)."""
    return logistic(z) * logistic(-z)  # y (1 - y), without cancellation for large z


def hyperbolic_tangent(z: Array) -> Array:
    """tanh(z) = (exp(z) - exp(-z)) / (exp(z) + exp(-z)) = 2 logistic(2z) - 1.

    Source: LeCun, Bottou, Orr & Müller 1998, Efficient BackProp.
    """
    return tanh(z)


def hyperbolic_tangent_slope(z: Array) -> Array:
    """tanh'(z) = 1 - tanh(z)^2."""
    return 1 - tanh(z) ** 2


def softplus(z: Array) -> Array:
    """softplus(z) = log(1 + exp(z)): a relu without a kink, computed from exp(-|z|). Source: Dugas et al. 2001.

    >>> import numpy as np
    >>> softplus(np.array([-1000.0, 0.0, 1000.0])).round(6).tolist()
    [0.0, 0.693147, 1000.0]
    """
    return maximum(z, 0) + log1p(exp(-magnitude(z)))  # log(1 + exp(z)), without overflow


def softplus_slope(z: Array) -> Array:
    """softplus'(z) = logistic(z)."""
    return logistic(z)


def gelu(z: Array) -> Array:
    """gelu(z) = z Phi(z), with the standard normal distribution function Phi(z) = (1 + erf(z / sqrt(2))) / 2.

    Convention: the exact form, which is PyTorch's default; JAX's default is the approximation by tanh.
    Source: Hendrycks & Gimpel 2016 (arXiv:1606.08415).

    >>> import numpy as np
    >>> gelu(np.array([-1.0, 0.0, 1.0])).round(6).tolist()
    [-0.158655, 0.0, 0.841345]
    """
    return 0.5 * z * (1 + erf(z / math.sqrt(2)))


def gelu_slope(z: Array) -> Array:
    """gelu'(z) = Phi(z) + z phi(z), with the standard normal density phi(z) = exp(-z^2 / 2) / sqrt(2 pi)."""
    return 0.5 * (1 + erf(z / math.sqrt(2))) + z * exp(-(z**2) / 2) / math.sqrt(2 * math.pi)


def silu(z: Array) -> Array:
    """silu(z) = z logistic(z): also called swish. Source: Elfwing, Uchibe & Doya 2018 (arXiv:1702.03118)."""
    return z * logistic(z)


def silu_slope(z: Array) -> Array:
    """silu'(z) = y (1 + z (1 - y)) with y = logistic(z)."""
    return logistic(z) * (1 + z * logistic(-z))


ACTIVATIONS: dict[str, Activation] = {
    a.name: a
    for a in (
        Activation("gelu", gelu, gelu_slope, label="GELU"),
        Activation("identity", identity, identity_slope),
        Activation("leaky_relu", leaky_relu, leaky_relu_slope, analytic=False, label="leaky ReLU"),
        Activation("logistic", logistic, logistic_slope),
        Activation("relu", relu, relu_slope, analytic=False, label="ReLU"),
        Activation("silu", silu, silu_slope, label="SiLU"),
        Activation("softplus", softplus, softplus_slope),
        Activation("tanh", hyperbolic_tangent, hyperbolic_tangent_slope),
    )
}


def activation(name: str | Activation) -> Activation:
    """Look up an activation by its name; a user's own `Activation` is returned unchanged.

    Raises
    ------
    UnknownNameError
        If no activation has that name.

    Examples
    --------
    >>> activation("relu")
    activation('relu')
    """
    if isinstance(name, Activation):
        return name
    return member("activation", name, ACTIVATIONS)
