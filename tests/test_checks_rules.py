"""Gradients of landscapes, slopes, deltas and optimizers' steps."""

from __future__ import annotations

import numpy as np
import pytest

import fallline as fl
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.landscapes import LANDSCAPES
from fallline.textbook.losses import LOSSES
from fallline.textbook.operations import softmax
from fallline.textbook.optimizers import OPTIMIZERS


@pytest.mark.parametrize("name", sorted(LANDSCAPES))
def test_our_landscapes_are_right(name):
    if LANDSCAPES[name].gradient is not None:
        verdict = fl.check_gradient(LANDSCAPES[name].gradient, name)
        assert verdict.right, verdict.text()


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_our_slopes_are_right(name):
    assert fl.check_gradient(ACTIVATIONS[name].slope, ACTIVATIONS[name]).right


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_our_deltas_are_right(name):
    assert fl.check_gradient(LOSSES[name].delta, LOSSES[name]).right


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_our_steps_are_right(name):
    assert fl.check_gradient(OPTIMIZERS[name].step, OPTIMIZERS[name]).right


@pytest.mark.parametrize(
    ("gradient", "fault"),
    [
        (lambda x, y: (-2 * (1 - x) - 400 * x * (y - x**2), 100 * (y - x**2)), "∂f/∂y is 0.5 times what it should be"),
        (lambda x, y: (-2 * (1 - x) - 400 * x * (y - x**2), -200 * (y - x**2)), "the sign of ∂f/∂y is wrong"),
        (lambda x, y: (200 * (y - x**2), -2 * (1 - x) - 400 * x * (y - x**2)), "∂f/∂x holds ∂f/∂y"),
        (lambda x, y: (2 * x - 400 * x * (y - x**2), 200 * (y - x**2)), "in ∂f/∂x the term 2 is missing"),
        (lambda x, y: (-2 * (1 - x) - 400 * x * (y + x**2), 200 * (y - x**2)), "in ∂f/∂x the term 400 x³ has the wrong sign"),
    ],
)  # fmt: skip
def test_faults_of_a_landscape(gradient, fault):
    verdict = fl.check_gradient(gradient, "rosenbrock")
    assert verdict.status == "wrong"
    assert fault in verdict.faults


def test_a_landscape_that_is_climbed():
    assert "you climb" in fl.check_gradient(lambda x, y: (-2 * x, -6 * y), lambda x, y: x**2 + 3 * y**2).sentence


def test_a_function_of_one_vector():
    def f(x):
        return (x**2).sum()

    assert fl.check_gradient(lambda x: 2 * x, f).right
    assert fl.check_gradient(lambda x: -2 * x + 1, f).status == "wrong"


@pytest.mark.parametrize(
    ("function", "of", "words"),
    [
        (lambda z: 1 - z**2, "tanh", "1 - a^2 is meant"),
        (lambda z: 1 - np.tanh(z), "tanh", "1 - a, and lacks the rest"),
        (lambda z: (z <= 0) * 1.0, "relu", "the mask is inverted"),
        (lambda Z, T: -T / softmax(Z), "cross_entropy", "derivative by the probabilities"),
        (lambda Z, T: softmax(Z), "cross_entropy", "targets are not subtracted"),
        (lambda Z, T: 0.3 * (softmax(Z) - T), "cross_entropy", "0.3 times what it should be"),
    ],
)
def test_faults_of_slopes_and_deltas(function, of, words):
    verdict = fl.check_gradient(function, of)
    assert verdict.status == "wrong"
    assert words in verdict.sentence


def test_conventions_of_updates_are_no_faults_and_faults_are_named():
    def outside(w, g, state, t, *, learning_rate, momentum):
        v = momentum * state[0] + g
        return w - learning_rate * v, (v,)

    def uncorrected(w, g, state, t, *, learning_rate, beta1, beta2, epsilon):
        m, v = beta1 * state[0] + (1 - beta1) * g, beta2 * state[1] + (1 - beta2) * g**2
        return w - learning_rate * m / (1 - beta1**t) / (np.sqrt(v) + epsilon), (m, v)

    assert "in the convention of momentum_outside" in fl.check_gradient(outside, "momentum").sentence
    assert fl.check_gradient(uncorrected, "adam").faults == (
        "the bias correction of v is missing: `v` stands where `v / (1 - beta2 ** t)` belongs",
    )


def two_matrices(W1, W2, dW1, dW2, lr):
    return W1 - lr * dW1, W2 - lr * dW2


def two_matrices_with_a_fault(W1, W2, dW1, dW2, vW1, vW2, lr, beta):
    vW1, vW2 = beta * vW1 - lr * dW1, beta * vW2 + lr * dW2
    return W1 + vW1, W2 + vW2, vW1, vW2


def in_dictionaries(parameters, grads, learning_rate):
    parameters["W1"] = parameters["W1"] - learning_rate * grads["dW1"]
    parameters["b1"] = parameters["b1"] - learning_rate * grads["dW1"]
    return parameters


def train_step(W, U, X, Y, lr=0.1):
    return W, U


def test_a_step_of_several_arrays_is_checked_in_each():
    assert fl.check_gradient(two_matrices, "gradient_descent").right
    verdict = fl.check_gradient(two_matrices_with_a_fault, "momentum")
    assert verdict.sentence == "two_matrices_with_a_fault is wrong in W2: the sign of the update is wrong."
    assert "is wrong in b1" in fl.check_gradient(in_dictionaries, "gradient_descent").sentence
    verdict = fl.check_gradient(train_step, "gradient_descent")
    assert verdict.status == "unchecked"
    assert "an optimizer gets the weights and their gradient" in verdict.sentence
    verdict = fl.check_gradient(two_matrices, "2-3-2")
    assert "takes gradients (dW1, dW2), as an optimizer's step does" in verdict.sentence


def test_an_unknown_name_is_one_sentence():
    with pytest.raises(fl.FalllineError, match="Did you mean 'rosenbrock'"):
        fl.check_gradient(lambda x, y: (x, y), "rosenbrok")
