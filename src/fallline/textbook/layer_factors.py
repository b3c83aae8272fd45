"""The layers of a network, and what its parametrization makes of each: factors on its first weights and on its learning rate."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UsageError
from fallline.shapes import Shaped
from fallline.textbook.architecture import Network
from fallline.textbook.initial import Initial
from fallline.textbook.optimizer import Optimizer

__all__ = ["deviation", "parts_of_layers", "rate_factor", "rate_factors"]


def deviation(network: Network, layer: int, initial: Initial) -> float:
    """W = factor z: the factor on the standard random numbers that are the first weights of a layer, counted from 1.

    >>> from fallline.textbook.initial import INITIALS
    >>> deviation(Network.of("2-16-3", parametrization="mup"), 2, INITIALS["normal"])
    0.0625
    """
    n_in, n_out = network.sizes[layer - 1 : layer + 1]
    if network.depth == 1:
        return initial.deviation(n_in, n_out)
    role = "input" if layer == 1 else "output" if layer == network.depth else "hidden"
    return network.parametrization.deviation(role, initial, n_in, n_out, network.base_width)  # type: ignore[arg-type]


def rate_factor(network: Network, layer: int, weights: bool, optimizer: Optimizer) -> float:
    """rate = factor learning_rate: the factor on the rate of the weights of a layer, counted from 1, or of its biases.

    Raises
    ------
    UsageError
        The parametrization needs to know how the optimizer's steps grow with the gradient, and they grow in no such way.

    Examples
    --------
    >>> from fallline.textbook.optimizers import OPTIMIZERS
    >>> net = Network.of("2-16-3", parametrization="mup")
    >>> [rate_factor(net, layer, True, OPTIMIZERS["momentum"]) for layer in (1, 2)]
    [16.0, 0.0625]
    """
    record = network.parametrization
    if not record.depends_on_width:
        return 1.0
    if optimizer.degree is None:
        raise UsageError(
            f"parametrization {record.name} needs an optimizer whose steps grow as the gradient does, as those of gradient "
            f"descent, or do not depend on its size, as those of Adam; those of {optimizer.name} do neither. Leave "
            "parametrization out, and give each layer its learning rate."
        )
    n_in = network.sizes[layer - 1] if layer > 1 and weights else None
    n_out = network.sizes[layer] if layer < network.depth else None
    return record.rate(n_in, n_out, optimizer.degree, network.base_width)


def rate_factors(network: Network, optimizer: Optimizer) -> Shaped[NDArray[np.float64], " P"]:
    """rate = factor learning_rate: the factor on the rate of each parameter.

    >>> from fallline.textbook.optimizers import OPTIMIZERS
    >>> rate_factors(Network.of("1-2-1", parametrization="mup"), OPTIMIZERS["gradient_descent"]).tolist()
    [2.0, 2.0, 2.0, 2.0, 0.5, 0.5, 1.0]
    """
    factors = np.empty(network.parameter_count)
    for layer, weights, start, stop in parts_of_layers(network):
        factors[start:stop] = rate_factor(network, layer, weights, optimizer)
    return factors


def parts_of_layers(network: Network) -> Iterator[tuple[int, bool, int, int]]:
    """Yield the weights and the biases of each layer: (layer from 1 on, whether they are weights, first place, place after the last).

    >>> list(parts_of_layers(Network.of("2-3-1")))
    [(1, True, 0, 6), (1, False, 6, 9), (2, True, 9, 12), (2, False, 12, 13)]
    """
    at = 0
    for layer, (shape_W, shape_b) in enumerate(network.shapes, start=1):
        for count, weights in ((shape_W[0] * shape_W[1], True), (shape_b[0] if shape_b else 0, False)):
            if count:
                yield layer, weights, at, at + count
                at += count
