"""Where a gradient goes wrong that no known fault explains: blocks, layer, ratio, units, samples.

Every sentence is a statement about the draws of the check and the fresh draws together, and is left out unless it holds on
both. A pattern in few draws may be a coincidence: a clipped gradient, for example, is wrong for other units on other draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fallline.checks.diagnosis.fresh_draws import FreshDraws
from fallline.checks.faults.coefficients import constant_text
from fallline.checks.reference.comparison import (
    TOLERANCE,
    BlockComparison,
    GradientBlock,
    block_of,
    blocks_of,
    blocks_of_layer,
    compare,
    right_numbers,
    scales,
)
from fallline.checks.reference.conventions import Convention
from fallline.checks.reference.draws import Group
from fallline.textbook.network import Network, Parameters
from fallline.views.numerals import listed

__all__ = ["Compared", "SingleSamples", "localise"]

Floats = NDArray[np.float64]

MOST_UNITS = 8
"""The most units that a sentence lists."""

FEWEST = 8
"""A pattern of samples needs as many right ones and as many wrong ones."""


class Compared(NamedTuple):
    """Checked and right gradients on some groups of draws, and the comparison of their blocks."""

    numbers: Sequence[Parameters]
    right: Sequence[Parameters]
    blocks: Sequence[BlockComparison]

    @classmethod
    def of(
        cls, groups: Sequence[Group], numbers: Sequence[Parameters], convention: Convention, tolerance: float
    ) -> Compared:
        """The comparison with the textbook's gradient in that convention."""
        right = right_numbers(groups, convention)
        return cls(numbers, right, compare(groups, numbers, right, tolerance))


def localise(
    network: Network, parts: Sequence[Compared], tolerance: float = TOLERANCE, singles: SingleSamples | None = None
) -> list[str]:
    """Sentences on where a gradient goes wrong, the coarsest first; empty if it is right.

    Parameters
    ----------
    network
        The network.
    parts
        The draws of the check, and fresh ones where there are some.
    tolerance
        Relative error that counts as rounding.
    singles
        The gradients of single samples, where the function takes them.
    """
    wrong = [
        of_block[0].block
        for of_block in zip(*(p.blocks for p in parts), strict=True)
        if not all(b.agrees for b in of_block)
    ]
    if not wrong:
        return []
    right = [str(block) for block in blocks_of(network) if block not in wrong]
    verb = "is" if len(right) == 1 else "are"
    findings = [f"{listed(right)} {verb} right." if right else "No block is right."]
    findings += _layers(network, wrong, None if singles is None else bool(singles.wrong.any()))
    for block in wrong:
        pairs = [
            [(block_of(r, block), block_of(n, block)) for r, n in zip(p.right, p.numbers, strict=True)] for p in parts
        ]
        finding = _ratio([pair for of_part in pairs for pair in of_part]) or _units(pairs, tolerance)
        if finding:
            findings.append(f"{block} {finding}.")
    if singles is not None:
        findings += _samples(singles)
    return findings


def _layers(network: Network, wrong: Sequence[GradientBlock], singles_wrong: bool | None) -> list[str]:
    """For each wrong layer in the order of back-propagation, until one whose delta may be wrong: where to look."""
    sentences: list[str] = []
    for layer in range(network.depth, 0, -1):
        blocks = blocks_of_layer(network, layer)
        bad = [b for b in blocks if b in wrong]
        start = "Going backward, the first wrong block is" if not sentences else "Another wrong block is"
        if not bad:
            continue
        if len(bad) < len(blocks):
            (good,) = [b for b in blocks if b not in wrong]
            place = f"{bad[0]} itself" + (
                ", or in the activation that it takes" if bad[0].symbol == "dW" and layer > 1 else ""
            )
            sentences.append(f"{start} {bad[0]}, while {good} is right: the fault stands in {place}.")
            continue
        both = f"{start} {bad[0]}" + (f", and {bad[1]} is wrong too" if len(bad) > 1 else "")
        if singles_wrong is False:
            sentences.append(f"{both}, but only on batches of more than one sample.")
        elif layer == network.depth:
            sentences.append(f"{both}: look at the forward pass and at the output's delta first.")
        else:
            sentences.append(f"{both}: look first at the step of the delta from layer {layer + 1} to layer {layer}.")
        break
    return sentences


def _ratio(pairs: Sequence[tuple[Floats, Floats]]) -> str:
    """Whether one constant factor is on every entry of every draw."""
    ratios = []
    for a, b in pairs:
        c = float(np.vdot(a, b) / (np.vdot(a, a) or 1))
        if not np.abs(b - c * a).max() <= 1e-8 * max(np.abs(b).max(), np.abs(a).max()):
            return ""
        ratios.append(c)
    if all(c == 0 for c in ratios):
        return "is 0 on every draw"
    if max(ratios) - min(ratios) > 1e-8 * abs(ratios[0]):
        return ""
    if abs(ratios[0] - 1) < 1e-3:
        return f"is off by a relative {abs(ratios[0] - 1):.3g} on every draw"
    return f"is {constant_text(ratios[0])} times what it should be, on every draw"


def _units(parts: Sequence[Sequence[tuple[Floats, Floats]]], tolerance: float) -> str:
    """Which units (columns) are wrong, if some are right, and the same on the draws of the check and on fresh ones."""
    sets = []
    for part in parts:
        bad = np.zeros(part[0][0].shape[-1], dtype=bool)
        for a, b in part:
            error = np.abs(a - b).reshape(-1, a.shape[-1]).max(axis=0)
            bad |= ~(error <= tolerance * np.abs(a).max())
        sets.append(bad)
    if len(sets) < 2 or not np.array_equal(sets[0], sets[1]) or sets[0].all() or not sets[0].any():
        return ""
    units = np.flatnonzero(sets[0])
    numbers = listed([str(unit) for unit in units[:MOST_UNITS]])
    more = f" and {len(units) - MOST_UNITS} more" if len(units) > MOST_UNITS else ""
    return f"is wrong for unit{'s' if len(units) > 1 else ''} {numbers}{more} alone (counted from 0)"


@dataclass(frozen=True)
class SingleSamples:
    """Single samples, and for each of them whether its gradient is wrong."""

    group: Group
    wrong: NDArray[np.bool_]

    @classmethod
    def of(cls, fresh: FreshDraws, convention: Convention) -> SingleSamples | None:
        """Those of the fresh draws, compared in that convention; None if the function takes no single sample."""
        numbers = fresh.single_numbers
        if numbers is None:
            return None
        (right,) = right_numbers((fresh.single,), convention)
        size = scales(fresh.network, right)
        errors = [
            np.abs(block_of(numbers, b) - block_of(right, b)).reshape(len(fresh.single.w), -1).max(axis=-1) / size[b]
            for b in blocks_of(fresh.network)
        ]
        return cls(fresh.single, np.asarray(~(np.max(errors, axis=0) <= 100 * TOLERANCE)))


def _samples(singles: SingleSamples) -> list[str]:
    """Which of the single samples are wrong, and which state of a unit they have in common."""
    wrong, network = singles.wrong, singles.group.network
    count, bad = len(wrong), int(wrong.sum())
    if bad == 0:
        return [f"On {count} single samples the gradient is right; it is wrong on batches."]
    sentence = f"Of {count} samples taken alone, {bad} {'is' if bad == 1 else 'are'} wrong."
    if bad == count:
        return []
    if min(bad, count - bad) < FEWEST:
        return [sentence]
    kept = singles.group.kept()
    for layer, k in enumerate(kept[:-1], start=1):
        for unit in range(network.sizes[layer]):
            on = k.Z[:, 0, unit] > 0
            if (on == wrong).all():
                return [f"{sentence} They are those in which unit {unit} of layer {layer} is active."]
            if (on != wrong).all():
                return [f"{sentence} They are those in which unit {unit} of layer {layer} is not active."]
    return [sentence]
