"""The choice among the ways in which an optimizer's step can be called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations, islice, product
from typing import Any

import numpy as np

from fallline.checks.calling.calls import MisbehaviourError, SideEffects, name_of
from fallline.checks.calling.code_numbers import numbers_in
from fallline.checks.steps.calls import step_calls
from fallline.checks.steps.step_call import StepCall
from fallline.checks.steps.trials import path
from fallline.checks.steps.walks import Walker
from fallline.textbook.optimizers import Optimizer

__all__ = ["choose", "numbers_of_the_code"]

MOST = 200
"""Combinations of numbers in the code that are tried for settings that are no arguments."""
PREFIX = 2
"""Steps that a combination must explain before it is tried on the whole trial."""


def choose(
    step: Callable[..., Any], bases: Sequence[Optimizer], seed: int, tolerance: float | None, effects: SideEffects
) -> tuple[bool, list[Walker]]:
    """Whether a call makes the first trial right, and that call alone; else every call that runs, the likeliest first.

    Raises
    ------
    MisbehaviourError
        If there is no way to call it.
    """
    runs: list[Walker] = []
    failed: list[MisbehaviourError] = []
    for call in step_calls(step, bases[0], effects):
        walker = Walker(call, bases, seed, tolerance)
        try:
            if walker.is_right(walker.first_trial):
                return True, [walker]
            runs.append(walker)
        except MisbehaviourError as misbehaviour:
            failed.append(misbehaviour)
    for run in runs:
        for fixed in islice(numbers_of_the_code(run.call), 1, MOST):
            walker = Walker(replace(run.call, fixed=fixed), bases, seed, tolerance)
            start = walker.first_trial.shortened(PREFIX)
            if walker.is_right(start) and walker.is_right(walker.first_trial):
                return True, [walker]
    if not runs:
        raise failed[0] if failed else MisbehaviourError(
            f"{name_of(step)} has no arguments for the weights and the gradient, so it could not be checked."
        )  # fmt: skip
    return False, sorted(runs, key=_stands_still)


def _stands_still(walker: Walker) -> bool:
    """Whether the weights do not change: the arguments are then hardly meant in this way."""
    trial = walker.first_trial.shortened(PREFIX)
    return bool(np.array_equal(path(walker.call, trial)[-1], trial.start))


def numbers_of_the_code(call: StepCall) -> Iterator[dict[str, float]]:
    """Values of the settings that the function does not take: the defaults, and numbers in its code for some of them."""
    if not call.fixed:
        return
    numbers = numbers_in(call.function)
    declared = call.optimizer.declared
    choices: dict[str, list[float]] = {}
    for name, default in call.fixed.items():
        values = [*numbers, *(1 - n for n in numbers if 0 < n < 1)]
        choices[name] = [v for v in dict.fromkeys(values) if v != default and declared[name]._holds(v)]
    yield dict(call.fixed)
    for count in range(1, len(choices) + 1):
        for names in combinations(choices, count):
            for values_of in product(*(choices[name] for name in names)):
                yield {**call.fixed, **dict(zip(names, values_of, strict=True))}
