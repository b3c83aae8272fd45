"""The check of everything but a network: a landscape, an activation's slope, a loss's delta, an optimizer's step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fallline.checks.calling.calls import MisbehaviourError, SideEffects, name_of
from fallline.checks.presentation.verdict import Verdict
from fallline.checks.reference.declarations import NOTHING, Declarations
from fallline.checks.subjects.activation import check_slope
from fallline.checks.subjects.landscape import check_partials
from fallline.checks.subjects.loss import check_delta
from fallline.checks.subjects.optimizer import check_step
from fallline.checks.subjects.tensors import on_tensors, wants_tensors
from fallline.errors import OwnCodeError
from fallline.textbook.activations import Activation
from fallline.textbook.landscapes import Landscape
from fallline.textbook.losses import Loss
from fallline.textbook.optimizers import Optimizer

__all__ = ["check_rule"]


def check_rule(
    function: Callable[..., Any],
    subject: Landscape | Activation | Loss | Optimizer,
    declared: Declarations = NOTHING,
    *,
    seed: int = 0,
    tolerance: float | None = None,
) -> Verdict:
    """The verdict on the function as the subject's gradient, slope, delta or step."""
    verdict = _verdict(function, subject, declared, seed, tolerance)
    if verdict.status == "unchecked" and wants_tensors(function):
        with_tensors = _verdict(on_tensors(function), subject, declared, seed, tolerance)
        return verdict if with_tensors.status == "unchecked" else with_tensors
    return verdict


def _verdict(
    function: Callable[..., Any], subject: Landscape | Activation | Loss | Optimizer, declared: Declarations, seed: int,
    tolerance: float | None,
) -> Verdict:  # fmt: skip
    effects = SideEffects()
    try:
        if isinstance(subject, Landscape):
            return check_partials(function, subject, declared, seed, tolerance, effects)
        if isinstance(subject, Optimizer):
            return check_step(function, subject, seed, tolerance, effects)
        if isinstance(subject, Activation):
            return check_slope(function, subject, seed, tolerance, effects)
        return check_delta(function, subject, declared, seed, tolerance, effects)
    except MisbehaviourError as misbehaviour:
        return Verdict(misbehaviour.status, name_of(function), repr(subject), str(misbehaviour))
    except OwnCodeError as error:
        return Verdict("unchecked", name_of(function), repr(subject), str(error))
