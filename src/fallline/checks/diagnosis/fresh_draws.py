"""Fresh draws: weights and samples that suggested no explanation, on which every explanation is confirmed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from fallline.checks.reference.draws import Group, draw
from fallline.textbook.network import Layer, Parameters

__all__ = ["FreshDraws", "GradientAt", "single_samples", "stacked"]

GradientAt = Callable[[Any, Any, Any], Parameters]
"""The checked gradient at weights w (P,), inputs X and targets T, shaped like the parameters."""

SEED_STEP = 7919
"""Added to the check's seed for the fresh draws."""


class FreshDraws:
    """Draws with other weights, samples and batch sizes than those of the check, and the checked numbers there.

    Parameters
    ----------
    groups
        The draws of the check.
    gradient_at
        The checked gradient.
    """

    def __init__(self, groups: Sequence[Group], gradient_at: GradientAt) -> None:
        self.network, self.gradient_at = groups[0].network, gradient_at
        self._of_check = groups[0]

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Two groups of draws."""
        g = self._of_check
        return draw(g.network, g.data, g.seed + SEED_STEP, g.declared, later=True)

    @property
    def count(self) -> int:
        """The number of draws."""
        return sum(len(group.w) for group in self.groups)

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

    @cached_property
    def single(self) -> Group:
        """The samples of the fresh draws as batches of one, (draws * samples, 1, ...)."""
        return single_samples(self.groups[0])

    @cached_property
    def single_numbers(self) -> Parameters | None:
        """The checked gradient of each of these samples; None if the function takes no single sample."""
        numbers = self.at((self.single,))
        return None if numbers is None else numbers[0]


def single_samples(group: Group) -> Group:
    """The samples of a group as batches of one, (draws * samples, 1, ...)."""
    w = np.repeat(group.w, group.samples, axis=0)
    X, T = (part.reshape(-1, 1, part.shape[-1]) for part in (group.X, group.T))
    return Group(group.network, w, X, T, group.declared)


def stacked(gradients: Sequence[Parameters]) -> Parameters:
    """The gradients of several draws as one, each block (draws, ...)."""
    return tuple(
        Layer(
            np.stack([np.asarray(layer.W, dtype=float) for layer in layers]),
            None if layers[0].b is None else np.stack([np.asarray(layer.b, dtype=float) for layer in layers]),
        )
        for layers in zip(*gradients, strict=True)
    )
