"""Sites: the expressions of the textbook's network page that a fault can change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from fallline.textbook.network import Network

__all__ = ["Role", "Site", "SiteKind", "every_layer", "hidden_layers", "layers_with_biases"]


class Site(NamedTuple):
    """An expression of the page in one layer: what is computed, and the layer (None for all layers at once)."""

    symbol: str
    layer: int | None


class Role(Enum):
    """What an expression contributes to the gradient. The search for faults treats all sites of one role alike."""

    FORWARD = auto()
    """A value of the forward pass."""
    OUTPUT = auto()
    """The delta of the output layer."""
    STEP = auto()
    """A step of the delta from one layer to the layer before."""
    BLOCK = auto()
    """A block of the gradient; it depends on the delta, and the delta does not depend on it."""
    PENALTY = auto()
    """The gradient of the L2 penalty, which is added to that of the data's loss."""


@dataclass(frozen=True)
class SiteKind:
    """An expression of the page that a fault can change, in whatever layer.

    Parameters
    ----------
    symbol
        What the expression computes. The names of its faults begin with it.
    role
        What the expression contributes to the gradient.
    function
        The function of `fallline.textbook.network` in which the expression stands.
    layers
        The layers of a network that have the expression; (None,) if it computes all layers at once.
    let
        The expression is the value of `let(LET, layer, value)` in that function.
    source
        The expression itself, where the page has no `let` for it.
    layer
        Source of the layer's number beside `source`.
    """

    symbol: str
    role: Role
    function: str
    layers: Callable[[Network], Sequence[int | None]]
    let: str = ""
    source: str = ""
    layer: str = "None"

    def sites(self, network: Network) -> list[Site]:
        """The sites of this kind in the network."""
        return [Site(self.symbol, layer) for layer in self.layers(network)]


def every_layer(network: Network) -> range:
    """The layers of weights: 1, ..., L."""
    return range(1, network.depth + 1)


def hidden_layers(network: Network) -> range:
    """The layers with an activation: 1, ..., L - 1."""
    return range(1, network.hidden + 1)


def layers_with_biases(network: Network) -> range:
    """The layers that have biases: all or none."""
    return every_layer(network) if network.bias else range(0)
