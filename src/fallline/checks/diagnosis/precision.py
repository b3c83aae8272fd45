"""Whether the checked function computes in half or single precision inside, and whether it is right apart from that.

A function that rounds its arguments does not notice a change of all weights that is far below the spacing of the floats it
uses. So its numbers stay the same to the last bit, where those of a computation in double precision change.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fallline.checks.diagnosis.fresh_draws import FreshDraws
from fallline.checks.reference.comparison import block_of, blocks_of
from fallline.textbook.network import Parameters

__all__ = ["Precision", "precision_inside"]


@dataclass(frozen=True)
class Precision:
    """A precision by its name and the relative spacing of its numbers."""

    name: str
    spacing: float


_KINDS = (
    (Precision("half precision (float16)", 2.0**-10), 2.0**-22),
    (Precision("single precision (float32)", 2.0**-23), 2.0**-36),
)
"""Each precision, with a relative change of the weights that it seldom notices and the next finer one always does."""


def precision_inside(draws: FreshDraws) -> Precision | None:
    """The precision in which all numbers are computed, if it is below double precision."""
    group = draws.groups[0]
    for precision, change in _KINDS:
        unmoved = sum(_is_unmoved(draws, d, change) for d in range(len(group.w)))
        if 2 * unmoved > len(group.w):
            return precision
    return None


def _is_unmoved(draws: FreshDraws, d: int, change: float) -> bool:
    group = draws.groups[0]
    try:
        before = draws.gradient_at(group.w[d], group.X[d], group.T[d])
        after = draws.gradient_at(group.w[d] * (1 + change), group.X[d], group.T[d])
    except Exception:  # a user's function can raise anything
        return False
    blocks = list(blocks_of(group.network))
    return _same(before, after, blocks) and any(np.any(block_of(before, b) != 0) for b in blocks)


def _same(a: Parameters, b: Parameters, blocks: list) -> bool:  # type: ignore[type-arg]
    return all(np.array_equal(block_of(a, block), block_of(b, block)) for block in blocks)
