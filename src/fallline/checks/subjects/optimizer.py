"""The step of an optimizer: checked along a few steps, and its fault named as a change of the optimizer's own page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from fallline import random
from fallline.checks.calling.calls import MisbehaviourError, SideEffects, call, name_of
from fallline.checks.presentation.verdict import Verdict
from fallline.checks.reference.comparison import BlockComparison, GradientBlock
from fallline.checks.subjects.page_mutants import mutants
from fallline.settings import Setting
from fallline.textbook.optimizers import OPTIMIZERS, Optimizer

__all__ = ["check_step"]

STEPS, WEIGHTS = 5, 4

CONVENTIONS = (
    ("momentum", "momentum_outside"), ("nesterov", "nesterov_outside"), ("adam", "adam_epsilon_hat"),
)  # fmt: skip
"""Pairs of update rules of the same name in different systems: either is right."""


def check_step(
    step: Callable[..., Any], optimizer: Optimizer, seed: int, tolerance: float, effects: SideEffects
) -> Verdict:
    """The verdict on step(w, g, state, t, **settings) against the page's, each continuing with its own state."""
    name = name_of(step)
    paths = _Paths(seed)
    right = paths.run(optimizer)
    checked = paths.run(optimizer, lambda *a, **s: call(step, a, s, ["w", "g", "state", "t"], effects), name)
    absolute = np.abs(checked - right).max(axis=1)
    errors = absolute / np.abs(right).max()
    agrees = bool(errors.max() <= tolerance)
    block = BlockComparison(GradientBlock("w"), float(absolute.max()), float(errors.max()), agrees)
    common: dict[str, Any] = {
        "name": name, "subject": repr(optimizer), "called": f"{name}(w, g, state, t, {', '.join(optimizer.settings)})",
        "reference": (f"the textbook's {optimizer.name}, {STEPS} steps at changing learning rates",),
    }  # fmt: skip
    if effects.changed:
        sentence = f"{name} changes its argument {', '.join(effects.changed)} in place. Work on a copy."
        return Verdict("wrong", sentence=sentence, faults=(sentence,), blocks=(block,), **common)
    if agrees:
        return Verdict("right", sentence=f"{name} is right.", **common)
    for other in OPTIMIZERS.values():
        if other.name != optimizer.name and paths.same(checked, other, tolerance):
            if any({other.name, optimizer.name} == set(pair) for pair in CONVENTIONS):
                return Verdict("right", sentence=f"{name} is right, in the convention of {other.name}.", **common)
            fault = f"it is the update of {other.name}, not of {optimizer.name}"
            return Verdict("wrong", sentence=f"{name} is wrong: {fault}.", faults=(fault,), blocks=(block,), **common)
    fitting = [m for m in mutants(optimizer.step) if paths.same(checked, replace(optimizer, step=m.page), tolerance)]
    if fitting:
        first, *others = fitting
        fault = f"`{first.after}` stands where `{first.before}` belongs"
        return Verdict(
            "wrong", sentence=f"{name} is wrong: {fault}.", faults=(fault,), blocks=(block,),
            rules=((first.before, first.after),),
            evidence=f"The textbook's {optimizer.name} with this change gives the same weights on all {STEPS} steps.",
            others=tuple(f"`{mutant.after}` for `{mutant.before}`" for mutant in others), **common,
        )  # fmt: skip
    k = int((errors > tolerance).argmax())
    finding = f"its weights differ first after step {k + 1}, by {float(absolute[k]):.3g}"
    sentence = f"{name} is wrong, and no single changed operation explains it: {finding}."
    return Verdict("wrong", sentence=sentence, findings=(finding,), blocks=(block,), **common)


class _Paths:
    """The same gradients and settings for every optimizer; the learning rate changes from step to step."""

    def __init__(self, seed: int) -> None:
        self.w = random.normal(seed, "update check weights", WEIGHTS)
        self.g = random.normal(seed, "update check gradients", WEIGHTS, np.arange(STEPS))

    def run(self, optimizer: Optimizer, step: Callable[..., Any] | None = None, name: str = "") -> Any:
        """The weights after each step, (steps, weights), of the optimizer or of another step called with its settings."""
        settings = {setting.name: _typical(setting) for setting in optimizer.declared.values()}
        w, state, path = self.w, optimizer.init(self.w, **settings), []
        for t, g in enumerate(self.g, start=1):
            rates = {"learning_rate": 0.1 / t} if "learning_rate" in settings else {}
            result = (step or optimizer.step)(w, g, state, t, **{**settings, **rates})
            try:
                w, state = result
                w = np.asarray(w, dtype=float)
            except (TypeError, ValueError):
                raise MisbehaviourError(f"{name} must return (w, state), as an optimizer's step does.") from None
            if w.shape != self.w.shape or not np.isfinite(w).all():
                raise MisbehaviourError(
                    f"{name} must return finite weights shaped like w; after step {t} they are {w}.", "wrong"
                )
            path.append(w)
        return np.stack(path)

    def same(self, checked: Any, optimizer: Optimizer, tolerance: float) -> bool:
        """Whether the optimizer gives these weights."""
        try:
            with np.errstate(all="ignore"):
                path = self.run(optimizer)
        except (MisbehaviourError, ArithmeticError, TypeError, ValueError, NameError):
            return False
        return bool(np.abs(path - checked).max() <= tolerance * np.abs(checked).max())


def _typical(setting: Setting) -> float:
    """A value at which every term counts: the declared default, or a larger value where the default hides a term."""
    special = {"epsilon": 0.05, "learning_rate": 0.1, "initial_accumulator": 0.3, "weight_decay": 0.2, "momentum": 0.7}
    return special.get(setting.name, float(setting.default))
