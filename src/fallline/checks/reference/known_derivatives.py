"""Derivatives of a loss that are known with an error each, along some directions, and comparisons of a gradient with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.checks.reference.comparison import FLOOR, TOLERANCE, BlockComparison, GradientBlock, blocks_of
from fallline.checks.reference.draws import Group
from fallline.textbook.network import Parameters

__all__ = ["SLACK", "Derivatives", "scales_of"]

Floats = NDArray[np.float64]

SLACK = 5
"""The number of estimated errors by which a checked gradient may differ."""


@dataclass(frozen=True, eq=False)
class Derivatives:
    """The derivatives of a loss along some directions, on some draws.

    Parameters
    ----------
    groups
        The draws on which the loss was differentiated: the first ones of each batch size.
    directions
        Unit vectors (directions, P), each inside one block; all coordinates if `complete`.
    blocks
        The block of each direction.
    slopes
        For each group the derivatives (draws, directions).
    errors
        For each group their estimated errors; infinite where a derivative is set aside.
    method
        "complex step" or "differences".
    single
        Whether the loss is in single precision.
    complete
        Whether the directions are all coordinates.
    """

    groups: tuple[Group, ...]
    directions: Floats
    blocks: tuple[GradientBlock, ...]
    slopes: tuple[Floats, ...]
    errors: tuple[Floats, ...]
    method: str
    single: bool
    complete: bool

    @property
    def draws(self) -> int:
        """The number of draws."""
        return sum(len(group.w) for group in self.groups)

    def along(self, numbers: Sequence[Parameters]) -> list[Floats]:
        """For each group the products (draws, directions) of a gradient with the directions."""
        network = self.groups[0].network
        return [
            network.pack(n)[: len(g.w)] @ self.directions.T for g, n in zip(self.groups, numbers, strict=True)
        ]  # fmt: skip

    def compare(self, numbers: Sequence[Parameters], tolerance: float = TOLERANCE) -> list[BlockComparison]:
        """Compare a gradient with the derivatives, block by block, as `comparison.compare` does with the textbook's gradient."""
        along = self.along(numbers)
        comparisons = []
        for block in blocks_of(self.groups[0].network):
            at = np.array([b == block for b in self.blocks])
            absolute = relative = 0.0
            agrees = True
            for checked, slopes, errors in zip(along, self.slopes, self.errors, strict=True):
                scale = scales_of(slopes, errors, self.blocks)[block]
                known = np.isfinite(errors[:, at])
                off = np.where(known, np.abs(checked[:, at] - slopes[:, at]), 0)
                off = np.where(np.isfinite(off), off, np.inf)
                absolute, relative = max(absolute, float(off.max())), max(relative, float(off.max()) / scale)
                agrees &= bool(
                    (off <= np.where(known, np.maximum(tolerance * scale, SLACK * errors[:, at]), np.inf)).all()
                )
            comparisons.append(BlockComparison(block, absolute, relative, agrees))
        return comparisons

    def gradient(self, numbers: Sequence[Parameters]) -> tuple[Parameters, ...]:
        """The loss's gradient for each group; a derivative that is set aside is replaced by that of `numbers`."""
        network = self.groups[0].network
        return tuple(
            network.unpack(np.where(np.isfinite(e), s, c))
            for s, e, c in zip(self.slopes, self.errors, self.along(numbers), strict=True)
        )

    def first_draws(self, numbers: Sequence[Parameters]) -> tuple[Parameters, ...]:
        """The part of a gradient on all draws that belongs to the draws of the derivatives."""
        network = self.groups[0].network
        return tuple(
            network.unpack(network.pack(n)[: len(g.w)]) for g, n in zip(self.groups, numbers, strict=True)
        )  # fmt: skip

    def ratio(self, numbers: Sequence[Parameters], tolerance: float = TOLERANCE) -> list[float] | None:
        """For each group the factor between the checked gradient and the derivatives; None if it differs between entries."""
        factors = []
        for checked, slopes, errors in zip(self.along(numbers), self.slopes, self.errors, strict=True):
            known = np.isfinite(errors)
            a, b, e = slopes[known], checked[known], errors[known]
            factor = float(a @ b / (a @ a))
            limit = max(tolerance * float(np.abs(b).max()), SLACK * abs(factor) * float(e.max()))
            if not np.isfinite(factor) or not (np.abs(b - factor * a) <= limit).all():
                return None
            factors.append(factor)
        return factors

    def __str__(self) -> str:
        return "the complex step" if self.method == "complex step" else "differences"


def scales_of(slopes: Any, errors: Any, blocks: Sequence[GradientBlock]) -> dict[GradientBlock, float]:
    """The scale of each block's errors, as in `comparison.scales`."""
    known = np.where(np.isfinite(errors), np.abs(slopes), 0)
    largest = {
        block: float(known[:, [k for k, b in enumerate(blocks) if b == block]].max()) for block in dict.fromkeys(blocks)
    }
    floor = FLOOR * max(largest.values())
    return {block: max(size, floor) or 1.0 for block, size in largest.items()}
