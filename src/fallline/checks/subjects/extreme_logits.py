"""A delta at ties, at logits of 0 and at logits of every size: what is wrong there, in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fallline.checks.calling.calls import MisbehaviourError
from fallline.checks.reference.extents import logit_sizes
from fallline.checks.subjects.delta_faults import Case
from fallline.checks.subjects.delta_measured_faults import repeated_size
from fallline.checks.subjects.delta_values import DeltaValues
from fallline.textbook.losses import Loss

__all__ = ["fault_at_extremes"]

HALVINGS = 50


def fault_at_extremes(checked: DeltaValues, factor: float) -> str:
    """The fault at the special logits of a delta that is right at ordinary ones with this factor; "" if it is right there too."""
    cases = _special(checked.loss, checked.cases[0])
    wrong: list[tuple[Case, Any]] = []
    for case in cases:
        try:
            value = checked.call.values(case.Z, case.T)
        except MisbehaviourError:
            value = np.full(case.right.shape, np.nan)
        if not checked.same(value, factor * case.right):
            wrong.append((case, value))
    return (_clipping(checked, factor, cases) or _in_words(checked, factor, wrong)) if wrong else ""


def _special(loss: Loss, first: Case) -> list[Case]:
    """Ties, logits of 0, and logits of every size, with the targets of the first case."""
    cases = [
        _like(loss, first, "where all logits are equal", np.full_like(first.Z, 0.7)),
        _like(loss, first, "where all logits are 0", np.zeros_like(first.Z)),
    ]
    cases += [_like(loss, first, f"for logits of size {size:g}", _scaled(first, size)) for size in logit_sizes()]
    return [case for case in cases if np.isfinite(case.right).all()]


def _like(loss: Loss, case: Case, words: str, Z: Any) -> Case:
    with np.errstate(all="ignore"):
        right = loss.delta(Z, case.T)
    return Case(words, case.network, Z, case.T, right, case.factors)


def _scaled(case: Case, size: float) -> Any:
    """The case's logits with `size` as the largest entry; the right class has the largest logit in half of the samples."""
    Z = case.Z / np.abs(case.Z).max()
    return size * np.where(np.arange(len(Z))[:, None] % 2 == 0, Z, np.sign(case.T - 0.5))


def _clipping(checked: DeltaValues, factor: float, cases: Sequence[Case]) -> str:
    """The bound to which probabilities are clipped, read off saturated logits and confirmed on others; "" if there is none."""
    if checked.loss.targets == "values":
        return ""
    output = checked.loss.output
    saturated = [case for case in cases if np.abs(case.Z).max() <= 1e3]
    values = [checked.call.values(case.Z, case.T) / factor for case in saturated]
    if not all(np.isfinite(value).all() for value in values):
        return ""
    case, value = saturated[-1], values[-1]
    none = (output(case.Z) < 1e-30) & (case.T == 0)
    if not none.any():
        return ""
    eps = float(f"{np.median(value[none]):.6g}")
    if not 1e-13 < eps < 0.5:
        return ""
    clips: dict[str, Callable[[Any], Any]] = {
        f"the probabilities are clipped to [{eps:g}, 1 − {eps:g}]": lambda p: np.clip(p, eps, 1 - eps),
        f"probabilities below {eps:g} are raised to it": lambda p: np.maximum(p, eps),
        f"{eps:g} is added to the probabilities": lambda p: p + eps,
    }
    for words, clip in clips.items():
        expected = [clip(output(c.Z)) - c.T for c in saturated]
        if all(map(checked.same, values, expected)):
            return words
    return ""


def _in_words(checked: DeltaValues, factor: float, wrong: Sequence[tuple[Case, Any]]) -> str:
    case, value = wrong[0]
    if "size" not in case.words:
        worst = np.unravel_index(np.nan_to_num(np.abs(value - factor * case.right), nan=np.inf).argmax(), value.shape)
        return f"{case.words} it is {value[worst]:.6g} for {factor * case.right[worst]:.6g}"
    longest = repeated_size(wrong[-1][1])
    if longest and all(checked.same(v, np.clip(factor * c.right, -longest, longest)) for c, v in wrong):
        return f"it is clipped to [−{longest:.6g}, {longest:.6g}]"
    bound = _bound(checked, factor, float(np.abs(case.Z).max()))
    if not np.isfinite(value).all():
        return f"it overflows where |z| is larger than {bound:.5g}"
    worst = np.unravel_index(np.abs(value - factor * case.right).argmax(), value.shape)
    numbers = f"{value[worst]:.6g} for {factor * case.right[worst]:.6g}"
    return f"it is wrong where |z| is larger than {bound:.5g}, as {case.words}: {numbers}"


def _bound(checked: DeltaValues, factor: float, size: float) -> float:
    """The size of the logits up to which the delta is right."""
    first = checked.cases[0]

    def right(size: float) -> bool:
        case = _like(checked.loss, first, "", _scaled(first, size))
        try:
            return checked.same(checked.call.values(case.Z, case.T), factor * case.right)
        except MisbehaviourError:
            return False

    low, high = 1.0, size
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if right(middle) else (low, middle)
    return low
