"""Optimizers: `init` and `step`, elementwise, so a page reads for one weight as for all.

Letters: w parameter, g gradient at w, t number of the step (1 for the first), v, s, m state.
Every page names its convention, since systems differ (PyTorch, Keras, optax, scikit-learn):

- momentum, nesterov: the learning rate stands *inside* the velocity (classical; the notebook, Keras, scikit-learn);
- momentum_outside, nesterov_outside: outside of it (PyTorch, optax). Equal while the learning rate is constant.
- adam divides by sqrt(v_hat) + epsilon (Kingma & Ba, algorithm 1; PyTorch, optax);
  adam_epsilon_hat by sqrt(v) + epsilon, with both bias corrections in the step size (section 2; Keras, scikit-learn).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from fallline.textbook.families import member
from fallline.textbook.operations import Array, let, sqrt

__all__ = ["OPTIMIZERS", "Optimizer", "optimizer"]

State = tuple[Array, ...]


@dataclass(frozen=True)
class Optimizer:
    """An update rule.

    Parameters
    ----------
    name: the field's name for it.
    step: `step(w, g, state, t, *, learning_rate, ...)` to the new `(w, state)`. Its keyword arguments are its settings.
    state: the letters of its state variables, each shaped like w.
    init: `init(w, **settings)` to the first state; zeros unless given.

    >>> w, state = np.array([1.0]), (np.array([0.0]),)
    >>> momentum = OPTIMIZERS["momentum"]
    >>> w, state = momentum.step(w, 2 * w, state, 1, learning_rate=0.1, momentum=0.9)
    >>> w.tolist(), state[0].tolist()
    ([0.8], [0.2])
    """

    name: str
    step: Callable[..., tuple[Array, State]]
    state: tuple[str, ...] = ()
    init_state: Callable[..., State] | None = None

    @cached_property
    def settings(self) -> tuple[str, ...]:
        """Names of its settings, as the page's keyword arguments have them."""
        parameters = inspect.signature(self.step).parameters.values()
        return tuple(p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY)

    def init(self, w: Array, **settings: Any) -> State:
        """The state before the first step."""
        if self.init_state is not None:
            return self.init_state(w, **settings)
        return tuple(np.zeros_like(w) for _ in self.state)

    def __repr__(self) -> str:
        return f"Optimizer({self.name!r})"


def gradient_descent(w: Array, g: Array, state: State, t: Array, *, learning_rate: Array) -> tuple[Array, State]:
    w = let("w", None, w - learning_rate * g)
    return w, ()


def momentum(
    w: Array, g: Array, state: State, t: Array, *, learning_rate: Array, momentum: Array
) -> tuple[Array, State]:
    (v,) = state
    v = let("v", None, momentum * v + learning_rate * g)
    w = let("w", None, w - v)
    return w, (v,)


def momentum_outside(
    w: Array, g: Array, state: State, t: Array, *, learning_rate: Array, momentum: Array
) -> tuple[Array, State]:
    (v,) = state
    v = let("v", None, momentum * v + g)
    w = let("w", None, w - learning_rate * v)
    return w, (v,)


def nesterov(
    w: Array, g: Array, state: State, t: Array, *, learning_rate: Array, momentum: Array
) -> tuple[Array, State]:
    (v,) = state
    v = let("v", None, momentum * v + learning_rate * g)
    w = let("w", None, w - (momentum * v + learning_rate * g))
    return w, (v,)


def nesterov_outside(
    w: Array, g: Array, state: State, t: Array, *, learning_rate: Array, momentum: Array
) -> tuple[Array, State]:
    (v,) = state
    v = let("v", None, momentum * v + g)
    w = let("w", None, w - learning_rate * (g + momentum * v))
    return w, (v,)


def adagrad(
    w: Array, g: Array, state: State, t: Array, *, learning_rate: Array, epsilon: Array, initial_accumulator: Array
) -> tuple[Array, State]:
    (s,) = state
    s = let("s", None, s + g**2)
    w = let("w", None, w - learning_rate * g / (sqrt(s) + epsilon))
    return w, (s,)


def adagrad_state(w: Array, *, initial_accumulator: Array = 0.0, **settings: Array) -> State:
    return (np.zeros_like(w) + initial_accumulator,)


def rmsprop(
    w: Array, g: Array, state: State, t: Array, *, learning_rate: Array, decay: Array, epsilon: Array
) -> tuple[Array, State]:
    (s,) = state
    s = let("s", None, decay * s + (1 - decay) * g**2)
    w = let("w", None, w - learning_rate * g / (sqrt(s) + epsilon))
    return w, (s,)


def adam(
    w: Array, g: Array, state: State, t: Array, *, learning_rate: Array, beta1: Array, beta2: Array, epsilon: Array
) -> tuple[Array, State]:
    m, v = state
    m = let("m", None, beta1 * m + (1 - beta1) * g)
    v = let("v", None, beta2 * v + (1 - beta2) * g**2)
    m_hat = let("m_hat", None, m / (1 - beta1**t))
    v_hat = let("v_hat", None, v / (1 - beta2**t))
    w = let("w", None, w - learning_rate * m_hat / (sqrt(v_hat) + epsilon))
    return w, (m, v)


def adam_epsilon_hat(
    w: Array, g: Array, state: State, t: Array, *, learning_rate: Array, beta1: Array, beta2: Array, epsilon: Array
) -> tuple[Array, State]:
    m, v = state
    m = let("m", None, beta1 * m + (1 - beta1) * g)
    v = let("v", None, beta2 * v + (1 - beta2) * g**2)
    rate = let("rate", None, learning_rate * (1 - beta2**t) ** 0.5 / (1 - beta1**t))
    w = let("w", None, w - rate * m / (sqrt(v) + epsilon))
    return w, (m, v)


def adamw(
    w: Array, g: Array, state: State, t: Array, *,
    learning_rate: Array, beta1: Array, beta2: Array, epsilon: Array, weight_decay: Array,
) -> tuple[Array, State]:  # fmt: skip
    w = let("w", None, w - learning_rate * weight_decay * w)
    return adam(w, g, state, t, learning_rate=learning_rate, beta1=beta1, beta2=beta2, epsilon=epsilon)


OPTIMIZERS: dict[str, Optimizer] = {
    o.name: o
    for o in (
        Optimizer("adagrad", adagrad, ("s",), adagrad_state),
        Optimizer("adam", adam, ("m", "v")),
        Optimizer("adam_epsilon_hat", adam_epsilon_hat, ("m", "v")),
        Optimizer("adamw", adamw, ("m", "v")),
        Optimizer("gradient_descent", gradient_descent),
        Optimizer("momentum", momentum, ("v",)),
        Optimizer("momentum_outside", momentum_outside, ("v",)),
        Optimizer("nesterov", nesterov, ("v",)),
        Optimizer("nesterov_outside", nesterov_outside, ("v",)),
        Optimizer("rmsprop", rmsprop, ("s",)),
    )
}


def optimizer(name: str | Optimizer) -> Optimizer:
    """The optimizer of that name; an `Optimizer` of the user's own is returned as it is.

    >>> optimizer("adam").settings
    ('learning_rate', 'beta1', 'beta2', 'epsilon')
    """
    if isinstance(name, Optimizer):
        return name
    return member("optimizer", name, OPTIMIZERS)
