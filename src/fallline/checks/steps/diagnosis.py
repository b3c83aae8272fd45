"""The search for the fault of an optimizer's step: suggested by one trial, and confirmed by all others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from fallline.checks.calling.calls import MisbehaviourError
from fallline.checks.reference.extents import STEPS
from fallline.checks.steps.faults import known_faults
from fallline.checks.steps.measured_faults import clipped, short_steps, timed_faults
from fallline.checks.steps.trials import Textbook, finite, path
from fallline.checks.steps.walks import Walk, Walker
from fallline.checks.steps.wrapped import StepFault
from fallline.textbook.optimizers import Optimizer

__all__ = ["fault_of"]

AFTER = 15
"""Steps after the first wrong one that a suggested fault must explain."""

PROBE = np.array([[0.4], [-0.7], [1.0], [0.2], [-0.9]])
"""Gradients of one weight, in units of their size, for the bisection of a bound."""


def fault_of(walker: Walker, walks: Sequence[Walk]) -> StepFault | None:
    """The first known fault that gives the checked weights in all walks; None if there is none."""
    failing = [walk for walk in walks if walk.first is not None]
    if not failing:
        return None
    earliest = min(failing, key=lambda walk: walk.first or 0)
    suggest = earliest.trial.shortened((earliest.first or 0) + 1 + AFTER)
    start = suggest.shortened(2)
    checked = earliest.checked[: len(suggest.gradients)]
    for fault in _candidates(walker, failing, earliest):
        if not walker.explains(fault.stepper, checked[:2], start):
            continue
        if walker.explains(fault.stepper, checked, suggest) and all(
            walker.explains(fault.stepper, walk.checked, walk.trial) for walk in walks
        ):
            return fault
    return None


def _candidates(walker: Walker, failing: Sequence[Walk], earliest: Walk) -> Iterator[StepFault]:
    if (earliest.first or 0) < STEPS.first:
        yield from known_faults(walker.optimizer, walker.bases, walker.call.fixed)
    for walk in {id(walk): walk for walk in (failing[0], earliest)}.values():
        for base in walker.bases:
            yield from timed_faults(base, (walk.first or 0) + 1, _factor(base, walk))
    bound = _bound(walker)
    longest = _longest(failing)
    for base in walker.bases:
        if bound is not None:
            yield from clipped(base, bound)
        if longest is not None:
            yield short_steps(base, longest)


def _factor(base: Optimizer, walk: Walk) -> float | None:
    """The factor on the length of the first wrong step; None if the weights have different ones."""
    k = walk.first or 0
    if finite(base, walk.trial) is None:
        return None
    right = np.concatenate([walk.trial.start[None], path(Textbook(base), walk.trial)])
    checked = np.concatenate([walk.trial.start[None], walk.checked])
    with np.errstate(all="ignore"):
        ratios = ((checked[k + 1] - checked[k]) / (right[k + 1] - right[k])).ravel()
    factor = float(np.median(ratios))
    same = np.isfinite(ratios).all() and np.ptp(ratios) <= 1e-6 * abs(factor)
    return float(f"{factor:.9g}") if same and factor else None


def _bound(walker: Walker) -> float | None:
    """The size of gradients up to which the steps are right, found by bisection; None if there is no such size."""

    def right(size: float) -> bool:
        try:
            return walker.is_right(walker.constant(size * PROBE))
        except MisbehaviourError:
            return False

    sizes = 10.0 ** np.arange(-4, 9)
    flags = [right(size) for size in sizes]
    if not flags[0] or all(flags):
        return None
    k = flags.index(False)
    low, high = sizes[k - 1], sizes[k]
    for _ in range(40):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if right(middle) else (low, middle)
    return float(f"{low * np.abs(PROBE).max():.5g}")


def _longest(failing: Sequence[Walk]) -> float | None:
    """The longest move of a weight in a step, if several moves have that length."""
    for walk in failing:
        with np.errstate(all="ignore"):
            moves = np.abs(np.diff(np.concatenate([walk.trial.start[None], walk.checked]), axis=0))
        longest = float(moves.max()) if np.isfinite(moves).all() else 0.0
        if longest and (moves > longest * (1 - 1e-9)).sum() >= 3:
            return float(f"{longest:.6g}")
    return None
