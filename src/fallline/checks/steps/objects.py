"""Steps that are methods of an object, which keeps the state."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from fallline.checks.calling.calls import MisbehaviourError, SideEffects
from fallline.checks.steps.containers import Container, shared
from fallline.checks.steps.roles import WEIGHTS, Roles, parameters_of, plain_name, roles_of, setting_arguments
from fallline.checks.steps.step_call import StepCall, weights_and_states
from fallline.checks.steps.trials import TakeStep
from fallline.textbook.optimizers import Optimizer

__all__ = ["calls_of_class", "class_of"]

METHODS = ("step", "update", "update_params", "update_parameters", "update_weights", "apply", "apply_gradients", "__call__",
           "optimize", "minimize", "get_update", "take_step", "run")  # fmt: skip


def class_of(function: Any) -> tuple[type | None, Any, str]:
    """The class, an object of it if there is one, and the method's name ("" if it is to be found)."""
    if inspect.isclass(function):
        return function, None, ""
    if inspect.ismethod(function) and not inspect.isclass(function.__self__):
        return type(function.__self__), function.__self__, function.__name__
    parameters = parameters_of(function)
    owner, _, name = getattr(function, "__qualname__", "").rpartition(".")
    if parameters and parameters[0].name == "self" and owner:
        found = getattr(function, "__globals__", {}).get(owner)
        if inspect.isclass(found):
            return found, None, name
    if (
        not inspect.isroutine(function)
        and not isinstance(function, functools.partial)
        and callable(function)
        and "__call__" in dir(type(function))
    ):
        return type(function), function, next((m for m in METHODS if hasattr(type(function), m)), "__call__")
    return None, None, ""


def calls_of_class(
    owner: type, instance: Any, method: str, function: Any, optimizer: Optimizer, effects: SideEffects
) -> Iterator[StepCall]:
    """An object that keeps the state: made anew for each run, or copied from the one whose method is checked."""
    method = method or next(
        (m for m in METHODS if m in dir(owner) and (m != "__call__" or "__call__" in vars(owner))), ""
    )
    if not method:
        return
    name = f"{owner.__name__}.{method}"
    arguments = parameters_of(getattr(owner, method))[1:]
    roles = roles_of(arguments, optimizer) or (None if arguments else Roles("", "", "", {}, (), "", ""))
    if roles is None:
        return
    if instance is None:
        made = setting_arguments([p.name for p in parameters_of(owner)], optimizer.settings)
        betas = next((p.name for p in parameters_of(owner) if p.name == "betas"), "")
    else:
        made, betas = setting_arguments(list(vars(instance)), optimizer.settings), ""
    taken = {*made, *roles.settings, *(("beta1", "beta2") if betas else ())}
    fixed = {n: float(s.default) for n, s in optimizer.declared.items() if n not in taken}
    kinds: tuple[str, ...] = ("array", "list", "dictionary", "d-dictionary")
    if not roles.gradients:
        layer = "layer" if _mentions(owner, "bias") else "layer of weights"
        kinds = (layer,) if roles.weights else ("parameters",)
    for kind in kinds:
        container = Container(kind)
        words = f"{name}({', '.join(p.name for p in arguments)}) of an object of {owner.__name__}"
        begin = functools.partial(_begin_object, owner, instance, method, made, betas, roles, container)
        yield StepCall(
            function, optimizer, effects, words, begin, fixed, "learning_rate" in roles.settings, parts=container.parts
        )


def _begin_object(
    owner: type, instance: Any, method: str, made: Mapping[str, str], betas: str, roles: Roles, container: Container,
    self: StepCall, w: Any, settings: Mapping[str, float],
) -> TakeStep:  # fmt: skip
    held: Any = None
    container = replace(container, part=self.part)
    if not roles.weights and instance is not None:
        raise MisbehaviourError(f"{owner.__name__} holds the weights itself: check the class, not its object.")
    if instance is None:
        held = container.weights(w)
        keywords: dict[str, Any] = {argument: settings[s] for s, argument in made.items()}
        if betas:
            keywords[betas] = (settings["beta1"], settings["beta2"])
        for p in parameters_of(owner):
            if p.default is p.empty and p.name not in keywords and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL):
                keywords[p.name] = _constructor_argument(p.name, held, w)
        target = self.called(owner, **keywords)
    else:
        target = copy.deepcopy(instance)
        for s, attribute in made.items():
            setattr(target, attribute, settings[s])
    before, after = getattr(target, "pre_update_params", None), getattr(target, "post_update_params", None)
    layer = container.weights(w) if container.is_layer else None

    def step(w: Any, g: Any, t: int, settings: Mapping[str, float]) -> Any:
        weights = (container.weights(w.copy()) if layer is None else layer) if roles.weights else held
        arguments: dict[str, Any] = {roles.weights: weights} if roles.weights else {}
        if container.kind == "parameters":
            weights[0].grad = g
        if layer is not None:
            vars(layer).update(shared(w.copy(), self.part, container.parts), **container.gradients(g))
        if roles.gradients:
            arguments[roles.gradients] = container.gradients(g)
        arguments |= {argument: settings[s] for s, argument in roles.settings.items()}
        arguments |= {roles.number: t} if roles.number else {}
        if before is not None and layer is not None:
            self.called(before)
        result = self.called(getattr(target, method), **arguments)
        if after is not None and layer is not None:
            self.called(after)
        if result is None or result is target or not roles.weights:
            return container.array(weights)
        return container.array(weights_and_states(result, w, 0)[0])

    return step


def _mentions(owner: type, word: str) -> bool:
    """Whether the text of a class has the word; also if there is no text."""
    try:
        return word in inspect.getsource(owner)
    except (OSError, TypeError):
        return True


def _constructor_argument(name: str, weights: Any, w: Any) -> Any:
    """The likeliest meaning of a constructor's argument that is no setting: the weights, their shape or their number."""
    plain = plain_name(name)
    if plain in WEIGHTS:
        return weights
    if "shape" in plain:
        return np.shape(w)
    if plain in ("n", "size", "dim", "nparams", "dimension"):
        return int(np.size(w))
    raise MisbehaviourError(f"the argument {name} of the class is not understood, so it could not be checked.")
