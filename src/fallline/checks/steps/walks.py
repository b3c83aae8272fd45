"""The checked steps on all trials, beside those of a rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fallline.checks.calling.calls import MisbehaviourError
from fallline.checks.calling.evaluation import SINGLE
from fallline.checks.reference.comparison import TOLERANCE
from fallline.checks.steps.step_call import StepCall
from fallline.checks.steps.trials import Stepper, Textbook, Trial, finite, path, trials, wrong_steps
from fallline.textbook.optimizers import Optimizer

__all__ = ["Walk", "Walker"]


@dataclass(frozen=True)
class Walk:
    """The checked weights on one trial, and the first wrong step (counted from 0) against a rule; None if all are right."""

    trial: Trial
    checked: Any
    first: int | None


class Walker:
    """A call of the checked function on the trials, each computed once.

    Parameters
    ----------
    call
        The way to call it.
    bases
        The optimizer, and the other convention of the same name if there is one.
    seed
        Key of the trials.
    tolerance
        Relative error that counts as rounding; None for that of the function's precision.
    """

    def __init__(self, call: StepCall, bases: Sequence[Optimizer], seed: int, tolerance: float | None) -> None:
        self.call, self.bases, self.asked = call, bases, tolerance
        self.raised: dict[str, str] = {}
        self._seed = seed
        self._trials: list[Trial] = []
        self._checked: dict[int, Any] = {}
        self._right: dict[tuple[str, int], Any] = {}

    def with_call(self, call: StepCall) -> Walker:
        """The same trials with another call."""
        return Walker(call, self.bases, self._seed, self.asked)

    def of_part(self, part: int) -> Walker:
        """The same trials of another of the arrays that the function updates."""
        return self if part == self.call.part else self.with_call(replace(self.call, part=part))

    def starts_right(self) -> bool:
        """Whether the first trial is right in one of the conventions."""
        try:
            return self.is_right(self.first_trial)
        except MisbehaviourError:
            return False

    @property
    def optimizer(self) -> Optimizer:
        return self.bases[0]

    @property
    def tolerance(self) -> float:
        return self.asked or (SINGLE if self.call.single else TOLERANCE)

    @property
    def first_trial(self) -> Trial:
        """The ordinary trial, which is computed without the others."""
        return self._trials[0] if self._trials else self._fitted(next(self._drawn()))

    @property
    def trials(self) -> list[Trial]:
        if not self._trials:
            self._trials = [self._fitted(trial) for trial in self._drawn()]
        return self._trials

    def _drawn(self) -> Any:
        return trials(self.optimizer, self.call.fixed, self._seed, single=self.call.single)

    def _fitted(self, trial: Trial) -> Trial:
        return trial if self.call.rate_varies else trial.with_constant_rate()

    def constant(self, gradients: Any) -> Trial:
        """A trial of one weight from 0 with these gradients and the ordinary settings."""
        return Trial("", np.zeros(gradients.shape[1:]), gradients, self.first_trial.settings)

    def first_wrong(self, checked: Any, rule: Stepper, trial: Trial) -> int | None:
        """The first step (from 0) at which the weights differ from those of a rule; None if there is none."""
        with np.errstate(all="ignore"):
            right = path(rule, trial)
        return self._first(checked, right, trial)

    def _first(self, checked: Any, right: Any, trial: Trial) -> int | None:
        precision = float(np.finfo(np.float32 if self.call.single else float).eps)
        wrong = wrong_steps(checked, right, trial, self.tolerance, precision)
        return int(wrong.argmax()) if wrong.any() else None

    def is_right(self, trial: Trial) -> bool:
        """Whether the checked steps are right on that trial in one of the conventions.

        Raises
        ------
        MisbehaviourError
            If the function cannot be called in this way.
        """
        checked = path(self.call, trial)
        return any(self.first_wrong(checked, Textbook(base), trial) is None for base in self.bases)

    def explains(self, rule: Stepper, checked: Any, trial: Trial) -> bool:
        """Whether the rule gives the checked weights on that trial."""
        try:
            return self.first_wrong(checked, rule, trial) is None
        except (MisbehaviourError, ArithmeticError, TypeError, ValueError, NameError, KeyError, IndexError):
            return False

    def refused(self) -> list[str]:
        """The settings' values that the function refuses by an error."""
        return [trial.words for trial in self.trials if trial.edge and trial.words in self.raised]

    def keeps_a_memory(self) -> bool:
        """Whether the first trial gives other weights when it is run again."""
        once, again = (path(self.call, self.first_trial) for _ in range(2))
        return not np.array_equal(once, again, equal_nan=True)

    def first_walk(self) -> Walk:
        """The ordinary trial against the optimizer."""
        checked = path(self.call, self.first_trial)
        return Walk(self.first_trial, checked, self.first_wrong(checked, Textbook(self.optimizer), self.first_trial))

    def walks(self, base: Optimizer) -> list[Walk]:
        """Every trial on which the base's own steps are finite."""
        walks = []
        for index, trial in enumerate(self.trials):
            key = base.name, index
            if key not in self._right:
                self._right[key] = finite(base, trial)
            right = self._right[key]
            if right is not None:
                checked = self._path(index)
                if checked is not None:
                    walks.append(Walk(trial, checked, self._first(checked, right, trial)))
        return walks

    def _path(self, index: int) -> Any:
        if index not in self._checked:
            trial = self.trials[index]
            try:
                self._checked[index] = path(self.call, trial)
            except MisbehaviourError as misbehaviour:
                if index == 0:
                    raise
                # The call was understood in the first trial, so the error belongs to the code.
                self.raised[trial.words] = str(misbehaviour).partition(", so ")[0]
                self._checked[index] = None if trial.edge else np.full(trial.gradients.shape, np.nan)
        return self._checked[index]
