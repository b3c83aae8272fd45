"""The numbers of a gradient on all draws, block by block, and what counts as equal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fallline.checks.reference.conventions import Convention
from fallline.checks.reference.draws import Group
from fallline.textbook import network as pages
from fallline.textbook.network import Network, Parameters

__all__ = ["Block", "Comparison", "blocks_of", "compare", "right_numbers"]

TOLERANCE = 1e-9
"""Of float64 results, relative to the block's largest entry: well above rounding, well below any fault."""

FLOOR = 1e-3
"""A block that is small by nature (a sum that cancels) is measured against this share of the largest block."""


class Block(tuple[str, Any]):
    """The name of a block of the gradient: ("dW", 2)."""

    def __str__(self) -> str:
        return f"{self[0]}{self[1]}"


@dataclass(frozen=True)
class Comparison:
    """One block against the reference: largest absolute and relative error over all draws, and whether they agree."""

    block: Block
    absolute: float
    relative: float
    agrees: bool


def blocks_of(network: Network) -> Iterator[Block]:
    """The blocks in the order in which back-propagation finds them."""
    for l in range(network.depth, 0, -1):
        yield Block(("dW", l))
        if network.bias:
            yield Block(("db", l))


def get(gradient: Parameters, block: Block) -> Any:
    """That block of a gradient."""
    layer = gradient[block[1] - 1]
    return layer.W if block[0] == "dW" else layer.b


def right_numbers(groups: Sequence[Group], convention: Convention) -> tuple[Parameters, ...]:
    """The textbook's gradient in that convention, for each group."""
    found = []
    for group in groups:
        _, data = pages.loss_and_gradient(group.network, group.parameters, group.X, group.T, group.factor)
        c, p = convention.data(group), convention.penalty(group)
        extra = pages.penalty(group.network, group.parameters, group.network.l2)[1]
        found.append(
            tuple(
                pages.Layer(c * g.W + p * e.W, None if g.b is None or e.b is None else c * g.b + p * e.b)
                for g, e in zip(data, extra, strict=True)
            )
        )
    return tuple(found)


def scales(network: Network, right: Parameters) -> dict[Block, float]:
    """What an error of each block is measured against: its largest entry, but never less than a share of the largest."""
    largest = {block: float(np.abs(get(right, block)).max()) for block in blocks_of(network)}
    floor = FLOOR * max(largest.values())
    return {block: max(size, floor) or 1.0 for block, size in largest.items()}


def compare(
    groups: Sequence[Group], numbers: Sequence[Parameters], right: Sequence[Parameters], tolerance: float = TOLERANCE
) -> list[Comparison]:
    """Each block of the checked gradient against the reference, over all draws."""
    found = []
    for block in blocks_of(groups[0].network):
        absolute = relative = 0.0
        for mine, theirs in zip(right, numbers, strict=True):
            error = float(np.abs(get(mine, block) - get(theirs, block)).max())
            error = error if np.isfinite(error) else np.inf
            absolute = max(absolute, error)
            relative = max(relative, error / scales(groups[0].network, mine)[block])
        found.append(Comparison(block, absolute, relative, relative <= tolerance))
    return found
