"""The delta of a loss, its gradient by the network's last pre-activation: checked at random, tied and saturated logits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from fallline.checks.calling.calls import SideEffects
from fallline.checks.calling.evaluation import SINGLE
from fallline.checks.presentation.verdict import Verdict
from fallline.checks.reference.comparison import BlockComparison, GradientBlock
from fallline.checks.reference.declarations import Declarations
from fallline.checks.reference.extents import DELTAS
from fallline.checks.subjects.delta_faults import DeltaCandidate, delta_candidates
from fallline.checks.subjects.delta_measured_faults import measured_candidates
from fallline.checks.subjects.delta_values import DeltaValues
from fallline.checks.subjects.extreme_logits import fault_at_extremes
from fallline.textbook.losses import Loss
from fallline.views.numerals import listed

__all__ = ["check_delta"]


def check_delta(
    function: Callable[..., Any], loss: Loss, declared: Declarations, seed: int, tolerance: float | None,
    effects: SideEffects,
) -> Verdict:  # fmt: skip
    """The verdict on delta(Z, T) against the loss's own, which complex step confirms first."""
    checked = DeltaValues(function, loss, declared, seed, tolerance, effects)
    convention = checked.convention()
    if convention is None:
        return _with_fault(checked)
    if str(convention) not in checked.allowed:
        sentence = f"{checked.name} is wrong: {convention.fault}."
        return _verdict(checked, "wrong", sentence, faults=(convention.fault,))
    fault = fault_at_extremes(checked, checked.cases[0].factors[convention])
    if fault:
        sentence = f"{checked.name} is right at ordinary logits, and wrong beyond: {fault}."
        return _verdict(checked, "wrong", sentence, faults=(fault,))
    words = "" if convention.declared else f", as the gradient of {convention}"
    layout = " It takes samples as columns." if checked.call.columns else ""
    return _verdict(checked, "right", f"{checked.name} is right{words}.{layout}")


def _verdict(checked: DeltaValues, status: Any, sentence: str, **more: Any) -> Verdict:
    with np.errstate(all="ignore"):
        errors = [np.abs(value - case.right).max() for case, value in zip(checked.cases, checked.values, strict=True)]
    absolute = float(np.nan_to_num(max(errors), nan=np.inf))
    size = max(float(np.abs(case.right).max()) for case in checked.cases)
    block = BlockComparison(GradientBlock("delta"), absolute, absolute / size, status == "right")
    changed = checked.effects.changed
    notes = [f"It changes its argument {listed(list(changed))} in place."] if changed else []
    notes += [f"It returns single precision, so it was compared to {SINGLE:g}."] if checked.call.single else []
    return Verdict(
        status, checked.name, f"the delta of {checked.loss.name}", sentence, called=str(checked.call), notes=tuple(notes),
        blocks=(block,) if status != "right" else (), uncovered=(DELTAS.uncovered,),
        reference=(f"complex step agrees to {checked.error:.1e}",), **more,
    )  # fmt: skip


def _with_fault(checked: DeltaValues) -> Verdict:
    """The verdict with the faults that give the numbers; with the largest error if no known fault does."""
    sentence = f"{checked.name} is wrong as the delta of {checked.loss.name}"
    fitting = [c for c in _candidates(checked) if checked.convention(c.delta) is not None]
    if fitting:
        first, *others = fitting
        count = sum(case.right.size for case in checked.cases)
        return _verdict(
            checked, "wrong", f"{sentence}: {first.words}.", faults=(first.words,),
            cures=(first.cure,) if first.cure else (), others=tuple(other.words for other in others),
            evidence=f"The textbook's formula with this fault in it gives the same {count} numbers.",
        )  # fmt: skip
    finding = _largest_error(checked)
    return _verdict(checked, "wrong", f"{sentence}, and no known fault explains it: {finding}.", findings=(finding,))


def _candidates(checked: DeltaValues) -> Iterator[DeltaCandidate]:
    yield from delta_candidates(checked.loss, checked.cases[0].network)
    yield from measured_candidates(checked)


def _largest_error(checked: DeltaValues) -> str:
    case, value = checked.cases[0], checked.values[0]
    bad = np.argwhere(~np.isfinite(value))
    if len(bad):
        return f"it is {value[tuple(bad[0])]} for sample {bad[0][0]}, output {bad[0][1]}"
    worst = np.unravel_index(np.abs(value - case.right).argmax(), value.shape)
    where = f"sample {worst[0]}, output {worst[1]}"
    return f"its largest error is at {where}: {value[worst]:.6g} for {case.right[worst]:.6g}"
