"""How well the textbook's backward page agrees with derivatives that do not use it.

A check makes no statement about a user's gradient before they agree. Pages whose activations have kinks are analytic between
the kinks, and the draws keep away from kinks. For a user's page that takes no complex numbers, central differences replace
the complex step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fallline import random
from fallline.checks.reference.derivatives import central_difference, complex_step, reverse_walk
from fallline.checks.reference.draws import Group
from fallline.errors import TraceError
from fallline.textbook.network import Network

__all__ = ["MOST_PARAMETERS", "Agreement", "agree", "relative"]

EVERY_COORDINATE = 200
"""Networks with more parameters are checked along `DIRECTIONS` instead of each coordinate."""
DIRECTIONS = 24
MOST_PARAMETERS = 4000
"""The largest number of parameters for the reverse walk: its graph has a few nodes for each."""


@dataclass(frozen=True)
class Agreement:
    """How well an independent derivative agrees with the textbook's backward, relative to its largest entry."""

    against: str
    error: float
    checked: int

    def __str__(self) -> str:
        return f"{self.against} agrees to {self.error:.1e} on {self.checked} derivatives"


def agree(groups: Sequence[Group]) -> tuple[Agreement, ...]:
    """Compare the backward page with the independent derivatives on the first group of draws."""
    group = groups[0]
    network = group.network
    gradient = network.pack(group.gradient())
    directions = _directions(network)
    along, slopes = directions[:, None, :], directions @ gradient.T
    against = "complex step"
    with np.errstate(all="ignore"):
        try:
            error = relative(complex_step(group.loss, group.w, along) - slopes, gradient).max()
        except (TypeError, ValueError):
            error = np.inf
        if not error < 1e-10:  # a page of the user's own that is not analytic
            against = "central difference"
            error = relative(central_difference(group.loss, group.w, 1e-6 * along) / 1e-6 - slopes, gradient).max()
    agreements = [Agreement(against, float(error), slopes.size)]
    if network.parameter_count <= MOST_PARAMETERS:
        try:
            error = relative(reverse_walk(group) - gradient, gradient).max()
        except TraceError:
            return tuple(agreements)  # a page of the user's own that cannot be traced has no reverse walk
        agreements.append(Agreement("the reverse walk", float(error), gradient.size))
    return tuple(agreements)


def relative(difference: Any, gradient: Any) -> Any:
    """The differences between derivatives, relative to the gradient's largest entry."""
    return np.abs(difference) / (float(np.abs(gradient).max()) or 1.0)


def _directions(network: Network) -> Any:
    count = network.parameter_count
    if count <= EVERY_COORDINATE:
        return np.eye(count)
    directions = random.normal(0, "gradient check directions", count, np.arange(DIRECTIONS))
    return directions / np.linalg.norm(directions, axis=-1, keepdims=True) * np.sqrt(count)
