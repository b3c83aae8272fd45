"""The delta of the output layer as it should be, as text for sentences."""

from __future__ import annotations

from fallline.checks.faults.conditions import loss_is
from fallline.textbook.network import Network

__all__ = ["UNKNOWN", "right_delta"]

UNKNOWN = "the derivative of the loss by the output layer's pre-activation Z"
"""Of a loss that is not the textbook's, such as a user's own."""


def right_delta(network: Network) -> str:
    """The derivative of the network's loss by the pre-activation Z, from its outputs Y and targets T.

    >>> right_delta(Network.of("2-3")), right_delta(Network.of("2-3", loss="squared_error"))
    ('Y - T', '2 (Y - T)')
    """
    if loss_is("squared_error")(network, network.depth):
        return "2 (Y - T)"
    if loss_is("cross_entropy", "logistic", "half_squared_error")(network, network.depth):
        return "Y - T"
    return UNKNOWN
