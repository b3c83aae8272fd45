"""A gradient is judged by the user's own loss: every convention is right, and no fault is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from fallline.checks.reference.differences import extrapolated_difference
from fallline.checks.reference.draws import Group, draw
from fallline.checks.reference.loss_fit import fit_loss
from fallline.checks.reference.loss_words import LossInWords
from fallline.checks.reference.own_derivatives import is_gradient_of, own_derivatives
from fallline.checks.reference.own_loss import NoReferenceError
from fallline.checks.subjects.judgement import Judgement
from fallline.checks.subjects.loss_judgement import judged_by_loss
from fallline.textbook.network import Layer, Network, Parameters

SIZES = "2-4-3"
NETWORK = Network.of(SIZES)
GROUPS = draw(NETWORK)


@dataclass(frozen=True)
class Program:
    """A network with one hidden layer, its loss and its gradient, as people write them; with a fault, if one is named."""

    activation: str = "relu"
    slope: float = 0.2
    output: str = "softmax"
    epsilon: float = 0.0
    smoothing: float = 0.0
    weights: tuple[float, ...] = (1.0, 1.0, 1.0)
    mean: bool = True
    reg: float = 0.0
    penalty: str = "reg W^2"
    fault: str = ""

    def hidden(self, Z: Any) -> Any:
        return {"relu": lambda: np.maximum(Z, 0), "tanh": lambda: np.tanh(Z),
                "leaky": lambda: np.where(Z > 0, Z, self.slope * Z)}[self.activation]()  # fmt: skip

    def hidden_slope(self, Z: Any, A: Any) -> Any:
        if self.fault == "no slope":
            return 1
        return {"relu": lambda: Z > 0, "tanh": lambda: 1 - A**2,
                "leaky": lambda: np.where(Z > 0, 1, self.slope if self.fault != "leak" else 0.01)}[self.activation]()  # fmt: skip

    def forward(self, w: Any, X: Any) -> tuple[Any, ...]:
        (W1, b1), (W2, b2) = NETWORK.unpack(w)
        Z1 = X @ W1 + b1
        A1 = self.hidden(Z1)
        Z2 = A1 @ W2 + b2
        if self.output == "softmax":
            e = np.exp(Z2 - Z2.max(axis=1, keepdims=True))
            return Z1, A1, e / e.sum(axis=1, keepdims=True)
        return Z1, A1, Z2 if self.output == "identity" else 1 / (1 + np.exp(-Z2))

    def labels(self, T: Any) -> Any:
        smoothing = self.smoothing if self.output == "softmax" else 0
        return (1 - smoothing) * T + smoothing / T.shape[1]

    def value(self, w: Any, X: Any, T: Any) -> Any:
        Y, m = self.forward(w, X)[2], len(X)
        if self.output == "softmax":
            data = -((T @ np.array(self.weights))[:, None] * self.labels(T) * np.log(Y + self.epsilon)).sum()
        else:
            data = ((Y - T) ** 2).sum() / 2
        (W1, b1), (W2, b2) = NETWORK.unpack(w)
        squares = (W1**2).sum() + (W2**2).sum()
        if self.penalty == "on biases":
            squares = squares + (b1**2).sum() + (b2**2).sum()
        return (data / m if self.mean else data) + self.strength(m) / 2 * squares

    def strength(self, m: int) -> float:
        """What the penalty's gradient multiplies W by."""
        return self.reg * {"reg W^2": 2, "half": 1, "half over m": 1 / m, "on biases": 2}[self.penalty]

    def gradient(self, w: Any, X: Any, T: Any) -> Parameters:
        (W1, b1), (W2, b2) = NETWORK.unpack(w)
        Z1, A1, Y = self.forward(w, X)
        m, fault = len(X), self.fault
        D = Y - (T if fault == "no smoothing" else self.labels(T))
        if self.output == "softmax" and fault != "no weights":
            D = (T @ np.array(self.weights))[:, None] * D
        if self.output == "logistic" and fault != "no output slope":
            D = D * Y * (1 - Y)
        if self.mean and fault != "sum for mean":
            D = D / m
        if fault == "mean for sum":
            D = D / m
        if fault == "twice":
            D = 2 * D
        D1 = (D @ W2.T) * self.hidden_slope(Z1, A1)
        dW1, db1, dW2, db2 = X.T @ D1, D1.sum(axis=0), A1.T @ D, D.sum(axis=0)
        if fault == "bias mean":
            db1 = D1.mean(axis=0)
        if fault == "sign of dW1":
            dW1 = -dW1
        c = self.strength(m) * {"penalty missing": 0, "penalty twice": 2, "penalty over m": 1 / m}.get(fault, 1)
        dW1, dW2 = dW1 + c * W1, dW2 + (0 if fault == "penalty in one layer" else c) * W2
        if (self.penalty == "on biases") != (fault == "penalty on biases"):
            db1, db2 = db1 + c * b1, db2 + c * b2
        gradient = (Layer(dW1, db1), Layer(dW2, db2))
        return tuple(Layer(-W, -b) for W, b in gradient) if fault == "negated" else gradient  # type: ignore[operator]


@dataclass(frozen=True)
class Returned:
    """A loss as the call gives it."""

    value: Callable[[Any, Any, Any], Any]
    source: str = "returned"


def numbers(gradient: Callable[[Any, Any, Any], Parameters], groups: tuple[Group, ...] = GROUPS) -> list[Parameters]:
    return [
        tuple(
            Layer(np.stack([l.W for l in layers]), np.stack([l.b for l in layers]))
            for layers in zip(*(gradient(*point) for point in zip(g.w, g.X, g.T, strict=True)), strict=True)
        )
        for g in groups
    ]  # fmt: skip


def judged(gradient: Any, value: Any, groups: tuple[Group, ...] = GROUPS, tolerance: float = 1e-9) -> Any:
    return judged_by_loss("gradient", groups, numbers(gradient, groups), [Returned(value)], tolerance, gradient)


def judge(
    program: Program, groups: tuple[Group, ...] = GROUPS, tolerance: float = 1e-9
) -> tuple[Judgement | None, list[str]]:
    return judged(program.gradient, program.value, groups, tolerance)


PLAIN_FAULTS = ("no slope", "bias mean", "sign of dW1", "twice", "negated")
CHEAP_FAULTS = ("twice", "negated")
PENALTY_FAULTS = ("penalty missing", "penalty twice", "penalty in one layer", "penalty on biases", "penalty over m")

PROGRAMS = {
    "sum": (Program(mean=False), "", ("mean for sum",)),
    "mean": (Program(), "the mean over the samples", ("sum for mean",)),
    "as CS231n": (Program(reg=0.05), "its penalty is 0.05 sum W^2", PENALTY_FAULTS),
    "lambda/2": (Program(reg=0.3, penalty="half"), "its penalty is 0.15 sum W^2", PENALTY_FAULTS),
    "lambda/2m": (Program(reg=0.7, penalty="half over m"), "its penalty is 0.35/m sum W^2", PENALTY_FAULTS),
    "on biases": (Program(reg=0.1, penalty="on biases"), "0.1 sum b^2 on the biases", PENALTY_FAULTS),
    "log(p + 1e-8)": (Program(epsilon=1e-8), "its logarithm is log(p + 1e-08)", ()),
    "log(p + 1e-10)": (Program(epsilon=1e-10), "its logarithm is log(p + 1e-10)", ()),
    "quadratic": (Program(output="logistic"), "half the squared error of logistic outputs", ("no output slope",)),
    "half squared error": (Program(output="identity"), "it is half the squared error", ()),
    "tanh": (Program(activation="tanh"), "its hidden units are tanh", ()),
    "leaky 0.2": (Program(activation="leaky"), "the slope of its leaky ReLU is 0.2", ("leak",)),
    "leaky 0.3": (Program(activation="leaky", slope=0.3, epsilon=1e-9, reg=0.01), "leaky ReLU is 0.3", ("leak",)),
    "smoothed": (Program(smoothing=0.1), "its labels are smoothed by 0.1", ("no smoothing",)),
    "weighted": (Program(weights=(1.0, 2.0, 0.5)), "its classes have the weights 1, 2 and 0.5", ("no weights",)),
}  # fmt: skip


WHOLE = ("as CS231n", "leaky 0.3", "quadratic")
"""Programs with all faults; a fault that the diagnosis explains takes a second."""


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_convention_of_the_own_loss_is_right_and_said(name: str) -> None:
    program, words, _ = PROGRAMS[name]
    judgement, notes = judge(program)
    assert judgement is not None
    assert not notes
    assert judgement.status == "right", judgement.sentence
    assert words in judgement.sentence
    assert ("logarithm" in judgement.sentence) == (program.epsilon > 1e-13), judgement.sentence
    assert ("leaky" in judgement.sentence) == (program.activation == "leaky"), judgement.sentence


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_fault_is_wrong_in_every_convention(name: str) -> None:
    program, _, faults = PROGRAMS[name]
    for fault in (*(PLAIN_FAULTS if name in WHOLE else CHEAP_FAULTS), *faults):
        judgement, _ = judge(replace(program, fault=fault))
        assert judgement is not None, fault
        assert judgement.status == "wrong", f"{fault}: {judgement.sentence}"


NAMED = {
    "sum for mean": (Program(), "the gradient is that of the sum over the samples, but the loss that it returns is the mean"),
    "mean for sum": (Program(mean=False), "the gradient is that of the mean over the samples, but the loss that it returns is the sum"),
    "negated": (Program(), "the sign of the whole gradient is wrong: it is the gradient of minus the loss that it returns"),
    "penalty missing": (Program(reg=0.05), "in every dW the penalty is missing"),
    "penalty twice": (Program(reg=0.05), "in every dW the penalty is 0.2 W, but the loss that it returns gives 0.1 W"),
    "penalty in one layer": (Program(reg=0.7, penalty="half over m"), "in dW2 the penalty is missing"),
    "penalty on biases": (Program(reg=0.05), "in every db there is a term 0.1 b that the loss that it returns does not have"),
    "penalty over m": (Program(reg=0.05), "in every dW the penalty is 0.1/m W"),
    "no smoothing": (Program(smoothing=0.1), "it is the gradient for a loss without label smoothing"),
    "no weights": (Program(weights=(1.0, 3.0, 1.0)), "it is the gradient for a loss without weights of the classes"),
    "no output slope": (Program(output="logistic"), "it is the gradient for the logistic loss"),
    "sign of dW1": (Program(activation="leaky", epsilon=1e-8), "the sign of dW1 is wrong"),
    "no slope": (Program(activation="tanh", smoothing=0.2), "slope"),
}  # fmt: skip


@pytest.mark.parametrize("fault", NAMED)
def test_the_fault_is_named_relative_to_the_own_loss(fault: str) -> None:
    program, words = NAMED[fault]
    judgement, _ = judge(replace(program, fault=fault))
    assert judgement is not None
    assert judgement.status == "wrong"
    assert words in judgement.sentence, judgement.sentence


programs = st.builds(
    Program,
    activation=st.sampled_from(["relu", "tanh", "leaky"]),
    slope=st.floats(0.02, 0.5).map(lambda s: round(s, 3)),
    output=st.sampled_from(["softmax", "softmax", "logistic", "identity"]),
    epsilon=st.sampled_from([0.0, 1e-12, 1e-10, 1e-8, 1e-7]),
    smoothing=st.sampled_from([0.0, 0.0, 0.05, 0.1]),
    mean=st.booleans(),
    reg=st.sampled_from([0.0, 0.001, 0.1, 1.0]),
    penalty=st.sampled_from(["reg W^2", "half", "half over m", "on biases"]),
)


@settings(max_examples=15, deadline=None, phases=(Phase.generate,))
@given(
    programs,
    st.sampled_from(["", *PLAIN_FAULTS, *PENALTY_FAULTS, "no smoothing", "no weights", "no output slope", "leak"]),
)
def test_no_fault_is_right_under_any_loss_and_no_right_gradient_is_wrong(program: Program, fault: str) -> None:
    faulty = replace(program, fault=fault)
    right, checked = numbers(program.gradient), numbers(faulty.gradient)
    off = max(float(np.abs(NETWORK.pack(a) - NETWORK.pack(b)).max()) for a, b in zip(right, checked, strict=True))
    judgement, notes = judge(faulty)
    if off == 0:
        assert judgement is not None
        assert judgement.status == "right", (judgement and judgement.sentence, notes)
    elif off > 1e-6:
        assert judgement is None or judgement.status == "wrong", judgement.sentence


# What is no reference


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (lambda w, X, T: 0.5, "does not depend on the weights"),
        (lambda w, X, T: float(np.random.default_rng().normal()), "is random"),
        (lambda w, X, T: np.nan, "is nan"),
        (lambda w, X, T: np.zeros(3), "is not one number"),
        (lambda w, X, T: {}["loss"], "could not be computed (KeyError: 'loss')"),
        (lambda w, X, T: np.floor(10 * np.real(w).sum()), "are all 0, as those of a count or an accuracy"),
        (lambda w, X, T: round(float(np.real(w @ w)), 4), "is not differentiable"),
        (lambda w, X, T: float((np.argmax(X @ np.real(w[:8]).reshape(2, 4), axis=1) == 1).sum()), ""),
    ],
)
def test_a_loss_that_is_no_reference_is_set_aside_with_a_sentence(value: Any, reason: str) -> None:
    judgement, notes = judged(Program().gradient, value)
    assert judgement is None
    assert len(notes) == 1
    assert reason in notes[0]
    assert notes[0].endswith("not used to check the gradient.")


def test_a_loss_that_has_nothing_to_do_with_the_gradient_is_set_aside() -> None:
    def unrelated(w: Any, X: Any, T: Any) -> Any:
        return np.sin(w).sum() + (w**4).sum()

    judgement, notes = judged(Program().gradient, unrelated)
    assert judgement is None
    assert notes == [
        "No block of the gradient is a derivative of the loss that it returns, and it is no known loss of this network, so it "
        "was not used to check the gradient."
    ]


def test_an_unknown_loss_decides_by_its_derivatives() -> None:
    """Seeded dropout and a cubed error: no family has them."""

    def value(w: Any, X: Any, T: Any) -> Any:
        (W1, b1), (W2, b2) = NETWORK.unpack(w)
        mask = np.random.default_rng(3).random((len(X), 4)) < 0.7
        Y = (np.maximum(X @ W1 + b1, 0) * mask / 0.7) @ W2 + b2
        return ((Y - T) ** 4).sum() / len(X)

    def gradient(w: Any, X: Any, T: Any, sign: int = 1, kept: bool = True) -> Parameters:
        (W1, b1), (W2, b2) = NETWORK.unpack(w)
        mask = np.random.default_rng(3).random((len(X), 4)) < 0.7
        Z = X @ W1 + b1
        A = np.maximum(Z, 0) * mask / 0.7
        D = 4 * (A @ W2 + b2 - T) ** 3 / len(X)
        D1 = D @ W2.T * (Z > 0) * (mask / 0.7 if kept else 1)
        return (Layer(sign * X.T @ D1, D1.sum(axis=0)), Layer(A.T @ D, D.sum(axis=0)))

    judgement, _ = judged(gradient, value)
    assert judgement.status == "right"
    assert "nor that of another one that fallline knows" in judgement.sentence
    for fault in ({"sign": -1}, {"kept": False}):
        judgement, _ = judged(partial(gradient, **fault), value)
        assert judgement.status == "wrong"
        assert "dW2 and db2 are right" in judgement.sentence or "dW2, db2 and db1 are right" in judgement.sentence


# Declared settings


def test_a_loss_that_contradicts_what_was_declared_is_said() -> None:
    groups = draw(NETWORK.with_(l2=0.1))
    forgotten, _ = judge(Program(), groups)  # neither the loss nor the gradient has the penalty
    assert forgotten is not None
    assert forgotten.status == "wrong"
    assert "it has no L2 penalty, and l2 = 0.1 is declared" in forgotten.sentence
    convention, _ = judge(Program(reg=0.1, mean=False), groups)
    assert convention is not None
    assert convention.status == "right"
    assert "its penalty is l2 sum W^2, not l2/2 sum W^2" in convention.sentence
    as_declared, _ = judge(Program(reg=0.1, penalty="half", mean=False), groups)
    assert as_declared is not None
    assert as_declared.sentence == "gradient is right."


def test_a_gradient_that_is_the_declared_one_is_not_judged_by_a_loss_that_contradicts_it() -> None:
    groups = draw(NETWORK.with_(l2=0.1))
    right = Program(reg=0.1, penalty="half", mean=False)
    judgement, notes = judged(right.gradient, Program(mean=False).value, groups)
    assert judgement is None
    assert "is not the declared one: it has no L2 penalty" in notes[0]


# Derivatives


def test_the_complex_step_is_used_only_where_differences_confirm_it() -> None:
    analytic = own_derivatives(Returned(Program().value), GROUPS)
    assert analytic.method == "complex step"

    def broken(w: Any, X: Any, T: Any) -> Any:
        return Program().value(w, X, T) + 0.1 * (np.abs(w) ** 2).sum()  # abs drops the imaginary part

    derivatives = own_derivatives(Returned(broken), GROUPS)
    assert derivatives.method == "differences"
    expected = [
        tuple(Layer(l.W + 0.2 * p.W, l.b + 0.2 * p.b) for l, p in zip(n, g.parameters, strict=True))
        for n, g in zip(numbers(Program().gradient), GROUPS, strict=True)
    ]
    assert all(b.agrees and b.relative < 1e-9 for b in derivatives.compare(expected))
    assert not any(b.agrees for b in derivatives.compare(numbers(Program().gradient)))


def test_a_loss_in_single_precision_is_a_rough_reference() -> None:
    def value(w: Any, X: Any, T: Any) -> Any:
        return np.float32(Program(activation="tanh").value(np.real(w).astype(np.float32).astype(float), X, T))

    derivatives = own_derivatives(Returned(value), GROUPS)
    assert derivatives.single
    right = numbers(Program(activation="tanh").gradient)
    assert all(b.agrees for b in derivatives.compare(right))
    twice = [tuple(Layer(2 * W, 2 * b) for W, b in n) for n in right]
    assert not any(b.agrees for b in derivatives.compare(twice))


def test_a_slow_loss_is_differentiated_along_a_few_directions() -> None:
    program = Program(fault="sign of dW1")
    slow = own_derivatives(Returned(lambda w, X, T: program.value(np.real(w), X, T)), GROUPS, seconds=1e-3)
    assert not slow.complete
    assert [str(b.block) for b in slow.compare(numbers(program.gradient)) if not b.agrees] == ["dW1"]


def test_the_error_estimate_of_a_difference_holds() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        a, b, kink = rng.normal(size=2).tolist() + [float(rng.uniform(1e-4, 1))]  # noqa: RUF005
        value, error = extrapolated_difference(
            lambda t, a=a, b=b, kink=kink: float(np.tanh(a * t + b) + abs(t - kink))  # type: ignore[misc]
        )
        assert abs(value - (a / np.cosh(b) ** 2 - 1)) <= 5 * error


def test_the_quick_test_tells_right_from_wrong() -> None:
    g = GROUPS[0]
    point = g.w[0], g.X[0], g.T[0]
    assert is_gradient_of(Returned(Program(reg=0.1).value), NETWORK, Program(reg=0.1).gradient(*point), *point)
    assert not is_gradient_of(Returned(Program(reg=0.1).value), NETWORK, Program().gradient(*point), *point)
    assert not is_gradient_of(Returned(lambda w, X, T: 0.5), NETWORK, Program().gradient(*point), *point)


def test_a_loss_is_recognised_by_values_that_did_not_suggest_it() -> None:
    """A term that is small on the fitted half, and one that no column has, leave the loss unrecognised."""
    for extra in (lambda w: 1e-6 * np.sin(7 * w[0]), lambda w: 1e-3 * (w**4).sum()):
        value = Returned(lambda w, X, T: Program().value(w, X, T) + extra(np.asarray(w)))  # noqa: B023  # called at once
        assert fit_loss(value, GROUPS) is None


def test_a_gradient_that_leaves_out_the_epsilon_of_an_unknown_loss_is_not_called_wrong() -> None:
    program = Program(smoothing=0.1, weights=(1.0, 2.0, 0.5), epsilon=1e-8)  # the family has no smoothing with weights
    judgement, _ = judge(program)
    assert judgement is not None
    assert judgement.status == "unchecked"
    assert "A small number inside a logarithm" in judgement.sentence


def test_words_say_every_difference() -> None:
    fit = fit_loss(Returned(Program(activation="leaky", epsilon=1e-8, reg=0.1, penalty="on biases").value), GROUPS)
    assert fit is not None
    assert LossInWords(fit, NETWORK).differences == (
        "it is the mean over the samples",
        "the slope of its leaky ReLU is 0.2",
        "its logarithm is log(p + 1e-08)",
        "its penalty is 0.1 sum W^2 + 0.1 sum b^2 on the biases",
    )


def test_no_derivatives_of_a_loss_that_cannot_be_called() -> None:
    with pytest.raises(NoReferenceError, match="could not be computed"):
        own_derivatives(Returned(lambda w, X, T: w["W1"]), GROUPS)
