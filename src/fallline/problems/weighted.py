"""A network on samples that have weights, or targets that are shares: what a model is fitted to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.data.dataset import Dataset
from fallline.errors import ShapeError
from fallline.problems.network import NetworkObjective
from fallline.shapes import Shaped
from fallline.textbook.network import Network
from fallline.textbook.weighted import weighted

__all__ = ["WeightedObjective"]

Floats = NDArray[Any]


class WeightedObjective(NetworkObjective):
    """The weighted mean of a network's loss over samples.

    Targets of classes may be shares, as label smoothing makes them. Where all weights are equal, they are left out: the loss
    and its compiled code are those of the plain network.

    Parameters
    ----------
    network
        The network; its reduction must be "mean".
    X, T
        Inputs, and targets in the form that the loss takes.
    weights
        Of the samples, or None. Only their ratios count.
    test
        The same network on samples that are not trained on.

    Examples
    --------
    >>> network = Network.of("1-1", loss="squared_error", reduction="mean")
    >>> X, T = np.array([[1.0], [2.0]]), np.array([[2.0], [4.0]])
    >>> WeightedObjective(network, X, T, np.array([1.0, 3.0])).loss(np.zeros(2)).tolist()  # (4 + 3 16) / 4
    13.0
    """

    def __init__(
        self,
        network: Network,
        X: Shaped[Floats, "batch n_in"],
        T: Shaped[Floats, "batch n_out"],
        weights: Shaped[Floats, " batch"] | None = None,
        test: WeightedObjective | None = None,
    ) -> None:
        if T.shape[1] != network.sizes[-1] or X.shape[1] != network.sizes[0]:
            raise ShapeError(
                f"the network {network.text} needs inputs (samples, {network.sizes[0]}) and targets (samples, "
                f"{network.sizes[-1]}); got {X.shape} and {T.shape}."
            )
        plain = weights is None and (test is None or not test.network.loss.has_weights)
        if not plain:
            shares = np.ones(len(X)) if weights is None else weights / weights.mean()
            T = np.column_stack([T, shares])
            network = network.with_(loss=weighted(network.loss))
        data = Dataset(X, T, test=None if test is None else test.data)
        object.__setattr__(self, "network", network)
        object.__setattr__(self, "data", data)
