"""Weighted samples: a loss whose targets carry the weight of each sample in one more column."""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

from fallline.shapes import Shaped
from fallline.textbook.losses import Logits, Loss, PerSample
from fallline.textbook.operations import Array

__all__ = ["weighted"]

Targets: TypeAlias = Shaped[Array, "... batch columns"]
"""The targets of each sample, and its weight."""


@cache
def weighted(loss: Loss) -> Loss:
    """Return the loss L = a l(z, t) of samples with weights a, its gradient dL/dz = a dl/dz, and the same answers.

    Convention: the targets are (t_1, ..., t_k, a). Weights of mean 1 keep a mean over the samples a mean. scikit-learn's
    `sample_weight`, divided by its mean.

    Parameters
    ----------
    loss
        The loss l of a sample without a weight.

    Examples
    --------
    >>> import numpy as np
    >>> from fallline.textbook.losses import LOSSES
    >>> twice = weighted(LOSSES["squared_error"])
    >>> twice.value(np.array([[1.0]]), np.array([[3.0, 2.0]])).tolist()  # 2 (1 - 3)^2
    [8.0]
    >>> twice.delta(np.array([[1.0]]), np.array([[3.0, 2.0]])).tolist()  # 2 2 (1 - 3)
    [[-8.0]]
    """

    def value(Z: Logits, T: Targets) -> PerSample:
        return T[..., -1] * loss.value(Z, T[..., :-1])

    def delta(Z: Logits, T: Targets) -> Logits:
        return T[..., -1:] * loss.delta(Z, T[..., :-1])

    return Loss(f"weighted_{loss.name}", value, delta, loss.output, loss.targets, f"weighted {loss.label}", True)
