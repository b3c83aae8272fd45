"""The losses of the layouts, written anew: functions of complex weights, so that a complex step gives their gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

STEP = 1e-30


def relu(z: Any) -> Any:
    return np.where(np.real(z) > 0, z, 0)


def logistic(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def mlp(W: Sequence[Any], b: Sequence[Any], X: Any, *activations: Callable[[Any], Any]) -> Any:
    """The pre-activation of the last layer; one activation serves all hidden layers."""
    A = X
    for l, w in enumerate(W):
        Z = A @ w + (b[l] if len(b) else 0)
        if l < len(W) - 1:
            A = activations[min(l, len(activations) - 1)](Z)
    return Z


def log_softmax(Z: Any) -> Any:
    Z = Z - np.real(Z).max(axis=1, keepdims=True)
    return Z - np.log(np.exp(Z).sum(axis=1, keepdims=True))


def softmax(Z: Any) -> Any:
    return np.exp(log_softmax(Z))


def ce(Z: Any, T: Any) -> Any:
    """Cross-entropy of logits, summed over the samples."""
    return -(T * log_softmax(Z)).sum()


def bce(Z: Any, T: Any) -> Any:
    """Logistic loss of logits, summed over samples and outputs."""
    Y = logistic(Z)
    return -(T * np.log(Y) + (1 - T) * np.log(1 - Y)).sum()


def square(Y: Any, T: Any) -> Any:
    """Squared error, summed over samples and outputs."""
    return ((Y - T) ** 2).sum()


def squares(W: Sequence[Any]) -> Any:
    """Sum of the squares of all weights."""
    return sum((w**2).sum() for w in W)


def complex_step(loss: Callable[..., Any], W: Sequence[Any], b: Sequence[Any], X: Any, T: Any) -> list[np.ndarray]:
    """The derivative of the loss by each weight and bias, in the order [W1, W2, ..., b1, b2, ...]."""
    arrays = [np.array(a, dtype=complex) for a in (*W, *b)]
    gradients = []
    for array in arrays:
        gradient = np.zeros(array.shape)
        for index in np.ndindex(array.shape):
            before = array[index]
            array[index] = before + STEP * 1j
            gradient[index] = loss(arrays[: len(W)], arrays[len(W) :], X, T).imag / STEP
            array[index] = before
        gradients.append(gradient)
    return gradients
