"""The delta of a loss, which is its gradient by the network's last pre-activation: checked at random samples."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from fallline.checks.calling.calls import MisbehaviourError, SideEffects, call
from fallline.checks.faults.catalogue import faults_at
from fallline.checks.presentation.verdict import Verdict
from fallline.checks.reference.conventions import conventions
from fallline.checks.reference.declarations import Declarations
from fallline.checks.reference.derivatives import complex_step
from fallline.checks.reference.draws import draw
from fallline.checks.subjects.formula import Case, Formula, array_of, unreliable
from fallline.textbook.losses import Loss
from fallline.textbook.network import Network

__all__ = ["check_delta"]


def check_delta(
    function: Callable[..., Any], loss: Loss, declared: Declarations, seed: int, tolerance: float, effects: SideEffects
) -> Verdict:
    """The verdict on delta(Z, T) against the loss's own, which complex step confirms first."""
    network = Network.of("3-3", loss=loss)
    cases, error = [], 0.0
    for group in draw(network, seed=seed):
        Z, T = 2 * group.X[0], group.T[0]
        right = loss.delta(Z, T)
        for k, unit in enumerate(np.eye(Z.shape[-1])):
            slope = complex_step(partial(_value, loss, T), Z, unit)
            error = max(error, float(np.abs(slope - right[:, k]).max()))
        checked = array_of(call(function, [Z, T], {}, ["Z", "T"], effects), Z.shape, function)
        scope = {"network": network, "Z": Z, "T": T, "it": right}
        factors = {convention: convention.data(group) for convention in conventions(network, declared)}
        cases.append(Case(checked, right, scope, lambda index: f"sample {index[0]}, output {index[1]}", factors))
    if not error <= 1e-7:
        raise MisbehaviourError(unreliable(f"the delta of {loss.name}", error))
    return Formula(
        function,
        quantity=f"the delta of {loss.name}",
        block="delta",
        cases=cases,
        candidates=[fault for fault in faults_at("delta") if fault.can_stand(network, 1)],
        tolerance=tolerance,
        reference=f"complex step agrees to {error:.1e}",
    ).verdict()


def _value(loss: Loss, T: Any, Z: Any) -> Any:
    return loss.value(Z, T)
