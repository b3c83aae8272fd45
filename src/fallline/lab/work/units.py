"""What each hidden unit of a network answers over the plane of two inputs, and whether it is dead, step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.problems import NetworkObjective
from fallline.problems.deaths import dead_units
from fallline.textbook import network as pages

__all__ = ["MOST_UNITS", "UNIT_SIDE", "finite", "living_units", "shades"]

UNIT_SIDE = 20
"""Cells along each side of a unit's plane."""

MOST_UNITS = 64
"""Networks with more hidden units are drawn without their planes."""


def living_units(net: NetworkObjective, w: NDArray[Any], points: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    """The activation of every hidden unit at some points, for parameters (steps, P).

    Returns
    -------
    "units", (steps, units, points): 128 for 0, 1 for minus the largest size at that step, 255 for it.
    "sizes", (steps, units): that largest size.
    "dead", (steps, units): 1 where the slope is 0 for every sample.

    Examples
    --------
    >>> from fallline.textbook.network import Network
    >>> net = NetworkObjective(Network.of("2-1-2"), ([[1.0, 0.0], [0.0, 1.0]], [0, 1]))
    >>> w = np.array([[1.0, 0.0, 0.0, *[0.0] * 4], [-1.0, -1.0, 0.0, *[0.0] * 4]])  # W1, b1, ...
    >>> arrays = living_units(net, w, np.array([[-1.0, 0.0], [1.0, 0.0], [2.0, 0.0]]))
    >>> arrays["units"].tolist(), arrays["sizes"].tolist(), arrays["dead"].tolist()
    ([[[128, 192, 255]], [[255, 128, 128]]], [[2.0], [1.0]], [[0], [1]])
    """
    network = net.network
    with np.errstate(all="ignore"):
        _, kept = pages.forward(network, network.unpack(w), points)
    # A0 is the input; the activations of hidden layer l are the input of layer l + 1.
    values = np.concatenate([np.swapaxes(layer.A, -1, -2) for layer in kept[1:]], axis=-2)
    values = finite(values)
    sizes = np.abs(values).max(axis=-1)
    dead = np.concatenate(dead_units(network, w, net.data.X), axis=-1)
    return {"units": shades(values, sizes[..., None]), "sizes": sizes.astype(np.float32), "dead": dead.astype(np.uint8)}


def finite(values: NDArray[Any]) -> NDArray[Any]:
    """The values with 0 for NaN and 1e30 for infinity."""
    return np.asanyarray(np.nan_to_num(values, nan=0.0, posinf=1e30, neginf=-1e30))


def shades(values: NDArray[Any], sizes: NDArray[Any]) -> NDArray[np.uint8]:
    """128 for 0, 1 for minus the size, 255 for the size.

    >>> shades(np.array([-2.0, 0.0, 1.0]), np.array(2.0)).tolist()
    [1, 128, 192]
    """
    return np.asanyarray(np.rint(128 + 127 * values / np.where(sizes > 0, sizes, 1))).astype(np.uint8)
