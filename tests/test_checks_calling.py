"""The meaning of arguments and results, found by trying: programs composed of an argument form, a layout and a result form."""

from __future__ import annotations

import itertools
import linecache
import sys
import types

import numpy as np
import pytest

import fallline as fl
from fallline.checks.calling.search import search
from fallline.checks.reference.draws import draw
from fallline.textbook.network import Network
from thinned import thinned

NETWORK = Network.of("2-4-3", activation="tanh", reduction="mean")
GROUP = draw(NETWORK, seed=3)[0]

ARGUMENTS = {
    "names": ("W1, b1, W2, b2", ""),
    "names of layers": ("w_hidden, b_hidden, w_out, b_out", "W1, b1, W2, b2 = w_hidden, b_hidden, w_out, b_out"),
    "names from 0": ("W0, b0, W1, b1", "W1, b1, W2, b2 = W0, b0, W1, b1"),
    "dictionary": ("params", "W1, b1, W2, b2 = params['W1'], params['b1'], params['W2'], params['b2']"),
    "dictionary of other names": ("p", "W1, b1, W2, b2 = p['Wxh'], p['bh'], p['Why'], p['by']"),
    "numbered keys": ("p", "W1, W2 = [p['w' + str(l)] for l in (1, 2)]; b1, b2 = [p[f'b{l}'] for l in (1, 2)]"),
    "nested dictionary": ("model", "W1, b1 = model['hidden']['w'], model['hidden']['b']; "
                                   "W2, b2 = model['output']['w'], model['output']['b']"),
    "list": ("params", "W1, b1, W2, b2 = params"),
    "pairs": ("params", "(W1, b1), (W2, b2) = params"),
    "list of dictionaries": ("layers", "W1, b1, W2, b2 = [layers[k][n] for k in (0, 1) for n in ('W', 'b')]"),
    "dictionary of lists": ("model", "(W1, W2), (b1, b2) = model['weights'], model['biases']"),
    "two lists": ("weights, biases", "(W1, W2), (b1, b2) = weights, biases"),
    "attributes": ("net", "W1, b1, W2, b2 = net.W1, net.b1, net.W2, net.b2"),
    "vector": ("theta", "W1, b1, W2, b2 = cut(theta, (S1, S2, S3, S4))"),
    "vector of weights and biases": ("theta", "W1, W2, b1, b2 = cut(theta, (S1, S3, S2, S4))"),
}  # fmt: skip
"""Parameters of the function, and the line that makes W1, b1, W2 and b2 of them."""

LAYOUTS = {
    "rows": ("(2, 4), (4,), (4, 3), (3,)", """
    H = np.tanh(X @ W1 + b1)
    Z = H @ W2 + b2
    P = np.exp(Z - Z.max(1, keepdims=True)); P = P / P.sum(1, keepdims=True)
    m = len(X)
    D = (P - T) / m
    E = D @ W2.T * (1 - H * H)
    dW1, db1, dW2, db2 = X.T @ E, E.sum(0), H.T @ D, D.sum(0)
    loss = -np.sum(T * np.log(P)) / m
"""),
    "columns": ("(4, 2), (4, 1), (3, 4), (3, 1)", """
    H = np.tanh(W1 @ X + b1)
    Z = W2 @ H + b2
    P = np.exp(Z - Z.max(0, keepdims=True)); P = P / P.sum(0, keepdims=True)
    m = X.shape[1]
    D = (P - T) / m
    E = W2.T @ D * (1 - H * H)
    dW1, db1, dW2, db2 = E @ X.T, E.sum(1, keepdims=True), D @ H.T, D.sum(1, keepdims=True)
    loss = -np.sum(T * np.log(P)) / m
"""),
    "rows, weights transposed": ("(4, 2), (4,), (3, 4), (3,)", """
    H = np.tanh(X @ W1.T + b1)
    Z = H @ W2.T + b2
    P = np.exp(Z - Z.max(1, keepdims=True)); P = P / P.sum(1, keepdims=True)
    m = len(X)
    D = (P - T) / m
    E = D @ W2 * (1 - H * H)
    dW1, db1, dW2, db2 = E.T @ X, E.sum(0), D.T @ H, D.sum(0)
    loss = -np.sum(T * np.log(P)) / m
"""),
}  # fmt: skip
"""The shapes of the parameters, and the gradient in that layout."""

TARGETS = {
    "one-hot": "T = y",
    "numbers": "T = np.eye(3)[y]",
    "numbers from 1": "T = np.eye(3)[np.asarray(y) - 1]",
}

RESULTS = {
    "tuple": "return dW1, db1, dW2, db2",
    "backwards": "g = dW2, db2, dW1, db1; return g",
    "odd order with names": "return db2, dW1, dW2, db1",
    "weights, then biases": "return [dW1, dW2, db1, db2]",
    "dictionary": "return {'dW2': dW2, 'db2': db2, 'dA1': H, 'dW1': dW1, 'db1': db1}",
    "names of the parameters": "return {'W1': dW1, 'b1': db1, 'W2': dW2, 'b2': db2}",
    "pairs": "return [(dW1, db1), (dW2, db2)]",
    "list of dictionaries": "return [{'dW': dW1, 'db': db1}, {'dW': dW2, 'db': db2}]",
    "two lists": "nabla_b, nabla_w = [db1, db2], [dW1, dW2]; return nabla_b, nabla_w",
    "loss first": "return loss, {'W1': dW1, 'b1': db1, 'W2': dW2, 'b2': db2}",
    "loss last": "return (dW1, db1, dW2, db2), loss",
    "named tuple": "return Named(db2, dW2, db1, dW1)",
    "data class": "return Data(dW1, db1, dW2, db2)",
    "generator": "return (g for g in (dW1, db1, dW2, db2))",
    "object array": "out = np.empty(4, object); out[:] = [dW1, db1, dW2, db2]; return out",
    "rows of numbers": "return [g.tolist() for g in (dW1, db1, dW2, db2)]",
    "matrices": "return np.matrix(dW1), np.matrix(db1), np.matrix(dW2), np.matrix(db2)",
    "new parameters": "return {'W1': W1 - 0.1 * dW1, 'b1': b1 - 0.1 * db1, 'W2': W2 - 0.1 * dW2, 'b2': b2 - 0.1 * db2}",
    "buffers": "for b, g in zip(BUFFERS, (dW1, db1, dW2, db2)): b[...] = g\n    return BUFFERS",
}  # fmt: skip

FAULTS = {
    "sign": ("E = D", "E = -D"), "slope left out": ("* (1 - H * H)", ""), "slope": ("(1 - H * H)", "(1 - H)"),
    "mean of a bias": ("E.sum(", "E.mean("), "no targets": ("P - T", "P"), "weights doubled": ("dW1, db1, dW2", "dW1, db1, dW2"),
    "divided twice": ("D = (P - T) / m", "D = (P - T) / m / m"), "delta": ("H.T @ D", "H.T @ (D * D)"),
}  # fmt: skip


def source(arguments, layout, targets, result):
    """The text of a program with that form of arguments, layout, targets and results."""
    names, unpack = ARGUMENTS[arguments]
    shapes, body = LAYOUTS[layout]
    prepare = TARGETS[targets]
    if layout == "columns" and targets != "one-hot":
        prepare += ".T"
    rate = ", lr=0.1" if result == "new parameters" else ""
    return f"""
import numpy as np
from collections import namedtuple
from dataclasses import dataclass
SHAPES = {shapes}
S1, S2, S3, S4 = SHAPES
BUFFERS = [np.zeros(s) for s in SHAPES]
Named = namedtuple("Named", "db2 dW2 db1 dW1")
@dataclass
class Data:
    dW1: object
    db1: object
    dW2: object
    db2: object
def cut(theta, shapes):
    parts = np.split(theta, np.cumsum([int(np.prod(s)) for s in shapes])[:-1])
    return [part.reshape(s) for part, s in zip(parts, shapes)]
def backward({names}, X, y{rate}):
    {unpack or "pass"}
    {prepare}
{body}
    {RESULTS[result]}
"""


def program(text):
    """The module of that text, whose source can be read as that of a file."""
    file = f"<program {hash(text)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    module = types.ModuleType("program")
    sys.modules["program"] = module  # dataclasses look their module up
    exec(compile(text, file, "exec"), module.__dict__)
    return module


def found(text, name="backward", network=NETWORK, group=GROUP):
    """What the search finds for a function of that program."""
    function = program(text)
    for part in name.split("."):
        function = getattr(function, part)
    return search(function, group, None)


COMBINATIONS = [
    *(
        (a, list(LAYOUTS)[k % 3], list(TARGETS)[k % 2], r)
        for k, (a, r) in enumerate(itertools.product(ARGUMENTS, RESULTS))
    ),
    *(
        (a, l, t, list(RESULTS)[k % len(RESULTS)])
        for k, (a, l, t) in enumerate(itertools.product(ARGUMENTS, LAYOUTS, TARGETS))
    ),
]


SOME = [c for k, c in enumerate(COMBINATIONS) if k % 3 == k // 9 % 3]
"""A third of the combinations, with every pair of layout and targets in turn; `tests/long/forms.py` tries all of them."""


def missed(arguments, combinations):
    """The combinations with that form of arguments that are not understood."""
    for combination in combinations:
        if combination[0] == arguments:
            best = found(source(*combination)).best
            if best is None or not best.fits:
                yield (*combination, str(best))


def excused(fault, combinations):
    """Some of the combinations that fit although they have that fault."""
    old, new = FAULTS[fault]
    for k, combination in enumerate(combinations):
        text = source(*combination)
        if k % 29 == list(FAULTS).index(fault) and old in text:
            best = found(text.replace(old, new, 1)).best
            if best is not None and best.fits:
                yield (*combination, str(best))


@pytest.mark.parametrize("arguments", thinned(ARGUMENTS, 2))
def test_combinations_of_forms_are_understood(arguments):
    assert not list(missed(arguments, SOME))


@pytest.mark.parametrize("fault", [name for name, (old, new) in FAULTS.items() if old != new])
def test_a_faulty_gradient_fits_under_no_hypothesis(fault):
    assert not list(excused(fault, SOME))


@pytest.mark.parametrize("arguments", ["dictionary", "vector", "two lists"])
def test_faults_are_named_in_any_form(arguments):
    text = source(arguments, "columns", "one-hot", "dictionary")
    old, new = FAULTS["slope left out"]
    verdict = fl.check_gradient(program(text.replace(old, new)).backward, NETWORK)
    assert verdict.status == "wrong"
    assert "slope" in verdict.sentence


CLASS = """
import numpy as np
class Net:
    def __init__(self, input_size, hidden_size, output_size, lr=0.5):
        self.lr = lr
        self.params = {"W1": np.zeros((input_size, hidden_size)), "b1": np.zeros(hidden_size),
                       "W2": np.zeros((hidden_size, output_size)), "b2": np.zeros(output_size)}
    def forward(self, X):
        p = self.params
        self.X, self.H = X, np.tanh(X @ p["W1"] + p["b1"])
        Z = self.H @ p["W2"] + p["b2"]
        e = np.exp(Z - Z.max(1, keepdims=True))
        self.P = e / e.sum(1, keepdims=True)
        return self.P
    def backward(self, y):
        D = (self.P - y) / len(y)
        E = D @ self.params["W2"].T * (1 - self.H ** 2)
        self.grads = {"W1": self.X.T @ E, "b1": E.sum(0), "W2": self.H.T @ D, "b2": D.sum(0)}
    def loss(self, X, y):
        return -np.mean(np.sum(y * np.log(self.forward(X)), axis=1))
    def train_step(self, X, y):
        self.forward(X)
        self.backward(y)
        for key in self.params:
            self.params[key] -= self.lr * self.grads[key]
"""


@pytest.mark.parametrize("method", ["Net.backward", "Net.train_step"])
def test_methods_are_called_on_an_instance_with_the_weights(method):
    best = found(CLASS, method).best
    assert best.fits
    assert "Net(input_size=2, hidden_size=4, output_size=3" in str(best)


def test_a_cost_function_beside_the_gradient_is_its_loss():
    best = found(CLASS, "Net.train_step").best
    assert [loss.source for loss in best.losses] == ["loss beside it"]
    value = best.losses[0].value(GROUP.w[0], GROUP.X[0], GROUP.T[0])
    assert np.isclose(value, GROUP.loss(GROUP.w)[0])


CACHE = """
import numpy as np
def forward_propagation(X, parameters):
    Z1 = parameters["W1"] @ X + parameters["b1"]
    A1 = np.tanh(Z1)
    Z2 = parameters["W2"] @ A1 + parameters["b2"]
    A2 = np.exp(Z2) / np.exp(Z2).sum(axis=0)
    return A2, {"Z1": Z1, "A1": A1, "A2": A2}
def backward_propagation(parameters, cache, X, Y):
    m = X.shape[1]
    dZ2 = cache["A2"] - Y
    dZ1 = parameters["W2"].T @ dZ2 * (1 - cache["A1"] ** 2)
    return {"dW1": dZ1 @ X.T / m, "db1": dZ1.sum(axis=1, keepdims=True) / m,
            "dW2": dZ2 @ cache["A1"].T / m, "db2": dZ2.sum(axis=1, keepdims=True) / m}
"""


def test_a_cache_is_made_by_the_file_s_own_forward_pass():
    best = found(CACHE, "backward_propagation").best
    assert best.fits
    assert "of forward_propagation" in str(best)


SAMPLE = """
import numpy as np
def backprop(weights, biases, x, y):
    z = weights[0] @ x + biases[0]
    h = np.tanh(z)
    p = weights[1] @ h + biases[1]
    p = np.exp(p) / np.sum(np.exp(p))
    d = p - y
    e = weights[1].T @ d * (1 - h * h)
    return [e, d], [np.outer(e, x), np.outer(d, h)]
"""


def test_a_function_of_one_sample_is_called_for_each():
    best = found(SAMPLE, "backprop").best
    assert best.fits
    assert "one sample at a time" in str(best)


def test_sums_that_a_batch_lacks_are_no_convention_of_single_samples():
    text = source("pairs", "rows", "one-hot", "tuple").replace("E.sum(0)", "E")
    verdict = fl.check_gradient(program(text).backward, NETWORK)
    assert verdict.status == "wrong"
    assert "db1 is not summed over the samples" in verdict.sentence


def test_a_number_with_the_name_of_a_gradient_is_no_loss():
    def compute_gradient(X, y, w, b):
        error = X @ w + b - y
        dj_dw, dj_db = X.T @ error / len(X), error.mean()
        return dj_db, dj_dw

    verdict = fl.check_gradient(compute_gradient, "3-1", loss="half_squared_error")
    assert verdict.right
    assert verdict.notes == ()


def units(network, row, expected):
    """Lists of units: the gradient for each weight, the bias last."""
    inputs = row
    for layer in network:
        for unit in layer:
            z = unit["weights"][-1] + sum(w * a for w, a in zip(unit["weights"], inputs, strict=False))
            unit["output"], unit["inputs"] = 1 / (1 + np.exp(-z)), list(inputs)
        inputs = [unit["output"] for unit in layer]
    errors = [y - t for y, t in zip(inputs, expected, strict=True)]
    for layer in reversed(network):
        for unit, error in zip(layer, errors, strict=True):
            unit["delta"] = error * unit["output"] * (1 - unit["output"])
        errors = [sum(unit["weights"][j] * unit["delta"] for unit in layer) for j in range(len(layer[0]["inputs"]))]
    return [[[u["delta"] * a for a in u["inputs"]] + [u["delta"]] for u in layer] for layer in network]


def test_a_network_may_be_lists_of_units():
    settings = {"activation": "logistic", "loss": "half_squared_error"}
    verdict = fl.check_gradient(units, "3-4-2", **settings)
    assert verdict.right, verdict.sentence
    assert "network=[[{'weights': a row of W1}, ...], [{'weights': a row of W2}, ...]]" in verdict.called


def test_a_form_that_is_not_understood_is_unchecked_and_says_what_the_function_wants():
    text = "def gradient(params, X, y):\n    return params.tensors['first layer'] + X.numbers\n"
    verdict = fl.check_gradient(program(text).gradient, NETWORK)
    assert verdict.status == "unchecked"
    assert "AttributeError" in verdict.sentence
    assert "It was called as gradient(params=" in verdict.sentence


def test_in_a_square_network_every_layout_is_tried():
    network = Network.of("3-3-3", activation="tanh", reduction="mean")
    group = draw(network)[0]
    for layout in LAYOUTS:
        text = source("list", layout, "one-hot", "tuple")
        best = found(text, network=network, group=group).best
        assert best.fits, layout


def test_an_update_in_place_is_a_result_and_no_fault():
    text = source("dictionary", "rows", "one-hot", "tuple").replace(
        "return dW1, db1, dW2, db2", "for k, g in zip(('W1', 'b1', 'W2', 'b2'), (dW1, db1, dW2, db2)): params[k] -= lr * g"
    ).replace("X, y)", "X, y, lr)")  # fmt: skip
    verdict = fl.check_gradient(program(text).backward, NETWORK)
    assert verdict.right, verdict.sentence
    assert "new parameters are read as a step" in verdict.called


def test_half_precision_is_unchecked_where_it_is_right():
    text = source("list", "rows", "one-hot", "tuple")
    rounded = text.replace("return dW1, db1, dW2, db2", "return [g.astype(np.float16) for g in (dW1, db1, dW2, db2)]")
    verdict = fl.check_gradient(program(rounded).backward, NETWORK)
    assert verdict.status == "unchecked"
    assert "half precision" in verdict.sentence


OTHERS = """
import numpy as np
def theta_with_intercept(theta, X, y):
    h = 1 / (1 + np.exp(-X @ theta))
    return X.T @ (h - y) / len(y)
def compute_cost(X, y, w, b):
    return ((X @ w + b - y) ** 2).sum() / (2 * len(y))
def compute_gradient(X, y, w, b):
    e = X @ w + b - y
    return e.sum() / len(y), X.T @ e / len(y)
def gradient_descent(X, y, w_in, b_in, cost_function, gradient_function, alpha, num_iters):
    w, b, history = w_in.copy(), b_in, []
    for i in range(num_iters):
        dj_db, dj_dw = gradient_function(X, y, w, b)
        w = w - alpha * dj_dw
        b = b - alpha * dj_db
        history.append(cost_function(X, y, w, b))
    return w, b, history
def affine_forward(x, w, b):
    return x @ w + b, (x, w, b)
def affine_backward(dout, cache):
    x, w, b = cache
    return dout @ w.T, x.T @ dout, dout.sum(0)
def of_batch(params, batch):
    X, y = batch["X"], batch["y"]
    h = X @ params["kernel"] + params["bias"]
    e = (h - y) / len(X)
    return {"kernel": X.T @ e, "bias": e.sum(0)}
"""


@pytest.mark.parametrize(
    ("name", "loss"),
    [("theta_with_intercept", "logistic"), ("compute_gradient", "half_squared_error"),
     ("gradient_descent", "half_squared_error"), ("affine_backward", "half_squared_error"),
     ("of_batch", "half_squared_error")],
)  # fmt: skip
def test_one_layer_in_other_forms(name, loss):
    network = Network.of("3-1", loss=loss, reduction="mean")
    best = found(OTHERS, name, network, draw(network)[0]).best
    assert best.fits
