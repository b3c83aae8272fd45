"""Files as they are: scripts that train, read arguments and plot, notebooks, weights of the module's own, a homework."""

from __future__ import annotations

import numpy as np

from layouts.calls import by_name, flat, in_turn, named
from layouts.layout import Fault, Layout
from layouts.truth import bce, ce, mlp, relu

SLOPE = r"slope|mask|activation"
SAMPLES = r"1/m|mean|samples|divid|multipl|times|factor"


def separate(name):
    return lambda p, W, b, X, T: (None, *in_turn(getattr(p, name)(*flat(W, b), X, T)))


def listed(name):
    return lambda p, W, b, X, T: (None, *in_turn(getattr(p, name)(flat(W, b), X, T)))


def data_first(get):
    return lambda p, W, b, X, T: (None, *in_turn(get(p)(X, T, *flat(W, b))))


def exported(p, W, b, X, T):
    return None, *by_name(p.compute_grads(named(W, b), X, T), 2)


def own_weights(p, W, b, X, T):
    p.W1, p.B1, p.W2, p.B2 = W[0], b[0][None], W[1], b[1][None]
    return None, *in_turn(p.backward(X, T))


LAYOUTS = (
    Layout(
        "files/training_script.py", "backprop", "--network 2-6-2 --activation tanh --reduction mean",
        separate("backprop"), lambda W, b, X, T: ce(mlp(W, b, X, np.tanh), T) / len(X),
        (Fault("slope", "the slope is 1 - h", "d1 = (d2 @ W2.T) * (1 - h ** 2)", "d1 = (d2 @ W2.T) * (1 - h)", SLOPE),
         Fault("sign", "dW2 has the wrong sign", "d1.sum(axis=0), h.T @ d2, d2", "d1.sum(axis=0), -h.T @ d2, d2", r"sign")),
    ),
    Layout(
        "files/script_with_arguments.py", "grads", "--network 2-4-3",
        listed("grads"), lambda W, b, X, T: ce(mlp(W, b, X, relu), T),
        (Fault("mask", "the mask is taken from the delta", "d_hid = (d_out @ w2.T) * (pre > 0)", "d_hid = (d_out @ w2.T) * (d_out @ w2.T > 0)", SLOPE),
         Fault("bias", "db2 keeps the last sample alone", "hid.T @ d_out, d_out.sum(axis=0)]", "hid.T @ d_out, d_out[-1]]", r"sample")),
    ),
    Layout(
        "files/global_weights_script.py", "backward", "--network 3-4-2 --activation tanh --loss logistic --reduction mean",
        own_weights, lambda W, b, X, T: bce(mlp(W, b, X, np.tanh), T) / len(X),
        (Fault("slope", "the slope is left out", "dZ1 = dZ2 @ W2.T * (1 - A1 ** 2)", "dZ1 = dZ2 @ W2.T", SLOPE),
         Fault("bias", "dB1 is not divided", "dB1 = dZ1.sum(axis=0, keepdims=True) / m", "dB1 = dZ1.sum(axis=0, keepdims=True)", SAMPLES)),
        targets="labels",
    ),
    Layout(
        "files/exported_notebook.py", "compute_grads", "--network 2-4-3 --reduction mean",
        exported, lambda W, b, X, T: ce(mlp(W, b, X, relu), T) / len(X),
        (Fault("mask", "the mask is left out", "dZ1 = dH * (Z1 > 0)", "dZ1 = dH", SLOPE),
         Fault("bias", "b1 takes the delta before the mask", "'b1': dZ1.sum(axis=0), 'W2'", "'b1': dH.sum(axis=0), 'W2'", SLOPE)),
    ),
    Layout(
        "files/plotting_script.py", "gradient", "--network 2-2-1 --activation tanh --loss logistic --reduction mean",
        listed("gradient"), lambda W, b, X, T: bce(mlp(W, b, X, np.tanh), T) / len(X),
        (Fault("slope", "the slope is 1 - h", "dh = e @ w2.T * (1 - h ** 2)", "dh = e @ w2.T * (1 - h)", SLOPE),
         Fault("doubled", "dW2 is doubled", "dh.sum(axis=0), h.T @ e, e", "dh.sum(axis=0), 2 * h.T @ e, e", r"2|twice|doubl")),
        targets="labels",
    ),
    Layout(
        "files/student_homework_template.py", "Homework3.backward", "--network 3-5-4 --reduction mean",
        data_first(lambda p: p.Homework3.backward), lambda W, b, X, T: ce(mlp(W, b, X, relu), T) / len(X),
        (Fault("mask", "the mask is that of another layer's sign", "D1 = D1 * (Z1 > 0)", "D1 = D1 * Z1", SLOPE),
         Fault("twice", "the delta is divided again", "db2 = D2.sum(axis=0)", "db2 = D2.mean(axis=0)", SAMPLES)),
    ),
    Layout(
        "files/notebook.ipynb", "gradients", "--network 2-4-3 --activation tanh --reduction mean",
        data_first(lambda p: p.gradients), lambda W, b, X, T: ce(mlp(W, b, X, np.tanh), T) / len(X),
        (Fault("slope", "the slope is left out", "D1 = D2 @ W2.T * (1 - H**2)", "D1 = D2 @ W2.T", SLOPE),
         Fault("sign", "dW1 has the wrong sign", "dW1 = X.T @ D1", "dW1 = -X.T @ D1", r"sign")),
    ),
)  # fmt: skip
