"""Which leaves of a structure are the weights and biases of a network: by their names, or by their order and shapes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fallline.checks.calling.spellings import Spelling, in_layers, place_of_word, spelling
from fallline.checks.calling.structures import Leaf, Path, index_of, words_of
from fallline.textbook.network import Network

__all__ = ["Block", "blocks_of", "by_name", "by_order", "is_of_gradient", "orders"]

Block = tuple[str, int]
"""A block of parameters: ("W", 1), ("b", 1), ..."""


def blocks_of(network: Network, joined: bool = False) -> list[Block]:
    """The blocks in the order W1, b1, W2, ..., without the biases if these are a part of the weights."""
    kinds = "Wb" if network.bias and not joined else "W"
    return [(kind, l) for l in range(1, network.depth + 1) for kind in kinds]


def by_name(paths: Sequence[Path], blocks: Sequence[Block], *, marked: bool | None = None) -> dict[Block, Path] | None:
    """The leaf of each block, from names such as dW1, w_hidden or ['weights'][0]; None if the names do not say it.

    `marked` restricts it to names of gradients (True) or of parameters (False).
    """
    depth = max(l for _, l in blocks)
    found: dict[Block, Path] = {}
    for kind in sorted({kind for kind, _ in blocks}):
        named = [(path, s) for path in paths if (s := _spelling(path, depth)) is not None and s.kind == kind]
        if marked is not None:
            named = [(path, s) for path, s in named if s.marked == marked]
        if len(named) > depth:
            named = _those_of_layers(named)
        if len(named) != depth:
            return None
        places = [_place(path, s) for path, s in named]
        for l, k in enumerate(in_layers(places), start=1):
            found[kind, l] = named[k][0]
    return found


def _spelling(path: Path, depth: int) -> Spelling | None:
    words = words_of(path)
    for word in words:
        bare = word.lower().lstrip("_")
        if bare in ("v", "dv", "d_v", "u", "du"):
            return Spelling("W", (8, 0) if bare.endswith("v") else (0, 0), bare != bare[-1])
        if bare in ("c", "dc", "d_c", "v0", "dv0", "d_v0"):
            return Spelling("b", (8, 0), bare.startswith("d"))
        s = spelling(word)
        if s is not None:
            marked = s.marked or any("grad" in w.lower() or "nabla" in w.lower() for w in words)
            return s._replace(marked=marked)
    return None


def is_of_gradient(path: Path) -> bool:
    """Whether the name on the way says that the value is a gradient: dW1, dj_db, grads["b1"].

    >>> is_of_gradient(("dj_db",)), is_of_gradient(("data_loss",)), is_of_gradient((0,))
    (True, False, False)
    """
    found = _spelling(path, 1)
    return found is not None and found.marked


def _place(path: Path, s: Spelling) -> tuple[int, int] | None:
    if s.place is not None:
        return s.place
    index = index_of(path)
    if index is not None:
        return (0, index)
    return next((place for word in words_of(path) if (place := place_of_word(word))), None)


def _those_of_layers(named: list[tuple[Path, Spelling]]) -> list[tuple[Path, Spelling]]:
    """Those with the commonest way up to the name, so that layers are not mixed with what belongs to no layer."""
    shapes = [tuple(type(part) if isinstance(part, int) else "" for part in path) for path, _ in named]
    return [item for item, shape in zip(named, shapes, strict=True) if shape == max(set(shapes), key=shapes.count)]


def orders(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    """The usual orders of the blocks, the likeliest first."""
    depth = max(l for _, l in blocks)
    weights, biases = [b for b in blocks if b[0] == "W"], [b for b in blocks if b[0] == "b"]
    seen: list[list[Block]] = []
    backwards = [b for l in range(depth, 0, -1) for b in blocks if b[1] == l]
    pairs_b_first = [b for l in range(1, depth + 1) for b in reversed(blocks) if b[1] == l]
    for order in (
        list(blocks), backwards, weights + biases, weights[::-1] + biases[::-1], pairs_b_first, biases + weights,
        list(reversed(blocks)), biases[::-1] + weights[::-1],
    ):  # fmt: skip
        if order not in seen:
            seen.append(order)
            yield order


def by_order(
    leaves: Sequence[Leaf], blocks: Sequence[Block], fits: Callable[[Any, Block], bool]
) -> Iterator[dict[Block, Path]]:
    """The leaf of each block by order: every usual order that the shapes allow, then another one if it is the only one."""
    if len(leaves) != len(blocks):
        return
    usual = [o for o in orders(blocks) if all(fits(leaf.value, b) for leaf, b in zip(leaves, o, strict=True))]
    other = list(itertools.islice(_permutations(leaves, blocks, fits), 2))
    for order in usual or (other if len(other) == 1 else []):
        yield {block: leaf.path for leaf, block in zip(leaves, order, strict=True)}


def _permutations(
    leaves: Sequence[Leaf], blocks: Sequence[Block], fits: Callable[[Any, Block], bool]
) -> Iterator[list[Block]]:
    """Orders that the shapes allow, found leaf by leaf."""

    def extended(chosen: list[Block]) -> Iterator[list[Block]]:
        if len(chosen) == len(leaves):
            yield chosen
            return
        for block in blocks:
            if block not in chosen and fits(leaves[len(chosen)].value, block):
                yield from extended([*chosen, block])

    return extended([])
