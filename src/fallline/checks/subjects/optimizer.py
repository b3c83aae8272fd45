"""The step of an optimizer: checked on trials of every kind, in the forms in which people write it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from fallline.checks.calling.calls import MUCH_PRINT, MisbehaviourError, SideEffects, name_of
from fallline.checks.calling.evaluation import SINGLE
from fallline.checks.presentation.verdict import Verdict
from fallline.checks.reference.comparison import BlockComparison, GradientBlock
from fallline.checks.reference.extents import STEPS
from fallline.checks.steps.choice import choose, numbers_of_the_code
from fallline.checks.steps.diagnosis import fault_of
from fallline.checks.steps.trials import Textbook, path
from fallline.checks.steps.walks import Walk, Walker
from fallline.checks.steps.wrapped import StepFault
from fallline.textbook.optimizers import OPTIMIZERS, Optimizer
from fallline.views.numerals import listed

__all__ = ["check_step"]

CONVENTIONS = (
    ("momentum", "momentum_outside"), ("nesterov", "nesterov_outside"), ("adam", "adam_epsilon_hat"),
)  # fmt: skip
"""Pairs of update rules of the same name in different systems: either is right."""

MOST_DIAGNOSED = 8
"""Ways to call the function, or numbers of its code, with which a fault is looked for."""


def check_step(
    step: Callable[..., Any], optimizer: Optimizer, seed: int, tolerance: float | None, effects: SideEffects
) -> Verdict:
    """The verdict on a step of the optimizer."""
    partner = next((a if b == optimizer.name else b for a, b in CONVENTIONS if optimizer.name in (a, b)), None)
    bases = [optimizer, *([OPTIMIZERS[partner]] if partner else [])]
    fits, walkers = choose(step, bases, seed, tolerance, effects)
    check = _StepCheck(name_of(step), walkers[0])
    if not fits:
        return check.numbers_of_the_code() if walkers[0].call.fixed else check.wrong(walkers)
    if walkers[0].keeps_a_memory():
        raise MisbehaviourError(
            f"{name_of(step)} keeps a memory outside of its arguments: from the same start it takes other steps the second time, "
            "so it could not be checked. Make it a class, or pass the state."
        )
    parts = [walkers[0].of_part(k) for k in range(len(walkers[0].call.parts))]
    for base in bases:
        if all(walk.first is None for walker in parts for walk in walker.walks(base)):
            return check.right(base)
    faulty = [walker for walker in parts if any(walk.first is not None for walk in walker.walks(bases[0]))]
    return _StepCheck(name_of(step), faulty[0]).wrong(faulty[:1] if len(parts) > 1 else walkers)


class _StepCheck:
    """The verdicts on a step that is called as the walker does."""

    def __init__(self, name: str, walker: Walker) -> None:
        self.name, self.walker, self.optimizer = name, walker, walker.optimizer

    @property
    def _is_wrong(self) -> str:
        """The beginning of a sentence: "step is wrong", with the arrays in which it is if it updates others rightly."""
        parts = self.walker.call.parts
        wrong = (
            [p for k, p in enumerate(parts) if not self.walker.of_part(k).starts_right()] if len(parts) > 1 else parts
        )
        return f"{self.name} is wrong" + (f" in {listed(list(wrong))}" if 0 < len(wrong) < len(parts) else "")

    def _say(self, status: Any, sentence: str, walks: Sequence[Walk] = (), **more: Any) -> Verdict:
        call, trials = self.walker.call, self.walker.trials
        steps = sum(len(trial.gradients) for trial in trials)
        return Verdict(
            status, self.name, repr(self.optimizer), sentence, called=call.described, blocks=tuple(self._blocks(walks)),
            reference=(f"the textbook's {self.optimizer.name}, {steps} steps in {len(trials)} trials",),
            uncovered=(STEPS.uncovered, *self._untried_settings()), notes=tuple(self._notes()), **more,
        )  # fmt: skip

    def _blocks(self, walks: Sequence[Walk]) -> Iterator[BlockComparison]:
        walk = next((walk for walk in walks if walk.first is not None), None)
        if walk is not None:
            right = path(Textbook(self.optimizer), walk.trial)
            with np.errstate(all="ignore"):
                error = float(np.nan_to_num(np.abs(walk.checked - right).max(), nan=np.inf))
            yield BlockComparison(GradientBlock("w"), error, error / (np.abs(right).max() or 1.0), False)

    def _untried_settings(self) -> Iterator[str]:
        fixed = self.walker.call.fixed
        if fixed:
            values = ", ".join(f"{name} = {value:g}" for name, value in fixed.items())
            yield f"{self.name} takes no argument for these settings, so other values were not tried: {values}."
        refused = self.walker.refused()
        if refused:
            yield f"{self.name} raises an error {listed(refused)}, so these values were not tried."

    def _notes(self) -> Iterator[str]:
        effects = self.walker.call.effects
        if effects.lines > MUCH_PRINT:
            yield f"{self.name} prints {effects.lines / effects.calls:.0f} lines each time it is called."
        if self.walker.call.single:
            yield f"It returns single precision, so it was compared to {SINGLE:g}."

    def right(self, base: Optimizer) -> Verdict:
        """The verdict if the step is that of the optimizer or of its other convention."""
        convention = "" if base is self.optimizer else f", in the convention of {base.name}"
        evidence = f"It agrees on {len(self.walker.trials)} trials, of up to {STEPS.late} steps each."
        return self._say("right", f"{self.name} is right{convention}.", evidence=evidence)

    def numbers_of_the_code(self) -> Verdict:
        """The verdict where settings stand in the code, and no number there makes the step right."""
        original = self.walker
        for fixed in islice(numbers_of_the_code(original.call), MOST_DIAGNOSED):
            self.walker = original.with_call(replace(original.call, fixed=fixed))
            fault = fault_of(self.walker, [self.walker.first_walk()])
            if fault is not None:
                walks = self.walker.walks(self.optimizer)
                if all(self.walker.explains(fault.stepper, walk.checked, walk.trial) for walk in walks):
                    return self._faulty(fault, walks)
        self.walker = original
        names = " and ".join(original.call.fixed)
        sentence = f"{self.name} has no argument for {names}, and no number in its code explains its steps, so it could not be checked."
        return self._say("unchecked", sentence)

    def wrong(self, walkers: Sequence[Walker]) -> Verdict:
        """The verdict with the fault that explains the steps under one of the calls; else with where they go wrong."""
        for walker in walkers[:MOST_DIAGNOSED]:
            walks = min(
                (walker.walks(base) for base in walker.bases), key=lambda ws: sum(w.first is not None for w in ws)
            )
            fault = fault_of(walker, walks)
            if fault is not None:
                self.walker = walker
                return self._faulty(fault, walks)
        walks = min(
            (self.walker.walks(base) for base in self.walker.bases), key=lambda ws: sum(w.first is not None for w in ws)
        )
        return self._unexplained(walks)

    def _faulty(self, fault: StepFault, walks: Sequence[Walk]) -> Verdict:
        evidence = (
            f"The textbook's {self.optimizer.name} with this change gives the same weights in all {len(walks)} trials."
        )
        return self._say(
            "wrong", f"{self._is_wrong}: {fault.words}.", walks, faults=(fault.words,), evidence=evidence,
            cures=(fault.cure,) if fault.cure else (), rules=(fault.rule,) if fault.rule else (),
        )  # fmt: skip

    def _unexplained(self, walks: Sequence[Walk]) -> Verdict:
        failing = [walk for walk in walks if walk.first is not None]
        first = failing[0]
        finding = f"its weights differ first {first.trial.words}, after step {(first.first or 0) + 1}"
        if not np.isfinite(first.checked).all():
            bad = int((~np.isfinite(first.checked.reshape(len(first.checked), -1)).all(axis=1)).argmax())
            finding = f"its weights are not finite {first.trial.words}, after step {bad + 1}"
        if first.trial.words in self.walker.raised:
            finding = f"{first.trial.words} {self.walker.raised[first.trial.words]}"
        if len(failing) < len(walks):
            finding += f"; in {len(walks) - len(failing)} of {len(walks)} trials it is right"
        others = dict.fromkeys(walk.trial.words for walk in failing[1:4])
        findings = (finding, *([f"It is also wrong {', '.join(others)}."] if others else []))
        sentence = f"{self._is_wrong}, and no known fault explains it: {finding}."
        return self._say("wrong", sentence, failing, findings=findings)
