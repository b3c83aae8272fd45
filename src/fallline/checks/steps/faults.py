"""Known faults of optimizers without a measured number: other rules, wrapped rules, and changes of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np

from fallline.checks.faults.page_mutants import Mutant, mutants
from fallline.checks.steps.other_rules import LIKE
from fallline.checks.steps.trials import Stepper, Textbook
from fallline.checks.steps.wrapped import Settings, StepFault, Wrapped
from fallline.textbook.optimizers import OPTIMIZERS, Optimizer, adam

__all__ = ["known_faults"]

MOST_STATES = ("a", "b", "c", "d")
"""Letters of the state of a rule that resembles an optimizer; a rule may leave some unused."""
USUAL = (
    0.0, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0, 0.1, 0.01, 0.001, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10, 1e-15, 1e-16,
)  # fmt: skip
"""Values that settings usually have."""


def known_faults(optimizer: Optimizer, bases: Sequence[Optimizer], fixed: Settings) -> Iterator[StepFault]:
    """The faults without a measured number, the most telling first.

    `bases` are the optimizer and its other convention; `fixed` are settings that are no arguments.
    """
    for other in OPTIMIZERS.values():
        if other not in bases and set(other.settings) <= set(optimizer.settings):
            rule = Wrapped(Textbook(other), settings=partial(_only, other.settings))
            yield StepFault(f"it is the update of {other.name}, not of {optimizer.name}", rule)
    yield from _rules(optimizer)
    for base in bases:
        yield from _wrapped(base)
    for base in bases:
        for mutant in mutants(base.step):
            yield _of_mutant(mutant, replace(base, step=mutant.page))
        if base.name == "adamw":
            for mutant in mutants(adam):
                yield _of_mutant(mutant, replace(base, step=_decayed(mutant.page)))
    for base in bases:
        yield from _constants(base, [name for name in base.settings if name not in fixed])


def _decayed(inner: Callable[..., Any]) -> Callable[..., Any]:
    def step(w: Any, g: Any, state: Any, t: Any, *, learning_rate: Any, weight_decay: Any, **betas: Any) -> Any:
        return inner(w - learning_rate * weight_decay * w, g, state, t, learning_rate=learning_rate, **betas)

    return step


def _of_mutant(mutant: Mutant, changed: Optimizer) -> StepFault:
    words = _in_words(mutant)
    return StepFault(
        f"{words}: {mutant}" if words else str(mutant), Textbook(changed), "", (mutant.before, mutant.after)
    )


def _in_words(mutant: Mutant) -> str:
    """What a person calls the change; "" if there is no usual name."""
    before, after = mutant.before, mutant.after
    if before == f"{after} / (1 - beta1 ** t)" or before == f"{after} / (1 - beta2 ** t)":
        return f"the bias correction of {after} is missing"
    if after == f"({before}" or before == f"sqrt({after})":
        return "the square root is missing"
    if before == f"{after} ** 2":
        return "the square is missing"
    if before.endswith(" + epsilon") and after == before.removesuffix(" + epsilon"):
        return "epsilon is missing"
    if after.startswith("sqrt(") and after.endswith("+ epsilon)"):
        return "epsilon stands inside the root"
    if before.startswith("w - ") and after == before.replace("w - ", "w + ", 1):
        return "the sign of the update is wrong"
    if before.startswith(("(1 - beta", "(1 - decay")) and before.endswith(f" * {after}"):
        return f"the factor {before.removesuffix(f' * {after}').strip('()')} is missing".replace("-", "−")
    return ""


# Wrapped rules


def _wrapped(base: Optimizer) -> Iterator[StepFault]:
    rule = Textbook(base)
    yield StepFault(
        "the sign of the update is wrong", Wrapped(rule, result=lambda old, new, t, s: 2 * old - new),
        "subtract the step from w",
    )  # fmt: skip
    yield StepFault("only the sign of the gradient is used", Wrapped(rule, gradient=lambda g, w, s: np.sign(g)))
    yield StepFault("the absolute value of the gradient is used", Wrapped(rule, gradient=lambda g, w, s: np.abs(g)))
    yield StepFault("the weights never change", Wrapped(rule, result=lambda old, new, t, s: old))
    if "beta1" in base.settings:
        yield from _of_adam(base, rule)
    for a, b in combinations(base.settings, 2):
        if "epsilon" not in (a, b) or "learning_rate" in (a, b):
            yield StepFault(f"{a} and {b} are swapped", Wrapped(rule, settings=partial(_swapped, a, b)))
    if base.state:
        yield StepFault("the state is forgotten after each step", Wrapped(rule, restarts=lambda t: t > 1))
    for power, words in ((1, "t"), (0.5, "√t")):
        if "learning_rate" in base.settings:
            falling = Wrapped(rule, settings=partial(_falling, power))
            yield StepFault(f"the learning rate is divided by {words}", falling, "leave the division out")


def _constants(base: Optimizer, names: Sequence[str]) -> Iterator[StepFault]:
    """A setting that has one of the usual values, whatever is given."""
    rule = Textbook(base)
    for name in names:
        for value in USUAL:
            constant = Wrapped(rule, settings=partial(_constant, name, value))
            yield StepFault(f"{name} is {value:g}, whatever is given", constant, f"use the argument {name}")


def _only(names: Sequence[str], settings: Settings, t: int) -> Settings:
    return {name: settings[name] for name in names}


def _swapped(a: str, b: str, settings: Settings, t: int) -> Settings:
    return {**settings, a: settings[b], b: settings[a]}


def _falling(power: float, settings: Settings, t: int) -> Settings:
    return {**settings, "learning_rate": settings["learning_rate"] / t**power}


def _constant(name: str, value: float, settings: Settings, t: int) -> Settings:
    return {**settings, name: value}


def _of_adam(base: Optimizer, rule: Textbook) -> Iterator[StepFault]:
    yield StepFault(
        "both bias corrections are missing",
        Wrapped(rule, number=lambda t: np.inf),
        "divide m by 1 − beta1^t and v by 1 − beta2^t",
    )
    yield StepFault(
        "the bias corrections take t + 1: at the first step t is 1", Wrapped(rule, number=lambda t: t + 1), "use t"
    )
    yield StepFault("the bias corrections take t = 1 at every step", Wrapped(rule, number=lambda t: 1), "use t")
    yield StepFault(
        "the bias corrections take t + 2: at the first step t is 1", Wrapped(rule, number=lambda t: t + 2), "use t"
    )
    yield StepFault("the bias corrections take 2 t", Wrapped(rule, number=lambda t: 2 * t), "use t")
    if "weight_decay" in base.settings:
        plain = Textbook(OPTIMIZERS["adam"])
        without = Wrapped(plain, settings=_without_decay)
        yield StepFault("the weight decay is missing", without, "subtract learning_rate weight_decay w")
        yield StepFault(
            "the decay is coupled: weight_decay w is added to the gradient, as in Adam with an L2 penalty",
            replace(without, gradient=lambda g, w, s: g + s["weight_decay"] * w), "subtract learning_rate weight_decay w",
        )  # fmt: skip
        for words, factor, with_rate in (
            ("the decay lacks the learning rate: weight_decay w is subtracted", 1.0, False),
            ("the sign of the decay is wrong", -1.0, True),
            ("the decay is twice what it should be", 2.0, True),
            ("the decay is half of what it should be", 0.5, True),
        ):
            decayed = replace(without, result=partial(_decay, factor, with_rate))
            yield StepFault(words, decayed, "subtract learning_rate weight_decay w")
        late = replace(without, result=lambda old, new, t, s: new - s["learning_rate"] * s["weight_decay"] * new)
        yield StepFault("the decay acts on the weights after Adam's step, not before", late,
                        "decay the weights from before the step")  # fmt: skip


def _decay(factor: float, with_rate: bool, old: Any, new: Any, t: int, settings: Settings) -> Any:
    return new - factor * (settings["learning_rate"] if with_rate else 1) * settings["weight_decay"] * old


def _rules(optimizer: Optimizer) -> Iterator[StepFault]:
    """Rules that resemble the optimizer's."""
    for words, step in LIKE.get(optimizer.name, {}).items():
        rule: Stepper = Textbook(Optimizer(words, step, MOST_STATES, optimizer.init_state))
        if optimizer.name == "adamw":
            rule = Wrapped(
                rule, settings=_without_decay, result=partial(_decay, 1.0, True),
            )  # fmt: skip
        yield StepFault(words, rule)


def _without_decay(settings: Settings, t: int) -> Settings:
    return {name: value for name, value in settings.items() if name != "weight_decay"}
