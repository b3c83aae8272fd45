"""The layouts of blogs: lists, dictionaries, dataclasses, flat vectors, steps of an optimizer, linear models."""

from __future__ import annotations

import numpy as np

from layouts.calls import across, back, by_name, flat, in_turn, labels, named, total
from layouts.layout import Fault, Layout
from layouts.truth import bce, ce, logistic, mlp, relu, square

SLOPE = r"slope|mask|activation"
SAMPLES = r"1/m|mean|samples|divid|multipl|times|factor"


def flat_list(name):
    return lambda p, W, b, X, T: (None, *in_turn(getattr(p, name)(flat(W, b), X, T)))


def separate(name, order="WbXT"):
    def call(p, W, b, X, T):
        parts = {"W": flat(W, b), "X": [X], "T": [T]}
        arguments = [a for letter in order if letter in parts for a in parts[letter]]
        return None, *in_turn(getattr(p, name)(*arguments))

    return call


def layer_dicts(p, W, b, X, T):
    grads = p.backward([{"weights": w, "bias": c} for w, c in zip(W, b, strict=True)], X, T)
    return None, [g["weights"] for g in grads], [g["bias"] for g in grads]


def torch_layout(p, W, b, X, T):
    names = "fc{}.weight", "fc{}.bias"
    dW, db = by_name(p.backward(named([w.T for w in W], b, *names), X, labels(T)), 2, *names)
    return None, [g.T for g in dW], db


def dataclass(p, W, b, X, T):
    g = p.grad(p.Params(**named(W, b)), X, T)
    return None, [g.W1, g.W2], [g.b1, g.b2]


def named_tuple(p, W, b, X, T):
    loss, g = p.loss_and_grad(p.Parameters(*flat(W, b)), X, T)
    return loss, *in_turn(g)


def momentum(p, W, b, X, T):
    params = flat(W, b)
    new, _ = p.step(params, [np.zeros_like(a) for a in params], X, T, 1.0, 0.9)
    return None, *in_turn([a - n for a, n in zip(params, new, strict=True)])


def sgd(p, W, b, X, T):
    params = named(W, b)
    new = p.sgd_step(params, X, T, 1.0)
    return None, *by_name({k: params[k] - new[k] for k in params}, 2)


def unrolled(p, W, b, X, T):
    value, g = p.objective(p.unroll(W[0].T, b[0], W[1].T, b[1]), X, T)
    dW1, db1, dW2, db2 = p.roll(g)
    return value, [dW1.T, dW2.T], [db1, db2]


def two_lists(p, W, b, X, T):
    return None, *p.compute_gradients(W, b, X, T[:, 0])


def float_lists(p, W, b, X, T):
    parts = []
    for x, t in zip(X, T, strict=True):
        numbers = [a.T.tolist() if a.ndim == 2 else a.tolist() for a in flat(W, b)]
        dW1, db1, dW2, db2 = map(np.array, p.gradient(*numbers, x.tolist(), t.tolist()))
        parts.append(([dW1.T, dW2.T], [db1, db2]))
    return None, *total(parts)


def nested(p, W, b, X, T):
    params = {name: {"w": w, "b": c} for name, w, c in zip(("hidden", "output"), W, b, strict=True)}
    g = p.grads(params, (X, labels(T)))
    return None, [g["hidden"]["w"], g["output"]["w"]], [g["hidden"]["b"], g["output"]["b"]]


def with_layers(p, W, b, X, T):
    net = p.MLP([W[0].shape[0], *(w.shape[1] for w in W)])
    net.Ws, net.bs = W, b
    return net.loss(X, T), *net.backward(X, T)


def no_bias(p, W, b, X, T):
    return None, list(p.grad(*W, X, T)), []


def through_origin(p, W, b, X, T):
    return None, [p.gradient_function(W[0][:, 0], X, T[:, 0])[:, None]], []


def linear_wb(p, W, b, X, T):
    model = p.LinearRegression(len(W[0]))
    model.w, model.b = W[0][:, 0], b[0][0]
    dw, db = model.gradients(X, T[:, 0])
    return None, [dw[:, None]], [np.array([db])]


def logistic_class(p, W, b, X, T):
    model = p.LogisticRegression(len(W[0]))
    model.weights, model.bias = W[0][:, 0], b[0][0]
    dw, db = model.compute_gradient(X, T[:, 0])
    return model.compute_loss(X, T[:, 0]), [dw[:, None]], [np.array([db])]


def other_keys(p, W, b, X, T):
    (w, v), (c, d) = across(W, b)
    g = p.gradients({"inputToHid": w, "hidBias": c, "hidToOut": v, "outBias": d}, X.T, T.T)
    return None, *back([g["inputToHid"], g["hidToOut"]], [g["hidBias"], g["outBias"]])


def loss_and_number(p, W, b, X, T):
    import torch

    loss, dw, db = p.grads(*map(torch.tensor, (X, T[:, 0], W[0], b[0])))
    return loss.item(), [dw.numpy()], [np.array([db.item()])]


LAYOUTS = (
    Layout(
        "blogs/flat_list_tanh.py", "backprop", "--network 3-5-4-3 --activation tanh --reduction mean",
        flat_list("backprop"), lambda W, b, X, T: ce(mlp(W, b, X, np.tanh), T) / len(X),
        (Fault("slope", "the slope of layer 2 is left out", "d2 = (d3 @ W3.T) * (1 - h2 ** 2)", "d2 = d3 @ W3.T", SLOPE),
         Fault("of_next", "the slope of layer 1 is that of layer 2 with other weights", "d1 = (d2 @ W2.T) * (1 - h1 ** 2)",
               "d1 = (d2 @ W2.T) * h1", SLOPE),
         Fault("bias_axis", "db2 is the mean", "h1.T @ d2, d2.sum(0)", "h1.T @ d2, d2.mean(0)", SAMPLES)),
    ),
    Layout(
        "blogs/list_of_layer_dicts.py", "backward", "--network 4-5-3 --activation logistic --loss logistic",
        layer_dicts, lambda W, b, X, T: bce(mlp(W, b, X, logistic), T),
        (Fault("slope", "the slope of the hidden layer is a alone", '.T * acts[i] * (1 - acts[i])', ".T * acts[i]", SLOPE),
         Fault("sign", "the biases' gradient has the wrong sign", '"bias": delta.sum(axis=0)})', '"bias": -delta.sum(axis=0)})', r"sign")),
        targets="labels",
    ),
    Layout(
        "blogs/sample_by_sample.py", "gradient", "--network 4-5-3",
        flat_list("gradient"), lambda W, b, X, T: ce(mlp(W, b, X, relu), T),
        (Fault("assigned", "dW2 is assigned in the loop", "dW2 += np.outer(h, d2)", "dW2 = np.outer(h, d2)", r"sample"),
         Fault("last_dropped", "the last sample is dropped", "for x, y in zip(X, Y):", "for x, y in zip(X[:-1], Y[:-1]):", r"sample"),
         Fault("return_inside", "returns after the first sample", "        db1 += d1\n    return", "        db1 += d1\n        return", r"sample")),
    ),
    Layout(
        "blogs/torch_layout_rows.py", "backward", "--network 4-5-3 --reduction mean",
        torch_layout, lambda W, b, X, T: ce(mlp(W, b, X, relu), T) / len(X),
        (Fault("mask", "the mask is inverted", "g = g * (z1 > 0)", "g = g * (z1 < 0)", SLOPE),
         Fault("forgot_bias", "the bias gradient of fc1 is summed over everything", 'grads["fc1.bias"] = g.sum(0)',
               'grads["fc1.bias"] = g.sum() + 0 * g[0]', r"summed|units")),
    ),
    Layout(
        "blogs/dataclass_parameters.py", "grad", "--network 3-4-3 --activation tanh --reduction mean",
        dataclass, lambda W, b, X, T: ce(mlp(W, b, X, np.tanh), T) / len(X),
        (Fault("divided_twice", "b2 is divided twice", "b2=d_logits.sum(axis=0),", "b2=d_logits.mean(axis=0),", SAMPLES),
         Fault("square", "the slope is 1 - a", "(1 - hidden**2)", "(1 - hidden)", SLOPE)),
    ),
    Layout(
        "blogs/named_tuple_parameters.py", "loss_and_grad", "--network 3-4-2 --loss squared_error --reduction mean",
        named_tuple, lambda W, b, X, T: square(mlp(W, b, X, relu), T) / len(X),
        (Fault("two_forgotten", "the 2 is forgotten in the output's block", "hidden.T @ d_out, d_out.sum(0)", "hidden.T @ d_out / 2, d_out.sum(0)", r"2|half|halv"),
         Fault("mask", "the mask is left out", "d_hidden = (d_out @ p.w_out.T) * (hidden > 0)", "d_hidden = d_out @ p.w_out.T", SLOPE)),
        targets="values",
    ),
    Layout(
        "blogs/momentum_in_step.py", "step", "--network 3-5-3 --activation tanh --reduction mean",
        momentum, lambda W, b, X, T: ce(mlp(W, b, X, np.tanh), T) / len(X),
        (Fault("slope", "the slope is left out", "D1 = D2 @ W2.T * (1 - H * H)", "D1 = D2 @ W2.T", SLOPE),
         Fault("bias", "db1 has a factor 3", "grads = [X.T @ D1, D1.sum(0),", "grads = [X.T @ D1, 3 * D1.sum(0),", r"3")),
    ),
    Layout(
        "blogs/sgd_step_dictionary.py", "sgd_step", "--network 3-5-2 --loss half_squared_error --reduction mean",
        sgd, lambda W, b, X, T: square(mlp(W, b, X, relu), T) / (2 * len(X)),
        (Fault("mask", "the mask is taken from the delta", "d_h = d_a * (h > 0)", "d_h = d_a * (d_a > 0)", SLOPE),
         Fault("early", "the new weights send the delta back", 'd_a = d_out @ params["W2"].T', 'd_a = d_out @ (params["W2"] - learning_rate * a.T @ d_out).T', r"update")),
        targets="values",
    ),
    Layout(
        "blogs/unrolled_vector.py", "objective", "--network 3-4-2 --activation logistic --loss half_squared_error --reduction mean",
        unrolled, lambda W, b, X, T: square(mlp(W, b, X, logistic), T) / (2 * len(X)),
        (Fault("slope", "the slope is 1 - A", "D = E @ W2 * A * (1 - A)", "D = E @ W2 * (1 - A)", SLOPE),
         Fault("doubled", "dW2 is doubled", "E.T @ A, E.sum(axis=0))", "2 * E.T @ A, E.sum(axis=0))", r"2|twice|doubl")),
        targets="values",
    ),
    Layout(
        "blogs/einsum_style.py", "gradients", "--network 3-4-3 --activation tanh --reduction mean",
        separate("gradients"), lambda W, b, X, T: ce(mlp(W, b, X, np.tanh), T) / len(X),
        (Fault("slope", "the slope is left out", "dZ1 = dA1 * (1 - A1 ** 2)", "dZ1 = dA1", SLOPE),
         Fault("input", "dW1 has the wrong sign", 'dW1 = np.einsum("ni,nh->ih", X, dZ1)', 'dW1 = -np.einsum("ni,nh->ih", X, dZ1)', r"sign"),
         Fault("outer", "dW2 multiplies sums", 'dW2 = np.einsum("nh,no->ho", A1, dZ2)', 'dW2 = np.einsum("nh,mo->ho", A1, dZ2)', r"sum")),
    ),
    Layout(
        "blogs/weights_and_biases_lists.py", "compute_gradients", "--network 4-5-3-1 --activation tanh --loss logistic --reduction mean",
        two_lists, lambda W, b, X, T: bce(mlp(W, b, X, np.tanh), T) / len(X),
        (Fault("wrong_layer", "the slope is that of the wrong power", "(1 - activations[i] ** 2)", "(1 - activations[i])", SLOPE),
         Fault("not_divided", "the biases are not divided by m", "grad_b.append(delta.sum(axis=0))", "grad_b.append(delta.sum(axis=0) * len(y))", SAMPLES)),
        targets="labels",
    ),
    Layout(
        "blogs/float_lists.py", "gradient", "--network 3-4-2 --activation tanh --loss half_squared_error",
        float_lists, lambda W, b, X, T: square(mlp(W, b, X, np.tanh), T) / 2,
        (Fault("slope", "the slope is 1 - h", "dz = [d * (1 - hj * hj) for", "dz = [d * (1 - hj) for", SLOPE),
         Fault("transposed", "dW1 holds the delta before the slope", "dW1 = [[d * xi for xi in x] for d in dz]",
               "dW1 = [[d * xi for xi in x] for d in dh]", r"slope")),
        targets="values",
    ),
    Layout(
        "blogs/nested_dictionary.py", "grads", "--network 4-5-3 --reduction mean",
        nested, lambda W, b, X, T: ce(mlp(W, b, X, relu), T) / len(X),
        (Fault("mask", "the mask is left out", "dh = dh * (h > 0)", "dh = dh * (h >= 0)", SLOPE),
         Fault("bias", "the output's bias gradient is halved", '"b": d.sum(0)}', '"b": d.sum(0) / 2}', r"1/2|half|halv|0\.5")),
    ),
    Layout(
        "blogs/object_with_layers.py", "MLP.backward", "--network 3-5-4-2 --activation tanh --loss squared_error --reduction mean",
        with_layers, lambda W, b, X, T: square(mlp(W, b, X, np.tanh), T) / len(X),
        (Fault("slope", "the slope lacks its square", "(1 - self.As[l] ** 2)", "(1 - self.As[l])", SLOPE),
         Fault("mean", "the biases take the mean", "self.dbs[l] = D.sum(axis=0)", "self.dbs[l] = D.mean(axis=0)", SAMPLES)),
        targets="values",
    ),
    Layout(
        "blogs/no_bias_two_layers.py", "grad", "--network 4-5-3 --no-bias",
        no_bias, lambda W, b, X, T: ce(mlp(W, [], X, relu), T),
        (Fault("mask", "the mask is left out", "dZ = dH * (Z > 0)", "dZ = dH", SLOPE),
         Fault("pre", "dW2 takes the pre-activation", "H.T @ dS", "Z.T @ dS", r"pre-activation")),
    ),
    Layout(
        "blogs/linear_regression_vectorised.py", "gradient_function", "--network 4-1 --no-bias --activation identity --loss squared_error --reduction mean",
        through_origin, lambda W, b, X, T: square(mlp(W, [], X), T) / len(X),
        (Fault("no_errors", "the targets are not subtracted", "errors = predictions - y", "errors = predictions", r"target"),
         Fault("first", "the first sample is dropped", "return 2 / m * X.T.dot(errors)", "return 2 / m * X[1:].T.dot(errors[1:])", r"sample")),
        targets="values",
    ),
    Layout(
        "blogs/linear_regression_wb.py", "LinearRegression.gradients", "--network 4-1 --loss squared_error --reduction mean",
        linear_wb, lambda W, b, X, T: square(mlp(W, b, X), T) / len(X),
        (Fault("half", "db lacks the 2", "db = (2 / n) * np.sum(residual)", "db = (1 / n) * np.sum(residual)", r"1/2|half|halv|0\.5"),
         Fault("sign", "dw has the wrong sign", "dw = (2 / n) * (X.T @ residual)", "dw = -(2 / n) * (X.T @ residual)", r"sign")),
        targets="values",
    ),
    Layout(
        "blogs/logistic_regression_class.py", "LogisticRegression.compute_gradient", "--network 4-1 --loss logistic --reduction mean",
        logistic_class, lambda W, b, X, T: bce(mlp(W, b, X), T) / len(X),
        (Fault("sum", "db is the sum", "db = error.mean()", "db = error.sum()", SAMPLES),
         Fault("raw", "the prediction is not passed through the sigmoid", "error = self.predict_proba(X) - y", "error = (X @ self.weights + self.bias) - y", r"logistic|pre-activation|sigmoid|squared error")),
        targets="labels",
    ),
    Layout(
        "blogs/other_keys.py", "gradients", "--network 3-4-2 --activation sigmoid --loss logistic --reduction mean",
        other_keys, lambda W, b, X, T: bce(mlp(W, b, X, logistic), T) / len(X),
        (Fault("slope", "the slope of the hidden layer is left out", " * hid * (1 - hid)", "", SLOPE),
         Fault("twice", "dW1 is divided by n twice", "hid_error @ data.T", "hid_error @ data.T / n", SAMPLES)),
        targets="labels",
    ),
    Layout(
        "blogs/loss_and_number.py", "grads", "--network 3-1 --loss half_squared_error --reduction mean",
        loss_and_number, lambda W, b, X, T: square(mlp(W, b, X), T) / 2 / len(X),
        (Fault("sum", "db is the sum", "err.mean()\n", "err.sum()\n", SAMPLES),
         Fault("doubled", "dw is doubled", "X.T @ err / len(X)", "2 * X.T @ err / len(X)", r"2|twice|doubl")),
        targets="values",
    ),
)  # fmt: skip
