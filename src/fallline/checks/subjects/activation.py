"""The slope of an activation: checked at random points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fallline import random
from fallline.checks.calling.calls import MisbehaviourError, SideEffects, call
from fallline.checks.faults.catalogue import faults_at
from fallline.checks.presentation.verdict import Verdict
from fallline.checks.reference.derivatives import complex_step
from fallline.checks.subjects.formula import Case, Formula, array_of, unreliable
from fallline.textbook.activations import Activation
from fallline.textbook.network import Kept, Network

__all__ = ["check_slope"]

POINTS = 60


def check_slope(
    function: Callable[..., Any], activation: Activation, seed: int, tolerance: float, effects: SideEffects
) -> Verdict:
    """The verdict on slope(z) against the activation's own, which complex step confirms first."""
    z = 8 * random.uniform(seed, "slope check", POINTS) - 4
    right = np.broadcast_to(np.asarray(activation.slope(z), dtype=float), z.shape)
    error = np.abs(complex_step(activation.function, z) - right).max()
    if not error <= 1e-7 * max(1.0, np.abs(right).max()):
        raise MisbehaviourError(unreliable(f"the slope of {activation.name}", error))
    checked = array_of(call(function, [z], {}, ["z"], effects), z.shape, function)
    network = Network.of("1-1-1", activation=activation)
    a = activation.function(z)
    scope = {"network": network, "kept": [Kept(z, z), Kept(a, None)], "l": 2, "it": right}
    nearest = np.abs(z).min()
    return Formula(
        function,
        quantity=f"the slope of {activation.name}",
        block="slope",
        cases=[Case(checked, right, scope, lambda index: f"z = {z[index]:.4g}")],
        candidates=[fault for fault in faults_at("D") if fault.can_stand(network, 1)],
        tolerance=tolerance,
        reference=f"complex step agrees to {error:.1e} on {POINTS} points",
        uncovered=() if activation.analytic else (f"Points within {nearest:.1g} of 0 were not tried.",),
    ).verdict()
