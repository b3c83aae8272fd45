"""Where a gradient goes wrong that no known fault explains: blocks, layer, ratio, order, units, samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fallline.checks.reference.comparison import TOLERANCE, BlockComparison, GradientBlock, block_of
from fallline.checks.reference.draws import Group
from fallline.textbook.network import Parameters
from fallline.views.numerals import listed

__all__ = ["localise"]

OneSample = Callable[[int, int], Parameters]
"""The checked gradient of one sample alone: (draw, sample) of the first group."""

MOST_SAMPLES = 11


def localise(
    groups: Sequence[Group],
    numbers: Sequence[Parameters],
    right: Sequence[Parameters],
    blocks: Sequence[BlockComparison],
    one_sample: OneSample | None = None,
) -> list[str]:
    """Sentences on where the gradient goes wrong, the coarsest first; empty if the gradient is right."""
    first_wrong = next((b.block for b in blocks if not b.agrees), None)
    if first_wrong is None:
        return []
    right_blocks = [str(b.block) for b in blocks if b.agrees]
    verb = "is" if len(right_blocks) == 1 else "are"
    findings = [f"{listed(right_blocks)} {verb} right." if right_blocks else "No block is right."]
    findings.append(_first_wrong_block(first_wrong, blocks, groups[0].network.depth))
    for comparison in blocks:
        if not comparison.agrees:
            expected = [block_of(r, comparison.block) for r in right]
            checked = [block_of(n, comparison.block) for n in numbers]
            finding = _ratio(groups, expected, checked) or _order(expected, checked) or _units(expected, checked)
            if finding:
                findings.append(f"{comparison.block} {finding}.")
    if one_sample is not None:
        findings += _samples(groups[0], one_sample)
    return findings


def _first_wrong_block(block: GradientBlock, blocks: Sequence[BlockComparison], depth: int) -> str:
    layer = block.layer or 0
    wrong = {b.block for b in blocks if not b.agrees}
    later = "" if layer == depth else f" The delta of layer {layer + 1}, on which it rests, is right."
    if block.symbol == "dW" and GradientBlock("db", layer) in {b.block for b in blocks} - wrong:
        return (
            f"Going backward, the first wrong block is {block}, while db{layer} is right: so the delta of layer {layer} "
            f"is right, and the fault stands in {block} itself."
        )
    if any((b.layer or 0) < layer for b in wrong) or layer == 1:
        return f"Going backward, the first wrong block is {block}: look at the delta of layer {layer}.{later}"
    return f"Going backward, the first wrong block is {block}, and the layers before it are right."


def _ratio(groups: Sequence[Group], expected: Sequence[Any], checked: Sequence[Any]) -> str:
    """Whether one factor is on every entry of every draw: a constant, or a power of the number of samples."""
    ratios = []
    for a, b in zip(expected, checked, strict=True):
        c = float(np.vdot(a, b) / (np.vdot(a, a) or 1))
        if not np.abs(b - c * a).max() <= 1e-8 * max(np.abs(b).max(), np.abs(a).max()):
            return ""
        ratios.append(c)
    if all(c == 0 for c in ratios):
        return "is 0"
    if max(ratios) - min(ratios) <= 1e-8 * abs(ratios[0]):
        return f"is {ratios[0]:.6g} times what it should be, on every draw"
    m = [g.samples for g in groups]
    if m[0] != m[1] and ratios[0] * ratios[1] > 0:
        power = np.log(ratios[1] / ratios[0]) / np.log(m[1] / m[0])
        if abs(power - round(power)) < 1e-6:
            constant = ratios[0] / float(m[0]) ** round(power)
            times = "" if abs(constant - 1) < 1e-8 else f"{constant:.6g} times "
            return f"is {times}m^{round(power)} times what it should be, m being the number of samples"
    return ""


def _order(expected: Sequence[Any], checked: Sequence[Any]) -> str:
    """Whether these are the right numbers in another order."""
    a, b = expected[0], checked[0]
    scale = np.abs(a).max()
    if a.ndim == 3 and a.shape[-1] == a.shape[-2] and np.abs(np.swapaxes(a, -1, -2) - b).max() <= TOLERANCE * scale:
        return "is the transpose of what it should be"
    for axis, parts in ((-1, "columns" if a.ndim == 3 else "entries"), (-2, "rows")):
        if a.ndim + axis < 1:
            continue
        x, y = np.moveaxis(a, axis, 0), np.moveaxis(b, axis, 0)
        close = np.abs(x[:, None] - y[None]).max(axis=tuple(range(2, x.ndim + 1))) <= TOLERANCE * scale
        if close.any(axis=0).all() and not close.diagonal().all():
            order = close.argmax(axis=0).tolist()
            return f"holds the right {parts} in another order: {order} for {list(range(len(order)))}"
    flat = [np.sort(v.reshape(len(v), -1)) for v in (a, b)]
    if np.abs(flat[0] - flat[1]).max() <= TOLERANCE * scale:
        return "holds the right numbers in another order (a reshape where a transpose is meant?)"
    return ""


def _units(expected: Sequence[Any], checked: Sequence[Any]) -> str:
    """Which units (columns) are wrong, if some are right."""
    bad = np.zeros(expected[0].shape[-1], dtype=bool)
    for a, b in zip(expected, checked, strict=True):
        error = np.abs(a - b).reshape(-1, a.shape[-1]).max(axis=0)
        bad |= ~(error <= TOLERANCE * np.abs(a).max())
    if bad.all() or not bad.any():
        return ""
    units = np.flatnonzero(bad)
    numbers = listed([str(unit) for unit in units[:8]]) + (f" and {len(units) - 8} more" if len(units) > 8 else "")
    if len(units) == 1:
        return f"is wrong for unit {numbers} alone (counted from 0)"
    return f"is wrong for units {numbers} alone"


def _samples(group: Group, one_sample: OneSample) -> list[str]:
    """Which samples have a wrong gradient of their own, and which units they have in common."""
    network = group.network
    wrong, states = [], []
    kept = group.kept()
    count = min(group.samples, MOST_SAMPLES)
    for s in range(count):
        alone = Group(network, group.w[:1], group.X[:1, s : s + 1], group.T[:1, s : s + 1])
        expected = network.pack(alone.gradient())[0]
        try:
            checked = network.pack(one_sample(0, s))
        except Exception:  # a function may be unable to take a single sample
            return []
        scale = np.abs(expected).max() or 1
        error = min(np.abs(checked - expected).max(), np.abs(checked + expected).max()) / scale
        wrong.append(bool(error > 1e-7))
        states.append(np.concatenate([k.Z[0, s] > 0 for k in kept[:-1]]) if network.hidden else np.zeros(0, bool))
    if all(wrong) or not states:
        return []
    if not any(wrong):
        return ["Each sample alone is right: the fault is in how samples are put together."]
    bad = [str(s) for s, w in enumerate(wrong) if w]
    sentence = f"Of {count} samples taken alone, {listed(bad)} {'is' if len(bad) == 1 else 'are'} wrong."
    table, flags = np.array(states), np.array(wrong)
    labels = [(l, k) for l in range(1, network.depth) for k in range(network.sizes[l])]
    for column, (layer, unit) in enumerate(labels):
        on = table[:, column]
        if (on == flags).all():
            return [f"{sentence} They are those in which unit {unit} of layer {layer} is active."]
        if (on != flags).all():
            return [f"{sentence} They are those in which unit {unit} of layer {layer} is not active."]
    return [sentence]
