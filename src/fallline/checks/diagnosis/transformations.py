"""Faults that change the finished numbers: clipping, whole numbers, another order of rows, a power of m, sums of part of the samples.

Each is proposed from the draws of the check, as a function of the numbers that the page gives, and counts only if it gives
the checked numbers there and on fresh draws, with the same constants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from fallline.checks.diagnosis.fresh_draws import single_samples
from fallline.checks.faults.coefficients import constant_text
from fallline.checks.reference.comparison import GradientBlock, block_of, blocks_of, right_numbers
from fallline.checks.reference.conventions import Convention
from fallline.checks.reference.draws import Group
from fallline.textbook.network import Parameters

__all__ = ["Blocks", "Transformation", "by_block", "of_all_blocks", "of_one_block"]

Blocks = dict[GradientBlock, Any]


@dataclass(frozen=True)
class Transformation:
    """A change of finished numbers.

    Parameters
    ----------
    sentence
        What is wrong, with {block} for the block or blocks that it changes.
    cure
        What to do.
    apply
        Takes a group and its numbers by block; returns the changed numbers.
    """

    sentence: str
    cure: str
    apply: Callable[[Group, Blocks], Blocks]


def of_all_blocks(
    groups: Sequence[Group], convention: Convention, right: Sequence[Blocks], checked: Sequence[Blocks]
) -> Iterator[Transformation]:
    """Changes that take all blocks together."""
    yield from _clipped_entries("{block}", right, checked)
    yield from _clipped_norm(right, checked)
    yield from _part_of_the_samples(groups, right, checked)
    yield from _other_inputs(convention)


def of_one_block(
    groups: Sequence[Group], block: GradientBlock, right: Sequence[Blocks], checked: Sequence[Blocks]
) -> Iterator[Transformation]:
    """Changes of one block."""
    for sentence, cure, function in (
        ("{block} is rounded down to whole numbers (integer division //?)", "divide with /", np.floor),
        ("{block} is cut to whole numbers (an array of integers?)", "store it in an array of floats", np.trunc),
        ("{block} is rounded to whole numbers", "leave the rounding out", np.round),
        ("{block} has no signs: its entries are the absolute values", "leave abs out", np.abs),
        ("{block} holds only the signs of its entries", "leave sign out", np.sign),
    ):
        yield Transformation(sentence, cure, _entrywise(block, function))
    only = [{block: r[block]} for r in right], [{block: c[block]} for c in checked]
    yield from _clipped_entries("{block}", *only)
    yield from _power_of_m(groups, block, right, checked)
    yield from _other_order(block, right, checked)


def _entrywise(block: GradientBlock, function: Callable[[Any], Any]) -> Callable[[Group, Blocks], Blocks]:
    return lambda group, blocks: {**blocks, block: function(blocks[block])}


def _clipped_entries(words: str, right: Sequence[Blocks], checked: Sequence[Blocks]) -> Iterator[Transformation]:
    """Entries cut at a lower and an upper bound, which are the extremes of the checked numbers."""
    low, high = (float(f([f([f(v) for v in c.values()]) for c in checked])) for f in (np.min, np.max))
    least, most = (float(f([f([f(v) for v in r.values()]) for r in right])) for f in (np.min, np.max))
    names = tuple(checked[0])
    if not (low > least or high < most):
        return
    lower, upper = (low if low > least else -np.inf), (high if high < most else np.inf)
    between = f"to between {constant_text(lower)} and {constant_text(upper)}"
    between = f"to at most {constant_text(upper)}" if lower == -np.inf else between
    between = f"to at least {constant_text(lower)}" if upper == np.inf else between
    yield Transformation(
        f"the entries of {words} are clipped {between}", "return the gradient, and clip it where the weights are updated",
        lambda group, blocks: {**blocks, **{n: np.clip(blocks[n], lower, upper) for n in names}},
    )  # fmt: skip


def _clipped_norm(right: Sequence[Blocks], checked: Sequence[Blocks]) -> Iterator[Transformation]:
    """The whole gradient scaled to a norm where it is larger."""
    norms = [np.sqrt(sum((v**2).reshape(len(v), -1).sum(axis=1) for v in c.values())) for c in checked]
    bound = float(np.max([n.max() for n in norms]))
    if not bound > 0:
        return

    def clip(group: Group, blocks: Blocks) -> Blocks:
        norm = np.sqrt(sum((v**2).reshape(len(v), -1).sum(axis=1) for v in blocks.values()))
        factor = np.minimum(1, bound / norm)
        return {n: v * factor.reshape(-1, *[1] * (v.ndim - 1)) for n, v in blocks.items()}

    yield Transformation(
        f"the whole gradient is scaled down to the norm {constant_text(bound)} where its norm is larger",
        "return the gradient, and clip it where the weights are updated", clip,
    )  # fmt: skip


def _power_of_m(
    groups: Sequence[Group], block: GradientBlock, right: Sequence[Blocks], checked: Sequence[Blocks]
) -> Iterator[Transformation]:
    """A constant times a power of the number of samples."""
    ratios = []
    for r, c in zip(right, checked, strict=True):
        ratios.append(float(np.vdot(r[block], c[block]) / (np.vdot(r[block], r[block]) or 1)))
    m = [g.samples for g in groups]
    if m[0] == m[1] or not ratios[0] * ratios[1] > 0:
        return
    power = np.log(ratios[1] / ratios[0]) / np.log(m[1] / m[0])
    whole = round(power)
    if whole == 0 or abs(power - whole) > 1e-6:
        return
    constant = ratios[0] / float(m[0]) ** whole
    factor = " ".join(filter(None, ("" if abs(constant - 1) < 1e-9 else constant_text(constant), f"m^{whole}")))
    yield Transformation(
        f"{{block}} is {factor} times what it should be (m is the number of samples)", "leave that factor out",
        lambda group, blocks: {**blocks, block: blocks[block] * constant * float(group.samples) ** whole},
    )  # fmt: skip


def _other_order(block: GradientBlock, right: Sequence[Blocks], checked: Sequence[Blocks]) -> Iterator[Transformation]:
    """The rows or columns in another order, the same on all draws; the transpose; a reshape for a transpose."""
    a, b = (np.concatenate([part[block] for part in parts]) for parts in (right, checked))
    scale = float(np.abs(a).max()) or 1.0
    for axis, part in ((-1, "columns" if a.ndim == 3 else "entries"), (-2, "rows")):
        if a.ndim + axis < 1:
            continue
        x, y = np.moveaxis(a, axis, 0), np.moveaxis(b, axis, 0)
        close = np.abs(x[:, None] - y[None]).max(axis=tuple(range(2, x.ndim + 1))) <= 1e-7 * scale
        order = close.argmax(axis=0)
        if close.any(axis=0).all() and not close.diagonal().all() and len(set(order.tolist())) == len(order):
            yield Transformation(
                f"{{block}} holds the right {part} in another order: {order.tolist()} for {list(range(len(order)))}",
                f"keep the order of the {part}",
                _entrywise(block, partial(np.take, indices=order, axis=axis)),
            )
    if a.ndim == 3 and a.shape[-1] == a.shape[-2]:
        yield Transformation("{block} is the transpose of what it should be", "transpose it",
                             _entrywise(block, lambda v: np.swapaxes(v, -1, -2)))  # fmt: skip
    if a.ndim == 3:
        yield Transformation(
            "{block} holds the right numbers in another order, a reshape where a transpose is meant", "transpose it",
            _entrywise(block, lambda v: np.swapaxes(v, -1, -2).reshape(v.shape)),
        )  # fmt: skip


def _other_inputs(convention: Convention) -> Iterator[Transformation]:
    """The right gradient at changed inputs, as by a line that scales the data inside the function."""
    for words, change in (
        ("minus their mean over the batch", lambda X: X - X.mean(axis=-2, keepdims=True)),
        ("minus their mean over the batch, divided by their standard deviation",
         lambda X: (X - X.mean(axis=-2, keepdims=True)) / X.std(axis=-2, keepdims=True)),
        ("divided by their largest absolute value", lambda X: X / np.abs(X).max(axis=(-2, -1), keepdims=True)),
        ("each divided by its own length", lambda X: X / np.linalg.norm(X, axis=-1, keepdims=True)),
    ):  # fmt: skip
        yield Transformation(
            f"it is the gradient at other inputs: X {words}", "scale the data before the call, not inside the gradient",
            _at_inputs(convention, change),
        )  # fmt: skip


def _at_inputs(convention: Convention, change: Callable[[Any], Any]) -> Callable[[Group, Blocks], Blocks]:
    def apply(group: Group, blocks: Blocks) -> Blocks:
        with np.errstate(all="ignore"):
            moved = replace(group, X=change(group.X))
            return by_block(right_numbers((moved,), convention)[0], list(blocks))

    return apply


def _part_of_the_samples(
    groups: Sequence[Group], right: Sequence[Blocks], checked: Sequence[Blocks]
) -> Iterator[Transformation]:
    """Some of the samples counted, chosen by their position, with any constant factor or the mean over those that count."""
    if groups[0].network.l2:
        return
    weights = [_sample_weights(g, c) for g, c in zip(groups, checked, strict=True)]
    if any(w is None for w in weights):
        return
    for words, cure, pick in _POSITIONS:
        kept = [pick(g.samples) for g in groups]
        if not all((np.abs(w[~k]) < 1e-6).all() and np.ptp(w[k]) < 1e-6 for w, k in zip(weights, kept, strict=True)):
            continue
        factors = [float(w[k].mean()) for w, k in zip(weights, kept, strict=True)]
        for (said, factor), sign in product(_FACTORS, (1, -1)):
            if all(
                abs(f - sign * factor(g.samples, k.sum())) < 1e-6 for f, g, k in zip(factors, groups, kept, strict=True)
            ):
                yield Transformation(f"{words}{said}", cure, _of_samples(pick, factor, sign))


_FACTORS: tuple[tuple[str, Callable[[int, Any], float]], ...] = (
    (", and those that count are summed", lambda m, count: 1.0),
    (", and the sum is divided by all m", lambda m, count: 1 / m),
    (", and the mean is taken over those that count", lambda m, count: 1 / count),
)

_POSITIONS: tuple[tuple[str, str, Callable[[int], Any]], ...] = (
    ("the first sample is left out", "begin with sample 0", lambda m: np.arange(m) > 0),
    ("the last sample is left out (range(m - 1)?)", "take all m samples", lambda m: np.arange(m) < m - 1),
    ("the first and the last sample are left out", "take all m samples",
     lambda m: (np.arange(m) > 0) & (np.arange(m) < m - 1)),
    ("only the first sample counts (a return inside the loop?)", "return after the loop", lambda m: np.arange(m) == 0),
    ("only the last sample counts (= where += is meant?)", "sum over the samples", lambda m: np.arange(m) == m - 1),
    ("every second sample is left out", "take all m samples", lambda m: np.arange(m) % 2 == 0),
)  # fmt: skip


def _sample_weights(group: Group, checked: Blocks) -> Any:
    """The weight of each sample, the same on all draws, with which the samples' gradients give the checked ones, or None."""
    parts = per_sample(group)
    features = np.concatenate([np.moveaxis(p, 1, -1).reshape(-1, group.samples) for p in parts.values()])
    target = np.concatenate([np.ravel(checked[block]) for block in parts])
    weights, _, rank, _ = np.linalg.lstsq(features, target, rcond=1e-11)
    scale = float(np.abs(target).max()) or 1.0
    fits = rank == group.samples and len(target) >= 1.5 * group.samples
    return weights if fits and np.abs(features @ weights - target).max() <= 1e-7 * scale else None


def per_sample(group: Group) -> Blocks:
    """The page's gradient of each sample's loss, each block (draws, samples, ...)."""
    count = group.samples
    single = single_samples(group).gradient()
    return {
        block: block_of(single, block).reshape(len(group.w), count, *block_of(single, block).shape[1:])
        for block in blocks_of(group.network)
    }


def _of_samples(
    pick: Callable[[int], Any], factor: Callable[[int, Any], float], sign: int
) -> Callable[[Group, Blocks], Blocks]:
    def apply(group: Group, blocks: Blocks) -> Blocks:
        kept = pick(group.samples)
        weights = sign * kept * factor(group.samples, kept.sum())
        return {b: np.tensordot(np.moveaxis(p, 1, -1), weights, axes=1) for b, p in per_sample(group).items()}

    return apply


def by_block(parameters: Parameters, blocks: Sequence[GradientBlock]) -> Blocks:
    """The numbers by block."""
    return {block: block_of(parameters, block) for block in blocks}
