"""Programs as people write them, each with faults and a word that must be in the sentence on each of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["FORMS", "Form"]


@dataclass(frozen=True)
class Form:
    """A program, its faults as replacements of text, and a word of the sentence that must say each."""

    function: str
    text: str
    faults: tuple[tuple[str, str, str], ...]
    sizes: str = "2-4-3"
    settings: dict[str, Any] = field(default_factory=dict)


RELU_CLASS = """
import numpy as np
class TwoLayerNet:
    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        self.params = {}
        self.params['W1'] = std * np.random.randn(input_size, hidden_size)
        self.params['b1'] = np.zeros(hidden_size)
        self.params['W2'] = std * np.random.randn(hidden_size, output_size)
        self.params['b2'] = np.zeros(output_size)
    def loss(self, X, y=None, reg=0.0):
        W1, b1 = self.params['W1'], self.params['b1']
        W2, b2 = self.params['W2'], self.params['b2']
        N = X.shape[0]
        hidden = np.maximum(0, X.dot(W1) + b1)
        scores = hidden.dot(W2) + b2
        if y is None:
            return scores
        scores = scores - scores.max(axis=1, keepdims=True)
        probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        loss = -np.log(probs[np.arange(N), y]).mean() + reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
        dscores = probs.copy()
        dscores[np.arange(N), y] -= 1
        dscores /= N
        grads = {}
        grads['W2'] = hidden.T.dot(dscores) + 2 * reg * W2
        grads['b2'] = dscores.sum(axis=0)
        dhidden = dscores.dot(W2.T) * (hidden > 0)
        grads['W1'] = X.T.dot(dhidden) + 2 * reg * W1
        grads['b1'] = dhidden.sum(axis=0)
        return loss, grads
"""

PENALTY_ARGUMENT = """
import numpy as np
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
def compute_cost(params, X, Y, lambd=0):
    m = X.shape[1]
    A1 = np.tanh(params["W1"] @ X + params["b1"])
    A2 = sigmoid(params["W2"] @ A1 + params["b2"])
    cost = -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / m
    return cost + lambd / (2 * m) * (np.sum(params["W1"] ** 2) + np.sum(params["W2"] ** 2))
def gradients(params, X, Y, lambd=0):
    m = X.shape[1]
    A1 = np.tanh(params["W1"] @ X + params["b1"])
    A2 = sigmoid(params["W2"] @ A1 + params["b2"])
    dZ2 = A2 - Y
    dZ1 = params["W2"].T @ dZ2 * (1 - A1 ** 2)
    return {
        "dW1": dZ1 @ X.T / m + lambd * params["W1"] / m, "db1": dZ1.sum(axis=1, keepdims=True) / m,
        "dW2": dZ2 @ A1.T / m + lambd * params["W2"] / m, "db2": dZ2.sum(axis=1, keepdims=True) / m,
    }
"""

DECAY_OF_INSTANCE = """
import numpy as np
class Net:
    def __init__(self, n_in, n_hidden, n_out, l2_strength=0.):
        self.W1, self.b1 = np.random.randn(n_in, n_hidden), np.zeros(n_hidden)
        self.W2, self.b2 = np.random.randn(n_hidden, n_out), np.zeros(n_out)
        self.l2_strength = l2_strength
    def loss_and_gradient(self, X, Y):
        m = len(X)
        H = np.tanh(X @ self.W1 + self.b1)
        Z = H @ self.W2 + self.b2
        P = np.exp(Z - Z.max(1, keepdims=True))
        P = P / P.sum(1, keepdims=True)
        loss = -np.sum(Y * np.log(P)) / m
        loss = loss + 0.5 * self.l2_strength * (np.sum(self.W1 ** 2) + np.sum(self.W2 ** 2))
        D = (P - Y) / m
        E = D @ self.W2.T * (1 - H * H)
        dW1, db1, dW2, db2 = X.T @ E, E.sum(0), H.T @ D, D.sum(0)
        dW1 = dW1 + self.l2_strength * self.W1
        dW2 = dW2 + self.l2_strength * self.W2
        return loss, (dW1, db1, dW2, db2)
"""

TUTORIAL_STEP = """
import numpy as np
epsilon = 0.01
reg_lambda = 0.02
def calculate_loss(model, X, y):
    W1, b1, W2, b2 = model['W1'], model['b1'], model['W2'], model['b2']
    a1 = np.tanh(X.dot(W1) + b1)
    scores = np.exp(a1.dot(W2) + b2)
    probs = scores / np.sum(scores, axis=1, keepdims=True)
    data_loss = np.sum(-np.log(probs[range(len(X)), y]))
    data_loss += reg_lambda / 2 * (np.sum(np.square(W1)) + np.sum(np.square(W2)))
    return 1. / len(X) * data_loss
def step(model, X, y):
    W1, b1, W2, b2 = model['W1'], model['b1'], model['W2'], model['b2']
    a1 = np.tanh(X.dot(W1) + b1)
    scores = np.exp(a1.dot(W2) + b2)
    delta3 = scores / np.sum(scores, axis=1, keepdims=True)
    delta3[range(len(X)), y] -= 1
    dW2 = a1.T.dot(delta3)
    db2 = np.sum(delta3, axis=0, keepdims=True)
    delta2 = delta3.dot(W2.T) * (1 - np.power(a1, 2))
    dW1 = X.T.dot(delta2)
    db1 = np.sum(delta2, axis=0)
    dW2 += reg_lambda * W2
    dW1 += reg_lambda * W1
    W1 = W1 - epsilon * dW1
    b1 = b1 - epsilon * db1
    W2 = W2 - epsilon * dW2
    b2 = b2 - epsilon * db2
    return {'W1': W1, 'b1': b1, 'W2': W2, 'b2': b2}
"""

STEP_IN_PLACE = """
import numpy as np
def step(net, X, Y):
    H = np.tanh(X @ net['W1'] + net['b1'])
    P = 1 / (1 + np.exp(-(H @ net['W2'] + net['b2'])))
    D = (P - Y) / len(X)
    E = D @ net['W2'].T * (1 - H * H)
    net['W2'] -= 0.05 * H.T @ D
    net['b2'] -= 0.05 * D.sum(0)
    net['W1'] -= 0.05 * X.T @ E
    net['b1'] -= 0.05 * E.sum(0)
"""

NAIVE_SOFTMAX = """
import numpy as np
def softmax_loss_naive(W, X, y, reg):
    loss = 0.0
    dW = np.zeros_like(W)
    num_train, num_classes = X.shape[0], W.shape[1]
    for i in range(num_train):
        scores = X[i].dot(W)
        scores = scores - np.max(scores)
        p = np.exp(scores) / np.sum(np.exp(scores))
        loss += -np.log(p[y[i]])
        for j in range(num_classes):
            dW[:, j] += (p[j] - (j == y[i])) * X[i]
    loss /= num_train
    dW /= num_train
    loss += reg * np.sum(W * W)
    dW += 2 * reg * W
    return loss, dW
"""

MORE_ARGUMENTS = """
import numpy as np
def compute_cost(X, y, w, b, *argv):
    m = X.shape[0]
    total = 0.0
    for i in range(m):
        f = 1 / (1 + np.exp(-(np.dot(X[i], w) + b)))
        total += -y[i] * np.log(f) - (1 - y[i]) * np.log(1 - f)
    return total / m
def compute_gradient(X, y, w, b, *argv):
    m, n = X.shape
    dj_dw = np.zeros(w.shape)
    dj_db = 0.
    for i in range(m):
        f = 1 / (1 + np.exp(-(np.dot(X[i], w) + b)))
        dj_db += f - y[i]
        for j in range(n):
            dj_dw[j] += (f - y[i]) * X[i, j]
    return dj_db / m, dj_dw / m
"""

BODY = """
    H = np.tanh(A @ P1 + Q1)
    Z = H @ P2 + Q2
    O = np.exp(Z) / np.exp(Z).sum(1, keepdims=True)
    D = (O - B) / len(A)
    E = D @ P2.T * (1 - H * H)
    return A.T @ E, E.sum(0), H.T @ D, D.sum(0)
"""


def with_names(*names: str) -> str:
    """A gradient whose parameters have those names: samples, targets, W1, b1, W2, b2, in the order in which they stand."""
    meant = ["A", "B", "P1", "Q1", "P2", "Q2"]
    line = f"    {', '.join(meant)} = {', '.join(names)}"
    return f"import numpy as np\ndef backward({', '.join(names)}):\n{line}{BODY}"


BIAS_AS_NUMBER = """
import numpy as np
def backward(W1, b1, W2, b2, X, Y):
    m = X.shape[1]
    A1 = np.tanh(W1 @ X + b1)
    Z2 = W2 @ A1 + b2
    A2 = np.exp(Z2) / np.exp(Z2).sum(axis=0)
    dZ2 = A2 - Y
    dW2 = dZ2 @ A1.T / m
    db2 = np.sum(dZ2, axis=1, keepdims=True) / m
    dZ1 = W2.T @ dZ2 * (1 - A1 ** 2)
    dW1 = dZ1 @ X.T / m
    db1 = np.sum(dZ1, axis=1, keepdims=True) / m
    return dW1, db1, dW2, db2
"""

TWO_MATRICES = """
import numpy as np
def nonlin(x, deriv=False):
    if deriv:
        return x * (1 - x)
    return 1 / (1 + np.exp(-x))
def train_step(X, y, syn0, syn1):
    l0 = X
    l1 = nonlin(np.dot(l0, syn0))
    l2 = nonlin(np.dot(l1, syn1))
    l2_error = y - l2
    l2_delta = l2_error * nonlin(l2, deriv=True)
    l1_error = l2_delta.dot(syn1.T)
    l1_delta = l1_error * nonlin(l1, deriv=True)
    syn1 = syn1 + l1.T.dot(l2_delta)
    syn0 = syn0 + l0.T.dot(l1_delta)
    return syn0, syn1
"""

RELU = {"activation": "relu"}
TANH = {"activation": "tanh"}
SLOPE = ("(1 - H * H)", "1", "slope")
FORMS = {
    "class with reg=0.0": Form("TwoLayerNet.loss", RELU_CLASS, (
        ("2 * reg * W1", "reg * W1", "W1"), ("+ 2 * reg * W2", "", "W2"), ("* (hidden > 0)", "", "slope"),
    ), settings=RELU),
    "function with lambd=0 and a cost beside it": Form("gradients", PENALTY_ARGUMENT, (
        ('+ lambd * params["W1"] / m', '+ lambd * params["W1"]', "penalty"), ('+ lambd * params["W2"] / m', "", "W2"),
    ), "2-4-1", TANH),
    "class with l2_strength=0. in its constructor": Form("Net.loss_and_gradient", DECAY_OF_INSTANCE, (
        ("dW1 + self.l2_strength", "dW1 + 2 * self.l2_strength", "W1"), ("dW2 = dW2 + self.l2_strength * self.W2", "pass", "W2"),
    ), settings=TANH),
    "step of a tutorial": Form("step", TUTORIAL_STEP, (
        ("(1 - np.power(a1, 2))", "1", "slope"), ("dW1 += reg_lambda * W1", "dW1 += 2 * reg_lambda * W1", "W1"),
        ("W2 - epsilon * dW2", "W2 - epsilon * dW2 / 2", "dW2"),
    ), settings=TANH),
    "step in place with a rate in the code": Form("step", STEP_IN_PLACE, (
        SLOPE, ("D @ net['W2'].T", "D @ (net['W2'] + 0).T * 2", "twice"),
    ), "2-4-1", {**TANH, "loss": "logistic"}),
    "softmax loops without biases": Form("softmax_loss_naive", NAIVE_SOFTMAX, (
        ("(j == y[i])", "(j == 0)", ""), ("2 * reg * W", "reg * W", "penalty"), ("dW /= num_train", "pass", "sum"),
    ), "4-3"),
    "*argv after names": Form("compute_gradient", MORE_ARGUMENTS, (
        ("dj_dw / m", "dj_dw", ""), ("dj_db += f - y[i]", "dj_db += f", "db1"),
    ), "3-1", {"loss": "logistic"}),
    "*args and **kwargs": Form("backward", with_names("X", "Y", "W1", "b1", "W2", "b2").replace("b2):", "b2, *args, **kwargs):"), (SLOPE, ("E.sum(0)", "E.mean(0)", "db1")), settings=TANH),
    "prefix of a name": Form("backward", with_names("X_in", "y_in", "C_W1", "C_b1", "C_W2", "C_b2"),
                             (SLOPE, ("E.sum(0)", "E.mean(0)", "db1")), settings=TANH),
    "suffix of a name": Form("backward", with_names("Xb", "Yb", "W1_", "b1_", "W2_", "b2_"),
                             (SLOPE, ("D.sum(0)", "D.mean(0)", "db2")), settings=TANH),
    "words of layers": Form("backward", with_names("X_batch", "Y_batch", "weights_ih", "bias_ih", "weights_ho", "bias_ho"),
                            (SLOPE, ("H.T @ D", "2 * H.T @ D", "dW2")), settings=TANH),
    "theta": Form("backward", with_names("Xs", "Ys", "theta_hidden", "beta_hidden", "theta_output", "beta_output"),
                  (SLOPE, ("H.T @ D", "2 * H.T @ D", "dW2")), settings=TANH),
    "unknown words": Form("backward", with_names("foo", "bar", "baz", "qux", "quux", "corge"),
                          (SLOPE, ("H.T @ D", "2 * H.T @ D", "dW2")), settings=TANH),
    "bias gradients": Form("backward", BIAS_AS_NUMBER, (
        ("np.sum(dZ1, axis=1, keepdims=True)", "np.sum(dZ1)", "db1 is a single number"), ("np.sum(dZ2, axis=1, keepdims=True)", "np.sum(dZ2)", "db2 is a single number"),
    ), settings=TANH),
    "bias gradients without names": Form("backward", BIAS_AS_NUMBER.replace(
        "return dW1, db1, dW2, db2", "grads = [dW1, db1, dW2, db2]\n    return -np.sum(Y * np.log(A2)) / m, grads"
    ), (
        ("np.sum(dZ1, axis=1, keepdims=True)", "np.sum(dZ1)", "db1 is a single number"),
        ("np.sum(dZ2, axis=1, keepdims=True)", "np.sum(dZ2)", "db2 is a single number"),
    ), settings=TANH),
    "penalty of the cost alone": Form("gradients", PENALTY_ARGUMENT.replace("def gradients(params, X, Y, lambd=0)", "def gradients(params, X, Y)")
        .replace(' + lambd * params["W1"] / m', "").replace(' + lambd * params["W2"] / m', ""), (), "2-4-1", TANH),
    "penalty of the gradient alone": Form("gradients", PENALTY_ARGUMENT.replace("def compute_cost(params, X, Y, lambd=0)", "def compute_cost(params, X, Y)")
        .replace('return cost + lambd / (2 * m) * (np.sum(params["W1"] ** 2) + np.sum(params["W2"] ** 2))', "return cost"), (), "2-4-1", TANH),
    "two matrices": Form("train_step", TWO_MATRICES, (
        ("l1_error * nonlin(l1, deriv=True)", "l1_error", "slope"),
        ("l1_error * nonlin(l1, deriv=True)", "l1_error * nonlin(l2, deriv=True)", "slope"),
        ("syn1 + l1", "syn1 - l1", "sign"), ("y - l2", "l2 - y", "sign"),
    ), "3-4-1", {"activation": "logistic", "loss": "half_squared_error", "bias": False}),
    "two matrices in a dictionary": Form("train_step", TWO_MATRICES.replace(
        "return syn0, syn1", "return {'syn0': syn0, 'syn1': syn1}"
    ), (
        ("l1_error * nonlin(l1, deriv=True)", "l1_error", "slope"), ("y - l2", "l2 - y", "sign"),
    ), "2-4-3", {"activation": "logistic", "loss": "squared_error", "bias": False}),
}  # fmt: skip
