"""Activations and losses of the user's own, and networks without biases, in `check_gradient` and on the command line."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fallline import check_gradient
from fallline.checks.command import check
from fallline.checks.reference.user_data import user_data
from fallline.checks.subjects.own_functions import activation_of, loss_of, own_settings
from fallline.errors import UsageError
from fallline.textbook.network import Network
from fallline.textbook.operations import softmax


def swish(z: Any) -> Any:
    return z / (1 + np.exp(-z))


def clipped(z: Any) -> Any:
    return np.clip(z, 0, 6)


softplus = np.vectorize(lambda z: math.log1p(math.exp(z)))


@pytest.mark.parametrize(
    ("function", "slope"),
    [
        (swish, lambda z: (1 + np.exp(-z) + z * np.exp(-z)) / (1 + np.exp(-z)) ** 2),
        (clipped, lambda z: (z > 0) * (z < 6)),
        (softplus, lambda z: 1 / (1 + np.exp(-z))),
        (lambda z: z if z > 0 else 0.1 * z, lambda z: np.where(z > 0, 1, 0.1)),
    ],
)
@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
def test_an_activation_may_be_any_function_of_a_number(function: Any, slope: Any) -> None:
    z = np.array([[-3.1, -0.4, 0.7], [2.2, 5.1, 6.3]])
    record = activation_of(function)
    assert np.abs(record.slope(z) - slope(z)).max() < 1e-9  # type: ignore[union-attr]


def cross_entropy_of_batch(Z: Any, T: Any) -> Any:
    P = np.exp(Z - Z.max(axis=1, keepdims=True))
    return -np.sum(T * np.log(P / P.sum(axis=1, keepdims=True))) / len(Z)


def cube(Z: Any, T: Any) -> Any:
    return (np.abs(Z - T) ** 3).sum(axis=1)


def focal(Z: Any, T: Any) -> Any:
    P = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
    return -(T * (1 - P) ** 2 * np.log(P)).sum()


def test_a_loss_of_logits_says_what_it_is() -> None:
    record, reduction = loss_of(cross_entropy_of_batch, 3)
    assert (record.name, record.targets, reduction) == ("cross_entropy", "classes", "mean")
    record, reduction = loss_of(cube, 2)
    assert (record.targets, reduction) == ("values", None)
    record, reduction = loss_of(focal, 3)
    assert (record.targets, reduction) == ("classes", "sum")
    Z, T = np.array([[0.3, -0.2, 0.5]]), np.array([[0.0, 1.0, 0.0]])
    steps = [(focal(Z + 1e-6 * e, T) - focal(Z - 1e-6 * e, T)) / 2e-6 for e in np.eye(3)]
    assert np.abs(record.delta(Z, T)[0] - steps).max() < 1e-8


def test_a_loss_with_another_shape_is_refused() -> None:
    with pytest.raises(UsageError, match="must return one number for each sample, or one for all"):
        loss_of(lambda Z, T: (Z - T) ** 2, 3)
    with pytest.raises(UsageError, match="must return the sum or the mean"):
        loss_of(lambda Z, T: ((Z - T) ** 2).sum() ** 2, 3)
    with pytest.raises(UsageError, match="is the mean over the samples, but reduction is 'sum'"):
        own_settings("2-3-2", "relu", cross_entropy_of_batch, "sum")


def without_biases(sign: int = 1) -> Any:
    def gradient(weights: Any, X: Any, T: Any) -> Any:
        W1, W2 = weights
        Z = X @ W1
        s = 1 / (1 + np.exp(-Z))
        A = Z * s
        P = np.exp(A @ W2)
        D = (P / P.sum(axis=1, keepdims=True) - T) / len(X)
        return X.T @ (D @ W2.T * (s + sign * A * (1 - s))), A.T @ D

    return gradient


def test_own_functions_and_no_biases_together() -> None:
    settings: dict[str, Any] = {"activation": swish, "loss": cross_entropy_of_batch, "bias": False}
    assert check_gradient(without_biases(), "3-4-2", **settings).right
    wrong = check_gradient(without_biases(-1), "3-4-2", **settings)
    assert wrong.status == "wrong"
    assert [str(b.block) for b in wrong.blocks if not b.agrees] == ["dW1"]


def test_a_loss_of_the_parameters_decides_alone() -> None:
    def loss(parameters: Any, X: Any, y: Any) -> Any:
        (W1, b1), (W2, b2) = parameters
        return ((np.tanh(X @ W1 + b1) @ W2 + b2 - y) ** 2).sum() / (2 * len(X)) + 0.3 * (W1**2).sum()

    def gradient(parameters: Any, X: Any, y: Any, strength: float = 0.6) -> Any:
        (W1, b1), (W2, b2) = parameters
        A = np.tanh(X @ W1 + b1)
        D = (A @ W2 + b2 - y) / len(X)
        D1 = D @ W2.T * (1 - A**2)
        return (X.T @ D1 + strength * W1, D1.sum(axis=0)), (A.T @ D, D.sum(axis=0))

    right = check_gradient(gradient, "2-4-3", activation="tanh", loss=loss)
    assert right.right, right.sentence
    assert "its penalty is 0.3 sum W1^2" in right.sentence
    wrong = check_gradient(
        lambda parameters, X, y: gradient(parameters, X, y, 0.3), "2-4-3", activation="tanh", loss=loss
    )
    assert wrong.status == "wrong"
    assert "in dW1 the penalty is 0.3 W, but the loss of loss gives 0.6 W" in wrong.sentence
    constant = check_gradient(gradient, "2-4-3", activation="tanh", loss=lambda parameters, X, y: 3.0)
    assert constant.status == "unchecked"
    assert "does not depend on the weights" in constant.sentence


def brier(Z: Any, T: Any) -> Any:
    return ((softmax(Z) - T) ** 2).sum(axis=1)


def mean_squared(Z: Any, T: Any) -> Any:
    return ((Z - T) ** 2).mean()


def squared_error(Z: Any, T: Any) -> Any:  # not the textbook's, which has the name
    return (np.array([1.0, 2.0, 3.0]) * (Z - T) ** 2).sum(axis=1)


def of_parameters(loss: Any) -> Any:
    return lambda parameters, X, T: np.sum(loss(forward(parameters, X)[1], T))


def forward(parameters: Any, X: Any) -> Any:
    (W1, b1), (W2, b2) = parameters
    A = np.tanh(X @ W1 + b1)
    return A, A @ W2 + b2


def with_delta(delta: Any) -> Any:
    """The gradient of a 2-4-3 tanh network whose output layer has that delta, a function of Z and T."""

    def gradient(parameters: Any, X: Any, T: Any) -> Any:
        A, Z = forward(parameters, X)
        D2 = delta(Z, T)
        D1 = D2 @ parameters[1][0].T * (1 - A**2)
        return (X.T @ D1, D1.sum(axis=0)), (A.T @ D2, D2.sum(axis=0))

    return gradient


def brier_delta(Z: Any, T: Any) -> Any:
    P = softmax(Z)
    return 2 * P * (P - T - ((P - T) * P).sum(axis=1, keepdims=True))


BY_OUTPUTS = "2 Y - 2 T, the derivative of the loss by the outputs Y, not by the pre-activation Z"


@pytest.mark.parametrize(
    ("loss", "delta", "words"),
    [
        (brier, brier_delta, "gradient is right."),
        (of_parameters(brier), brier_delta, "It is the squared error of softmax outputs; it is the sum over the samples."),
        (brier, lambda Z, T: brier_delta(Z, T) / 2, "has a factor 1/2 that this loss does not have"),
        (brier, lambda Z, T: 2 * (softmax(Z) - T), BY_OUTPUTS),
        (of_parameters(brier), lambda Z, T: 2 * (softmax(Z) - T), BY_OUTPUTS),
        (brier, lambda Z, T: softmax(Z) + T, "is Y + T, which is not the derivative of the loss"),
        (mean_squared, lambda Z, T: 2 * (Z - T) / Z.size, "gradient is right."),  # 2/3 is no decimal fraction
        (mean_squared, lambda Z, T: 4 * (Z - T) / Z.size, "has a factor 2 that this loss does not have"),
        (squared_error, lambda Z, T: 2 * (Z - T) * [1, 2, 3], "gradient is right."),
        (squared_error, lambda Z, T: (Z - T) * [1, 2, 3], "has a factor 1/2 that this loss does not have"),
    ],
)  # fmt: skip
def test_no_sentence_takes_a_loss_of_the_users_own_for_one_of_the_textbook(loss: Any, delta: Any, words: str) -> None:
    verdict = check_gradient(with_delta(delta), "2-4-3", activation="tanh", loss=loss)
    assert words in verdict.sentence
    assert not any("Y - T" in text for text in (*verdict.cures, verdict.sentence.replace(BY_OUTPUTS, "")))
    assert "declared" not in verdict.sentence


def test_data_may_have_the_shape_of_the_users_own_call() -> None:
    rng = np.random.default_rng(0)
    X, labels = rng.normal(size=(30, 3)), rng.integers(0, 2, 30)
    network = Network.of("3-4-2")
    expected = user_data((X, labels), network)
    for data in ((X.T, labels), (X, labels[:, None]), (X.T, labels[None]), (X.T, np.eye(2)[labels].T)):
        dataset = user_data(data, network)
        assert dataset is not None and expected is not None  # noqa: PT018  # for the type checker
        assert np.array_equal(dataset.X, expected.X)
        assert np.array_equal(dataset.T, expected.T)


PROGRAMS = {
    "class with a loss that takes reg": (
        """
import numpy as np

class TwoLayer:
    def __init__(self, n_in, hidden, classes, scale=1e-2):
        self.params = {"W1": scale * np.random.randn(n_in, hidden), "b1": np.zeros(hidden),
                       "W2": scale * np.random.randn(hidden, classes), "b2": np.zeros(classes)}

    def loss(self, X, y=None, reg=0.0):
        W1, b1, W2, b2 = (self.params[k] for k in ("W1", "b1", "W2", "b2"))
        h = np.maximum(0, X @ W1 + b1)
        scores = h @ W2 + b2
        if y is None:
            return scores
        n = len(X)
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        loss = -np.log(p[np.arange(n), y]).mean() + reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
        p[np.arange(n), y] -= 1
        d = p / n
        dh = d @ W2.T
        dh[h <= 0] = 0
        grads = {"W2": h.T @ d + 2 * reg * W2, "b2": d.sum(axis=0), "W1": X.T @ dh + 2 * reg * W1, "b1": dh.sum(axis=0)}
        return loss, grads
""",
        "TwoLayer.loss", {"network": "3-4-2", "l2": 0.1},
        (("2 * reg * W2", "reg * W2"), ("dh[h <= 0] = 0", "pass"), ("d = p / n", "d = p")),
    ),
    "cost function beside, samples in columns": (
        """
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def forward_propagation(X, parameters):
    A1 = np.tanh(parameters["W1"] @ X + parameters["b1"])
    A2 = sigmoid(parameters["W2"] @ A1 + parameters["b2"])
    return A2, {"A1": A1, "A2": A2}

def compute_cost(A2, Y):
    m = Y.shape[1]
    return float(np.squeeze(-np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / m))

def backward_propagation(parameters, cache, X, Y):
    m = X.shape[1]
    A1, A2 = cache["A1"], cache["A2"]
    dZ2 = A2 - Y
    dW2 = dZ2 @ A1.T / m
    db2 = np.sum(dZ2, axis=1, keepdims=True) / m
    dZ1 = parameters["W2"].T @ dZ2 * (1 - A1 ** 2)
    dW1 = dZ1 @ X.T / m
    db1 = np.sum(dZ1, axis=1, keepdims=True) / m
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
""",
        "backward_propagation", {"network": "3-4-1", "activation": "tanh", "loss": "logistic"},
        (("(1 - A1 ** 2)", "(1 - A1)"), ("dW1 = dZ1 @ X.T / m", "dW1 = dZ1 @ X.T"), ("dZ2 = A2 - Y", "dZ2 = Y - A2")),
    ),
    "unrolled vector, labels from 1": (
        """
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def nn_cost(nn_params, input_layer_size, hidden_layer_size, num_labels, X, y, lambda_):
    cut = hidden_layer_size * (input_layer_size + 1)
    Theta1 = nn_params[:cut].reshape(hidden_layer_size, input_layer_size + 1)
    Theta2 = nn_params[cut:].reshape(num_labels, hidden_layer_size + 1)
    m = X.shape[0]
    a1 = np.hstack([np.ones((m, 1)), X])
    a2 = np.hstack([np.ones((m, 1)), sigmoid(a1 @ Theta1.T)])
    h = sigmoid(a2 @ Theta2.T)
    Y = np.eye(num_labels)[y.ravel() - 1]
    J = -np.sum(Y * np.log(h) + (1 - Y) * np.log(1 - h)) / m
    J = J + lambda_ / (2 * m) * (np.sum(Theta1[:, 1:] ** 2) + np.sum(Theta2[:, 1:] ** 2))
    d3 = h - Y
    d2 = (d3 @ Theta2[:, 1:]) * a2[:, 1:] * (1 - a2[:, 1:])
    g1, g2 = d2.T @ a1 / m, d3.T @ a2 / m
    g1[:, 1:] += lambda_ / m * Theta1[:, 1:]
    g2[:, 1:] += lambda_ / m * Theta2[:, 1:]
    return J, np.concatenate([g1.ravel(), g2.ravel()])
""",
        "nn_cost", {"network": "3-4-3", "activation": "logistic", "loss": "logistic", "l2": 0.5},
        (("g2[:, 1:] += lambda_ / m * Theta2[:, 1:]", "pass"), ("(1 - a2[:, 1:])", "a2[:, 1:]"), ("d2.T @ a1 / m", "d2.T @ a1")),
    ),
    "quadratic cost": (
        """
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def loss_and_gradients(W1, b1, W2, b2, X, Y):
    A1 = sigmoid(X @ W1 + b1)
    A2 = sigmoid(A1 @ W2 + b2)
    cost = 0.5 * np.sum((A2 - Y) ** 2)
    d2 = (A2 - Y) * A2 * (1 - A2)
    d1 = d2 @ W2.T * A1 * (1 - A1)
    return cost, X.T @ d1, d1.sum(axis=0), A1.T @ d2, d2.sum(axis=0)
""",
        "loss_and_gradients", {"network": "3-4-2", "activation": "logistic"},
        (("(A2 - Y) * A2 * (1 - A2)", "A2 - Y"), ("A1 * (1 - A1)", "A1"), ("0.5 * np.sum", "np.sum")),
    ),
    "logistic regression": (
        """
import numpy as np

def propagate(w, b, X, Y):
    m = X.shape[1]
    A = 1 / (1 + np.exp(-(w.T @ X + b)))
    cost = -np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A)) / m
    dw = X @ (A - Y).T / m
    db = np.sum(A - Y) / m
    return {"dw": dw, "db": db}, cost
""",
        "propagate", {"network": "4-1", "loss": "logistic"},
        (("db = np.sum(A - Y) / m", "db = np.sum(A - Y)"), ("(A - Y).T / m", "(A + Y).T / m")),
    ),
    "softmax regression without bias": (
        """
import numpy as np

def softmax_loss(W, X, y, reg):
    scores = X @ W
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    n = len(X)
    loss = -np.log(p[np.arange(n), y]).mean() + reg * np.sum(W * W)
    p[np.arange(n), y] -= 1
    return loss, X.T @ p / n + 2 * reg * W
""",
        "softmax_loss", {"network": "4-3", "bias": False, "l2": 0.1},
        (("2 * reg * W", "reg * W"), ("p[np.arange(n), y] -= 1", "pass")),
    ),
    "seeded dropout": (
        """
import numpy as np

def loss_and_gradients(params, X, Y, keep=0.8):
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    np.random.seed(1)
    A1 = np.tanh(X @ W1 + b1)
    D1 = np.random.rand(*A1.shape) < keep
    H = A1 * D1 / keep
    Z = H @ W2 + b2
    p = np.exp(Z - Z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.sum(Y * np.log(p)) / len(X)
    d = (p - Y) / len(X)
    dH = d @ W2.T
    dA = dH * D1 / keep
    dZ = dA * (1 - A1 ** 2)
    return loss, {"W1": X.T @ dZ, "b1": dZ.sum(axis=0), "W2": H.T @ d, "b2": d.sum(axis=0)}
""",
        "loss_and_gradients", {"network": "3-4-2", "activation": "tanh"},
        (("dA = dH * D1 / keep", "dA = dH"), ("dA = dH * D1 / keep", "dA = dH * D1")),
    ),
    "batch norm": (
        """
import numpy as np

def loss_and_gradients(params, X, Y):
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    m = len(X)
    Z = X @ W1 + b1
    C = Z - Z.mean(axis=0)
    s = np.sqrt((C ** 2).mean(axis=0) + 1e-5)
    N = C / s
    A = np.tanh(N)
    S = A @ W2 + b2
    p = np.exp(S - S.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.sum(Y * np.log(p)) / m
    d = (p - Y) / m
    dN = d @ W2.T * (1 - A ** 2)
    dZ = (dN - dN.mean(axis=0) - N * (dN * N).mean(axis=0)) / s
    return loss, {"W1": X.T @ dZ, "b1": dZ.sum(axis=0), "W2": A.T @ d, "b2": d.sum(axis=0)}
""",
        "loss_and_gradients", {"network": "3-4-2", "activation": "tanh"},
        ((" - N * (dN * N).mean(axis=0)", ""), (" - dN.mean(axis=0)", ""), ("(1 - A ** 2)", "1")),
    ),
}  # fmt: skip
"""By name: a program, its function, the settings of the check, and faults as replacements in the text."""


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_is_right_for_its_own_loss_and_with_a_fault_wrong(name: str, tmp_path: Path) -> None:
    text, function, settings, faults = PROGRAMS[name]
    file = tmp_path / "program.py"
    for old, new in (("", ""), *faults):
        assert old in text
        file.write_text(text.replace(old, new) if old else text)
        status = check(f"{file}:{function}", **settings)
        assert status == (1 if old else 0), f"{old} -> {new}"
