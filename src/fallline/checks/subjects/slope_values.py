"""The numbers of a checked slope at points of every size, beside the activation's own, and which of them are wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fallline.checks.calling.calls import MisbehaviourError, SideEffects, name_of
from fallline.checks.calling.evaluation import SINGLE
from fallline.checks.reference.comparison import TOLERANCE
from fallline.checks.reference.derivatives import complex_step
from fallline.checks.reference.extents import SLOPES, slope_points
from fallline.checks.subjects.formula import unreliable
from fallline.checks.subjects.slope_calls import SlopeCall, slope_calls
from fallline.checks.subjects.slope_faults import right_slope
from fallline.checks.subjects.slope_objects import as_function
from fallline.textbook.activations import Activation

__all__ = ["SlopeValues"]

ROUNDINGS = 16
"""Errors of this many units in the last place of z count as rounding: a formula may subtract numbers as large as z."""


class SlopeValues:
    """The checked numbers `values` and the right ones `right` at the points `z`.

    Raises
    ------
    MisbehaviourError
        If the function cannot be called, or returns other numbers when it is called again.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        activation: Activation,
        seed: int,
        tolerance: float | None,
        effects: SideEffects,
    ) -> None:
        function = as_function(function)
        self.name, self.activation, self.effects = name_of(function), activation, effects
        self.points, self.asked = slope_points(seed), tolerance
        self.error = self._reference_error()
        self.scale = float(np.abs(self.right_at(self.points.ordinary)).max()) or 1.0
        self.call = self._call(function)
        z = self.points.all
        farthest = SLOPES.single if self.call.single else SLOPES.farthest * 2
        self.z = z[np.isfinite(self.right_at(z)) & (np.abs(z) <= farthest)]
        self.ordinary = np.abs(self.z) <= SLOPES.ordinary
        self.right, self.values = self.right_at(self.z), self.call.values(self.z)
        if not np.array_equal(self.values, self.call.values(self.z), equal_nan=True):
            raise MisbehaviourError(
                f"{self.name} returns other numbers when it is called again, so it could not be checked."
            )

    @property
    def drawn(self) -> Any:
        """Which points are random ones, not near 0 and not far away."""
        return self.ordinary & (np.abs(self.z) > 1e-4)

    @property
    def tolerance(self) -> float:
        return self.asked or (SINGLE if self.call.single else TOLERANCE)

    def right_at(self, z: Any) -> Any:
        """The activation's own slope at the points z."""
        return right_slope(self.activation, z)

    def wrong(self, z: Any, values: Any, roundings: int = ROUNDINGS) -> Any:
        """Whether each value is wrong. At a kink, any number between the slopes beside it is right."""
        right = self.right_at(z)
        allowed = self.tolerance * np.maximum(np.abs(right), self.scale)
        precision = np.finfo(np.float32 if self.call.single else float).eps
        allowed = allowed + roundings * precision * np.abs(z) * self.scale
        with np.errstate(invalid="ignore"):
            wrong = ~(np.abs(values - right) <= allowed)
        if not self.activation.analytic:
            left, after = self.right_at(np.array([-1e-9, 1e-9]))
            low, high = min(left, after), max(left, after)
            wrong &= ~((z == 0) & (values >= low - self.tolerance) & (values <= high + self.tolerance))
        return wrong

    def is_wrong(self, z: float) -> bool:
        """Whether the function is wrong at one more point, with no allowance for rounding."""
        point = np.array([z])
        return bool(self.wrong(point, self.call.values(point), roundings=0)[0])

    def differs(self, values: Any) -> Any:
        """Where the checked numbers differ from those of a candidate."""
        size = float(np.abs(values[self.ordinary & np.isfinite(values)]).max(initial=0)) or 1.0
        with np.errstate(all="ignore"):
            rounding = ROUNDINGS * np.finfo(float).eps * np.abs(self.z) * size
            same = np.abs(self.values - values) <= self.tolerance * np.maximum(np.abs(values), size) + rounding
        same |= ~np.isfinite(values) & ~np.isfinite(self.values)
        if not self.activation.analytic:
            same |= self.z == 0
        return ~same

    def _reference_error(self) -> float:
        z = np.concatenate([self.points.ordinary, self.points.confirming])
        right = self.right_at(z)
        error = float(np.abs(complex_step(self.activation.function, z) - right).max())
        if not error <= 1e-7 * max(1.0, np.abs(right).max()):
            raise MisbehaviourError(unreliable(f"the slope of {self.activation.name}", error))
        return error

    def _call(self, function: Callable[..., Any]) -> SlopeCall:
        """The call with which the slope is right at ordinary points; else the first that gives numbers."""
        z, first, failed = self.points.ordinary, None, None
        likely = None
        for call in slope_calls(function, self.activation, self.effects):
            try:
                values = call.values(z)
            except MisbehaviourError as misbehaviour:
                failed = failed or misbehaviour
                continue
            self.call = call
            if not self.wrong(z, values).any():
                return call
            if np.isfinite(values).any():
                first, likely = first or call, likely or (call if call.likely else None)
        first = likely or first
        if first is None:
            raise failed or MisbehaviourError(
                f"{self.name} returns no finite number, so it could not be checked.", "wrong"
            )
        return first
