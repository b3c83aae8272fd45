"""Losses that people write: the textbook's, the squared error of squashed outputs, and changes of each.

The changes are a guard against log(0), smoothed labels, weights of classes, and a constant factor. Each gives a record
like the textbook's, value beside delta, so that everything that takes a network takes these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fallline.textbook.activations import ACTIVATIONS, Activation
from fallline.textbook.losses import LOSSES, Loss
from fallline.textbook.operations import softmax

__all__ = ["FAMILY", "FamilyMember", "guarded", "leaky", "reweighted", "scaled", "smoothed"]

Function = Callable[[Any], Any]


@dataclass(frozen=True)
class FamilyMember:
    """A loss that people write.

    Parameters
    ----------
    loss
        Its value and delta, as the textbook's.
    words
        What a sentence calls it.
    targets_linear
        Whether it is linear in the targets, so that labels can be smoothed and classes weighted.
    """

    loss: Loss
    words: str
    targets_linear: bool = False


def _squared_error_of(name: str, output: Function, back: Callable[[Any, Any], Any]) -> FamilyMember:
    """Half the squared error of squashed outputs; `back(Z, D)` takes a derivative by the outputs to one by Z."""
    record = Loss(
        f"half_squared_error_of_{name}",
        lambda Z, T: ((output(Z) - T) ** 2).sum(axis=-1) / 2,
        lambda Z, T: back(Z, output(Z) - T),
        output, "values",
    )  # fmt: skip
    return FamilyMember(record, f"half the squared error of {name} outputs")


def _through_softmax(Z: Any, D: Any) -> Any:
    Y = softmax(Z)
    return Y * (D - (D * Y).sum(axis=-1, keepdims=True))


def _through(activation: Activation) -> Callable[[Any, Any], Any]:
    return lambda Z, D: D * activation.slope(Z)


_LOGISTIC, _SOFTPLUS = ACTIVATIONS["logistic"], ACTIVATIONS["softplus"]

FAMILY: tuple[FamilyMember, ...] = (
    FamilyMember(LOSSES["cross_entropy"], "cross-entropy", targets_linear=True),
    FamilyMember(LOSSES["half_squared_error"], "half the squared error"),
    FamilyMember(LOSSES["logistic"], "the logistic loss", targets_linear=True),
    *(
        _squared_error_of(label, ACTIVATIONS[name].function, _through(ACTIVATIONS[name]))
        for name, label in (("logistic", "logistic"), ("tanh", "tanh"), ("relu", "ReLU"))
    ),
    _squared_error_of("softmax", softmax, _through_softmax),
    FamilyMember(
        Loss(
            "logistic_of_true_labels",
            lambda Z, T: (T * _SOFTPLUS(-Z)).sum(axis=-1),
            lambda Z, T: -T * _LOGISTIC(-Z),
            _LOGISTIC.function, "labels",
        ),
        "the logistic loss without its term (1 - t) log(1 - y)", targets_linear=True,
    ),
)  # fmt: skip
"""The family, without changes."""


def guarded(loss: Loss, epsilon: float) -> Loss | None:
    """The loss with epsilon added inside its logarithm, log(p + epsilon); None for a loss without one."""
    output = loss.output

    def classes(Z: Any, T: Any) -> Any:
        return -(T * np.log(output(Z) + epsilon)).sum(axis=-1)

    def classes_delta(Z: Any, T: Any) -> Any:
        return _through_softmax(Z, -T / (output(Z) + epsilon))

    def labels(Z: Any, T: Any) -> Any:
        Y = output(Z)
        return -(T * np.log(Y + epsilon) + (1 - T) * np.log(1 - Y + epsilon)).sum(axis=-1)

    def labels_delta(Z: Any, T: Any) -> Any:
        Y = output(Z)
        return ((1 - T) / (1 - Y + epsilon) - T / (Y + epsilon)) * Y * (1 - Y)

    if loss.name == "cross_entropy":
        return replace(loss, value=classes, delta=classes_delta)
    return replace(loss, value=labels, delta=labels_delta) if loss.name == "logistic" else None


def smoothed(loss: Loss, amount: float) -> Loss:
    """The loss for smoothed labels (1 - amount) T + amount / K with K classes, or amount / 2 for labels of 0 and 1."""

    def smooth(T: Any) -> Any:
        return (1 - amount) * T + amount / (T.shape[-1] if loss.targets == "classes" else 2)

    return replace(loss, value=lambda Z, T: loss.value(Z, smooth(T)), delta=lambda Z, T: loss.delta(Z, smooth(T)))


def reweighted(loss: Loss, weights: Sequence[float]) -> Loss:
    """The loss with each sample's loss multiplied by the weight of its class."""
    factors = np.asarray(weights, dtype=float)

    def value(Z: Any, T: Any) -> Any:
        return (T * factors).sum(axis=-1) * loss.value(Z, T)

    def delta(Z: Any, T: Any) -> Any:
        return (T * factors).sum(axis=-1, keepdims=True) * loss.delta(Z, T)

    return replace(loss, value=value, delta=delta)


def scaled(loss: Loss, factor: float) -> Loss:
    """The loss times a constant.

    >>> scaled(LOSSES["half_squared_error"], 2.0)
    loss('squared_error')
    """
    if factor == 1:
        return loss
    if loss is LOSSES["half_squared_error"] and factor == 2:
        return LOSSES["squared_error"]
    return replace(loss, value=lambda Z, T: factor * loss.value(Z, T), delta=lambda Z, T: factor * loss.delta(Z, T))


def leaky(slope: float) -> Activation:
    """The leaky ReLU with that slope below 0.

    >>> leaky(0.2)(np.array([-1.0, 2.0])).tolist()
    [-0.2, 2.0]
    """
    return Activation(
        "leaky_relu",
        lambda z: np.where(z > 0, z, slope * z),
        lambda z: np.where(z > 0, 1, slope),
        analytic=False, label=f"leaky ReLU with slope {slope:g}",
    )  # fmt: skip
