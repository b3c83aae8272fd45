"""Optimizers as people write them: right ones in many forms, and faulty ones with the words that name the fault."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

RIGHT: list[tuple[str, Any]] = []
"""The optimizer's name, and a right program."""
WRONG: list[tuple[str, str, Any]] = []
"""The optimizer's name, words of the verdict ("" if no cause is known), and a wrong program."""


def right(of: str) -> Callable[[Any], Any]:
    def keep(program: Any) -> Any:
        RIGHT.append((of, program))
        return program

    return keep


def wrong(of: str, words: str) -> Callable[[Any], Any]:
    def keep(program: Any) -> Any:
        WRONG.append((of, words, program))
        return program

    return keep


# Right: gradient descent


@right("gradient_descent")
def plain(w, g, lr):
    return w - lr * g


@right("gradient_descent")
def in_place(w, dw, learning_rate=1e-2):
    w -= learning_rate * dw
    return w


@right("gradient_descent")
def over_a_list(params, grads, lr):
    for p, g in zip(params, grads, strict=True):
        p -= lr * g


@right("gradient_descent")
def over_a_dictionary(parameters, grads, learning_rate):
    for layer in range(1, len(parameters) // 2 + 1):
        for letter in "Wb":
            key = f"{letter}{layer}"
            parameters[key] = parameters[key] - learning_rate * grads[f"d{key}"]
    return parameters


@right("gradient_descent")
def with_a_number_inside(w, g):
    return w - 0.03 * g


@right("gradient_descent")
def by_entries(w, g, eta):
    return [a - eta * b for a, b in zip(w, g, strict=True)]


@right("gradient_descent")
class Descent:
    def __init__(self, lr=0.01):
        self.lr = lr

    def update(self, params, grads):
        for key in params:
            params[key] -= self.lr * grads[key]


@right("gradient_descent")
class DescentOnParameters:
    def __init__(self, parameters, lr=0.01):
        self.parameters, self.lr = list(parameters), lr

    def step(self):
        for p in self.parameters:
            p -= self.lr * p.grad


# Right: momentum


@right("momentum")
def velocity_is_negative(w, g, v, lr, mu):
    v = mu * v - lr * g
    return w + v, v


@right("momentum")
def velocity_in_place(w, g, v, lr=0.1, beta=0.9):
    v[:] = beta * v + lr * g
    w -= v


@right("momentum")
def with_a_configuration(w, dw, config=None):
    config = {} if config is None else config
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("momentum", 0.9)
    v = config["momentum"] * config.get("velocity", np.zeros_like(w)) - config["learning_rate"] * dw
    config["velocity"] = v
    return w + v, config


@right("momentum")
class Velocity:
    def __init__(self, lr=0.01, momentum=0.9):
        self.lr, self.momentum, self.v = lr, momentum, None

    def update(self, params, grads):
        if self.v is None:
            self.v = {key: np.zeros_like(value) for key, value in params.items()}
        for key in params:
            self.v[key] = self.momentum * self.v[key] - self.lr * grads[key]
            params[key] += self.v[key]


RIGHT += [("momentum", Velocity(lr=0.3, momentum=0.5).update), ("momentum", Velocity.update)]


@right("momentum_outside")
class Buffer:
    def __init__(self, params, lr=0.01, momentum=0.9):
        self.params, self.lr, self.momentum = list(params), lr, momentum
        self.buffers = [np.zeros_like(p.data) for p in self.params]

    def step(self):
        for k, p in enumerate(self.params):
            self.buffers[k] = self.momentum * self.buffers[k] + p.grad
            p.data -= self.lr * self.buffers[k]


@right("momentum_outside")
def the_step_alone(g, v, lr, momentum):
    v = momentum * v + g
    return -lr * v, v


@right("momentum_outside")
def lists_of_numbers(w, g, v, lr, momentum):
    v = [momentum * a + b for a, b in zip(v, g, strict=True)]
    return [a - lr * b for a, b in zip(w, v, strict=True)], v


@right("momentum_outside")
def single_precision(w, g, v, lr, momentum):
    w, g, v = (np.asarray(a, np.float32) for a in (w, g, v))
    v = (momentum * v + g).astype(np.float32)
    return (w - lr * v).astype(np.float32), v


@right("nesterov")
def with_the_old_velocity(w, g, v, lr, mu):
    old = v
    v = mu * v - lr * g
    return w - mu * old + (1 + mu) * v, v


@right("nesterov_outside")
def nesterov_outside(w, g, v, lr, mu):
    v = mu * v + g
    return w - lr * (g + mu * v), v


# Right: adaptive rates


@right("adam")
def moments_as_arguments(w, g, m, v, t, lr=0.001, b1=0.9, b2=0.999, eps=1e-8):
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * g * g
    return w - lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps), m, v


@right("adam")
def counted_from_zero(w, g, m, v, i, lr=0.001, b1=0.9, b2=0.999, eps=1e-8):
    return moments_as_arguments(w, g, m, v, i + 1, lr, b1, b2, eps)


@right("adam")
def nested_state(w, g, state, t, lr, beta1, beta2, eps):
    w, m, v = moments_as_arguments(w, g, *state, t, lr, beta1, beta2, eps)
    return w, (m, v)


@right("adam")
def numbers_inside(w, g, m, v, t):
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g * g
    return w - 0.001 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8), m, v


@right("adam")
def configured_adam(w, dw, config=None):
    config = {} if config is None else config
    for key, value in (("learning_rate", 1e-3), ("beta1", 0.9), ("beta2", 0.999), ("epsilon", 1e-8), ("t", 0)):
        config.setdefault(key, value)
    config["t"] += 1
    w, config["m"], config["v"] = moments_as_arguments(
        w, dw, config.get("m", np.zeros_like(w)), config.get("v", np.zeros_like(w)), config["t"],
        config["learning_rate"], config["beta1"], config["beta2"], config["epsilon"],
    )  # fmt: skip
    return w, config


@right("adam")
def state_made_at_first(w, g, state=None, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    if state is None:
        state = {"m": np.zeros_like(w), "v": np.zeros_like(w), "t": 0}
    state["t"] += 1
    w, state["m"], state["v"] = moments_as_arguments(w, g, state["m"], state["v"], state["t"], lr, beta1, beta2, eps)
    return w, state


@right("adam")
def dictionaries(parameters, grads, v, s, t, learning_rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-8):
    for key in parameters:
        d = f"d{key}"
        parameters[key], v[d], s[d] = moments_as_arguments(
            parameters[key], grads[d], v[d], s[d], t, learning_rate, beta1, beta2, epsilon
        )
    return parameters, v, s


@right("adam")
class Adam:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.m = self.v = self.t = 0

    def step(self, params, grads):
        self.t += 1
        moved, self.m, self.v = moments_as_arguments(
            params, grads, self.m, self.v, self.t, self.lr, self.beta1, self.beta2, self.eps
        )
        params[...] = moved


RIGHT += [("adam", Adam().step), ("adam", Adam.step)]


@right("adam")
class RateWithBothCorrections:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999):
        self.lr, self.beta1, self.beta2, self.iter, self.m, self.v = lr, beta1, beta2, 0, None, None

    def update(self, params, grads):
        if self.m is None:
            self.m = {key: np.zeros_like(value) for key, value in params.items()}
            self.v = {key: np.zeros_like(value) for key, value in params.items()}
        self.iter += 1
        rate = self.lr * np.sqrt(1 - self.beta2**self.iter) / (1 - self.beta1**self.iter)
        for key in params:
            self.m[key] += (1 - self.beta1) * (grads[key] - self.m[key])
            self.v[key] += (1 - self.beta2) * (grads[key] ** 2 - self.v[key])
            params[key] -= rate * self.m[key] / (np.sqrt(self.v[key]) + 1e-7)


@right("adam")
class OnLayers:
    def __init__(self, learning_rate=0.001, epsilon=1e-7, beta_1=0.9, beta_2=0.999):
        self.learning_rate, self.epsilon, self.beta_1, self.beta_2 = learning_rate, epsilon, beta_1, beta_2
        self.iterations = 0

    def pre_update_params(self):
        self.current = self.learning_rate

    def update_params(self, layer):
        if not hasattr(layer, "m"):
            layer.m, layer.v = np.zeros_like(layer.weights), np.zeros_like(layer.weights)
        layer.weights, layer.m, layer.v = moments_as_arguments(
            layer.weights, layer.dweights, layer.m, layer.v, self.iterations + 1, self.current, self.beta_1, self.beta_2,
            self.epsilon,
        )  # fmt: skip

    def post_update_params(self):
        self.iterations += 1


@right("adamw")
def decay_beside_the_step(w, g, m, v, t, lr, b1, b2, eps, wd):
    moved, m, v = moments_as_arguments(w, g, m, v, t, lr, b1, b2, eps)
    return moved - lr * wd * w, m, v


@right("adamw")
class AdamW:
    def __init__(self, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        self.lr, self.betas, self.eps, self.weight_decay = lr, betas, eps, weight_decay
        self.t = self.m = self.v = 0

    def __call__(self, w, g):
        self.t += 1
        w = w * (1 - self.lr * self.weight_decay)
        w, self.m, self.v = moments_as_arguments(w, g, self.m, self.v, self.t, self.lr, *self.betas, self.eps)
        return w


@right("rmsprop")
def mean_of_squares(w, dw, s, lr=0.01, beta=0.9, eps=1e-8):
    s = beta * s + (1 - beta) * dw**2
    return w - lr * dw / (np.sqrt(s) + eps), s


@right("rmsprop")
def configured_rmsprop(w, dw, config=None):
    config = {} if config is None else config
    for key, value in (("learning_rate", 1e-2), ("decay_rate", 0.99), ("epsilon", 1e-8), ("cache", np.zeros_like(w))):
        config.setdefault(key, value)
    config["cache"] = config["decay_rate"] * config["cache"] + (1 - config["decay_rate"]) * dw**2
    return w - config["learning_rate"] * dw / (np.sqrt(config["cache"]) + config["epsilon"]), config


@right("adagrad")
def sum_of_squares(w, g, cache, lr, eps=1e-8):
    cache = cache + g**2
    return w - lr * g / (np.sqrt(cache) + eps), cache


@right("adagrad")
class AdaGrad:
    def __init__(self, lr=0.01):
        self.lr, self.h = lr, None

    def update(self, params, grads):
        if self.h is None:
            self.h = {key: np.zeros_like(value) for key, value in params.items()}
        for key in params:
            self.h[key] += grads[key] * grads[key]
            params[key] -= self.lr * grads[key] / (np.sqrt(self.h[key]) + 1e-7)


# Wrong: Adam


def adam_with(
    *, gradient=lambda g: g, number=lambda t: t, correct_m=True, correct_v=True, inside=False, root=True, swapped=False,
    restart=0, eps_factor=1.0, dampened=True, longest=np.inf, sign=1.0, largest=False,
):  # fmt: skip
    """Adam with one part changed."""

    def step(w, g, state, t, *, learning_rate, beta1, beta2, epsilon):
        if swapped:
            beta1, beta2 = beta2, beta1
        m, v, top = (*state, 0.0)[:3]
        if restart and t == restart:
            m, v = np.zeros_like(m), np.zeros_like(v)
        g = gradient(g)
        m = beta1 * m + ((1 - beta1) if dampened else 1) * g
        v = beta2 * v + (1 - beta2) * g**2
        top = np.maximum(top, v) if largest else v
        m_hat = m / (1 - beta1 ** number(t)) if correct_m else m
        v_hat = top / (1 - beta2 ** number(t)) if correct_v else top
        under = np.sqrt(v_hat + epsilon) if inside else (np.sqrt(v_hat) if root else v_hat) + eps_factor * epsilon
        move = np.clip(learning_rate * m_hat / under, -longest, longest)
        return w - sign * move, (m, v, top) if largest else (m, v)

    return step


def to_norm(g, bound):
    norm = np.sqrt((g**2).sum())
    return g * (bound / norm) if norm > bound else g


WRONG += [
    ("adam", words, adam_with(**change))
    for words, change in (
        ("it is AMSGrad", {"largest": True}),
        ("take min(t, 10)", {"number": lambda t: min(t, 10)}),
        ("take min(t, 1000)", {"number": lambda t: min(t, 1000)}),
        ("both bias corrections are missing", {"correct_m": False, "correct_v": False}),
        ("bias correction of m is missing", {"correct_m": False}),
        ("bias correction of v is missing", {"correct_v": False}),
        ("epsilon stands inside the root", {"inside": True}),
        ("the square root is missing", {"root": False}),
        ("the sign of the update is wrong", {"sign": -1.0}),
        ("beta1 and beta2 are swapped", {"swapped": True}),
        ("take t + 1", {"number": lambda t: t + 1}),
        ("take t = 1 at every step", {"number": lambda t: 1}),
        ("clipped to [−1, 1]", {"gradient": lambda g: np.clip(g, -1, 1)}),
        ("clipped to [−5, 5]", {"gradient": lambda g: np.clip(g, -5, 5)}),
        ("clipped to the norm 2.5", {"gradient": lambda g: to_norm(g, 2.5)}),
        ("set to 0 before step 20", {"restart": 20}),
        ("epsilon is missing", {"eps_factor": 0.0}),
        ("the factor 1 − beta1 is missing", {"dampened": False}),
        ("no weight moves farther than 0.05", {"longest": 0.05}),
        (
            "both bias corrections are missing, and epsilon stands inside",
            {"inside": True, "correct_m": False, "correct_v": False},
        ),
        ("only the sign of the gradient", {"gradient": np.sign}),
    )
]


@wrong("adam", "both bias corrections are missing")
def uncorrected_with_numbers_inside(w, g, m, v, t):
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g * g
    return w - 0.001 * m / (np.sqrt(v) + 1e-8), m, v


def adamw_with(change):
    inner = adam_with()

    def step(w, g, state, t, *, learning_rate, beta1, beta2, epsilon, weight_decay):
        rest = {"learning_rate": learning_rate, "beta1": beta1, "beta2": beta2, "epsilon": epsilon}
        return change(inner, w, g, state, t, rest, weight_decay)

    return step


WRONG += [
    ("adamw", words, adamw_with(change))
    for words, change in (
        ("the decay is coupled", lambda inner, w, g, s, t, rest, wd: inner(w, g + wd * w, s, t, **rest)),
        ("the decay lacks the learning rate", lambda inner, w, g, s, t, rest, wd: inner(w - wd * w, g, s, t, **rest)),
        ("it is the update of adam", lambda inner, w, g, s, t, rest, wd: inner(w, g, s, t, **rest)),
        (
            "the sign of the decay is wrong",
            lambda inner, w, g, s, t, rest, wd: inner(w + rest["learning_rate"] * wd * w, g, s, t, **rest),
        ),
    )
]


# Wrong: momentum and gradient descent


def momentum_with(
    *, velocity=lambda v, g, lr, mu: mu * v + lr * g, move=lambda v, old, g, lr, mu: v, restarts=lambda t: False,
    gradient=lambda g: g,
):  # fmt: skip
    """Momentum with one part changed."""

    def step(w, g, v, t, lr, momentum):
        v = np.zeros_like(v) if restarts(t) else v
        old, g = v, gradient(g)
        v = velocity(v, g, lr, momentum)
        return w - move(v, old, g, lr, momentum), v

    return step


WRONG += [
    (of, words, momentum_with(**change))
    for of, words, change in (
        ("momentum", "v is set to 0 before step 20", {"restarts": lambda t: t == 20}),
        ("momentum", "v is set to 0 every 20 steps", {"restarts": lambda t: t % 20 == 0}),
        ("momentum", "the gradient is dampened", {"velocity": lambda v, g, lr, mu: mu * v + (1 - mu) * lr * g}),
        (
            "momentum",
            "the gradient is dampened",
            {"velocity": lambda v, g, lr, mu: mu * v + (1 - mu) * g, "move": lambda v, old, g, lr, mu: lr * v},
        ),
        ("momentum", "it is the update of nesterov", {"move": lambda v, old, g, lr, mu: mu * v + lr * g}),
        ("nesterov", "it is the update of momentum", {}),
        ("momentum", "sign of the update", {"move": lambda v, old, g, lr, mu: -v}),
        ("momentum", "velocity from before its update", {"move": lambda v, old, g, lr, mu: old}),
        ("momentum", "it is the update of gradient_descent", {"velocity": lambda v, g, lr, mu: lr * g}),
        ("momentum", "momentum is 0.9, whatever is given", {"velocity": lambda v, g, lr, mu: 0.9 * v + lr * g}),
        ("momentum", "clipped to the norm 3", {"gradient": lambda g: to_norm(g, 3.0)}),
    )
]


WRONG += [
    ("gradient_descent", words, program)
    for words, program in (
        ("the sign of the update is wrong", lambda w, g, lr: w + lr * g),
        ("clipped to [−10, 10]", lambda w, g, lr: w - lr * np.clip(g, -10, 10)),
        ("2 times what it should be", lambda w, g, lr: w - 2 * lr * g),
        ("the gradient is squared", lambda w, g, lr: w - lr * g**2),
        ("only the sign of the gradient", lambda w, g, lr: w - lr * np.sign(g)),
        ("divided by its norm", lambda w, g, lr: w - lr * g / np.linalg.norm(g)),
        ("the learning rate is divided by t", lambda w, g, t, lr: w - lr / t * g),
        ("divided by the number of weights", lambda w, g, lr: w - lr * g / g.size),
        ("", lambda w, g, lr: w - lr * g.round(3)),
        ("not finite", lambda w, g, lr: w - lr * np.log(np.exp(g))),
        ("stands where `w - learning_rate * g` belongs", lambda w, g, lr: lr * g),
    )
]


@wrong("gradient_descent", "the sign of the update is wrong")
class Ascent:
    def __init__(self, params, lr=0.01):
        self.params, self.lr = params, lr

    def step(self, grads):
        for p, g in zip(self.params, grads, strict=True):
            p += self.lr * g


# Wrong: RMSProp and AdaGrad


@wrong("rmsprop", "epsilon stands inside the root")
def rmsprop_inside(w, g, s, lr, decay, eps):
    s = decay * s + (1 - decay) * g**2
    return w - lr * g / np.sqrt(s + eps), s


@wrong("rmsprop", "the factor 1 − decay is missing")
def rmsprop_undamped(w, g, s, lr, decay, eps):
    s = decay * s + g**2
    return w - lr * g / (np.sqrt(s) + eps), s


@wrong("rmsprop", "the square root is missing")
def rmsprop_without_root(w, g, s, lr, decay, eps):
    s = decay * s + (1 - decay) * g**2
    return w - lr * g / (s + eps), s


@wrong("rmsprop", "decay and 1 − decay are swapped")
def rmsprop_swapped(w, g, s, lr, decay, eps):
    s = (1 - decay) * s + decay * g**2
    return w - lr * g / (np.sqrt(s) + eps), s


@wrong("rmsprop", "it is AdaGrad")
def rmsprop_that_adds(w, g, s, lr, decay, eps):
    s = s + g**2
    return w - lr * g / (np.sqrt(s) + eps), s


@wrong("adagrad", "epsilon stands inside the root")
def adagrad_inside(w, g, s, lr, eps):
    s = s + g**2
    return w - lr * g / np.sqrt(s + eps), s


@wrong("adagrad", "the square root is missing")
def adagrad_without_root(w, g, s, lr, eps):
    s = s + g**2
    return w - lr * g / (s + eps), s


UNCHECKED: list[tuple[str, Any, str]] = []
"""The optimizer's name, a program that cannot be understood, and words of the verdict."""


def raising(w, g, m, v, t, lr):
    raise RuntimeError("not written yet")


class WithoutMethods:
    pass


UNCHECKED += [
    ("adam", lambda x: x, "could not be checked"),
    ("adam", raising, "not written yet"),
    ("gradient_descent", lambda w, g, lr: "text", "not understood as weights"),
    ("gradient_descent", lambda w, g, lr: {"new": w - lr * g}, "not understood as weights"),
    ("gradient_descent", lambda w, g, lr: w[:2] - lr * g[:2], "of shape"),
    ("momentum", lambda w, g: w - 0.01 * np.sinh(g), "no argument for"),
    ("momentum", WithoutMethods, "could not be checked"),
]
