"""The numbers of a checked delta on random batches, beside the loss's own, and the convention in which they agree."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from fallline.checks.calling.calls import MisbehaviourError, SideEffects, name_of
from fallline.checks.calling.evaluation import SINGLE
from fallline.checks.reference.comparison import TOLERANCE
from fallline.checks.reference.conventions import Convention, conventions
from fallline.checks.reference.declarations import Declarations
from fallline.checks.reference.derivatives import complex_step
from fallline.checks.reference.draws import draw
from fallline.checks.reference.extents import DELTAS
from fallline.checks.subjects.delta_calls import DeltaCall, delta_calls
from fallline.checks.subjects.delta_faults import Case
from fallline.checks.subjects.formula import unreliable
from fallline.textbook.losses import Loss
from fallline.textbook.network import Network

__all__ = ["DeltaValues"]


class DeltaValues:
    """The random batches `cases`, and the checked numbers `values` of each.

    `allowed` are the conventions that were declared, in words.

    Raises
    ------
    MisbehaviourError
        If the function cannot be called, or returns other numbers when it is called again.
    """

    def __init__(
        self, function: Callable[..., Any], loss: Loss, declared: Declarations, seed: int, tolerance: float | None,
        effects: SideEffects,
    ) -> None:  # fmt: skip
        self.name, self.loss, self.asked, self.effects = name_of(function), loss, tolerance, effects
        self.reduction = declared.reduction or "sum"
        self.cases, self.error = self._cases(seed)
        self.allowed = {str(c) for n in DELTAS.outputs for c in conventions(self._network(n), declared)}
        self.call = self._call(function)
        self.values = [self.call.values(case.Z, case.T) for case in self.cases]
        again = self.call.values(self.cases[0].Z, self.cases[0].T)
        if not np.array_equal(again, self.values[0], equal_nan=True):
            raise MisbehaviourError(
                f"{self.name} returns other numbers when it is called again, so it could not be checked."
            )

    @property
    def tolerance(self) -> float:
        return self.asked or (SINGLE if self.call.single else TOLERANCE)

    def same(self, checked: Any, expected: Any) -> bool:
        """Whether all numbers agree, compared to the largest expected one."""
        with np.errstate(all="ignore"):
            size = float(np.abs(expected).max()) or 1.0
            return bool((np.abs(checked - expected) <= self.tolerance * size).all())

    def convention(self, delta: Callable[[Case], Any] | None = None) -> Convention | None:
        """The convention in which all cases are right, or equal `delta`; None if there is none."""
        expected = [case.right if delta is None else delta(case) for case in self.cases]
        if any(value is None for value in expected):
            return None
        for k, convention in enumerate(self.cases[0].factors):
            scaled = [list(case.factors.values())[k] * value for case, value in zip(self.cases, expected, strict=True)]
            if all(map(self.same, self.values, scaled)):
                return convention
        return None

    def _network(self, outputs: int) -> Network:
        """A network whose last pre-activations are the logits."""
        return Network.of(f"{outputs}-{outputs}", loss=self.loss, reduction=self.reduction)

    def _cases(self, seed: int) -> tuple[list[Case], float]:
        """The random batches, and the largest difference of the loss's own delta from complex step."""
        cases, error = [], 0.0
        for n in DELTAS.outputs:
            network = self._network(n)
            for group in draw(network, seed=seed):
                Z, T = 2 * group.X[0], group.T[0]
                right = self.loss.delta(Z, T)
                for k, unit in enumerate(np.eye(n)):
                    slope = complex_step(partial(_value, self.loss, T), Z, unit)
                    error = max(error, float(np.abs(slope - right[:, k]).max()))
                factors = {c: group.factor * c.data(group) for c in conventions(network)}
                cases.append(Case(f"{n} outputs", network, Z, T, right, factors))
        if not error <= 1e-7:
            raise MisbehaviourError(unreliable(f"the delta of {self.loss.name}", error))
        return cases, error

    def _call(self, function: Callable[..., Any]) -> DeltaCall:
        """The call with which the delta is right in any convention; else the first that gives numbers."""
        first, failed = None, None
        for call in delta_calls(function, self.loss, self.effects):
            self.call = call
            try:
                self.values = [call.values(case.Z, case.T) for case in self.cases]
            except MisbehaviourError as misbehaviour:
                failed = failed or misbehaviour
                continue
            if self.convention() is not None:
                return call
            first = first or call
        if first is None:
            raise failed or MisbehaviourError(f"{self.name} could not be called.")
        return first


def _value(loss: Loss, T: Any, Z: Any) -> Any:
    return loss.value(Z, T)
