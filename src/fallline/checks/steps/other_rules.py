"""Update rules that resemble a textbook's optimizer, and are written in its place by mistake."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["LIKE"]


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


_ADAM: dict[str, Callable[..., Any]] = {
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


_MOMENTUM: dict[str, Callable[..., Any]] = {
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


_RMSPROP: dict[str, Callable[..., Any]] = {
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


_ADAGRAD: dict[str, Callable[..., Any]] = {
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


_DESCENT: dict[str, Callable[..., Any]] = {
    "the gradient is divided by its norm": _descent(lambda g: g / (np.sqrt((g**2).sum()) or 1)),
    "the gradient is divided by its norm, which gives 0/0 where it is 0": _descent(lambda g: g / np.sqrt((g**2).sum())),
    "the gradient is divided by the number of weights": _descent(lambda g: g / g.size),
    "the gradient is squared": _descent(lambda g: g**2),
    "the gradient's mean is used for every weight": _descent(lambda g: np.full_like(g, g.mean())),
    "the gradient is rounded to whole numbers": _descent(np.round),
    "it is momentum with momentum 0.9, not gradient descent": _momentum_09,
}


LIKE: dict[str, dict[str, Callable[..., Any]]] = {
    **dict.fromkeys(("adam", "adam_epsilon_hat", "adamw"), _ADAM),
    **dict.fromkeys(("momentum", "momentum_outside", "nesterov", "nesterov_outside"), _MOMENTUM),
    "rmsprop": _RMSPROP,
    "adagrad": _ADAGRAD,
    "gradient_descent": _DESCENT,
}
"""By optimizer: a rule in words, and its step. The rules for AdamW lack its decay."""
