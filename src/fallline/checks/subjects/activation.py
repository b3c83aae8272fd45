"""The slope of an activation: checked at points of every size, its fault or the range of z where it is wrong named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from fallline.checks.calling.calls import MisbehaviourError, SideEffects, name_of
from fallline.checks.calling.evaluation import SINGLE
from fallline.checks.faults.catalogue import faults_at
from fallline.checks.faults.page_mutants import mutants
from fallline.checks.presentation.verdict import Verdict
from fallline.checks.reference.comparison import TOLERANCE, BlockComparison, GradientBlock
from fallline.checks.reference.derivatives import complex_step
from fallline.checks.reference.extents import SLOPES, slope_points
from fallline.checks.subjects.formula import unreliable, value_with, without_layer
from fallline.checks.subjects.other_slopes import INCOMPLETE, OTHER_SLOPES
from fallline.checks.subjects.ranges import Range, wrong_ranges
from fallline.checks.subjects.slope_calls import SlopeCall, slope_calls
from fallline.checks.subjects.slope_objects import as_function
from fallline.textbook.activations import ACTIVATIONS, Activation
from fallline.textbook.network import Kept, Network
from fallline.views.numerals import listed

__all__ = ["check_slope"]

MOST_RANGES = 3
SAID = ("D_negated", "D_activation_for_slope")
"""Faults of the catalogue that have other words here."""
ROUNDINGS = 16
"""Errors of this many units in the last place of z count as rounding: a formula may subtract numbers as large as z."""


@dataclass(frozen=True)
class Candidate:
    """A fault in words, its cure ("" if the sentence says it), and the slope with that fault.

    `measured` says that a number of the fault was read off the checked numbers.
    """

    words: str
    cure: str
    slope: Callable[[Any], Any]
    measured: bool = False


def check_slope(
    function: Callable[..., Any], activation: Activation, seed: int, tolerance: float | None, effects: SideEffects
) -> Verdict:
    """The verdict on slope(z) against the activation's own, which complex step confirms first."""
    return _SlopeCheck(function, activation, seed, tolerance, effects).verdict()


class _SlopeCheck:
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
        right = self._right(self.points.ordinary)
        self.scale = float(np.abs(right).max()) or 1.0
        self.call = self._call(function)
        z = self.points.all
        self.z = z[
            np.isfinite(self._right(z)) & (np.abs(z) <= (SLOPES.single if self.call.single else SLOPES.farthest * 2))
        ]
        self.ordinary = np.abs(self.z) <= SLOPES.ordinary
        self.right, self.values = self._right(self.z), self.call.values(self.z)
        if not np.array_equal(self.values, self.call.values(self.z), equal_nan=True):
            raise MisbehaviourError(
                f"{self.name} returns other numbers when it is called again, so it could not be checked."
            )

    def verdict(self) -> Verdict:
        wrong = self.wrong(self.z, self.values)
        if not wrong.any():
            more = " It is given the activation a, not the pre-activation z." if self.call.of_activation else ""
            return self._say("right", f"{self.name} is right.{more}", notes=self._notes())
        if wrong[self._drawn].any():
            named = self._named()
            if named is not None:  # not `if named`: a verdict is false where the slope is wrong
                return named
        return self._in_ranges(wrong)

    @property
    def _drawn(self) -> Any:
        """The random points, without those near 0 and far away."""
        return self.ordinary & (np.abs(self.z) > 1e-4)

    # The numbers

    @property
    def tolerance(self) -> float:
        return self.asked or (SINGLE if self.call.single else TOLERANCE)

    def _right(self, z: Any) -> Any:
        with np.errstate(all="ignore"):
            return np.broadcast_to(np.asarray(self.activation.slope(z), dtype=float), np.shape(z))

    def _reference_error(self) -> float:
        z = np.concatenate([self.points.ordinary, self.points.confirming])
        right = self._right(z)
        error = float(np.abs(complex_step(self.activation.function, z) - right).max())
        if not error <= 1e-7 * max(1.0, np.abs(right).max()):
            raise MisbehaviourError(unreliable(f"the slope of {self.activation.name}", error))
        return error

    def wrong(self, z: Any, values: Any, roundings: int = ROUNDINGS) -> Any:
        """Whether each value is wrong. At a kink, any number between the slopes beside it is right."""
        right = self._right(z)
        allowed = self.tolerance * np.maximum(np.abs(right), self.scale)
        precision = np.finfo(np.float32 if self.call.single else float).eps
        allowed = allowed + roundings * precision * np.abs(z) * self.scale
        with np.errstate(invalid="ignore"):
            wrong = ~(np.abs(values - right) <= allowed)
        if not self.activation.analytic:
            left, after = self._right(np.array([-1e-9, 1e-9]))
            low, high = min(left, after), max(left, after)
            wrong &= ~((z == 0) & (values >= low - self.tolerance) & (values <= high + self.tolerance))
        return wrong

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
        self.call = first
        return first

    # Faults

    def _named(self) -> Verdict | None:
        """The verdict with a fault that gives the numbers at all points; None if no known one does."""
        z = self.z[self.ordinary]
        u = self.values[self.ordinary]
        suggests = np.isin(z, self.points.ordinary)
        drawn = np.abs(z) > 1e-4
        fitting: list[tuple[Candidate, bool]] = []
        for candidate in self._candidates(z[suggests], u[suggests]):
            if fitting and candidate.measured:
                continue
            with np.errstate(all="ignore"):
                try:
                    values = np.broadcast_to(np.asarray(candidate.slope(self.z), dtype=float), self.z.shape)
                except (NameError, TypeError, ValueError, ArithmeticError):
                    continue
            misfit = self._differs(values)
            if not misfit[self.ordinary][drawn].any():
                fitting.append((candidate, not misfit.any()))
                if len(fitting) > 5:
                    break
        if not fitting:
            return None
        fitting.sort(key=lambda found: not found[1])
        (first, everywhere), *others = fitting
        findings = [] if everywhere else self._beyond(first)
        return self._say(
            "wrong", f"{self.name} is wrong as the slope of {self.activation.name}: {first.words}.", faults=(first.words,),
            cures=(first.cure,) if first.cure else (), findings=tuple(findings),
            others=tuple(dict.fromkeys(other.words for other, whole in others if whole == everywhere)),
            evidence=f"The slope with this fault gives the same numbers at {len(self.z) if everywhere else drawn.sum()} points.",
        )  # fmt: skip

    def _differs(self, values: Any) -> Any:
        """Where the checked numbers differ from those of a candidate."""
        size = float(np.abs(values[self.ordinary & np.isfinite(values)]).max(initial=0)) or 1.0
        with np.errstate(all="ignore"):
            rounding = ROUNDINGS * np.finfo(float).eps * np.abs(self.z) * size
            same = np.abs(self.values - values) <= self.tolerance * np.maximum(np.abs(values), size) + rounding
        same |= ~np.isfinite(values) & ~np.isfinite(self.values)
        if not self.activation.analytic:
            same |= self.z == 0
        return ~same

    def _candidates(self, z: Any, u: Any) -> Iterator[Candidate]:
        """The faults that could give the numbers u at the points z, the most specific first."""
        name = self.activation.name
        network = Network.of("1-1-1", activation=self.activation)
        yield Candidate("its sign is wrong", "turn its sign", lambda z: -self._right(z))
        yield Candidate("it is the activation itself, not its slope", "", self.activation.function)
        for words, cure, formula in INCOMPLETE.get(name, ()):
            yield Candidate(words, cure, formula)
        for fault in faults_at("D"):
            if fault.can_stand(network, 1) and "{k}" not in fault.sentence and fault.name not in SAID:
                words = without_layer(fault.sentence).replace(" of its delta", "").replace("the delta", "it")
                yield Candidate(words, fault.cure.format(l="", k=""), partial(self._with, fault, network))
        for other, formula in OTHER_SLOPES.items():
            if other != self.activation.label:
                yield Candidate(f"it is the slope of {other}, not of {self.activation.label}", "", formula)
        yield from self._measured(z, u)
        for member in ACTIVATIONS.values():
            if member.name == self.activation.name:
                continue
            yield Candidate(
                f"it is {member.label} itself, not the slope of {self.activation.label}", "", member.function
            )
        for mutant in mutants(self.activation.slope):
            yield Candidate(str(mutant), f"write `{mutant.before}`", mutant.page)

    def _with(self, fault: Any, network: Network, z: Any) -> Any:
        right, a = self._right(z), self.activation.function(z)
        scope = {"network": network, "kept": [Kept(z, z), Kept(a, None)], "l": 2, "it": right}
        value = value_with(fault, scope, z.shape)
        return np.full(z.shape, np.nan) if value is None else value

    def _measured(self, z: Any, u: Any) -> Iterator[Candidate]:
        """Constant factors, a constant that is added, and the same below and above 0 alone."""
        right = self._right(z)
        with np.errstate(all="ignore"):
            ratio, added = float(np.median(u / right)), float(np.median(u - right))
            below = np.median((u / right)[z < 0]), np.median(u[z < 0])
            above = np.median((u / right)[z > 0]), np.median(u[z > 0])
        yield Candidate(f"it is {ratio:.6g} times what it should be", "", lambda z: ratio * self._right(z), True)
        yield Candidate(f"a constant {added:.6g} is added to it", "", lambda z: added + self._right(z), True)
        for words, side, (factor, level) in (("below", -1, below), ("above", 1, above)):
            there, constant = right[np.sign(z) == side], f"{words} 0 it is {level:.6g}"
            if np.ptp(there) == 0:
                constant += f", not {there[0]:.6g}"
            yield Candidate(constant, "", partial(self._sided, side, 0.0, float(level)), True)
            sided = partial(self._sided, side, float(factor), 0.0)
            yield Candidate(f"{words} 0 it is {factor:.6g} times what it should be", "", sided, True)
        words = f"below 0 it is {below[0]:.6g} times, and above 0 {above[0]:.6g} times, what it should be"
        yield Candidate(words, "", lambda z: np.where(z < 0, below[0], above[0]) * self._right(z), True)

    def _sided(self, side: int, factor: float, level: float, z: Any) -> Any:
        """A constant plus a multiple of the slope on one side of 0, and the slope itself on the other."""
        return np.where(np.sign(z) == side, level + factor * self._right(z), self._right(z))

    # Ranges

    def _in_ranges(self, wrong: Any) -> Verdict:
        """The verdict with the ranges of z in which the slope is wrong."""
        strictly = self.wrong(self.z, self.values, roundings=0)
        ranges = [
            r
            for r in wrong_ranges(self.z, strictly, self._is_wrong)
            if wrong[(self.z >= r.low) & (self.z <= r.high)].any()
        ]
        if (wrong[self._drawn].mean() > 0.5 and len(ranges) > MOST_RANGES) or any(str(r) == "all z" for r in ranges):
            worst = int(np.argmax(np.where(self._drawn, np.abs(self.values - self.right), 0)))
            finding = f"at z = {self.z[worst]:.4g} it is {self.values[worst]:.6g} for {self.right[worst]:.6g}"
            sentence = f"{self.name} is wrong as the slope of {self.activation.name}, and no known fault explains it: {finding}."
            return self._say("wrong", sentence, findings=(finding,))
        faults = tuple(self._range_in_words(r) for r in ranges[:MOST_RANGES])
        more = f"; {len(ranges) - MOST_RANGES} more ranges are wrong" if len(ranges) > MOST_RANGES else ""
        sentence = f"{self.name} is wrong as the slope of {self.activation.name}: {'; '.join(faults)}{more}."
        return self._say("wrong", sentence, faults=faults, evidence="At all other points that were tried it is right.")

    def _is_wrong(self, z: float) -> bool:
        point = np.array([z])
        return bool(self.wrong(point, self.call.values(point), roundings=0)[0])

    def _range_in_words(self, found: Range) -> str:
        at = np.array([found.inside])
        value, right = self.call.values(at)[0], self._right(at)[0]
        if not np.isfinite(value):
            raised = f", and raises {self.call.raised}" if self.call.raised else f": it is {value} there"
            return f"it overflows for {found}{raised}, where the slope is {right:.6g}"
        if str(found) == "z = 0":
            return f"at {found} it is {value:.6g}, where the slope is {right:.6g}"
        if f"{value:.6g}" == f"{right:.6g}":
            return f"it is wrong for {found}: at z = {found.inside:.4g} it is off by {abs(value - right):.2g}"
        return f"it is wrong for {found}: at z = {found.inside:.4g} it is {value:.6g}, where the slope is {right:.6g}"

    def _beyond(self, candidate: Candidate) -> list[str]:
        """The ranges in which not even the fault gives the checked numbers."""
        with np.errstate(all="ignore"):
            misfit = self._differs(np.broadcast_to(candidate.slope(self.z), self.z.shape))
        if not np.isfinite(self.values[misfit]).all():
            bad = self.z[misfit & ~np.isfinite(self.values)]
            nearest = float(bad[np.abs(bad).argmin()])
            return [f"Besides, it is not finite at z = {nearest:.4g}: it overflows."]
        return [f"At z = {self.z[misfit][0]:.4g} it differs from that too."]

    # The verdict

    def _notes(self) -> tuple[str, ...]:
        notes = (
            [f"It changes its argument {listed(list(self.effects.changed))} in place."] if self.effects.changed else []
        )
        warned = np.array([self.call.overflows(z) for z in self.z])
        if warned.any():
            ranges = listed([str(r) for r in wrong_ranges(self.z, warned, self.call.overflows)[:MOST_RANGES]])
            notes.append(f"For {ranges} NumPy warns that an operation overflows; the slope is still right there.")
        at = np.flatnonzero(self.z == 0)
        if not self.activation.analytic and len(at):
            notes.append(
                f"At the kink it is {self.values[at[0]]:.6g}; between the slopes beside it any number is right."
            )
        if self.call.single:
            notes.append(f"It returns single precision, so it was compared to {SINGLE:g}.")
        return tuple(notes)

    def _say(self, status: Any, sentence: str, **more: Any) -> Verdict:
        block: tuple[BlockComparison, ...] = ()
        if status != "right":
            with np.errstate(all="ignore"):
                errors = np.abs(self.values - self.right)
            worst = float(np.where(np.isfinite(errors), errors, np.inf).max())
            block = (BlockComparison(GradientBlock("slope"), worst, worst / self.scale, False),)
        reference = f"complex step agrees to {self.error:.1e} on {2 * SLOPES.count} points"
        return Verdict(
            status, self.name, f"the slope of {self.activation.name}", sentence, called=str(self.call), blocks=block,
            reference=(reference,), uncovered=(SLOPES.uncovered,), **more,
        )  # fmt: skip
