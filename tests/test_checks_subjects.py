"""Optimizers, slopes, deltas and partial derivatives as people write them: none right called wrong, none wrong right."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import numpy as np
import pytest
from tests import formula_programs as formulas
from tests import optimizer_programs as optimizers

import fallline as fl
from fallline.checks.reference.extents import DELTAS, SLOPES, STEPS
from fallline.testing import assert_gradient
from fallline.textbook.activations import Activation
from thinned import thinned

RIGHT = [*optimizers.RIGHT, *formulas.RIGHT_SLOPES, *formulas.RIGHT_DELTAS]
WRONG = [*optimizers.WRONG, *formulas.WRONG_SLOPES, *formulas.WRONG_DELTAS]
RIGHT_TABLE = [*((of, program) for of, program in RIGHT), *((f, g) for g, f in formulas.RIGHT_PARTIALS)]
WRONG_TABLE = [*WRONG, *((f, words, g) for words, g, f in formulas.WRONG_PARTIALS)]

SECONDS = 2.0
NAMED = 0.9
"""The share of the wrong programs whose fault must be named."""


@cache
def judged(k: int) -> tuple[Any, float]:
    """The verdict on a wrong program of the table, and the processor's seconds that it took."""
    of, _, program = WRONG_TABLE[k]
    start = time.process_time()
    verdict = fl.check_gradient(program, of)
    return verdict, time.process_time() - start


@pytest.mark.parametrize(("of", "program"), thinned(RIGHT_TABLE, 2, single=False))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_right_program_is_right(of, program):
    verdict = fl.check_gradient(program, of)
    assert verdict.right, verdict.text()
    assert verdict.uncovered


@pytest.mark.parametrize(
    "k",
    thinned(range(len(WRONG_TABLE)), 2),
    ids=[f"{getattr(of, '__name__', of)}-{words}" for of, words, _ in WRONG_TABLE],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_wrong_program_is_wrong_and_its_fault_is_named(k):
    verdict, words = judged(k)[0], WRONG_TABLE[k][1]
    assert verdict.status == "wrong", verdict.text()
    assert words in verdict.sentence, verdict.text()


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_most_faults_are_named_within_the_time():
    assert len(RIGHT_TABLE) >= 60
    assert len(WRONG_TABLE) >= 60
    verdicts, seconds = zip(*map(judged, range(len(WRONG_TABLE))), strict=True)
    assert sum(bool(verdict.faults) for verdict in verdicts) >= NAMED * len(WRONG_TABLE)
    assert max(seconds) < SECONDS


@pytest.mark.parametrize(("of", "program", "words"), optimizers.UNCHECKED)
def test_a_form_that_is_not_understood_is_unchecked(of, program, words):
    verdict = fl.check_gradient(program, of)
    assert verdict.status == "unchecked", verdict.text()
    assert words in verdict.sentence


@pytest.mark.parametrize(
    ("of", "program"),
    [
        ("tanh", lambda z: "text"),
        ("tanh", lambda z: z[:3]),
        ("tanh", lambda a, b, c: a),
        ("tanh", lambda z: np.random.default_rng().normal(size=z.shape)),
        ("cross_entropy", lambda Z, T: Z[0]),
        ("cross_entropy", lambda a, b, c: a),
        ("cross_entropy", lambda Z, T: None),
    ],
)
def test_a_formula_that_is_not_understood_is_unchecked(of, program):
    assert fl.check_gradient(program, of).status == "unchecked"


def test_a_fault_is_confirmed_on_trials_that_did_not_suggest_it():
    def right_for_39_steps(w, g, state, t, *, learning_rate, momentum):
        v = momentum * state[0] + learning_rate * (g if t < 39 else np.tanh(g))
        return w - v, (v,)

    verdict = fl.check_gradient(right_for_39_steps, "momentum")
    assert verdict.status == "wrong"
    assert not verdict.faults
    assert "after step 39" in verdict.sentence


def test_the_extent_of_the_draws_is_said():
    assert fl.check_gradient(lambda z: 1 - np.tanh(z) ** 2, "tanh").uncovered == (SLOPES.uncovered,)
    assert fl.check_gradient(lambda Y, T: Y - T, "cross_entropy").uncovered == (DELTAS.uncovered,)
    verdict = fl.check_gradient(lambda w, g: w - 0.5 * g, "gradient_descent")
    assert verdict.uncovered[0] == STEPS.uncovered
    assert "other values were not tried: learning_rate = 0.5" in verdict.uncovered[1]


def test_an_overflow_that_leaves_the_slope_right_is_a_note():
    verdict = fl.check_gradient(lambda z: 1 / (1 + np.exp(-z)), "softplus")
    assert verdict.right
    assert verdict.notes[0].startswith("For z < -709.783 NumPy warns that an operation overflows")


def test_a_kink_takes_any_number_between_its_slopes():
    verdict = fl.check_gradient(lambda z: np.heaviside(z, 0.5), "relu")
    assert "At the kink it is 0.5" in verdict.notes[0]


def test_the_slope_of_an_own_activation_with_a_constant():
    elu = Activation("elu", lambda z: np.where(z > 0, z, np.exp(z) - 1), lambda z: np.where(z > 0, 1, np.exp(z)))
    assert fl.check_gradient(lambda z: np.where(z > 0, 1, np.exp(z)), elu).right
    verdict = fl.check_gradient(lambda z: np.where(z > 0, 1, 1.6733 * np.exp(z)), elu)
    assert "below 0 it is 1.6733 times what it should be" in verdict.sentence


def test_the_result_of_a_step_is_understood_though_it_is_in_place():
    verdict = fl.check_gradient(optimizers.velocity_in_place, "momentum")
    assert verdict.called == "velocity_in_place(w, g, v, lr, beta)"


def test_declared_settings_bind_for_deltas_and_landscapes():
    def negated(Z, T):
        return T - formulas.softmax(Z)

    assert fl.check_gradient(negated, "cross_entropy").right
    assert fl.check_gradient(negated, "cross_entropy", ascent=False).faults == (
        "its sign is wrong: it is the gradient of the log-likelihood",
    )
    assert fl.check_gradient(formulas.by_labels, "cross_entropy", reduction="mean").right
    assert fl.check_gradient(formulas.by_labels, "cross_entropy", reduction="sum").status == "wrong"
    assert fl.check_gradient(lambda Z, T: formulas.softmax(Z) - T, "cross_entropy", reduction="mean").status == "wrong"
    with pytest.raises(AssertionError, match="sign of"):
        assert_gradient(lambda x, y: (-2 * x, -2 * y), formulas.bowl)


def test_conventions_of_the_same_name_are_right():
    def keras(w, g, m, v, t, lr, beta1, beta2, eps) -> Any:
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        return w - lr * np.sqrt(1 - beta2**t) / (1 - beta1**t) * m / (np.sqrt(v) + eps), m, v

    assert "in the convention of adam_epsilon_hat" in fl.check_gradient(keras, "adam").sentence


class Layer:
    """An activation as a layer: forward, then backward, which leaves its result in an attribute."""

    def forward(self, inputs):
        self.inputs = inputs

    def backward(self, dvalues):
        self.dinputs = dvalues.copy()
        self.dinputs[self.inputs <= 0] = 0


class Tanh:
    def __call__(self, z):
        return np.tanh(z)

    def derivative(self, z):
        return 1 - np.tanh(z) ** 2


@pytest.mark.parametrize("function", [Layer, Layer.backward, Layer().backward])
def test_a_layer_with_forward_and_backward_is_understood(function):
    assert fl.check_gradient(function, "relu").right
    assert fl.check_gradient(function, "tanh").status == "wrong"


@pytest.mark.parametrize("function", [Tanh, Tanh.derivative, Tanh().derivative])
def test_a_class_with_a_derivative_is_understood(function):
    assert fl.check_gradient(function, "tanh").right
    assert fl.check_gradient(function, "logistic").status == "wrong"


def test_a_step_may_refuse_the_ends_of_a_range():
    def strict(w, g, v, lr, momentum):
        assert 0 <= momentum < 1
        v = momentum * v + lr * g
        return w - v, v

    verdict = fl.check_gradient(strict, "momentum")
    assert verdict.right
    assert "raises an error with momentum = 1" in verdict.uncovered[1]


def test_a_step_with_a_memory_outside_of_its_state_is_unchecked():
    memory = {"v": 0.0}

    def global_velocity(w, g, lr, momentum):
        memory["v"] = momentum * memory["v"] + lr * g
        return w - memory["v"]

    verdict = fl.check_gradient(global_velocity, "momentum")
    assert verdict.status == "unchecked"
    assert "keeps a memory" in verdict.sentence


def test_functions_of_tensors():
    torch = pytest.importorskip("torch")
    module = {"torch": torch}
    exec("def slope(z): return 1 - torch.tanh(z) ** 2", module)
    exec("def delta(Z, T): return torch.softmax(Z, dim=1) - T", module)
    assert fl.check_gradient(module["slope"], "tanh").right
    assert fl.check_gradient(module["slope"], "logistic").status == "wrong"
    assert fl.check_gradient(module["delta"], "cross_entropy").right
