"""Faults of optimizers, each as an update rule of its own: changes of the page, other rules, and what wraps a rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from fallline.checks.subjects.page_mutants import Mutant, mutants
from fallline.checks.subjects.step_trials import Stepper, TakeStep, Textbook
from fallline.textbook.optimizers import OPTIMIZERS, Optimizer, adam

__all__ = ["StepFault", "Wrapped", "clipped", "known_faults", "short_steps", "timed_faults"]

Rule = tuple[str, str]


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
        without = Wrapped(plain, settings=lambda s, t: {k: v for k, v in s.items() if k != "weight_decay"})
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


# Other rules


def _rule(name: str, step: Callable[..., Any], state: int, init: Callable[..., Any] | None = None) -> Textbook:
    return Textbook(Optimizer(name, step, tuple("abcd"[:state]), init))


def _rules(optimizer: Optimizer) -> Iterator[StepFault]:
    """Rules that resemble the optimizer's and are written for it by mistake."""
    if optimizer.name in ("adam", "adam_epsilon_hat", "adamw"):
        for words, rule in _LIKE_ADAM.items():
            inner: Stepper = _rule(words, rule, 4)
            if optimizer.name == "adamw":
                inner = Wrapped(
                    inner, settings=lambda s, t: {k: v for k, v in s.items() if k != "weight_decay"},
                    result=lambda old, new, t, s: new - s["learning_rate"] * s["weight_decay"] * old,
                )  # fmt: skip
            yield StepFault(words, inner)
    if optimizer.name in ("momentum", "momentum_outside", "nesterov", "nesterov_outside"):
        for words, rule in _LIKE_MOMENTUM.items():
            yield StepFault(words, _rule(words, rule, 2))
    if optimizer.name == "rmsprop":
        for words, rule in _LIKE_RMSPROP.items():
            yield StepFault(words, _rule(words, rule, 2))
    if optimizer.name == "adagrad":
        for words, rule in _LIKE_ADAGRAD.items():
            yield StepFault(words, _rule(words, rule, 1, optimizer.init_state))
    if optimizer.name == "gradient_descent":
        for words, rule in _LIKE_DESCENT.items():
            yield StepFault(words, _rule(words, rule, 1))


def _moments(g: Any, state: Any, beta1: Any, beta2: Any) -> tuple[Any, Any]:
    return beta1 * state[0] + (1 - beta1) * g, beta2 * state[1] + (1 - beta2) * g**2


def _amsgrad(corrected: str) -> Callable[..., Any]:
    """AMSGrad with the largest v: "before" its correction, "after" it, or without corrections ("none")."""

    def step(w: Any, g: Any, state: Any, t: Any, *, learning_rate: Any, beta1: Any, beta2: Any, epsilon: Any) -> Any:
        m, v = _moments(g, state, beta1, beta2)
        largest = np.maximum(state[2], v / (1 - beta2**t) if corrected == "after" else v)
        root = np.sqrt(largest / (1 - beta2**t) if corrected == "before" else largest)
        m_hat = m if corrected == "none" else m / (1 - beta1**t)
        return w - learning_rate * m_hat / (root + epsilon), (m, v, largest, state[3])

    return step


def _nadam(w: Any, g: Any, state: Any, t: Any, *, learning_rate: Any, beta1: Any, beta2: Any, epsilon: Any) -> Any:
    m, v = _moments(g, state, beta1, beta2)
    ahead = beta1 * m / (1 - beta1**t) + (1 - beta1) * g / (1 - beta1**t)
    return w - learning_rate * ahead / (np.sqrt(v / (1 - beta2**t)) + epsilon), (m, v, *state[2:])


def _adamax(w: Any, g: Any, state: Any, t: Any, *, learning_rate: Any, beta1: Any, beta2: Any, epsilon: Any) -> Any:
    m, u = beta1 * state[0] + (1 - beta1) * g, np.maximum(beta2 * state[1], np.abs(g))
    return w - learning_rate / (1 - beta1**t) * m / (u + epsilon), (m, u, *state[2:])


def _adabelief(w: Any, g: Any, state: Any, t: Any, *, learning_rate: Any, beta1: Any, beta2: Any, epsilon: Any) -> Any:
    m = beta1 * state[0] + (1 - beta1) * g
    v = beta2 * state[1] + (1 - beta2) * (g - m) ** 2
    return w - learning_rate * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + epsilon), (m, v, *state[2:])


def _adam_inside(
    w: Any, g: Any, state: Any, t: Any, *, learning_rate: Any, beta1: Any, beta2: Any, epsilon: Any
) -> Any:
    m, v = _moments(g, state, beta1, beta2)
    return w - learning_rate * m / (1 - beta1**t) / np.sqrt(v / (1 - beta2**t) + epsilon), (m, v, *state[2:])


def _adam_inside_uncorrected(
    w: Any, g: Any, state: Any, t: Any, *, learning_rate: Any, beta1: Any, beta2: Any, epsilon: Any
) -> Any:
    m, v = _moments(g, state, beta1, beta2)
    return w - learning_rate * m / np.sqrt(v + epsilon), (m, v, *state[2:])


def _adam_without_momentum(
    w: Any, g: Any, state: Any, t: Any, *, learning_rate: Any, beta1: Any, beta2: Any, epsilon: Any
) -> Any:
    m, v = _moments(g, state, beta1, beta2)
    return w - learning_rate * g / (np.sqrt(v / (1 - beta2**t)) + epsilon), (m, v, *state[2:])


def _adam_old_moments(
    w: Any, g: Any, state: Any, t: Any, *, learning_rate: Any, beta1: Any, beta2: Any, epsilon: Any
) -> Any:
    m, v = _moments(g, state, beta1, beta2)
    old_m, old_v = state[0] / (1 - beta1**t), state[1] / (1 - beta2**t)
    return w - learning_rate * old_m / (np.sqrt(old_v) + epsilon), (m, v, *state[2:])


_LIKE_ADAM: dict[str, Callable[..., Any]] = {
    "it is AMSGrad: the largest v so far takes the place of v": _amsgrad("before"),
    "it is AMSGrad: the largest corrected v so far takes the place of v": _amsgrad("after"),
    "it is AMSGrad without bias corrections: the largest v so far takes the place of v": _amsgrad("none"),
    "it is Nadam: Nesterov's step with Adam's moments": _nadam,
    "it is AdaMax: the largest decayed |g| takes the place of the root of v": _adamax,
    "it is AdaBelief: v is the running mean of (g − m)²": _adabelief,
    "epsilon stands inside the root of the corrected v": _adam_inside,
    "both bias corrections are missing, and epsilon stands inside the root": _adam_inside_uncorrected,
    "the gradient g stands where the corrected m belongs": _adam_without_momentum,
    "the step is made with m and v from before their update": _adam_old_moments,
}


def _dampened(nesterov: bool, outside: bool) -> Callable[..., Any]:
    def step(w: Any, g: Any, state: Any, t: Any, *, learning_rate: Any, momentum: Any) -> Any:
        rate_in, rate_out = (1, learning_rate) if outside else (learning_rate, 1)
        v = momentum * state[0] + (1 - momentum) * rate_in * g
        direction = momentum * v + (1 - momentum) * rate_in * g if nesterov else v
        return w - rate_out * direction, (v, state[1])

    return step


def _corrected_momentum(w: Any, g: Any, state: Any, t: Any, *, learning_rate: Any, momentum: Any) -> Any:
    v = momentum * state[0] + (1 - momentum) * g
    return w - learning_rate * v / (1 - momentum**t), (v, state[1])


def _old_velocity(outside: bool) -> Callable[..., Any]:
    def step(w: Any, g: Any, state: Any, t: Any, *, learning_rate: Any, momentum: Any) -> Any:
        v = momentum * state[0] + (g if outside else learning_rate * g)
        return w - (learning_rate if outside else 1) * state[0], (v, state[1])

    return step


def _first_dampening(w: Any, g: Any, state: Any, t: Any, *, learning_rate: Any, momentum: Any) -> Any:
    """The velocity starts as the first gradient, and later gradients are dampened, as with PyTorch's dampening."""
    v = g if t == 1 else momentum * state[0] + (1 - momentum) * g
    return w - learning_rate * v, (v, state[1])


def _subtracted(w: Any, g: Any, state: Any, t: Any, *, learning_rate: Any, momentum: Any) -> Any:
    v = momentum * state[0] - learning_rate * g
    return w - v, (v, state[1])


_LIKE_MOMENTUM: dict[str, Callable[..., Any]] = {
    "the gradient is dampened: v = momentum v + (1 − momentum) g": _dampened(False, True),
    "the gradient is dampened: v = momentum v + (1 − momentum) learning_rate g": _dampened(False, False),
    "the gradient is dampened, in Nesterov's form: v = momentum v + (1 − momentum) g": _dampened(True, True),
    "the gradient is dampened, in Nesterov's form: v = momentum v + (1 − momentum) learning_rate g": _dampened(
        True, False
    ),
    "the gradient is dampened, and the velocity has a bias correction": _corrected_momentum,
    "the gradient is dampened after the first step": _first_dampening,
    "the step is made with the velocity from before its update": _old_velocity(False),
    "the step is made with the velocity from before its update, the learning rate outside of it": _old_velocity(True),
    "the sign of the velocity is wrong: it is −v that is subtracted": _subtracted,
}


def _rms(
    centred: bool = False, inside: bool = False, before: bool = False, corrected: bool = False
) -> Callable[..., Any]:
    def step(w: Any, g: Any, state: Any, t: Any, *, learning_rate: Any, decay: Any, epsilon: Any) -> Any:
        s = decay * state[0] + (1 - decay) * g**2
        m = decay * state[1] + (1 - decay) * g
        used = state[0] if before else s - m**2 if centred else s / (1 - decay**t) if corrected else s
        return w - learning_rate * g / (np.sqrt(used + epsilon) if inside else np.sqrt(used) + epsilon), (s, m)

    return step


def _summed(w: Any, g: Any, state: Any, t: Any, *, learning_rate: Any, decay: Any, epsilon: Any) -> Any:
    s = state[0] + g**2
    return w - learning_rate * g / (np.sqrt(s) + epsilon), (s, state[1])


def _weights_swapped(w: Any, g: Any, state: Any, t: Any, *, learning_rate: Any, decay: Any, epsilon: Any) -> Any:
    s = (1 - decay) * state[0] + decay * g**2
    return w - learning_rate * g / (np.sqrt(s) + epsilon), (s, state[1])


_LIKE_RMSPROP: dict[str, Callable[..., Any]] = {
    "it is AdaGrad: the squares are added, and nothing decays": _summed,
    "decay and 1 − decay are swapped": _weights_swapped,
    "it is the centred RMSProp: the square of the mean gradient is subtracted from s": _rms(centred=True),
    "it is the centred RMSProp, with epsilon inside the root": _rms(centred=True, inside=True),
    "epsilon stands inside the root": _rms(inside=True),
    "the step is made with s from before its update": _rms(before=True),
    "s has a bias correction, which RMSProp has not": _rms(corrected=True),
}


def _adagrad(inside: bool = False, before: bool = False, decay: float = 0.0, mean: bool = False) -> Callable[..., Any]:
    def step(w: Any, g: Any, state: Any, t: Any, *, learning_rate: Any, epsilon: Any, initial_accumulator: Any) -> Any:
        s = decay * state[0] + (1 - decay) * g**2 if decay else state[0] + g**2
        used = state[0] if before else s / t if mean else s
        return w - learning_rate * g / (np.sqrt(used + epsilon) if inside else np.sqrt(used) + epsilon), (s,)

    return step


_LIKE_ADAGRAD: dict[str, Callable[..., Any]] = {
    "epsilon stands inside the root": _adagrad(inside=True),
    "the step is made with s from before its update": _adagrad(before=True),
    "s is divided by t: the mean of the squares takes the place of their sum": _adagrad(mean=True),
    "it is RMSProp with decay 0.9: the squares decay": _adagrad(decay=0.9),
    "it is RMSProp with decay 0.99: the squares decay": _adagrad(decay=0.99),
}


def _descent(direction: Callable[[Any], Any]) -> Callable[..., Any]:
    def step(w: Any, g: Any, state: Any, t: Any, *, learning_rate: Any) -> Any:
        return w - learning_rate * direction(g), state

    return step


def _momentum_09(w: Any, g: Any, state: Any, t: Any, *, learning_rate: Any) -> Any:
    v = 0.9 * state[0] + learning_rate * g
    return w - v, (v,)


_LIKE_DESCENT: dict[str, Callable[..., Any]] = {
    "the gradient is divided by its norm": _descent(lambda g: g / (np.sqrt((g**2).sum()) or 1)),
    "the gradient is divided by its norm, which gives 0/0 where it is 0": _descent(lambda g: g / np.sqrt((g**2).sum())),
    "the gradient is divided by the number of weights": _descent(lambda g: g / g.size),
    "the gradient is squared": _descent(lambda g: g**2),
    "the gradient's mean is used for every weight": _descent(lambda g: np.full_like(g, g.mean())),
    "the gradient is rounded to whole numbers": _descent(np.round),
    "it is momentum with momentum 0.9, not gradient descent": _momentum_09,
}


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
