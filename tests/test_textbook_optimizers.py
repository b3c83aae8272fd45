"""Optimizers against the update rules that others publish, over 200 steps, and the laws between them.

Every system is fed the same gradients, those at its own parameters, and must follow the same path. Where a rule is
given in a paper or a manual rather than a package, it is written out here in that source's own order of operations.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from fallline.errors import UnknownNameError
from fallline.settings import SETTINGS
from fallline.textbook.optimizers import OPTIMIZERS, Optimizer, optimizer
from strategies import optimizers, seeds

Floats = NDArray[Any]
STEPS = 200
START = np.array([1.5, -2.0, 0.3, 4.0, -0.7, 0.05])
CURVATURE = np.array([0.01, 0.1, 0.3, 0.5, 1.0, 2.0])


def slope(w: Floats, t: int) -> Floats:
    """The gradient that step t sees: a bowl's, and on it a wave, as minibatches would make it.

    The wave keeps adaptive rules, which divide by the gradient's size, from ever standing at the bottom: there their
    steps are chaotic, and two correct programs part by more than rounding.
    """
    return CURVATURE * w + np.cos(0.7 * t + np.arange(6.0))


def falling(t: int) -> float:
    """A learning rate that falls tenfold in mid-run: here the two places for it part."""
    return 1.0 if t <= STEPS // 2 else 0.1


def path(name: str, schedule: Callable[[int], float] = lambda t: 1.0, **settings: float) -> Floats:
    """Our path, (STEPS + 1, 6)."""
    record, w = OPTIMIZERS[name], START.copy()
    state = record.init(w, **settings)
    points = [w]
    for t in range(1, STEPS + 1):
        now = settings | {"learning_rate": settings["learning_rate"] * schedule(t)}
        w, state = record.step(w, slope(w, t), state, t, **now)
        points.append(w)
    return np.array(points)


def assert_same_path(ours: Floats, theirs: Floats) -> None:
    assert ours.shape == theirs.shape == (STEPS + 1, len(START))
    assert np.isfinite(ours).all()
    assert np.abs(ours[-1] - ours[0]).max() > 0.1, "a path that does not move proves nothing"
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


# --- Keras, as its manual has each rule: a generator of parameters -----------------------------------------------------

Rule = Callable[..., Iterator[Floats]]


def keras_sgd(rate: Callable[[int], float], mu: float = 0.0, nesterov: bool = False) -> Iterator[Floats]:
    w, v = START.copy(), np.zeros_like(START)
    yield w
    for t in range(1, STEPS + 1):
        g = slope(w, t)
        v = mu * v - rate(t) * g
        w = w + mu * v - rate(t) * g if nesterov else w + v
        yield w


def keras_adam(
    rate: Callable[[int], float], b1: float = 0.9, b2: float = 0.999, eps: float = 1e-7, wd: float = 0.0
) -> Iterator[Floats]:
    w, m, v = START.copy(), np.zeros_like(START), np.zeros_like(START)
    yield w
    for t in range(1, STEPS + 1):
        g = slope(w, t)
        w = w - w * wd * rate(t)
        alpha = rate(t) * math.sqrt(1 - b2**t) / (1 - b1**t)
        m = m + (g - m) * (1 - b1)
        v = v + (g**2 - v) * (1 - b2)
        w = w - m * alpha / (np.sqrt(v) + eps)
        yield w


def keras_adagrad(rate: Callable[[int], float], first: float = 0.1, eps: float = 0.0) -> Iterator[Floats]:
    w, s = START.copy(), np.full_like(START, first)
    yield w
    for t in range(1, STEPS + 1):
        g = slope(w, t)
        s = s + g**2
        w = w - rate(t) * g / np.sqrt(s + eps)
        yield w


def keras_rmsprop(rate: Callable[[int], float], rho: float = 0.9, eps: float = 0.0) -> Iterator[Floats]:
    w, s = START.copy(), np.zeros_like(START)
    yield w
    for t in range(1, STEPS + 1):
        g = slope(w, t)
        s = rho * s + (1 - rho) * g**2
        w = w - rate(t) * g / np.sqrt(s + eps)
        yield w


# Keras has epsilon inside the root for AdaGrad and RMSProp, we outside: equal at epsilon 0.
KERAS: dict[str, tuple[str, dict[str, float], Rule, dict[str, Any]]] = {
    "SGD": ("gradient_descent", {}, keras_sgd, {}),
    "SGD with momentum": ("momentum", {"momentum": 0.9}, keras_sgd, {"mu": 0.9}),
    "SGD, Nesterov": ("nesterov", {"momentum": 0.9}, keras_sgd, {"mu": 0.9, "nesterov": True}),
    "Adam": ("adam_epsilon_hat", {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7}, keras_adam, {}),
    "Adam, other betas": (
        "adam_epsilon_hat",
        {"beta1": 0.5, "beta2": 0.9, "epsilon": 1e-3},
        keras_adam,
        {"b1": 0.5, "b2": 0.9, "eps": 1e-3},
    ),
    "AdamW": (
        "adamw",
        {"beta1": 0.9, "beta2": 0.999, "epsilon": 0.0, "weight_decay": 0.1},
        keras_adam,
        {"eps": 0.0, "wd": 0.1},
    ),
    "Adagrad": ("adagrad", {"epsilon": 0.0, "initial_accumulator": 0.1}, keras_adagrad, {}),
    "RMSprop": ("rmsprop", {"decay": 0.9, "epsilon": 0.0}, keras_rmsprop, {}),
}


@pytest.mark.parametrize("schedule", [lambda t: 1.0, falling], ids=["constant", "falling"])
@pytest.mark.parametrize("name", KERAS)
def test_keras_form(name: str, schedule: Callable[[int], float]) -> None:
    ours, settings, rule, theirs = KERAS[name]
    rate = 0.03
    expected = np.array(list(rule(lambda t: rate * schedule(t), **theirs)))
    assert_same_path(path(ours, schedule, learning_rate=rate, **settings), expected)


# --- The equations of each docstring -----------------------------------------------------------------------------------


def equations(name: str) -> list[tuple[str, str]]:
    """Both sides of each equation in the docstring's indented lines, from top to bottom."""
    lines = [line for line in (inspect.getdoc(OPTIMIZERS[name].step) or "").splitlines() if line.startswith("    ")]
    sides = re.findall(r"(\w+) = (.+?)(?:,  |  +|\n|$)", "\n".join(lines))
    return sides + equations("adam") if name == "adamw" else sides  # which says "then the step of `adam`"


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_the_equations_of_the_docstring_are_what_the_page_computes(name: str) -> None:
    """A reader who works through the lines in turn gets the numbers of the page."""
    sympy, parser = pytest.importorskip("sympy"), pytest.importorskip("sympy.parsing.sympy_parser")
    grammar = (*parser.standard_transformations, parser.implicit_multiplication, parser.convert_xor)
    record = OPTIMIZERS[name]
    settings = {setting: 0.3 + 0.1 * k for k, setting in enumerate(record.settings)}
    values = settings | {"w": 1.7, "g": -0.6, "t": 3} | {letter: 0.2 + 0.3 * k for k, letter in enumerate(record.state)}
    w, state = record.step(values["w"], values["g"], tuple(values[letter] for letter in record.state), 3, **settings)
    for left, right in equations(name):
        values[left] = float(parser.parse_expr(right, {"sqrt": sympy.sqrt} | values, grammar))
    np.testing.assert_allclose(values["w"], w, rtol=1e-14)
    np.testing.assert_allclose([values[letter] for letter in record.state], state, rtol=1e-14)


# --- Conventions that really differ -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["momentum", "nesterov"])
def test_the_place_of_the_learning_rate_matters_only_when_it_changes(name: str) -> None:
    settings = {"learning_rate": 0.03, "momentum": 0.9}
    inside, outside = path(name, **settings), path(f"{name}_outside", **settings)
    np.testing.assert_allclose(inside, outside, atol=1e-13)
    inside, outside = path(name, falling, **settings), path(f"{name}_outside", falling, **settings)
    at = STEPS // 2
    np.testing.assert_allclose(inside[: at + 1], outside[: at + 1], atol=1e-13)
    assert np.abs(inside - outside)[at + 1 :].max() > 1e-3


def test_after_a_tenfold_fall_the_inside_velocity_coasts_and_the_outside_one_brakes() -> None:
    """On a slope of constant steepness 1 both reach a terminal velocity of 0.1 / (1 - 0.9) = 1 a step.

    Then the learning rate falls to 0.01. Inside: the velocity fades from 1 to 0.1 by a factor 0.9 a step, so that one
    coasts (1 - 0.1) 0.9 / 0.1 = 8.1 further than the other, whose steps shrink to 0.1 at once.
    """
    ends = []
    for name in ("momentum", "momentum_outside"):
        w = np.zeros(1)
        state = OPTIMIZERS[name].init(w)
        for t in range(1, 1001):
            w, state = OPTIMIZERS[name].step(
                w, np.ones(1), state, t, learning_rate=0.1 if t <= 500 else 0.01, momentum=0.9
            )
        ends.append(float(w[0]))
    assert ends[1] - ends[0] == pytest.approx(8.1)


def test_the_two_adams_differ_where_gradients_are_as_small_as_epsilon() -> None:
    w = np.zeros(1)
    moved = {}
    for name in ("adam", "adam_epsilon_hat"):
        record = OPTIMIZERS[name]
        moved[name], _ = record.step(
            w, np.array([1e-7]), record.init(w), 1, learning_rate=1.0, beta1=0.9, beta2=0.999, epsilon=1e-7
        )
    # Step 1 has m_hat = g and v_hat = g^2, so adam moves g / (g + eps) = 1/2; with epsilon hat the root of v is
    # sqrt(0.001) g, and it moves sqrt(0.001) g / (sqrt(0.001) g + eps) = 0.0307: less by 94 %.
    assert moved["adam"][0] == pytest.approx(-0.5)
    assert moved["adam_epsilon_hat"][0] == pytest.approx(-math.sqrt(0.001) / (math.sqrt(0.001) + 1))


# --- Laws ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["momentum", "momentum_outside", "nesterov", "nesterov_outside"])
@given(seed=seeds, rate=st.floats(1e-6, 0.1))
def test_momentum_0_is_gradient_descent(name: str, seed: int, rate: float) -> None:
    w = plain = np.random.RandomState(seed).randn(6)
    state = OPTIMIZERS[name].init(w)
    for t in range(1, 11):
        w, state = OPTIMIZERS[name].step(w, slope(w, t), state, t, learning_rate=rate, momentum=0.0)
        plain, _ = OPTIMIZERS["gradient_descent"].step(plain, slope(plain, t), (), t, learning_rate=rate)
        np.testing.assert_array_equal(w, plain)  # to the bit: nothing is added to what is subtracted


@given(seed=seeds)
def test_adam_without_memory_steps_by_the_sign_of_the_gradient(seed: int) -> None:
    w, g = np.random.RandomState(seed).randn(2, 6)
    for name in ("adam", "adam_epsilon_hat"):
        record = OPTIMIZERS[name]
        moved, _ = record.step(w, g, record.init(w), 1, learning_rate=0.1, beta1=0.9, beta2=0.999, epsilon=0.0)
        np.testing.assert_allclose(moved, w - 0.1 * np.sign(g), rtol=1e-12)


@given(seed=seeds)
def test_adamw_without_decay_is_adam(seed: int) -> None:
    w, g = np.random.RandomState(seed).randn(2, 6)
    settings = {"learning_rate": 0.1, "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-8}
    adam, adamw = OPTIMIZERS["adam"], OPTIMIZERS["adamw"]
    one = adam.step(w, g, adam.init(w), 1, **settings)[0]
    np.testing.assert_array_equal(one, adamw.step(w, g, adamw.init(w), 1, weight_decay=0.0, **settings)[0])


@given(name=optimizers, seed=seeds)
def test_an_update_is_elementwise_so_runs_do_not_meet(name: str, seed: int) -> None:
    """Any leading axes: each entry has its own learning rate and its own path."""
    record, rate = OPTIMIZERS[name], np.array([[0.1], [0.01], [0.0]])
    settings: dict[str, Any] = defaults(record) | {"learning_rate": rate}
    w = np.random.RandomState(seed).randn(3, 4)
    state = record.init(w, **settings)
    alone = [(w[k], record.init(w[k], **settings)) for k in range(3)]
    for t in range(1, 6):
        w, state = record.step(w, np.cos(w), state, t, **settings)
        for k, (x, own) in enumerate(alone):
            alone[k] = record.step(x, np.cos(x), own, t, **settings | {"learning_rate": float(rate[k, 0])})
    np.testing.assert_allclose(w, [x for x, _ in alone], rtol=1e-13)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_kept_and_arguments_are_not_touched(name: str, dtype: type) -> None:
    record = OPTIMIZERS[name]
    w, g = np.ones(3, dtype), np.full(3, 0.5, dtype)
    state = record.init(w, **defaults(record))
    assert len(state) == len(record.state)
    before = [s.copy() for s in state]
    moved, after = record.step(w, g, state, 1, **defaults(record))
    assert moved.dtype == dtype
    assert all(s.dtype == dtype and s.shape == w.shape for s in (*state, *after))
    assert w.tolist() == [1, 1, 1]
    assert all((s == old).all() for s, old in zip(state, before, strict=True))
    assert (moved < w).all()  # downhill


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_every_setting_of_an_optimizer_is_declared(name: str) -> None:
    assert OPTIMIZERS[name].settings[0] == "learning_rate"
    assert set(OPTIMIZERS[name].settings) <= set(SETTINGS)


def defaults(record: Optimizer) -> dict[str, float]:
    return {name: SETTINGS[name].default for name in record.settings}


def test_a_users_own_update_rule_has_the_same_standing() -> None:
    def signed(w: Any, g: Any, state: Any, t: Any, *, learning_rate: Any) -> Any:
        return w - learning_rate * np.sign(g), ()

    mine = Optimizer("signed", signed)
    assert optimizer(mine) is mine
    assert mine.settings == ("learning_rate",)
    assert mine.init(np.ones(2)) == ()
    with pytest.raises(UnknownNameError, match="Did you mean 'nesterov'"):
        optimizer("nestrov")
