"""An ensemble: networks of one architecture, fitted from different starts, whose answers are averaged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.models.scaling import Scaling
from fallline.shapes import Shaped
from fallline.textbook import network as pages
from fallline.textbook.network import Network

__all__ = ["Ensemble", "as_they_are"]

Floats = NDArray[Any]

_NUMBERS = 2**22
"""Numbers of a layer that are computed at a time."""


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Networks whose answers are averaged, with the scaling of their inputs.

    Attributes
    ----------
    network
        Their architecture.
    parameters
        Of each member.
    scaling
        Of the inputs.
    centre, spread
        What values as targets were moved and divided by; 0 and 1 for classes.

    Examples
    --------
    >>> network = Network.of("1-1", loss="half_squared_error")
    >>> same = Scaling(np.zeros(1), np.ones(1), False)
    >>> two = Ensemble(network, np.array([[1.0, 0.0], [3.0, 0.0]]), same, np.zeros(1), np.ones(1))
    >>> two.answers(np.array([[1.0], [2.0]])).tolist()
    [[2.0], [4.0]]
    """

    network: Network
    parameters: Shaped[Floats, "runs P"]
    scaling: Scaling
    centre: Shaped[Floats, " n_out"]
    spread: Shaped[Floats, " n_out"]

    @property
    def members(self) -> int:
        """How many networks there are."""
        return len(self.parameters)

    def answers(self, X: Shaped[Floats, "batch n_in"]) -> Shaped[Floats, "batch n_out"]:
        """Return the mean of the members' answers: probabilities of classes or labels, or values."""
        total = np.zeros((len(X), self.network.sizes[-1]), self.parameters.dtype)
        for each in self.each(X):
            total += each
        return np.asarray(total / self.members)

    def each(self, X: Shaped[Floats, "batch n_in"]) -> Shaped[Floats, "runs batch n_out"]:
        """Return the answers of every member.

        >>> network = Network.of("1-1", loss="half_squared_error")
        >>> same = Scaling(np.zeros(1), np.ones(1), False)
        >>> Ensemble(network, np.array([[1.0, 0.0], [3.0, 0.0]]), same, np.zeros(1), np.ones(1)).each(np.array([[2.0]])).tolist()
        [[[2.0]], [[6.0]]]
        """
        dtype = self.parameters.dtype
        Z = self.scaling(np.asarray(X, np.float64)).astype(dtype)
        rows = max(1, _NUMBERS // (max(self.network.sizes) * self.members))
        layers = self.network.unpack(self.parameters)
        parts = [np.empty((self.members, 0, self.network.sizes[-1]), dtype)]
        with np.errstate(over="ignore", under="ignore"):
            for first in range(0, len(Z), rows):
                logits, _ = pages.forward(self.network, layers, Z[first : first + rows])
                parts.append(self.network.loss.output(logits))
        return np.asarray(np.concatenate(parts, axis=1) * self.spread.astype(dtype) + self.centre.astype(dtype))

    def some(self, which: NDArray[Any]) -> Ensemble:
        """Return the ensemble of some of its members.

        >>> network = Network.of("1-1", loss="half_squared_error")
        >>> same = Scaling(np.zeros(1), np.ones(1), False)
        >>> two = Ensemble(network, np.array([[1.0, 0.0], [3.0, 0.0]]), same, np.zeros(1), np.ones(1))
        >>> two.some(np.array([1])).answers(np.array([[2.0]])).tolist()
        [[6.0]]
        """
        return Ensemble(self.network, self.parameters[which], self.scaling, self.centre, self.spread)


def as_they_are(network: Network, parameters: Shaped[Floats, "runs P"]) -> Ensemble:
    """Return an ensemble that scales neither inputs nor answers.

    >>> as_they_are(Network.of("1-1", loss="half_squared_error"), np.array([[2.0, 1.0]])).answers(np.array([[3.0]])).tolist()
    [[7.0]]
    """
    inputs, outputs = network.sizes[0], network.sizes[-1]
    return Ensemble(
        network, parameters, Scaling(np.zeros(inputs), np.ones(inputs), False), np.zeros(outputs), np.ones(outputs)
    )
