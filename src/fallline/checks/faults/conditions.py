"""Conditions: in which networks, and in which of their layers, a fault can stand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fallline.textbook.activations import ACTIVATIONS, Activation
from fallline.textbook.losses import LOSSES
from fallline.textbook.network import Network

__all__ = [
    "Condition", "activation_is", "activation_is_not", "always", "applies", "has_layers_after", "has_layers_before", "is_hidden",
    "is_scaled", "is_square", "loss_is", "loss_is_like", "loss_is_not", "next_layer",
]  # fmt: skip

Condition = Callable[[Network, int], bool]
"""Takes the network and the layer, from 1; the layer is 1 for an expression that computes all layers at once."""


def always(network: Network, layer: int) -> bool:
    """True for every network and layer."""
    return True


def activation_is(*names: str) -> Condition:
    """Whether the layer's activation is one of the textbook's with these names; "leaky_relu" may have any slope."""
    return lambda network, layer: any(_is(network.activations[layer - 1], name) for name in names)


def activation_is_not(name: str) -> Condition:
    """Whether the layer's activation is not that of the textbook with this name."""
    return lambda network, layer: not _is(network.activations[layer - 1], name)


def _is(activation: Activation, name: str) -> bool:
    """By its function: a user's own may have any name."""
    if activation.slope is ACTIVATIONS[name].slope:
        return True
    if name != "leaky_relu" or activation.name != name:
        return False
    above, steep, below, low = (float(s) for s in activation.slope(np.array([1.0, 7.0, -1.0, -7.0])))
    return above == steep == 1 and below == low


def applies(name: str) -> Condition:
    """Whether a hidden layer of the network, or its loss, applies the activation of that name."""
    return lambda network, layer: name in {a.name for a in network.activations} | {network.loss.name}


def loss_is(*names: str) -> Condition:
    """Whether the network's loss is one of the textbook's with these names."""
    return lambda network, layer: any(network.loss.delta is LOSSES[name].delta for name in names)


def loss_is_not(*names: str) -> Condition:
    """Whether the network's loss is not one of the textbook's with these names."""
    return lambda network, layer: not loss_is(*names)(network, layer)


def loss_is_like(*names: str) -> Condition:
    """Whether the network's loss is one of the textbook's with these names, or that with a factor, weights or smoothing."""
    return lambda network, layer: any(
        network.loss.name == name and network.loss.output is LOSSES[name].output for name in names
    )


def has_layers_before(count: int) -> Condition:
    """Whether at least `count` layers of weights come before the layer."""
    return lambda network, layer: layer > count


def has_layers_after(count: int) -> Condition:
    """Whether at least `count` layers of weights come after the layer."""
    return lambda network, layer: layer + count <= network.depth


def next_layer(condition: Condition) -> Condition:
    """Whether the condition holds for the next layer."""
    return lambda network, layer: condition(network, layer + 1)


def is_hidden(network: Network, layer: int) -> bool:
    """Whether the layer is a hidden one."""
    return layer <= network.hidden


def is_scaled(network: Network, layer: int) -> bool:
    """Whether the network multiplies the layer's weights by another factor than 1."""
    return network.scales[layer - 1] != 1


def is_square(network: Network, layer: int) -> bool:
    """Whether the layer's weights are a square matrix of more than one entry."""
    n_in, n_out = network.sizes[layer - 1 : layer + 1]
    return n_in == n_out > 1
