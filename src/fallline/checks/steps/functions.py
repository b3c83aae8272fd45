"""Steps that are written as functions: with a state, with m and v as arguments, with a dictionary."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from fallline.checks.calling.calls import MisbehaviourError, SideEffects, name_of
from fallline.checks.calling.usage import returned_names
from fallline.checks.steps.containers import Container
from fallline.checks.steps.roles import SETTING_NAMES, Roles, parameters_of, plain_name, roles_of
from fallline.checks.steps.step_call import StepCall, weights_and_states
from fallline.checks.steps.trials import TakeStep
from fallline.textbook.optimizers import Optimizer

__all__ = ["with_arguments", "with_state"]

KINDS = ("array", "d-dictionary", "dictionary", "list")
"""Of the containers of weights that a function may take."""


def with_state(function: Callable[..., Any], optimizer: Optimizer, effects: SideEffects) -> StepCall:
    """step(w, g, state, t, **settings), which returns (w, state)."""
    name = name_of(function)
    try:
        inspect.signature(function).bind(None, None, None, 1, **dict.fromkeys(optimizer.settings))
    except (TypeError, ValueError) as error:
        names = ", ".join(p.name for p in parameters_of(function))
        raise MisbehaviourError(
            f"{name}({names}) could not be checked as an optimizer's step: an optimizer gets the weights and their gradient, "
            f"as in step(w, g, {', '.join(optimizer.settings)}). A function that computes the gradient itself and takes a step "
            "is checked as the gradient of a network: give --network and its sizes."
        ) from error

    def begin(self: StepCall, w: Any, settings: Mapping[str, float]) -> TakeStep:
        state = optimizer.init(w, **settings)

        def step(w: Any, g: Any, t: int, settings: Mapping[str, float]) -> Any:
            nonlocal state
            result = self.called(function, w.copy(), g, state, t, **settings)
            if not isinstance(result, tuple | list) or len(result) != 2:
                raise MisbehaviourError(f"{name} must return (w, state), as an optimizer's step does.")
            w, state = result
            return w

        return step

    return StepCall(function, optimizer, effects, f"{name}(w, g, state, t, {', '.join(optimizer.settings)})", begin)


def with_arguments(
    function: Callable[..., Any], parameters: Sequence[inspect.Parameter], optimizer: Optimizer, effects: SideEffects
) -> Iterator[StepCall]:
    """A function whose arguments are w, g, the state's variables, t and settings, by their names."""
    roles = roles_of(parameters, optimizer)
    if roles is None or not roles.gradients:
        return
    taken = {*roles.settings, "initial_accumulator", *(("beta1", "beta2") if roles.betas else ())}
    numbers = (1,) if not roles.number or plain_name(roles.number) == "t" else (1, 0)
    results = ("weights",) if roles.weights else ("-", "+")
    states = ("dictionary",) if not roles.dictionary else ("dictionary", "tuple", "none")
    for result, kind, counts_from, memory in product(results, KINDS, numbers, states):
        if result != "weights" and kind != "array":
            continue
        has_settings = taken | (set(optimizer.settings) if roles.dictionary and memory == "dictionary" else set())
        fixed = {n: float(s.default) for n, s in optimizer.declared.items() if n not in has_settings}
        words = f"{name_of(function)}({', '.join(p.name for p in parameters)})"
        words += "" if kind == "array" else f", weights as a {kind.removeprefix('d-')}"
        words += "" if counts_from == 1 else f", {roles.number} from 0"
        words += {"weights": "", "-": ", its result subtracted from w", "+": ", its result added to w"}[result]
        yield StepCall(
            function, optimizer, effects, words, functools.partial(_begin, roles, Container(kind), memory), fixed,
            "learning_rate" in has_settings, counts_from, result, parts=Container(kind).parts,
        )  # fmt: skip


def _begin(
    roles: Roles, container: Container, kept: str, self: StepCall, w: Any, settings: Mapping[str, float]
) -> TakeStep:
    container = replace(container, part=self.part)
    zeros = np.zeros_like(w) + settings.get("initial_accumulator", 0.0)
    states: dict[str, Any] = {name: container.states(zeros.copy()) for name in roles.states}
    memory: Any = {}
    if kept == "tuple":
        memory = self.optimizer.init(w, **settings)
    elif kept == "none":
        memory = None
    elif roles.dictionary:
        memory = {alias: settings[s] for s in settings for alias in (s, *SETTING_NAMES.get(s, ())[:2])}
        memory |= {"decay_rate": settings["decay"]} if "decay" in settings else {}
    returned = [plain_name(name) for name in returned_names(self.function) if isinstance(name, str)]
    order = [name for name in returned if name in {plain_name(s) for s in states}]

    def step(w: Any, g: Any, t: int, settings: Mapping[str, float]) -> Any:
        nonlocal memory
        weights = container.weights(w.copy())
        keywords: dict[str, Any] = {roles.gradients: container.gradients(g), **states}
        keywords |= {roles.weights: weights} if roles.weights else {}
        keywords |= {argument: settings[s] for s, argument in roles.settings.items()}
        if roles.number:
            keywords[roles.number] = t
        if roles.betas:
            keywords[roles.betas] = (settings["beta1"], settings["beta2"])
        if roles.dictionary:
            if kept == "dictionary":
                memory |= {s: v for s, v in settings.items() if s in memory}
            keywords[roles.dictionary] = memory
        parameters = parameters_of(self.function)
        positional = [keywords.pop(p.name) for p in parameters if p.kind is p.POSITIONAL_ONLY and p.name in keywords]
        result = self.called(self.function, *positional, **keywords)
        if result is None:
            return container.array(weights)
        parts = weights_and_states(result, w, len(states) + (1 if roles.dictionary else 0))
        if len(parts) == 1:
            return container.array(parts[0])
        first, rest = parts[0], parts[1:]
        if roles.dictionary and (kept != "dictionary" or isinstance(rest[-1], dict)):
            memory = rest[-1]
        names = list(states)
        if len(order) == len(rest) == len(states):
            names = sorted(states, key=lambda name: order.index(plain_name(name)))
        for name, value in zip(names, rest, strict=False):
            states[name] = value
        return container.array(first)

    return step
