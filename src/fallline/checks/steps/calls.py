"""The ways in which an optimizer's step is written: as a function of any form, or as a method of an object."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from fallline.checks.calling.calls import SideEffects
from fallline.checks.steps.functions import with_arguments, with_state
from fallline.checks.steps.objects import calls_of_class, class_of
from fallline.checks.steps.roles import parameters_of
from fallline.checks.steps.several import several_of, with_several
from fallline.checks.steps.step_call import StepCall
from fallline.textbook.optimizers import Optimizer

__all__ = ["step_calls"]


def step_calls(function: Callable[..., Any], optimizer: Optimizer, effects: SideEffects) -> Iterator[StepCall]:
    """The ways to call the function, the likeliest first."""
    owner, instance, method = class_of(function)
    if owner is not None:
        yield from calls_of_class(owner, instance, method, function, optimizer, effects)
        return
    parameters = parameters_of(function)
    several = several_of(parameters, optimizer)
    if several is not None:
        yield with_several(function, several, optimizer, effects)
        return
    names = [p.name for p in parameters]
    textbook = len(names) >= 4 and {"state", *optimizer.settings} <= {*names}
    if textbook:
        yield with_state(function, optimizer, effects)
    found = list(with_arguments(function, parameters, optimizer, effects))
    yield from found
    if not textbook and not found:
        yield with_state(function, optimizer, effects)
