"""Places: where the weights of a network are in a structure that the user's own code makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fallline.checks.calling.blocks import Block, blocks_of, by_name, by_order
from fallline.checks.calling.structures import Path, leaves
from fallline.textbook.network import Network

__all__ = ["Places", "places_in"]

Places = tuple[tuple[Block, Path], ...]
"""The way to each block of parameters."""


def places_in(structure: Any, network: Network) -> Places | None:
    """Where the weights of the network are in a structure, by the names in it."""
    paths = [leaf.path for leaf in leaves(structure) if leaf.value.ndim or network.sizes[-1] == 1]
    for blocks in (blocks_of(network), blocks_of(network, joined=True)):
        places = by_name(paths, blocks, marked=False)
        if places is not None:
            return tuple(places.items())
    return _places_by_shape(structure, network)


def _places_by_shape(structure: Any, network: Network) -> Places | None:
    """Where the weights are if the shapes of an object's arrays say it: each layer's W and b in order, and no other array."""
    if isinstance(structure, list | tuple | Mapping):
        return None
    arrays = [leaf for leaf in leaves(structure) if leaf.value.ndim]
    for transposed in (False, True):

        def fits(value: Any, block: Block, transposed: bool = transposed) -> bool:
            n_in, n_out = network.sizes[block[1] - 1 : block[1] + 1]
            if block[0] == "b":
                return value.shape in ((n_out,), (1, n_out), (n_out, 1))
            return bool(value.shape == ((n_out, n_in) if transposed else (n_in, n_out)))

        order = next(by_order(arrays, blocks_of(network), fits), None)
        if order is not None:
            return tuple(order.items())
    return None
