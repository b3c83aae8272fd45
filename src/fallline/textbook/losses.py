"""Losses: each stands beside its gradient with respect to the output layer's pre-activation Z (the logits).

Convention: a loss is the sum over the outputs, not their mean. The sum or mean over the samples is a factor (1 or
1/batch) that the network page applies once, so it does not stand here. Binary and multi-label targets use `logistic`;
classes use `cross_entropy` with one-hot targets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from fallline.shapes import Shaped
from fallline.textbook import activations
from fallline.textbook.families import Member, member
from fallline.textbook.operations import Array, log_sum_exp, softmax, total

__all__ = ["LOSSES", "Loss", "loss"]

Logits: TypeAlias = Shaped[Array, "*runs batch n_out"]
"""Z, its derivative, and the network's answers."""
Targets: TypeAlias = Shaped[Array, "... batch n_out"]
PerSample: TypeAlias = Shaped[Array, "*runs batch"]


@dataclass(frozen=True, repr=False)
class Loss(Member):
    """A loss of logits Z against targets T, its gradient, and what the logits mean.

    Parameters
    ----------
    name
        The usual name in the field.
    value
        Maps (Z, T) to one loss for each sample.
    delta
        Maps (Z, T) to the derivative of value by Z.
    output
        Maps Z to the network's answer: class probabilities, or Z itself.
    targets
        What T holds: "classes" (one-hot rows), "labels" (each 0 or 1), or "values" (any number).
    label
        Its name in words, for display; by default, the name with spaces.
    has_weights
        Whether T has one more column than Z: the weight of each sample.

    Examples
    --------
    >>> import numpy as np
    >>> cross_entropy = LOSSES["cross_entropy"]
    >>> cross_entropy.value(np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]])).round(6).tolist()
    [0.693147]
    """

    name: str
    value: Callable[[Logits, Targets], PerSample]
    delta: Callable[[Logits, Targets], Logits]
    output: Callable[[Logits], Logits]
    targets: Literal["classes", "labels", "values"]
    label: str = ""
    has_weights: bool = False
    page = "value"

    def columns(self, outputs: int) -> int:
        """Return how many columns T has for so many outputs.

        >>> LOSSES["cross_entropy"].columns(3)
        3
        """
        return outputs + self.has_weights


def cross_entropy(Z: Logits, T: Targets) -> PerSample:
    """L = -sum_k t_k log y_k with y = softmax(z), for targets with sum_k t_k = 1.

    Convention: computed from the logits as log(sum_k exp(z_k)) - sum_k t_k z_k, without the logarithm of a probability.
    PyTorch's `cross_entropy`. Source: Bridle 1990.
    """
    return log_sum_exp(Z) - total(T * Z)


def cross_entropy_delta(Z: Logits, T: Targets) -> Logits:
    """dL/dz_k = y_k - t_k with y = softmax(z), for targets with sum_k t_k = 1.

    >>> import numpy as np
    >>> cross_entropy_delta(np.array([[0.0, 0.0]]), np.array([[1.0, 0.0]])).tolist()
    [[-0.5, 0.5]]
    """
    return softmax(Z) - T


def squared_error(Z: Logits, T: Targets) -> PerSample:
    """L = sum_k (z_k - t_k)^2.

    Convention: without a half, and not divided by n_out: PyTorch's `mse_loss` with reduction="sum". With one output and
    factor 1/batch it is the mean squared error. Source: Legendre 1805.
    """
    return total((Z - T) ** 2)


def squared_error_delta(Z: Logits, T: Targets) -> Logits:
    """dL/dz_k = 2 (z_k - t_k)."""
    return 2 * (Z - T)


def half_squared_error(Z: Logits, T: Targets) -> PerSample:
    """L = 1/2 sum_k (z_k - t_k)^2: the convention of many courses.

    Convention: not divided by n_out. scikit-learn's MLPRegressor has this gradient, but reports the loss divided by
    n_out.
    """
    return total((Z - T) ** 2) / 2


def half_squared_error_delta(Z: Logits, T: Targets) -> Logits:
    """dL/dz_k = z_k - t_k."""
    return Z - T


def logistic(Z: Logits, T: Targets) -> PerSample:
    """L = -sum_k (t_k log y_k + (1 - t_k) log(1 - y_k)) with y = logistic(z): binary, or several labels at once.

    Convention: computed from the logits, as sum_k (softplus(z_k) - t_k z_k); not divided by n_out: PyTorch's
    `binary_cross_entropy_with_logits` with reduction="sum".
    """
    return total(activations.softplus(Z) - T * Z)


def logistic_delta(Z: Logits, T: Targets) -> Logits:
    """dL/dz_k = y_k - t_k with y = logistic(z)."""
    return activations.logistic(Z) - T


LOSSES: dict[str, Loss] = {
    record.name: record
    for record in (
        Loss("cross_entropy", cross_entropy, cross_entropy_delta, softmax, "classes", "cross-entropy"),
        Loss(
            "half_squared_error",
            half_squared_error,
            half_squared_error_delta,
            activations.identity,
            "values",
            "half the squared error",
        ),
        Loss("logistic", logistic, logistic_delta, activations.logistic, "labels", "logistic loss"),
        Loss("squared_error", squared_error, squared_error_delta, activations.identity, "values"),
    )
}


def loss(name: str | Loss) -> Loss:
    """Look up a loss by its name; a user's own `Loss` is returned unchanged.

    Raises
    ------
    UnknownNameError
        If no loss has that name.

    Examples
    --------
    >>> loss("cross_entropy").targets
    'classes'
    """
    if isinstance(name, Loss):
        return name
    return member("loss", name, LOSSES)
