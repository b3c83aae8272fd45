"""Programs with a loss of their own: other slopes, penalties, means, weights, smoothed labels, batch norm."""

from __future__ import annotations

import numpy as np

from layouts.calls import by_name, flat, in_turn, labels, named, pairs, split
from layouts.layout import Fault, Layout
from layouts.truth import bce, ce, log_softmax, logistic, mlp, relu, softmax, square, squares

SLOPE = r"slope|mask|activation"
SAMPLES = r"1/m|mean|samples|divid|multipl|times|factor"
GAMMA, BETA = np.array([1.3, 0.7, 1.0, -0.8, 0.5]), np.array([0.1, -0.2, 0.3, 0.0, 0.4])


def leaky(p, W, b, X, T):
    loss, g = p.loss_and_grads(named(W, b), X, T)
    return loss, *by_name(g, 2)


def after_the_cost(name, targets=lambda T: T, container=None):
    """(loss, dW1, db1, ...) or (loss, [dW1, ...]), with the parameters apart or in a list."""

    def call(p, W, b, X, T):
        function = getattr(p, name)
        loss, *g = function(flat(W, b), X, targets(T)) if container else function(X, targets(T), *flat(W, b))
        g = g[0] if len(g) == 1 else g
        return loss, *in_turn(g)

    return call


def smoothing(p, W, b, X, T):
    loss, g = p.loss_and_gradient(pairs(W, b), X, T)
    return loss, *split(g)


def batch_norm(p, W, b, X, T):
    loss, g = p.loss_and_grads(named(W, b) | {"gamma": GAMMA, "beta": BETA}, X, labels(T))
    return loss, *by_name(g, 2)


def batch_norm_truth(W, b, X, T):
    Z = X @ W[0] + b[0]
    centred = Z - Z.mean(axis=0)
    normal = centred / np.sqrt((centred**2).mean(axis=0) + 1e-5)
    return ce(relu(GAMMA * normal + BETA) @ W[1] + b[1], T) / len(X)


def ridge(p, W, b, X, T):
    return p.cost(flat(W, b), X, T, 0.1), *in_turn(p.gradient(flat(W, b), X, T, 0.1))


def elastic(p, W, b, X, T):
    loss, g = p.objective(*flat(W, b), X, T)
    return loss, *by_name(g, 2)


def elastic_truth(W, b, X, T):
    absolute = sum((w * np.sign(np.real(w))).sum() for w in W)
    return bce(mlp(W, b, X, np.tanh), T) / len(X) + 0.01 * absolute + 0.05 * squares(W)


def multi_label(p, W, b, X, T):
    g, loss = p.gradients(named(W, b), X, T)
    return loss, *by_name(g, 2)


def gelu(z):
    return 0.5 * z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z**3)))


def elu(z):
    return np.where(np.real(z) > 0, z, np.exp(np.where(np.real(z) > 0, 0, z)) - 1)


def beside(p, W, b, X, T):
    return p.loss(flat(W, b), X, T), *in_turn(p.gradient(flat(W, b), X, T))


def deep(p, W, b, X, T):
    net = p.DeepNet([W[0].shape[0], *(w.shape[1] for w in W)])
    net.W, net.b = W, [c[None] for c in b]
    return net.cost(X, T), *net.gradients(X, T)


def weighted(W, b, X, T):
    return -(np.array([1.0, 2.0, 0.5]) * T * log_softmax(mlp(W, b, X, relu))).sum() / len(X)


LAYOUTS = (
    Layout(
        "losses/leaky_slope.py", "loss_and_grads", "--network 4-5-3 --activation leaky_relu --reduction mean",
        leaky, lambda W, b, X, T: ce(mlp(W, b, X, lambda z: np.where(np.real(z) > 0, z, 0.2 * z)), T) / len(X),
        (Fault("other_leak", "the leak of the slope is 0.01", "dA1 * np.where(Z1 > 0, 1, ALPHA)", "dA1 * np.where(Z1 > 0, 1, 0.01)", SLOPE + r"|leak"),
         Fault("relu", "the slope is that of ReLU", "dA1 * np.where(Z1 > 0, 1, ALPHA)", "dA1 * np.where(Z1 > 0, 1, 0)", SLOPE + r"|leak")),
    ),
    Layout(
        "losses/log_with_epsilon.py", "train_step", "--network 4-5-3 --activation tanh --reduction mean",
        after_the_cost("train_step"), lambda W, b, X, T: -(T * np.log(softmax(mlp(W, b, X, np.tanh)) + 1e-8)).sum() / len(X),
        (Fault("slope", "the slope is 1 - a", "(1 - A1 ** 2)", "(1 - A1)", SLOPE),
         Fault("bias", "db1 is not divided", "db1 = np.sum(dZ1, axis=0, keepdims=True) / m", "db1 = np.sum(dZ1, axis=0, keepdims=True)", SAMPLES)),
    ),
    Layout(
        "losses/quadratic_cost_sigmoid_output.py", "backward", "--network 3-4-2 --activation logistic --loss half_squared_error --reduction mean",
        lambda p, W, b, X, T: after_the_cost("backward")(p, W, b, X, T),
        lambda W, b, X, T: square(logistic(mlp(W, b, X, logistic)), T) / (2 * len(X)),
        (Fault("no_output_slope", "the output's slope is left out", "delta_out = (outputs - targets) * d_sigmoid(outputs) / n",
               "delta_out = (outputs - targets) / n", r"slope|output|delta|logistic"),
         Fault("hidden", "the hidden slope is that of the outputs' errors", "delta_hid = delta_out @ W2.T * d_sigmoid(hidden)",
               "delta_hid = delta_out @ W2.T * hidden", SLOPE)),
    ),
    Layout(
        "losses/class_weights.py", "weighted_loss", "--network 4-5-3 --reduction mean",
        after_the_cost("weighted_loss", labels, list), weighted,
        (Fault("unweighted", "the weights are missing in the gradient", "d *= weight[:, None] / n", "d /= n", r"weight|class|delta"),
         Fault("mask", "the mask is left out", "dh = d @ W2.T * (hidden > 0)", "dh = d @ W2.T", SLOPE)),
    ),
    Layout(
        "losses/label_smoothing.py", "loss_and_gradient", "--network 4-5-3 --activation tanh --reduction mean",
        smoothing, lambda W, b, X, T: ce(mlp(W, b, X, np.tanh), 0.9 * T + 0.1 / 3) / len(X),
        (Fault("hard_labels", "the gradient takes the labels that are not smoothed", "dZ = (np.exp(logP) - Q) / len(X)",
               "dZ = (np.exp(logP) - Y) / len(X)", r"smooth|target|label|delta"),
         Fault("slope", "the slope is left out", "dA = dH * (1 - H ** 2)", "dA = dH", SLOPE)),
    ),
    Layout(
        "losses/batch_norm.py", "loss_and_grads", "--network 4-5-3 --reduction mean",
        batch_norm, batch_norm_truth,
        (Fault("mean_only", "the derivative of the variance is left out",
               "dzhat - dzhat.mean(axis=0) - zhat * (dzhat * zhat).mean(axis=0)", "dzhat - dzhat.mean(axis=0)", r"layer 1|dW1"),
         Fault("mask", "the mask is left out", 'dbn = d @ params["W2"].T * (bn > 0)', 'dbn = d @ params["W2"].T', SLOPE)),
    ),
    Layout(
        "losses/ridge_penalty_lambda.py", "gradient", "--network 3-5-2 --activation tanh --loss half_squared_error --l2 0.2",
        ridge, lambda W, b, X, T: square(mlp(W, b, X, np.tanh), T) / 2 + 0.1 * squares(W),
        (Fault("halved", "the penalty of layer 1 lacks the 2", "dW1 = X.T @ D + 2 * lam * W1", "dW1 = X.T @ D + lam * W1", r"penalty|a term \S+ W"),
         Fault("slope", "the slope is left out", "D = E @ W2.T * (1 - H ** 2)", "D = E @ W2.T", SLOPE)),
        targets="values",
    ),
    Layout(
        "losses/elastic_net_penalty.py", "objective", "--network 3-4-1 --activation tanh --loss logistic --reduction mean",
        elastic, elastic_truth,
        (Fault("no_sign", "the l1 penalty adds W instead of its sign", "gW1 = X.T @ d1 + l1 * np.sign(W1)", "gW1 = X.T @ d1 + l1 * W1", r"penalty|dW1|a term"),
         Fault("slope", "the slope is 1 - a", "(1 - A ** 2)", "(1 - A)", SLOPE)),
        targets="labels",
    ),
    Layout(
        "losses/multi_label_mean_over_all.py", "gradients", "--network 4-5-3 --loss logistic --reduction mean",
        multi_label, lambda W, b, X, T: bce(mlp(W, b, X, relu), T) / T.size,
        (Fault("mask", "the mask is left out", "dh[h <= 0] = 0", "dh[h < 0] = 0", SLOPE),
         Fault("bias", "db2 is divided by the labels alone", '"b2": dz.sum(0)', '"b2": dz.sum(0) * len(t)', SAMPLES)),
        targets="labels",
    ),
    Layout(
        "losses/gelu_hidden.py", "loss_and_grads", "--network 4-5-3 --activation gelu --reduction mean",
        after_the_cost("loss_and_grads", labels, list), lambda W, b, X, T: ce(mlp(W, b, X, gelu), T) / len(X),
        (Fault("no_cube", "the derivative of the cube is left out", "C * (1 + 3 * 0.044715 * x ** 2)", "C", SLOPE + "|layer 1"),
         Fault("half", "the half of the second term is left out", "+ 0.5 * x * (1 - t ** 2)", "+ x * (1 - t ** 2)", SLOPE + "|layer 1")),
    ),
    Layout(
        "losses/elu_and_tanh_layers.py", "loss_and_gradients", "--network 3-5-4-2 --activation tanh --loss squared_error",
        after_the_cost("loss_and_gradients", lambda T: T, list), lambda W, b, X, T: square(mlp(W, b, X, elu, np.tanh), T),
        (Fault("slope", "the slope of layer 1 is that of ReLU", "D1 = D2 @ W2.T * elu_slope(Z1)", "D1 = D2 @ W2.T * (Z1 > 0)", SLOPE),
         Fault("tanh", "the slope of layer 2 is left out", "D2 = D3 @ W3.T * (1 - A2 ** 2)", "D2 = D3 @ W3.T", SLOPE)),
        targets="values",
    ),
    Layout(
        "losses/numeric_check_beside.py", "gradient", "--network 3-4-3",
        beside, lambda W, b, X, T: ce(mlp(W, b, X, relu), T),
        (Fault("mask", "the mask is left out", "D1 = (D2 @ W2.T) * (Z1 > 0)", "D1 = D2 @ W2.T", SLOPE),
         Fault("rows", "the softmax is summed over the samples", "P = P / P.sum(axis=1, keepdims=True)\n    D2",
               "P = P / P.sum(axis=0, keepdims=True)\n    D2", r"softmax")),
    ),
    Layout(
        "losses/four_layers_loop.py", "DeepNet.gradients", "--network 3-5-4-3-2 --loss half_squared_error --reduction mean --l2 0.01",
        deep, lambda W, b, X, T: square(mlp(W, b, X, relu), T) / (2 * len(X)) + 0.005 * squares(W),
        (Fault("mask", "the mask is inverted", "* (self.Z[i - 1] > 0)", "* (self.Z[i - 1] <= 0)", SLOPE),
         Fault("penalty_sign", "the penalty has the wrong sign", "self.A[i].T @ delta + self.weight_decay", "self.A[i].T @ delta - self.weight_decay", r"penalty|a term \S+ W")),
        targets="values",
    ),
)  # fmt: skip
