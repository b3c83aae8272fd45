"""The checked function on all draws: how it wants to be called, and the numbers that it gives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fallline.checks.calling.adapters import Adapter
from fallline.checks.calling.calls import Misbehaviour, Observed, name_of
from fallline.checks.calling.gradient_reader import Read
from fallline.checks.calling.signatures import adapters
from fallline.checks.reference.comparison import TOLERANCE, blocks_of, compare, get, right_numbers
from fallline.checks.reference.conventions import conventions
from fallline.checks.reference.draws import Group
from fallline.textbook.network import Layer, Parameters

__all__ = ["SINGLE", "Evaluation", "evaluate"]

SINGLE = 2e-5
"""Tolerance for results in single precision."""


@dataclass(frozen=True)
class Evaluation:
    """What the function gave.

    Parameters
    ----------
    adapter
        The way it was called.
    numbers
        Its gradient on each group, shaped like the parameters, each block (draws, ...).
    odd
        By block, what is odd about its shape though its numbers are understood.
    single
        Whether it gives single precision.
    tolerance
        Relative error that counts as rounding.
    observed
        What it did besides.
    """

    adapter: Adapter
    numbers: tuple[Parameters, ...]
    odd: dict[str, str]
    single: bool
    tolerance: float
    observed: Observed

    def of_one_sample(self, group: Group, draw: int, sample: int) -> Parameters:
        """Its gradient at one sample alone."""
        X, T = (part[draw, sample : sample + 1] for part in (group.X, group.T))
        return self.adapter.gradient(group.w[draw], X, T, Observed()).gradient


def evaluate(function: Callable[..., Any], groups: Sequence[Group], tolerance: float | None) -> Evaluation:
    """Call the function on all draws. A `Misbehaviour` if it gives no gradient, a random one, or one not finite."""
    adapter, first, observed = _adapter(function, groups[0], tolerance)
    reads = [[adapter.gradient(w, X, T, observed) for w, X, T in zip(g.w, g.X, g.T, strict=True)] for g in groups]
    _repeatable(function, adapter, groups[0], reads[0][0], observed)
    for group, found in zip(groups, reads, strict=True):
        _finite(function, group, found)
    odd = {k: v for found in reads for read in found for k, v in read.odd.items()}
    numbers = tuple(_stacked([read.gradient for read in found]) for found in reads)
    return Evaluation(adapter, numbers, odd, first.single, _tolerance(tolerance, first), observed)


def _adapter(function: Callable[..., Any], group: Group, tolerance: float | None) -> tuple[Adapter, Read, Observed]:
    """The way of calling it that gives the right numbers; else the likeliest that gives any."""
    network = group.network
    one = Group(network, group.w[:1], group.X[:1], group.T[:1])
    runs: list[tuple[int, Adapter, Read, Observed]] = []
    failed: list[Misbehaviour] = []
    for adapter in adapters(function, network):
        observed = Observed()
        try:
            read = adapter.gradient(group.w[0], group.X[0], group.T[0], observed)
        except Misbehaviour as misbehaviour:
            failed.append(misbehaviour)
            continue
        finite = all(np.isfinite(part).all() for layer in read.gradient for part in layer if part is not None)
        runs.append((len(read.odd) + (0 if finite else 100), adapter, read, observed))
        numbers = [_stacked([read.gradient])]
        if finite and any(
            all(b.agrees for b in compare([one], numbers, right_numbers([one], c), _tolerance(tolerance, read)))
            for c in conventions(network)
        ):
            return adapter, read, observed
    if not runs:
        raise min(failed, key=lambda m: m.status != "wrong")
    return min(runs, key=lambda run: run[0])[1:]


def _tolerance(given: float | None, read: Read) -> float:
    return given or (SINGLE if read.single else TOLERANCE)


def _repeatable(function: Callable[..., Any], adapter: Adapter, group: Group, first: Read, observed: Observed) -> None:
    """A sentence if a second call with the same arguments gives other numbers."""
    again = adapter.gradient(group.w[0], group.X[0], group.T[0], observed)
    for block in blocks_of(group.network):
        before, after = get(first.gradient, block), get(again.gradient, block)
        if not np.array_equal(before, after, equal_nan=True):
            off = np.abs(before - after).max()
            if not off <= 1e-12 * np.abs(before).max():
                raise Misbehaviour(
                    f"{name_of(function)} is random or keeps a memory: called twice with the same arguments, "
                    f"{block} differs by {off:.3g}. Take out the randomness (or fix its seed inside) and check again."
                )


def _finite(function: Callable[..., Any], group: Group, reads: Sequence[Read]) -> None:
    """A sentence if an entry is not a finite number."""
    for d, read in enumerate(reads, start=1):
        for block in blocks_of(group.network):
            values = get(read.gradient, block)
            bad = np.argwhere(~np.isfinite(values))
            if len(bad):
                value = float(values[tuple(bad[0])])
                raise Misbehaviour(
                    f"{name_of(function)} returns {value} in {block}[{', '.join(map(str, bad[0]))}] on "
                    f"ordinary weights and {group.samples} samples (draw {d}): look for a division by 0, "
                    "a log of 0 or an overflow of exp.", "wrong",
                )  # fmt: skip


def _stacked(gradients: Sequence[Parameters]) -> Parameters:
    return tuple(
        Layer(np.stack([l.W for l in layers]).astype(float),
              None if layers[0].b is None else np.stack([l.b for l in layers]).astype(float))
        for layers in zip(*gradients, strict=True)
    )  # fmt: skip
