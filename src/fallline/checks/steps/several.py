"""Steps that update several arrays, each an argument of its own: step(W1, W2, dW1, dW2, lr)."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fallline.checks.calling.calls import MisbehaviourError, SideEffects, name_of
from fallline.checks.calling.spellings import spelling
from fallline.checks.calling.usage import returned_names
from fallline.checks.steps.containers import shared
from fallline.checks.steps.roles import GRADIENTS, NUMBERS, WEIGHTS, plain_name, setting_arguments
from fallline.checks.steps.step_call import StepCall
from fallline.checks.steps.trials import TakeStep
from fallline.textbook.optimizers import Optimizer

__all__ = ["Several", "several_of", "with_several"]


@dataclass(frozen=True)
class Several:
    """The arguments of a step that updates several arrays.

    Parameters
    ----------
    weights, gradients
        Their names, in one order.
    states
        For each state variable the names of its arrays, in the same order.
    settings
        For each setting the argument that gets it.
    number
        The argument that gets the number of the step; "" if there is none.
    """

    weights: tuple[str, ...]
    gradients: tuple[str, ...]
    states: tuple[tuple[str, ...], ...]
    settings: Mapping[str, str]
    number: str


def several_of(parameters: Sequence[inspect.Parameter], optimizer: Optimizer) -> Several | None:
    """What the arguments get; None if the weights are not several, each with a gradient.

    >>> def step(W1, b1, dW1, db1, vW1, vb1, lr, beta): ...
    >>> from fallline.textbook.optimizers import OPTIMIZERS
    >>> found = several_of(list(inspect.signature(step).parameters.values()), OPTIMIZERS["momentum"])
    >>> found.weights, found.gradients, found.states, found.number
    (('W1', 'b1'), ('dW1', 'db1'), (('vW1', 'vb1'),), '')
    """
    optional = {p.name for p in parameters if p.default is not p.empty}
    names = [p.name for p in parameters if p.name not in optional]
    weights = tuple(n for n in names if _is_of(n, WEIGHTS, marked=False))
    gradients = tuple(n for n in names if _is_of(n, GRADIENTS, marked=True))
    if len(weights) < 2 or len(gradients) != len(weights):
        return None
    others = [n for n in names if n not in weights and n not in gradients]
    settings = setting_arguments([*others, *optional], optimizer.settings)
    left = [n for n in others if n not in settings.values()]
    number = next((n for n in left if plain_name(n) in NUMBERS), "")
    states = [n for n in left if n != number]
    by_prefix: dict[str, list[str]] = {}
    ends = [*(w.lower() for w in weights), *map(_digits, weights)]  # vW1 or v1, for W1
    for name in states:
        key = next((end for end in ends if end and name.lower().endswith(end)), "")
        by_prefix.setdefault(name.lower().removesuffix(key), []).append(name)
    if any(len(family) != len(weights) for family in by_prefix.values()):
        return None
    return Several(weights, gradients, tuple(map(tuple, by_prefix.values())), settings, number)


def _is_of(name: str, table: Sequence[str], *, marked: bool) -> bool:
    """Whether the name is that of one of several weights, or (`marked`) of one of several gradients."""
    found = spelling(name)
    if (
        found is not None
        and found.kind in "Wb"
        and (found.place is not None or plain_name(name) in ("w", "b", "dw", "db"))
    ):
        return found.marked == marked
    return bool(_digits(name)) and plain_name(name).removesuffix(_digits(name)) in table


def _digits(name: str) -> str:
    return re.search(r"\d*$", name)[0]  # type: ignore[index]  # it matches every name


def with_several(
    function: Callable[..., Any], several: Several, optimizer: Optimizer, effects: SideEffects
) -> StepCall:
    """The call of a function that updates several arrays."""
    taken = {*several.settings, "initial_accumulator"}
    fixed = {n: float(s.default) for n, s in optimizer.declared.items() if n not in taken}
    names = ", ".join(inspect.signature(function).parameters)

    def begin(self: StepCall, w: Any, settings: Mapping[str, float]) -> TakeStep:
        zeros = np.zeros_like(w) + settings.get("initial_accumulator", 0.0)
        memory = {name: zeros.copy() for family in several.states for name in family}

        def step(w: Any, g: Any, t: int, settings: Mapping[str, float]) -> Any:
            weights = shared(w.copy(), self.part, several.weights)
            arguments = {**weights, **shared(g, self.part, several.gradients), **memory}
            arguments |= {argument: settings[s] for s, argument in several.settings.items()}
            arguments |= {several.number: t} if several.number else {}
            result = self.called(function, **arguments)
            new = _by_name(function, several, result)
            memory.update((name, value) for name, value in new.items() if name in memory)
            return new.get(several.weights[self.part], weights[several.weights[self.part]])

        return step

    return StepCall(
        function, optimizer, effects, f"{name_of(function)}({names})", begin, fixed,
        "learning_rate" in several.settings, parts=several.weights,
    )  # fmt: skip


def _by_name(function: Callable[..., Any], several: Several, result: Any) -> dict[str, Any]:
    """What the function returned, by the names of its arguments; empty if it changes its arguments in place."""
    if result is None:
        return {}
    if isinstance(result, Mapping):
        return dict(result)
    states = [name for family in several.states for name in family]
    by_layer = [name for of_layer in zip(*several.states, strict=True) for name in of_layer]
    said = list(returned_names(function))
    for names in (said, [*several.weights, *states], [*several.weights, *by_layer], list(several.weights)):
        known = set(names) <= {*several.weights, *states} and set(several.weights) <= set(names)
        if known and isinstance(result, tuple | list) and len(result) == len(names):
            return dict(zip(names, result, strict=True))
    raise MisbehaviourError(
        f"the result of {name_of(function)} is not understood as the new {', '.join(several.weights)}, so it could not be "
        "checked. Return them in the order of the arguments."
    )
