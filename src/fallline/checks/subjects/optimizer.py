"""The step of an optimizer: checked on trials of every kind, and its fault confirmed on those that did not suggest it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from fallline.checks.calling.calls import MUCH_PRINT, MisbehaviourError, SideEffects, name_of
from fallline.checks.calling.evaluation import SINGLE
from fallline.checks.presentation.verdict import Verdict
from fallline.checks.reference.comparison import TOLERANCE, BlockComparison, GradientBlock
from fallline.checks.subjects.extents import STEPS
from fallline.checks.subjects.step_calls import StepCall, step_calls
from fallline.checks.subjects.step_faults import StepFault, clipped, known_faults, short_steps, timed_faults
from fallline.checks.subjects.step_numbers import numbers_in
from fallline.checks.subjects.step_trials import Stepper, Textbook, Trial, finite, path, trials, wrong_steps
from fallline.textbook.optimizers import OPTIMIZERS, Optimizer

__all__ = ["check_step"]

CONVENTIONS = (
    ("momentum", "momentum_outside"), ("nesterov", "nesterov_outside"), ("adam", "adam_epsilon_hat"),
)  # fmt: skip
"""Pairs of update rules of the same name in different systems: either is right."""

AFTER = 15
"""Steps after the first wrong one that a suggested fault must explain."""
MOST_COMBINATIONS = 60
"""Combinations of numbers in the code that are tried for settings that are no arguments."""


def check_step(
    step: Callable[..., Any], optimizer: Optimizer, seed: int, tolerance: float | None, effects: SideEffects
) -> Verdict:
    """The verdict on a step of the optimizer, in whichever form it is written."""
    return _StepCheck(step, optimizer, seed, tolerance, effects).verdict()


@dataclass(frozen=True)
class _Walk:
    """The checked weights on one trial, and the first wrong step (counted from 0) against a rule; None if all are right."""

    trial: Trial
    checked: Any
    first: int | None


class _StepCheck:
    def __init__(
        self, step: Callable[..., Any], optimizer: Optimizer, seed: int, tolerance: float | None, effects: SideEffects
    ) -> None:
        self.name, self.optimizer, self.seed, self.asked, self.effects = (
            name_of(step),
            optimizer,
            seed,
            tolerance,
            effects,
        )
        partner = next((a if b == optimizer.name else b for a, b in CONVENTIONS if optimizer.name in (a, b)), None)
        self.bases = [optimizer, *([OPTIMIZERS[partner]] if partner else [])]
        self.fits_first = False
        self.call = self._call(step)
        self.checked: dict[int, Any] = {}
        self.right: dict[tuple[str, int], Any] = {}
        self.raised: dict[str, str] = {}
        self.trials = [self._trial(t) for t in trials(optimizer, self.call.fixed, seed, single=self.call.single)]

    def verdict(self) -> Verdict:
        for base in self.bases:
            walks = self._walks(base)
            if all(walk.first is None for walk in walks):
                return self._right(base)
        if self.call.fixed and not self.fits_first:
            return self._with_numbers_of_the_code()
        return self._wrong()

    # Calls

    @property
    def tolerance(self) -> float:
        return self.asked or (SINGLE if self.call.single else TOLERANCE)

    @property
    def precision(self) -> float:
        return float(np.finfo(np.float32 if self.call.single else float).eps)

    def _trial(self, trial: Trial, call: StepCall | None = None) -> Trial:
        return trial if (call or self.call).rate_varies else trial.with_constant_rate()

    def _call(self, step: Callable[..., Any]) -> StepCall:
        """The call with which the first trial is right, numbers of the code included; else the first that runs."""
        runs: list[StepCall] = []
        failed: list[MisbehaviourError] = []
        for call in step_calls(step, self.optimizer, self.effects):
            self.call = call
            try:
                if self._first_is_right(call):
                    self.fits_first = True
                    return call
                runs.append(call)
            except MisbehaviourError as misbehaviour:
                failed.append(misbehaviour)
        for call in runs:
            for fixed in self._combinations(call):
                self.call = candidate = replace(call, fixed=fixed)
                if self._first_is_right(candidate):
                    self.fits_first = True
                    return candidate
        runs = [call for call in runs if call.likely]
        if not runs:
            raise failed[0] if failed else MisbehaviourError(
                f"{self.name} has no arguments for the weights and the gradient, so it could not be checked."
            )  # fmt: skip
        return runs[0]

    def _combinations(self, call: StepCall) -> Iterator[dict[str, float]]:
        """Values of the settings that the function does not take, from the numbers in its code."""
        if not call.fixed:
            return
        numbers = numbers_in(call.function)
        choices = []
        for name, default in call.fixed.items():
            inside = [n for n in numbers if self.optimizer.declared[name]._holds(n)]
            complements = [1 - n for n in inside if 0 < n < 1 and self.optimizer.declared[name]._holds(1 - n)]
            choices.append(list(dict.fromkeys([default, *inside, *complements]))[:8])
        for k, values in enumerate(product(*choices)):
            if k >= MOST_COMBINATIONS:
                return
            yield dict(zip(call.fixed, values, strict=True))

    def _first_is_right(self, call: StepCall) -> bool:
        trial = self._trial(next(trials(self.optimizer, call.fixed, self.seed)), call)
        checked = path(call, trial)
        return any(self._first_wrong(checked, Textbook(base), trial) is None for base in self.bases)

    def _path(self, index: int) -> Any:
        """The checked weights on a trial, computed once."""
        if index not in self.checked:
            trial = self.trials[index]
            try:
                self.checked[index] = path(self.call, trial)
            except MisbehaviourError as misbehaviour:  # the call was understood in the first trial
                if index == 0:
                    raise
                self.raised[trial.words] = str(misbehaviour).partition(", so ")[0]
                self.checked[index] = np.full(trial.gradients.shape, np.nan)
        return self.checked[index]

    def _first_wrong(self, checked: Any, rule: Stepper, trial: Trial) -> int | None:
        with np.errstate(all="ignore"):
            right = path(rule, trial)
        wrong = wrong_steps(checked, right, trial, self.tolerance, self.precision)
        return int(wrong.argmax()) if wrong.any() else None

    def _walks(self, base: Optimizer) -> list[_Walk]:
        walks = []
        for index, trial in enumerate(self.trials):
            key = base.name, index
            if key not in self.right:
                self.right[key] = finite(base, trial)
            right = self.right[key]
            if right is not None:
                checked = self._path(index)
                wrong = wrong_steps(checked, right, trial, self.tolerance, self.precision)
                walks.append(_Walk(trial, checked, int(wrong.argmax()) if wrong.any() else None))
        return walks

    # Verdicts

    def _say(self, status: Any, sentence: str, walks: Sequence[_Walk] = (), **more: Any) -> Verdict:
        blocks = ()
        if walks:
            walk = next((w for w in walks if w.first is not None), walks[0])
            right = path(Textbook(self.optimizer), walk.trial)
            with np.errstate(all="ignore"):
                error = float(np.nan_to_num(np.abs(walk.checked - right).max(), nan=np.inf))
            blocks = (
                BlockComparison(GradientBlock("w"), error, error / (np.abs(right).max() or 1.0), status == "right"),
            )
        steps = sum(len(trial.gradients) for trial in self.trials)
        return Verdict(
            status, self.name, repr(self.optimizer), sentence, called=self.call.described, blocks=blocks,
            reference=(f"the textbook's {self.optimizer.name}, {steps} steps in {len(self.trials)} trials",),
            uncovered=(STEPS.uncovered, *self._fixed_in_words()), notes=tuple(self._notes()), **more,
        )  # fmt: skip

    def _fixed_in_words(self) -> list[str]:
        if not self.call.fixed:
            return []
        values = ", ".join(f"{name} = {value:g}" for name, value in self.call.fixed.items())
        return [f"{self.name} takes no argument for these settings, so other values were not tried: {values}."]

    def _notes(self) -> Iterator[str]:
        if self.effects.lines > MUCH_PRINT:
            yield f"{self.name} prints {self.effects.lines / self.effects.calls:.0f} lines each time it is called."
        if self.call.single:
            yield f"It returns single precision, so it was compared to {SINGLE:g}."

    def _right(self, base: Optimizer) -> Verdict:
        convention = "" if base is self.optimizer else f", in the convention of {base.name}"
        evidence = f"It agrees on {len(self.trials)} trials, of up to {STEPS.late} steps each."
        return self._say("right", f"{self.name} is right{convention}.", evidence=evidence)

    def _with_numbers_of_the_code(self) -> Verdict:
        """The verdict where settings stand in the code, and no number there makes the step right."""
        original = self.call
        for fixed in self._combinations(original):
            self.call, self.checked, self.right = replace(original, fixed=fixed), {}, {}
            self.trials = [self._trial(t) for t in trials(self.optimizer, fixed, self.seed, single=original.single)]
            fault = self._fault(self._walks(self.optimizer))
            if fault is not None:
                return self._faulty(fault)
        names = " and ".join(original.fixed)
        self.call = original
        sentence = f"{self.name} has no argument for {names}, and no number in its code explains its steps, so it could not be checked."
        return self._say("unchecked", sentence)

    def _wrong(self) -> Verdict:
        walks = min((self._walks(base) for base in self.bases), key=lambda ws: sum(w.first is not None for w in ws))
        fault = self._fault(walks)
        if fault is not None:
            return self._faulty(fault)
        failing = [walk for walk in walks if walk.first is not None]
        worst = failing[0]
        finding = f"its weights differ first {worst.trial.words}, after step {(worst.first or 0) + 1}"
        if not np.isfinite(worst.checked).all():
            bad = int((~np.isfinite(worst.checked.reshape(len(worst.checked), -1)).all(axis=1)).argmax())
            finding = f"its weights are not finite {worst.trial.words}, after step {bad + 1}"
        if worst.trial.words in self.raised:
            finding = f"{worst.trial.words} {self.raised[worst.trial.words]}"
        if len(failing) < len(walks):
            finding += f"; in {len(walks) - len(failing)} of {len(walks)} trials it is right"
        sentence = f"{self.name} is wrong, and no known fault explains it: {finding}."
        others = [w.trial.words for w in failing[1:4]]
        findings = (finding, *([f"It is also wrong {', '.join(dict.fromkeys(others))}."] if others else []))
        return self._say("wrong", sentence, failing, findings=findings)

    def _faulty(self, fault: StepFault) -> Verdict:
        sentence = f"{self.name} is wrong: {fault.words}."
        evidence = f"The textbook's {self.optimizer.name} with this change gives the same weights in all {len(self.trials)} trials."
        return self._say(
            "wrong", sentence, self._walks(self.optimizer), faults=(fault.words,), evidence=evidence,
            cures=(fault.cure,) if fault.cure else (), rules=(fault.rule,) if fault.rule else (),
        )  # fmt: skip

    # Faults

    def _fault(self, walks: Sequence[_Walk]) -> StepFault | None:
        """The first fault that gives the checked weights in all trials; None if no known one does."""
        failing = [walk for walk in walks if walk.first is not None]
        if not failing:
            return None
        earliest = min(failing, key=lambda walk: walk.first or 0)
        suggest = earliest.trial.shortened((earliest.first or 0) + 1 + AFTER)
        checked = earliest.checked[: len(suggest.gradients)]
        start = suggest.shortened(2)
        for fault in self._candidates(failing, earliest, suggest):
            if not self._explains(fault.stepper, checked[:2], start):
                continue
            if self._explains(fault.stepper, checked, suggest) and all(
                self._explains(fault.stepper, walk.checked, walk.trial) for walk in walks
            ):
                return fault
        return None

    def _explains(self, rule: Stepper, checked: Any, trial: Trial) -> bool:
        try:
            return self._first_wrong(checked, rule, trial) is None
        except (MisbehaviourError, ArithmeticError, TypeError, ValueError, NameError, KeyError, IndexError):
            return False

    def _candidates(self, failing: Sequence[_Walk], earliest: _Walk, suggest: Trial) -> Iterator[StepFault]:
        k = (failing[0].first or 0) + 1
        if (earliest.first or 0) < STEPS.first:
            yield from known_faults(self.optimizer, self.bases)
        for first in dict.fromkeys((k, (earliest.first or 0) + 1)):
            for base in self.bases:
                walk = failing[0] if first == k else earliest
                yield from timed_faults(base, first, self._factor(base, walk))
        bound = self._bound()
        if bound is not None:
            for base in self.bases:
                yield from clipped(base, bound)
        longest = self._longest(failing)
        if longest is not None:
            for base in self.bases:
                yield short_steps(base, longest)

    def _factor(self, base: Optimizer, walk: _Walk) -> float | None:
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

    def _bound(self) -> float | None:
        """The size of gradients up to which the steps are right, found by bisection; None if there is no such size."""

        def right(size: float) -> bool:
            trial = self._trial(Trial("", np.zeros(1), size * PROBE, self.trials[1].settings))
            try:
                checked = path(self.call, trial)
            except MisbehaviourError:
                return False
            return any(self._first_wrong(checked, Textbook(base), trial) is None for base in self.bases)

        sizes = 10.0 ** np.arange(-4, 9)
        flags = [right(size) for size in sizes]
        if not flags[0] or all(flags):
            return None
        k = flags.index(False)
        low, high = sizes[k - 1], sizes[k]
        for _ in range(40):
            middle = np.sqrt(low * high)
            low, high = (middle, high) if right(middle) else (low, middle)
        bound = float(low * np.abs(PROBE).max())
        return float(f"{bound:.5g}")

    @staticmethod
    def _longest(failing: Sequence[_Walk]) -> float | None:
        """The longest move of a weight in a step, if several moves have that length."""
        for walk in failing:
            with np.errstate(all="ignore"):
                moves = np.abs(np.diff(np.concatenate([walk.trial.start[None], walk.checked]), axis=0))
            longest = float(moves.max()) if np.isfinite(moves).all() else 0.0
            if longest and (moves > longest * (1 - 1e-9)).sum() >= 3:
                return float(f"{longest:.6g}")
        return None


PROBE = np.array([[0.4], [-0.7], [1.0], [0.2], [-0.9]])
"""Gradients of one weight, in units of their size, for the bisection of a bound."""
