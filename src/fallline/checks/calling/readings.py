"""Readings: where in what a call leaves behind the gradient is, the likeliest first.

The gradient may be returned, or be left in the instance; and instead of it there may be new parameters, whose difference
from the old ones, divided by the learning rate, is minus the gradient.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from fallline.checks.calling.block_shapes import ShapeReader
from fallline.checks.calling.blocks import Block, blocks_of, by_name, by_order, is_of_gradient, orders
from fallline.checks.calling.call import Call, Outcome
from fallline.checks.calling.calls import MisbehaviourError, name_of
from fallline.checks.calling.patterns import Vector
from fallline.checks.calling.point import Point
from fallline.checks.calling.rates import rates_of
from fallline.checks.calling.structures import Leaf, Path, leaves, words_of
from fallline.textbook.network import Layer, Parameters

__all__ = ["Reading", "Returned", "loss_path", "readings"]

NUMBERS = 4
"""Cost of numbers where arrays should be."""

_UPDATES = re.compile(r"update|train|step|fit|descent|optimi|learn|epoch", re.IGNORECASE)
_LOSS = re.compile(r"^(loss|cost|j|error|err|nll|l|objective|.*loss|.*cost|ce|e|value|f|c)\d*$", re.IGNORECASE)


@dataclass(frozen=True)
class Returned:
    """What a call says, in the textbook's order and shapes.

    Parameters
    ----------
    gradient
        The gradient, shaped like the parameters.
    loss
        The number that the code itself gives; None if it gives none.
    odd
        By block, a sentence for a shape that is wrong but whose numbers are understood.
    broken
        By block, a sentence for a value that cannot be read; its gradient is NaN.
    single
        Whether the gradient is in single precision.
    half
        Whether it is in half precision.
    """

    gradient: Parameters
    loss: Any = None
    odd: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    single: bool = False
    half: bool = False


@dataclass(frozen=True)
class Reading:
    """Where the gradient is in an outcome.

    Parameters
    ----------
    place
        "result", or "holder" for what is left in the instance or the global values, or "arguments".
    leaves
        The way to the leaf of each block.
    vectors
        Instead of `leaves`: the way to each flat vector, and the order of the blocks in it.
    order
        The order of a matrix's entries in a vector, "C" or "F".
    rate
        The learning rate if the leaves are new parameters; None if they are the gradient.
    cost
        How unlikely it is.
    """

    place: Literal["result", "holder", "arguments"]
    leaves: tuple[tuple[Block, Path], ...] = ()
    vectors: tuple[tuple[Path, tuple[Block, ...]], ...] = ()
    order: str = "C"
    rate: float | None = None
    cost: int = 0

    def __str__(self) -> str:
        where = {"result": "", "holder": "left in the instance", "arguments": "left in the arguments"}[self.place]
        new = "" if self.rate is None else f"new parameters are read as a step of rate {self.rate:g}"
        return "; ".join(filter(None, (where, new)))

    def read(self, call: Call, outcome: Outcome, point: Point) -> Returned:
        """The gradient in the outcome.

        Raises
        ------
        MisbehaviourError
            If the leaves are not there.
        """
        layout = call.form.layout
        values = self._values(call, outcome)
        shaped = ShapeReader(call.function, call.network, layout, len(point.X), values).parameters()
        gradient = shaped.gradient
        if self.rate is not None:
            gradient = tuple(
                Layer((old.W - new.W) / self.rate, None if new.b is None else (old.b - new.b) / self.rate)
                for old, new in zip(point.parameters, gradient, strict=True)
            )
        return Returned(gradient, None, shaped.odd, shaped.broken, shaped.single and self.rate is None, shaped.half)

    def _values(self, call: Call, outcome: Outcome) -> dict[Block, Any]:
        found = {leaf.path: leaf.value for leaf in leaves_at(self.place, outcome)}
        if self.vectors:
            values: dict[Block, Any] = {}
            reader = ShapeReader(call.function, call.network, call.form.layout, 0, {})
            for path, blocks in self.vectors:
                if path not in found or found[path].size != reader.size(blocks):
                    raise MisbehaviourError(f"{name_of(call.function)} returns something else than before.")
                values |= reader.cut(found[path], blocks, self.order)
            return values
        missing = [f"d{kind}{l}" for (kind, l), path in self.leaves if path not in found]
        if missing:
            raise MisbehaviourError(f"{name_of(call.function)} returns no {', '.join(missing)}.")
        return {block: found[path] for block, path in self.leaves}


def leaves_at(place: str, outcome: Outcome) -> Sequence[Leaf]:
    """The leaves of the result, of the instance or of the arguments after the call."""
    if place == "result":
        return outcome.leaves
    return list(leaves(outcome.holder if place == "holder" else outcome.arguments))


def readings(call: Call, outcome: Outcome, point: Point) -> list[Reading]:
    """The readings of the outcome, the likeliest first; empty if no gradient can be in it."""
    found = list(_gradients("result", call, outcome, outcome.leaves))
    for part in _parts(outcome.leaves):
        found += [replace(r, cost=r.cost + 1) for r in _gradients("result", call, outcome, part)]
    if outcome.holder is not None:
        found += _gradients("holder", call, outcome, leaves_at("holder", outcome))
    found += _gradients("arguments", call, outcome, leaves_at("arguments", outcome))
    found += _updates(call, outcome, point)
    return sorted(found, key=lambda reading: reading.cost)


def _parts(all_leaves: Sequence[Leaf]) -> list[list[Leaf]]:
    """The leaves of each part of a result that has several parts with arrays in them, such as `return params, velocity`."""
    parts: dict[Any, list[Leaf]] = {}
    for leaf in all_leaves:
        if len(leaf.path) > 1:
            parts.setdefault(leaf.path[0], []).append(leaf)
    return list(parts.values()) if len(parts) > 1 else []


def _gradients(place: Any, call: Call, outcome: Outcome, all_leaves: Sequence[Leaf]) -> Iterator[Reading]:
    network, layout = call.network, call.form.layout
    blocks = blocks_of(network, layout.joined)
    reader = ShapeReader(call.function, network, layout, 0, {})
    arrays = [leaf for leaf in all_leaves if leaf.value.ndim or reader.has_numbers]
    paths = [leaf.path for leaf in arrays]
    marked = by_name([leaf.path for leaf in all_leaves], blocks, marked=True)  # numbers too: sums over all entries
    if marked is not None:
        yield Reading(place, tuple(marked.items()))
        (first, *others) = [leaf for leaf in all_leaves if leaf.path in marked.values()]
        if not others and first.value.ndim == 1 and first.value.size == network.parameter_count:
            yield from _vectors(place, first.path, call, blocks)  # the matrix of a single layer, unrolled
        return
    if place != "result":
        filled = [leaf for leaf in arrays if leaf.path[-1] == "grad"]
        yield from (Reading(place, tuple(order.items()), cost=2) for order in by_order(filled, blocks, reader.fits))
        return
    named = by_name(paths, blocks)
    if named is not None:
        yield Reading(place, tuple(named.items()), cost=1)
    vectors = [leaf for leaf in arrays if leaf.value.size == network.parameter_count]
    if len(vectors) == 1 and (len(blocks) > 1 or vectors[0].value.ndim == 1):
        yield from _vectors(place, vectors[0].path, call, blocks)
    if len(arrays) == 2 and named is None and not layout.joined and network.bias:
        yield from _two_vectors(place, arrays, reader, blocks)
    if named is None:
        others = [leaf for leaf in arrays if leaf.value.ndim]
        numbers_too = arrays if len(arrays) != len(others) else []
        fitting = [leaf for leaf in others if any(reader.fits(leaf.value, b) for b in blocks)]
        for candidates in (others, numbers_too, numbers_too[1:], numbers_too[:-1], fitting):  # a loss first or last
            yield from (
                Reading(place, tuple(order.items()), cost=2 + k)
                for k, order in enumerate(by_order(candidates, blocks, reader.fits))
            )
            if len(candidates) == len(blocks) and candidates is others:
                first = next(orders(blocks))
                pairs = tuple((b, leaf.path) for b, leaf in zip(first, candidates, strict=True))
                yield Reading(place, pairs, cost=12)
                break
        if len(others) < len(blocks) and not reader.has_numbers:
            yield from _with_numbers(place, all_leaves, reader, blocks)


def _with_numbers(
    place: Any, all_leaves: Sequence[Leaf], reader: ShapeReader, blocks: list[Block]
) -> Iterator[Reading]:
    """Blocks in a usual order, some of the biases as numbers, as sums over all entries are; a loss may stand before or after."""
    ends = [k for k in (0, -1) if all_leaves and not all_leaves[k].value.ndim]
    for candidates in (all_leaves, *(all_leaves[1:] if k == 0 else all_leaves[:-1] for k in ends)):
        if len(candidates) != len(blocks):
            continue
        for k, order in enumerate(orders(blocks)):
            pairs = list(zip(candidates, order, strict=True))
            if all(reader.fits(leaf.value, b) if leaf.value.ndim else b[0] == "b" for leaf, b in pairs):
                yield Reading(place, tuple((b, leaf.path) for leaf, b in pairs), cost=NUMBERS + k)


def _two_vectors(place: Any, arrays: Sequence[Leaf], reader: ShapeReader, blocks: list[Block]) -> Iterator[Reading]:
    """One vector of all weights and one of all biases."""
    kinds = [tuple(b for b in blocks if b[0] == kind) for kind in "Wb"]
    for k, order in enumerate((kinds, kinds[::-1])):
        if all(leaf.value.size == reader.size(part) for leaf, part in zip(arrays, order, strict=True)):
            pairs = tuple((leaf.path, part) for leaf, part in zip(arrays, order, strict=True))
            yield Reading(place, vectors=pairs, cost=3 + k)


def _vectors(place: Any, path: Path, call: Call, blocks: list[Block]) -> Iterator[Reading]:
    """One vector: in the order in which the function gets its own vector, if it gets one; else in any usual order."""
    for _, (_, _, pattern) in call.containers:
        if isinstance(pattern, Vector):
            yield Reading(
                place, vectors=((path, tuple((q.kind, q.layer or 0) for q in pattern.parts)),), order=pattern.order
            )
            return
    for k, order in enumerate(orders(blocks)):
        yield Reading(place, vectors=((path, tuple(order)),), cost=2 * k)
        yield Reading(place, vectors=((path, tuple(order)),), order="F", cost=2 * k + 1)


def _updates(call: Call, outcome: Outcome, point: Point) -> Iterator[Reading]:
    """New parameters: returned under the parameters' names or in their order, or left where the old ones were."""
    blocks = blocks_of(call.network, call.form.layout.joined)
    likely = 0 if _UPDATES.search(name_of(call.function)) or not outcome.leaves else 4
    rates = [call.signature.rate] if call.signature.rate else rates_of(call.function, outcome.holder)
    returned = [*_gradients("result", call, outcome, outcome.leaves)]
    returned += [r for part in _parts(outcome.leaves) for r in _gradients("result", call, outcome, part)]
    for reading in returned:
        named = [words_of(path) for _, path in reading.leaves]
        if not any(re.match(r"d|grad|nabla", word) for words in named for word in words) and (
            likely == 0 or call.signature.rate
        ):
            yield from (_step(reading, rate, reading.cost + likely + k) for k, rate in enumerate(rates))
    for place in ("holder", "arguments"):
        if place == "holder" and outcome.holder is None:
            continue
        paths = [leaf.path for leaf in leaves_at(place, outcome) if leaf.value.ndim]
        for marked in (False, None):
            places = by_name(paths, blocks, marked=marked)
            if places is not None:
                steps = [
                    Reading(place, tuple(places.items()), rate=rate, cost=6 + likely + k)
                    for k, rate in enumerate(rates)
                ]
                yield from (step for step in steps if _moves(step, call, outcome, point))
                break


def _moves(step: Reading, call: Call, outcome: Outcome, point: Point) -> bool:
    """Whether any parameter is another than before the call."""
    return any(
        (part != 0).any() for layer in step.read(call, outcome, point).gradient for part in layer if part is not None
    )


def _step(reading: Reading, rate: float, cost: int) -> Reading:
    return Reading(reading.place, reading.leaves, reading.vectors, reading.order, rate, cost)


def loss_path(outcome: Outcome, reading: Reading | None = None) -> Path | None:
    """The way to the loss among the numbers that the function returned: by its name, else the only number.

    A number that the reading takes for a block, or that has the name of a gradient, such as dj_db, is no loss.
    """
    blocks = {path for _, path in reading.leaves} if reading is not None and reading.place == "result" else set()
    numbers = [
        leaf for leaf in outcome.leaves
        if leaf.value.size == 1 and leaf.path not in blocks and not is_of_gradient(leaf.path)
    ]  # fmt: skip
    named = [leaf for leaf in numbers if any(_LOSS.match(word) for word in words_of(leaf.path)[:1])]
    if named:
        return named[0].path
    plain_numbers = [leaf for leaf in numbers if leaf.value.ndim == 0]
    return plain_numbers[0].path if len(plain_numbers) == 1 else None
