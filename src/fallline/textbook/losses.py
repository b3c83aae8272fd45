"""Losses: each stands beside its gradient with respect to the output layer's pre-activation Z (the logits).

Shapes: Z and T are (..., batch, n_out); a loss is one number for each sample, (..., batch); its delta is shaped like Z.
Sum or mean over the samples is a factor (1 or 1/batch) that the network page multiplies in, once, so it is not here.
Binary and multi-label targets use `logistic`; classes use `cross_entropy` with one-hot targets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from fallline.textbook import activations
from fallline.textbook.families import member
from fallline.textbook.operations import Array, log_sum_exp, softmax, total

__all__ = ["LOSSES", "Loss", "loss"]


@dataclass(frozen=True)
class Loss:
    """A loss of logits Z against targets T, its gradient, and what the logits mean.

    Parameters
    ----------
    name: the field's name for it.
    value: (Z, T) to one loss for each sample, (..., batch).
    delta: (Z, T) to d value / d Z, shaped like Z.
    output: Z to the network's answer: class probabilities, or Z itself.
    targets: what T holds: "classes" (one-hot rows), "labels" (each 0 or 1), or "values" (any number).

    >>> import numpy as np
    >>> cross_entropy = LOSSES["cross_entropy"]
    >>> cross_entropy.value(np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]])).round(6).tolist()
    [0.693147]
    """

    name: str
    value: Callable[[Array, Array], Array]
    delta: Callable[[Array, Array], Array]
    output: Callable[[Array], Array]
    targets: Literal["classes", "labels", "values"]

    def __repr__(self) -> str:
        return f"Loss({self.name!r})"


def cross_entropy(Z: Array, T: Array) -> Array:
    """-sum_k t_k log y_k with y = softmax(z) and sum_k t_k = 1, never taking the log of a probability."""
    return log_sum_exp(Z) - total(T * Z)


def cross_entropy_delta(Z: Array, T: Array) -> Array:
    return softmax(Z) - T


def squared_error(Z: Array, T: Array) -> Array:
    """sum_k (z_k - t_k)^2; with one output and factor 1/batch the mean squared error."""
    return total((Z - T) ** 2)


def squared_error_delta(Z: Array, T: Array) -> Array:
    return 2 * (Z - T)


def half_squared_error(Z: Array, T: Array) -> Array:
    """1/2 sum_k (z_k - t_k)^2, the convention of scikit-learn and of many courses."""
    return total((Z - T) ** 2) / 2


def half_squared_error_delta(Z: Array, T: Array) -> Array:
    return Z - T


def logistic(Z: Array, T: Array) -> Array:
    """-sum_k (t_k log y_k + (1 - t_k) log(1 - y_k)) with y = logistic(z): binary, or several labels at once."""
    return total(activations.softplus(Z) - T * Z)


def logistic_delta(Z: Array, T: Array) -> Array:
    return activations.logistic(Z) - T


LOSSES: dict[str, Loss] = {
    record.name: record
    for record in (
        Loss("cross_entropy", cross_entropy, cross_entropy_delta, softmax, "classes"),
        Loss("half_squared_error", half_squared_error, half_squared_error_delta, activations.identity, "values"),
        Loss("logistic", logistic, logistic_delta, activations.logistic, "labels"),
        Loss("squared_error", squared_error, squared_error_delta, activations.identity, "values"),
    )
}


def loss(name: str | Loss) -> Loss:
    """The loss of that name; a `Loss` of the user's own is returned as it is.

    >>> loss("cross_entropy").targets
    'classes'
    """
    if isinstance(name, Loss):
        return name
    return member("loss", name, LOSSES)
