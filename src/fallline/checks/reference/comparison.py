"""The comparison of a gradient with the right one on all draws, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from fallline.checks.reference.conventions import Convention
from fallline.checks.reference.draws import Group
from fallline.textbook import network as pages
from fallline.textbook.network import Network, Parameters

__all__ = [
    "TOLERANCE",
    "BlockComparison",
    "GradientBlock",
    "Status",
    "block_errors",
    "block_of",
    "blocks_of",
    "blocks_of_layer",
    "compare",
    "right_numbers",
    "scales",
]  # fmt: skip

TOLERANCE = 1e-9
"""Relative error that counts as rounding in float64: well above rounding errors, well below the error of any fault."""

FLOOR = 1e-3
"""Errors of a block whose entries are smaller than this share of the largest block's are relative to that share."""


class GradientBlock(NamedTuple):
    """A part of a gradient that is checked as one: of a network dW or db of a layer, else a derivative without a layer."""

    symbol: str
    layer: int | None = None

    def __str__(self) -> str:
        return f"{self.symbol}{'' if self.layer is None else self.layer}"


@dataclass(frozen=True)
class BlockComparison:
    """The largest absolute and relative error of a block over all draws, and whether it agrees with the reference."""

    block: GradientBlock
    absolute: float
    relative: float
    agrees: bool


def blocks_of_layer(network: Network, layer: int) -> list[GradientBlock]:
    """The blocks of one layer in the order in which back-propagation finds them."""
    return [GradientBlock(symbol, layer) for symbol in (("dW", "db") if network.bias else ("dW",))]


Status = Literal["right", "wrong", "unchecked"]
"""What a check says of a gradient; "unchecked" where it could not be compared."""


def blocks_of(network: Network) -> Iterator[GradientBlock]:
    """The blocks in the order in which back-propagation finds them."""
    for layer in range(network.depth, 0, -1):
        yield from blocks_of_layer(network, layer)


def block_of(gradient: Parameters, block: GradientBlock) -> Any:
    """That block of a network's gradient."""
    layer = gradient[(block.layer or 0) - 1]
    return layer.W if block.symbol == "dW" else layer.b


def right_numbers(groups: Sequence[Group], convention: Convention) -> tuple[Parameters, ...]:
    """The textbook's gradient in that convention, for each group."""
    gradients = []
    for group in groups:
        _, data = pages.loss_and_gradient(group.network, group.parameters, group.X, group.T, group.factor)
        _, penalty = pages.penalty(group.network, group.parameters, group.network.l2)
        gradients.append(convention.combined(group, data, penalty))
    return tuple(gradients)


def scales(network: Network, right: Parameters) -> dict[GradientBlock, float]:
    """The scale of each block's errors: its largest entry, or `FLOOR` of the largest entry of all blocks."""
    largest = {block: float(np.abs(block_of(right, block)).max()) for block in blocks_of(network)}
    floor = FLOOR * max(largest.values())
    return {block: max(size, floor) or 1.0 for block, size in largest.items()}


def compare(
    groups: Sequence[Group], numbers: Sequence[Parameters], right: Sequence[Parameters], tolerance: float = TOLERANCE
) -> list[BlockComparison]:
    """Compare each block of the checked gradient with the right one, over all draws."""
    comparisons = []
    for block in blocks_of(groups[0].network):
        absolute = relative = 0.0
        for reference, checked in zip(right, numbers, strict=True):
            error = float(np.abs(block_of(reference, block) - block_of(checked, block)).max())
            error = error if np.isfinite(error) else np.inf
            absolute = max(absolute, error)
            relative = max(relative, error / scales(groups[0].network, reference)[block])
        comparisons.append(BlockComparison(block, absolute, relative, relative <= tolerance))
    return comparisons


def block_errors(checked: Sequence[Parameters], right: Sequence[Parameters], network: Network) -> dict[str, Any]:
    """For each block the largest error of each entry over all draws, relative to the block's largest entry."""
    errors = {}
    for block in blocks_of(network):
        parts = [
            np.abs(block_of(n, block) - block_of(r, block)).max(axis=0) / (np.abs(block_of(r, block)).max() or 1)
            for n, r in zip(checked, right, strict=True)
        ]
        errors[str(block)] = np.max(parts, axis=0)
    return errors
