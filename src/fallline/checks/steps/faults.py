"""Faults of optimizers, each as an update rule of its own: changes of the page, other rules, and what wraps a rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from fallline.checks.faults.page_mutants import Mutant, mutants
from fallline.checks.steps.other_rules import LIKE
from fallline.checks.steps.trials import Stepper, TakeStep, Textbook
from fallline.textbook.optimizers import OPTIMIZERS, Optimizer, adam

__all__ = ["StepFault", "Wrapped", "clipped", "known_faults", "short_steps", "timed_faults"]

Rule = tuple[str, str]
MOST_STATES = ("a", "b", "c", "d")
"""Letters of the state of a rule that resembles an optimizer; a rule may leave some unused."""


@dataclass(frozen=True)
class StepFault:
    """A fault in words, the rule with it, its cure, and the expression of the page before and after the change.

    `simple` says that no number was read off the checked steps.
    """

    words: str
    stepper: Stepper
    cure: str = ""
    rule: Rule | None = None


@dataclass(frozen=True)
class Wrapped:
    """A rule whose arguments and result are changed at every step.

    Parameters
    ----------
    rule
        The rule inside.
    gradient
        Maps (g, w, settings) to the gradient that the rule gets.
    number
        Maps t to the number of the step that the rule gets.
    settings
        Maps (settings, t) to the settings that the rule gets.
    result
        Maps (old w, new w, t, settings) to the new w.
    restarts
        Whether the state is set to its first value before step t.
    """

    rule: Stepper
    gradient: Callable[[Any, Any, Mapping[str, float]], Any] = lambda g, w, settings: g
    number: Callable[[float], float] = lambda t: t
    settings: Callable[[Mapping[str, float], int], Mapping[str, float]] = lambda settings, t: settings
    result: Callable[[Any, Any, int, Mapping[str, float]], Any] = lambda old, new, t, settings: new
    restarts: Callable[[int], bool] = lambda t: False

    def start(self, w: Any, settings: Mapping[str, float]) -> TakeStep:
        first, inner = w, self.rule.start(w, self.settings(settings, 1))

        def step(w: Any, g: Any, t: int, settings: Mapping[str, float]) -> Any:
            nonlocal inner
            if self.restarts(t):
                inner = self.rule.start(first, settings)
            changed = self.settings(settings, t)
            new = inner(w, self.gradient(g, w, settings), self.number(t), changed)  # type: ignore[arg-type]  # t may be inf
            return self.result(w, new, t, settings)

        return step


def known_faults(optimizer: Optimizer, bases: Sequence[Optimizer], fixed: Mapping[str, float]) -> Iterator[StepFault]:
    """The faults without a measured number, the most telling first.

    `bases` are the optimizer and its other convention; `fixed` are settings that are no arguments.
    """
    for other in OPTIMIZERS.values():
        if other not in bases and set(other.settings) <= set(optimizer.settings):
            names = other.settings
            rule = Wrapped(Textbook(other), settings=lambda s, t, names=names: {name: s[name] for name in names})
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
            swapped = Wrapped(rule, settings=lambda s, t, a=a, b=b: {**s, a: s[b], b: s[a]})
            yield StepFault(f"{a} and {b} are swapped", swapped)
    if base.state:
        yield StepFault("the state is forgotten after each step", Wrapped(rule, restarts=lambda t: t > 1))
    for power, words in ((1, "t"), (0.5, "√t")):
        if "learning_rate" in base.settings:
            falling = Wrapped(rule, settings=lambda s, t, p=power: {**s, "learning_rate": s["learning_rate"] / t**p})
            yield StepFault(f"the learning rate is divided by {words}", falling, "leave the division out")


def _constants(base: Optimizer, names: Sequence[str]) -> Iterator[StepFault]:
    """A setting that has one of the usual values, whatever is given."""
    rule = Textbook(base)
    for name in names:
        for value in (
            0.0,
            0.5,
            0.9,
            0.95,
            0.99,
            0.999,
            1.0,
            0.1,
            0.01,
            0.001,
            1e-4,
            1e-5,
            1e-6,
            1e-7,
            1e-8,
            1e-10,
            1e-15,
            1e-16,
        ):
            constant = Wrapped(rule, settings=lambda s, t, name=name, value=value: {**s, name: value})
            yield StepFault(f"{name} is {value:g}, whatever is given", constant, f"use the argument {name}")


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
        for words, decay in (
            ("the decay lacks the learning rate: weight_decay w is subtracted", lambda s: s["weight_decay"]),
            ("the sign of the decay is wrong", lambda s: -s["learning_rate"] * s["weight_decay"]),
            ("the decay is twice what it should be", lambda s: 2 * s["learning_rate"] * s["weight_decay"]),
            ("the decay is half of what it should be", lambda s: s["learning_rate"] * s["weight_decay"] / 2),
        ):
            decayed = replace(without, result=lambda old, new, t, s, decay=decay: new - decay(s) * old)
            yield StepFault(words, decayed, "subtract learning_rate weight_decay w")
        late = replace(without, result=lambda old, new, t, s: new - s["learning_rate"] * s["weight_decay"] * new)
        yield StepFault("the decay acts on the weights after Adam's step, not before", late,
                        "decay the weights from before the step")  # fmt: skip


def _rules(optimizer: Optimizer) -> Iterator[StepFault]:
    """Rules that resemble the optimizer's."""
    for words, step in LIKE.get(optimizer.name, {}).items():
        rule: Stepper = Textbook(Optimizer(words, step, MOST_STATES, optimizer.init_state))
        if optimizer.name == "adamw":
            rule = Wrapped(
                rule, settings=_without_decay,
                result=lambda old, new, t, s: new - s["learning_rate"] * s["weight_decay"] * old,
            )  # fmt: skip
        yield StepFault(words, rule)


def _without_decay(settings: Mapping[str, float], t: int) -> Mapping[str, float]:
    return {name: value for name, value in settings.items() if name != "weight_decay"}


# Faults with a number that is read off the steps


def timed_faults(base: Optimizer, k: int, factor: float | None) -> Iterator[StepFault]:
    """Faults that show first at step k. `factor` is that of the step's length there, if there is one."""
    rule = Textbook(base)
    state = " and ".join(base.state) or "state"
    if base.state:
        zero = "are set" if len(base.state) > 1 else "is set"
        yield StepFault(
            f"{state} {zero} to 0 before step {k}", Wrapped(rule, restarts=lambda t: t == k), "leave that out"
        )
        for period in dict.fromkeys((k - 1, k)):
            if period > 1:
                late = k - period
                yield StepFault(
                    f"{state} {zero} to 0 every {period} steps, first before step {k}",
                    Wrapped(rule, restarts=lambda t, p=period, o=late: t >= p + o and (t - o) % p == 0), "leave that out",
                )  # fmt: skip
        yield StepFault(
            f"from step {k} on {state} {zero} to 0 before each step", Wrapped(rule, restarts=lambda t: t >= k),
            "leave that out",
        )  # fmt: skip
    if "beta1" in base.settings:
        yield StepFault(
            f"the bias corrections take min(t, {k - 1})", Wrapped(rule, number=lambda t: min(t, k - 1)), "use t"
        )
        yield StepFault(f"the bias corrections are left out from step {k} on",
                        Wrapped(rule, number=lambda t: t if t < k else np.inf), "keep them")  # fmt: skip
    yield StepFault(f"from step {k} on the weights do not change",
                    Wrapped(rule, result=lambda old, new, t, s: new if t < k else old))  # fmt: skip
    yield StepFault(f"at step {k} the weights do not change",
                    Wrapped(rule, result=lambda old, new, t, s: new if t != k else old))  # fmt: skip
    if factor is not None and "learning_rate" in base.settings:
        yield from _factors(rule, k, factor)


def _factors(rule: Textbook, k: int, factor: float) -> Iterator[StepFault]:
    def scaled(s: Mapping[str, float], f: float) -> Mapping[str, float]:
        return {**s, "learning_rate": s["learning_rate"] * f}

    if k == 1:
        yield StepFault(
            f"the step is {factor:.6g} times what it should be", Wrapped(rule, settings=lambda s, t: scaled(s, factor))
        )
    else:
        yield StepFault(f"from step {k} on the learning rate is {factor:.6g} times what was given",
                        Wrapped(rule, settings=lambda s, t: scaled(s, factor if t >= k else 1)))  # fmt: skip
        yield StepFault(f"the learning rate is multiplied by {factor:.6g} at every step",
                        Wrapped(rule, settings=lambda s, t: scaled(s, factor ** (t - 1))))  # fmt: skip
        for period in (k - 1, k):
            yield StepFault(f"every {period} steps the learning rate is multiplied by {factor:.6g}, first at step {k}",
                            Wrapped(rule, settings=lambda s, t, p=period: scaled(s, factor ** ((t - k) // p + 1 if t >= k else 0))))  # fmt: skip


def clipped(base: Optimizer, bound: float) -> Iterator[StepFault]:
    """Faults that leave gradients up to the bound as they are."""
    rule = Textbook(base)

    def by_norm(g: Any, w: Any, s: Any) -> Any:
        norm = np.sqrt((g**2).sum())
        return g * (bound / norm) if norm > bound else g

    cut = Wrapped(rule, gradient=lambda g, w, s: np.clip(g, -bound, bound))
    yield StepFault(f"the gradient is clipped to [−{bound:.6g}, {bound:.6g}]", cut, "leave the clipping out")
    yield StepFault(
        f"the gradient is clipped to the norm {bound:.6g}", Wrapped(rule, gradient=by_norm), "leave the clipping out"
    )
    top = Wrapped(rule, gradient=lambda g, w, s: np.minimum(g, bound))
    yield StepFault(f"gradients above {bound:.6g} are cut to it", top, "leave the clipping out")
    left_out = Wrapped(rule, gradient=lambda g, w, s: np.where(np.abs(g) > bound, 0, g))
    yield StepFault(f"gradients larger than {bound:.6g} count as 0", left_out, "leave the clipping out")


def short_steps(base: Optimizer, longest: float) -> StepFault:
    """The fault that no weight moves farther than `longest` in a step."""
    limited = Wrapped(Textbook(base), result=lambda old, new, t, s: old + np.clip(new - old, -longest, longest))
    return StepFault(f"no weight moves farther than {longest:.6g} in a step", limited, "leave the clipping out")
