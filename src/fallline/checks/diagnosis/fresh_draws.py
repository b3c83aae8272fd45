"""Fresh draws: weights and samples that suggested no explanation, on which every explanation is confirmed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from fallline.checks.reference.declarations import NOTHING, Declarations
from fallline.checks.reference.draws import Group, draw
from fallline.data.dataset import Dataset
from fallline.textbook.network import Layer, Network, Parameters

__all__ = ["FreshDraws", "GradientAt", "stacked"]

GradientAt = Callable[[Any, Any, Any], Parameters]
"""The checked gradient at weights w (P,), inputs X and targets T, shaped like the parameters."""

SEED_STEP = 7919
"""Added to the check's seed for the fresh draws."""


class FreshDraws:
    """Draws with other weights, samples and batch sizes than those of the check, and the checked numbers there.

    Parameters
    ----------
    network
        The network.
    gradient_at
        The checked gradient.
    data
        The samples, if the check has its own.
    seed, declared
        Of the check.
    """

    def __init__(
        self, network: Network, gradient_at: GradientAt, data: Dataset | None = None, seed: int = 0,
        declared: Declarations = NOTHING,
    ) -> None:  # fmt: skip
        self.network, self.gradient_at = network, gradient_at
        self._data, self._seed, self._declared = data, seed, declared

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Two groups of draws."""
        return draw(self.network, self._data, self._seed + SEED_STEP, self._declared, later=True)

    @cached_property
    def numbers(self) -> tuple[Parameters, ...] | None:
        """The checked gradient on these draws; None if the function fails there or a number is not finite."""
        return self.at(self.groups)

    def at(self, groups: Sequence[Group]) -> tuple[Parameters, ...] | None:
        """The checked gradient on the groups; None if the function fails there or a number is not finite."""
        numbers = []
        for group in groups:
            try:
                gradients = [self.gradient_at(w, X, T) for w, X, T in zip(group.w, group.X, group.T, strict=True)]
            except Exception:  # a user's function can raise anything
                return None
            numbers.append(stacked(gradients))
        finite = all(np.isfinite(part).all() for n in numbers for layer in n for part in layer if part is not None)
        return tuple(numbers) if finite else None

    def repeated(self, group: Group) -> Group:
        """Single samples of the group as batches of one, (draws * samples, 1, ...)."""
        count = group.samples
        w = np.repeat(group.w, count, axis=0)
        X, T = (part.reshape(-1, 1, part.shape[-1]) for part in (group.X, group.T))
        return Group(self.network, w, X, T)


def stacked(gradients: Sequence[Parameters]) -> Parameters:
    """The gradients of several draws as one, each block (draws, ...)."""
    return tuple(
        Layer(
            np.stack([np.asarray(layer.W, dtype=float) for layer in layers]),
            None if layers[0].b is None else np.stack([np.asarray(layer.b, dtype=float) for layer in layers]),
        )
        for layers in zip(*gradients, strict=True)
    )
