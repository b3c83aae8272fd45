"""Whether the checked function keeps something from one call to the next: a cache, or weights that it overwrote."""

from __future__ import annotations

import numpy as np

from fallline.checks.diagnosis.fresh_draws import FreshDraws
from fallline.checks.reference.comparison import block_of, blocks_of
from fallline.views.numerals import listed

__all__ = ["memory_fault"]

NOISE = 1e-12
"""Relative differences of two calls with the same arguments that may come from the order of sums in threads."""


def memory_fault(draws: FreshDraws) -> str:
    """A sentence if a call's result depends on the arguments of the call before; "" if it does not."""
    group = draws.groups[0]
    here, there = ((group.w[d], group.X[d], group.T[d]) for d in (0, 1))
    try:
        draws.gradient_at(*here)
        again = draws.gradient_at(*here)
        draws.gradient_at(*there)
        after = draws.gradient_at(*here)
        draws.gradient_at(*here)
        confirmed = draws.gradient_at(*here)
    except Exception:  # a user's function can raise anything
        return ""
    blocks = []
    for block in blocks_of(group.network):
        a, b, c = (np.asarray(block_of(g, block), dtype=float) for g in (again, after, confirmed))
        limit = NOISE * float(np.abs(a).max())
        if not np.abs(a - c).max() <= limit:
            return ""  # random, and no memory of one call
        if not np.abs(a - b).max() <= limit:
            blocks.append(str(block))
    if not blocks:
        return ""
    verb = "depends" if len(blocks) == 1 else "depend"
    return f"{listed(blocks)} {verb} on the call before: values of an earlier call are kept and used (a cache, or an array that is overwritten)"
