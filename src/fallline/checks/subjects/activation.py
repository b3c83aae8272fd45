"""The slope of an activation: checked at points of every size, its fault or the range of z where it is wrong named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fallline.checks.calling.calls import SideEffects
from fallline.checks.calling.evaluation import SINGLE
from fallline.checks.presentation.verdict import Verdict
from fallline.checks.reference.comparison import BlockComparison, GradientBlock
from fallline.checks.reference.extents import SLOPES
from fallline.checks.subjects.ranges import Range, wrong_ranges
from fallline.checks.subjects.slope_faults import SlopeCandidate, slope_candidates
from fallline.checks.subjects.slope_values import SlopeValues
from fallline.textbook.activations import Activation
from fallline.views.numerals import listed

__all__ = ["check_slope"]

MOST_RANGES = 3


def check_slope(
    function: Callable[..., Any], activation: Activation, seed: int, tolerance: float | None, effects: SideEffects
) -> Verdict:
    """The verdict on slope(z) against the activation's own, which complex step confirms first."""
    checked = SlopeValues(function, activation, seed, tolerance, effects)
    wrong = checked.wrong(checked.z, checked.values)
    if not wrong.any():
        more = " It is given the activation a, not the pre-activation z." if checked.call.of_activation else ""
        return _verdict(checked, "right", f"{checked.name} is right.{more}", notes=_notes(checked))
    if checked.call.ignores_upstream(checked.z):
        fault = "the upstream gradient is not multiplied in: what it returns does not depend on it"
        sentence = f"{checked.name} is wrong as the slope of {checked.activation.name}: {fault}."
        return _verdict(
            checked, "wrong", sentence, faults=(fault,), cures=("multiply the slope by the upstream gradient",)
        )
    if wrong[checked.drawn].any():
        named = _with_fault(checked)
        if named is not None:  # not `if named`: a verdict is false where the slope is wrong
            return named
    return _with_ranges(checked, wrong)


def _verdict(checked: SlopeValues, status: Any, sentence: str, **more: Any) -> Verdict:
    block: tuple[BlockComparison, ...] = ()
    if status != "right":
        with np.errstate(all="ignore"):
            errors = np.abs(checked.values - checked.right)
        worst = float(np.where(np.isfinite(errors), errors, np.inf).max())
        block = (BlockComparison(GradientBlock("slope"), worst, worst / checked.scale, False),)
    reference = f"complex step agrees to {checked.error:.1e} on {2 * SLOPES.count} points"
    return Verdict(
        status, checked.name, f"the slope of {checked.activation.name}", sentence, called=str(checked.call), blocks=block,
        reference=(reference,), uncovered=(SLOPES.uncovered,), **more,
    )  # fmt: skip


def _notes(checked: SlopeValues) -> tuple[str, ...]:
    """The notes on a slope that is right."""
    changed, call = checked.effects.changed, checked.call
    notes = [f"It changes its argument {listed(list(changed))} in place."] if changed else []
    warned = np.array([call.overflows(z) for z in checked.z])
    if warned.any():
        ranges = listed([str(r) for r in wrong_ranges(checked.z, warned, call.overflows)[:MOST_RANGES]])
        notes.append(f"For {ranges} NumPy warns that an operation overflows; the slope is still right there.")
    at = np.flatnonzero(checked.z == 0)
    if not checked.activation.analytic and len(at):
        value = checked.values[at[0]]
        notes.append(f"At the kink it is {value:.6g}; between the slopes beside it any number is right.")
    if call.single:
        notes.append(f"It returns single precision, so it was compared to {SINGLE:g}.")
    return tuple(notes)


def _with_fault(checked: SlopeValues) -> Verdict | None:
    """The verdict with a fault that gives the numbers at all ordinary points; None if no known fault does."""
    z = checked.z[checked.ordinary]
    suggests = np.isin(z, checked.points.ordinary)
    fitting: list[tuple[SlopeCandidate, bool]] = []
    for candidate in slope_candidates(checked.activation, z[suggests], checked.values[checked.ordinary][suggests]):
        if fitting and candidate.measured:
            continue
        with np.errstate(all="ignore"):
            try:
                values = np.broadcast_to(np.asarray(candidate.slope(checked.z), dtype=float), checked.z.shape)
            except (NameError, TypeError, ValueError, ArithmeticError):
                continue
        misfit = checked.differs(values)
        if not misfit[checked.drawn].any():
            fitting.append((candidate, not misfit.any()))
            if len(fitting) > 5:
                break
    if not fitting:
        return None
    fitting.sort(key=lambda fit: not fit[1])
    (first, everywhere), *others = fitting
    return _verdict(
        checked, "wrong", f"{checked.name} is wrong as the slope of {checked.activation.name}: {first.words}.",
        faults=(first.words,), cures=(first.cure,) if first.cure else (),
        findings=() if everywhere else (_beyond(checked, first),),
        others=tuple(dict.fromkeys(other.words for other, whole in others if whole == everywhere)),
        evidence="The slope with this fault gives the same numbers at "
                 f"{len(checked.z) if everywhere else checked.drawn.sum()} points.",
    )  # fmt: skip


def _beyond(checked: SlopeValues, candidate: SlopeCandidate) -> str:
    """Where not even the fault gives the checked numbers."""
    with np.errstate(all="ignore"):
        misfit = checked.differs(np.broadcast_to(candidate.slope(checked.z), checked.z.shape))
    if not np.isfinite(checked.values[misfit]).all():
        bad = checked.z[misfit & ~np.isfinite(checked.values)]
        nearest = float(bad[np.abs(bad).argmin()])
        return f"Besides, it is not finite at z = {nearest:.4g}: it overflows."
    return f"At z = {checked.z[misfit][0]:.4g} it differs from that too."


def _with_ranges(checked: SlopeValues, wrong: Any) -> Verdict:
    """The verdict with the ranges of z in which the slope is wrong."""
    z, values, right = checked.z, checked.values, checked.right
    strictly = checked.wrong(z, values, roundings=0)
    ranges = [r for r in wrong_ranges(z, strictly, checked.is_wrong) if wrong[(z >= r.low) & (z <= r.high)].any()]
    sentence = f"{checked.name} is wrong as the slope of {checked.activation.name}"
    if (wrong[checked.drawn].mean() > 0.5 and len(ranges) > MOST_RANGES) or any(str(r) == "all z" for r in ranges):
        worst = int(np.argmax(np.where(checked.drawn, np.abs(values - right), 0)))
        finding = f"at z = {z[worst]:.4g} it is {values[worst]:.6g} for {right[worst]:.6g}"
        return _verdict(
            checked, "wrong", f"{sentence}, and no known fault explains it: {finding}.", findings=(finding,)
        )
    faults = tuple(_range_in_words(checked, r) for r in ranges[:MOST_RANGES])
    more = f"; {len(ranges) - MOST_RANGES} more ranges are wrong" if len(ranges) > MOST_RANGES else ""
    evidence = "At all other points that were tried it is right."
    return _verdict(checked, "wrong", f"{sentence}: {'; '.join(faults)}{more}.", faults=faults, evidence=evidence)


def _range_in_words(checked: SlopeValues, extent: Range) -> str:
    at = np.array([extent.inside])
    value, right = checked.call.values(at)[0], checked.right_at(at)[0]
    if not np.isfinite(value):
        raised = f", and raises {checked.call.raised}" if checked.call.raised else f": it is {value} there"
        return f"it overflows for {extent}{raised}, where the slope is {right:.6g}"
    if str(extent) == "z = 0":
        return f"at {extent} it is {value:.6g}, where the slope is {right:.6g}"
    if f"{value:.6g}" == f"{right:.6g}":
        return f"it is wrong for {extent}: at z = {extent.inside:.4g} it is off by {abs(value - right):.2g}"
    return f"it is wrong for {extent}: at z = {extent.inside:.4g} it is {value:.6g}, where the slope is {right:.6g}"
