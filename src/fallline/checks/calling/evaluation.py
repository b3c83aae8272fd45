"""The checked function on all draws: how it is called, and the numbers that it returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fallline.checks.calling.adapters import Adapter
from fallline.checks.calling.calls import MisbehaviourError, SideEffects, name_of
from fallline.checks.calling.gradient_reader import ReturnedGradient
from fallline.checks.calling.signatures import adapters
from fallline.checks.reference.comparison import TOLERANCE, block_of, blocks_of, compare, right_numbers
from fallline.checks.reference.conventions import conventions
from fallline.checks.reference.draws import Group
from fallline.textbook.network import Layer, Parameters

__all__ = ["SINGLE", "Evaluation", "evaluate"]

SINGLE = 2e-5
"""Tolerance for results in single precision."""


@dataclass(frozen=True)
class Evaluation:
    """The numbers that the function returned, and how it was called.

    Parameters
    ----------
    adapter
        The way it was called.
    numbers
        Its gradient on each group, shaped like the parameters, each block (draws, ...).
    odd
        By block, a sentence for a shape that is wrong but whose numbers are understood.
    single
        Whether it returns single precision.
    tolerance
        Relative error that counts as rounding.
    effects
        The side effects of the calls.
    """

    adapter: Adapter
    numbers: tuple[Parameters, ...]
    odd: dict[str, str]
    single: bool
    tolerance: float
    effects: SideEffects

    def of_one_sample(self, group: Group, draw: int, sample: int) -> Parameters:
        """The function's gradient at a single sample."""
        X, T = (part[draw, sample : sample + 1] for part in (group.X, group.T))
        return self.adapter.gradient(group.w[draw], X, T, SideEffects()).gradient


def evaluate(function: Callable[..., Any], groups: Sequence[Group], tolerance: float | None) -> Evaluation:
    """Call the function on all draws.

    Raises
    ------
    MisbehaviourError
        If it returns no gradient, a random one, or one that is not finite.
    """
    adapter, first, effects = _adapter(function, groups[0], tolerance)
    returned = [[adapter.gradient(w, X, T, effects) for w, X, T in zip(g.w, g.X, g.T, strict=True)] for g in groups]
    _refuse_random(function, adapter, groups[0], returned[0][0], effects)
    for group, of_group in zip(groups, returned, strict=True):
        _refuse_infinite(function, group, of_group)
    odd = {block: sentence for of_group in returned for r in of_group for block, sentence in r.odd.items()}
    numbers = tuple(_stacked([r.gradient for r in of_group]) for of_group in returned)
    return Evaluation(adapter, numbers, odd, first.single, _tolerance(tolerance, first), effects)


_Run = tuple[Adapter, ReturnedGradient, SideEffects]


def _adapter(function: Callable[..., Any], group: Group, tolerance: float | None) -> _Run:
    """The adapter with which the function gives the right numbers; otherwise the likeliest one that gives any numbers."""
    network = group.network
    first_draw = Group(network, group.w[:1], group.X[:1], group.T[:1])
    runs: list[tuple[int, _Run]] = []
    failed: list[MisbehaviourError] = []
    for adapter in adapters(function, network):
        effects = SideEffects()
        try:
            returned = adapter.gradient(group.w[0], group.X[0], group.T[0], effects)
        except MisbehaviourError as misbehaviour:
            failed.append(misbehaviour)
            continue
        finite = all(np.isfinite(part).all() for layer in returned.gradient for part in layer if part is not None)
        run = adapter, returned, effects
        runs.append((len(returned.odd) + (0 if finite else 100), run))
        numbers, limit = [_stacked([returned.gradient])], _tolerance(tolerance, returned)
        if finite and any(
            all(b.agrees for b in compare([first_draw], numbers, right_numbers([first_draw], c), limit))
            for c in conventions(network)
        ):
            return run
    if not runs:
        raise min(failed, key=lambda m: m.status != "wrong")
    return min(runs, key=lambda oddness_and_run: oddness_and_run[0])[1]


def _tolerance(asked: float | None, returned: ReturnedGradient) -> float:
    return asked or (SINGLE if returned.single else TOLERANCE)


def _refuse_random(
    function: Callable[..., Any], adapter: Adapter, group: Group, first: ReturnedGradient, effects: SideEffects
) -> None:
    """Raise a `MisbehaviourError` if a second call with the same arguments gives other numbers."""
    again = adapter.gradient(group.w[0], group.X[0], group.T[0], effects)
    for block in blocks_of(group.network):
        before, after = block_of(first.gradient, block), block_of(again.gradient, block)
        if not np.array_equal(before, after, equal_nan=True):
            off = np.abs(before - after).max()
            if not off <= 1e-12 * np.abs(before).max():
                raise MisbehaviourError(
                    f"{name_of(function)} is random or keeps a memory: called twice with the same arguments, "
                    f"{block} differs by {off:.3g}. Take out the randomness (or fix its seed inside) and check again."
                )


def _refuse_infinite(function: Callable[..., Any], group: Group, returned: Sequence[ReturnedGradient]) -> None:
    """Raise a `MisbehaviourError` if an entry is not a finite number."""
    for d, of_draw in enumerate(returned, start=1):
        for block in blocks_of(group.network):
            values = block_of(of_draw.gradient, block)
            bad = np.argwhere(~np.isfinite(values))
            if len(bad):
                value = float(values[tuple(bad[0])])
                raise MisbehaviourError(
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
