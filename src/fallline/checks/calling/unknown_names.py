"""Unknown names of parameters: a known name inside them, else what is still missing, by position."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from fallline.checks.calling.blocks import blocks_of, orders
from fallline.checks.calling.patterns import Pattern
from fallline.checks.calling.point import Quantity
from fallline.checks.calling.roles import role_of
from fallline.checks.calling.spellings import spelling
from fallline.textbook.network import Network

__all__ = ["by_position", "inside"]


_SAMPLES = (Quantity("X"), Quantity("T"))


def inside(name: str) -> str | None:
    """The known name of samples, targets, weights or biases inside an unknown one; None if there is none.

    >>> [inside(name) for name in ("C_W1", "X_in", "y_in", "Xs", "my_b_2", "mlp_W_hidden", "whatever")]
    ['W1', 'X', 'y', 'X', 'b_2', 'W_hidden', None]
    """
    for parts in (re.split("_+", name.strip("_")), re.findall(r"[A-Z]?[a-z]+\d*|[A-Z]\d*", name)):
        pieces = [parts[i:j] for i in range(len(parts)) for j in range(len(parts), i, -1) if j - i < len(parts)]
        for piece in sorted(pieces, key=len, reverse=True):
            word = "_".join(piece)
            s = spelling(word)
            if role_of(word) in _SAMPLES or (s is not None and s.kind in "Wb" and not s.marked):
                return word
    return name[0] if re.fullmatch(r"[XY][a-z]+", name) else None


def by_position(count: int, offered: Iterable[Any], network: Network) -> Iterator[tuple[Pattern, ...]]:
    """What that many parameters with unknown names may get: the samples and blocks that are still missing, in usual orders."""
    there = set(offered)
    samples = [q for q in _SAMPLES if q not in there]
    blocks = [b for b in blocks_of(network) if Quantity(*b) not in there]
    if not blocks or count != len(samples) + len(blocks):
        return
    seen: list[Sequence[Quantity]] = []
    for order in orders(blocks_of(network)):
        weights = [Quantity(*b) for b in order if b in blocks]
        for filling in ([*samples, *weights], [*weights, *samples]):
            if filling not in seen:
                seen.append(filling)
                yield tuple(filling)
