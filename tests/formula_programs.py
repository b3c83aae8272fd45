"""Slopes, deltas and partial derivatives as people write them: right ones, and faulty ones with words of the verdict."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import expit
from scipy.stats import norm


def logistic(z):
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-z))


def softmax(Z):
    E = np.exp(Z - Z.max(axis=-1, keepdims=True))
    return E / E.sum(axis=-1, keepdims=True)


def unshifted(Z):
    E = np.exp(Z)
    return E / E.sum(axis=-1, keepdims=True)


# Slopes


def with_a_flag(z, derivative=False):
    return logistic(z) * (1 - logistic(z)) if derivative else logistic(z)


def of_the_output(x, deriv=False):
    if deriv:
        return x * (1 - x)
    return 1 / (1 + np.exp(-x))


def in_place(z):
    z[z > 0] = 1
    z[z <= 0] = 0
    return z


def logistic_backward(dA, cache):
    return dA * logistic(cache) * (1 - logistic(cache))


def relu_backward(dA, cache):
    dZ = np.array(dA, copy=True)
    dZ[cache <= 0] = 0
    return dZ


def tanh_gelu_slope(z):
    u = math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)
    inner = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * z**2)
    return 0.5 * (1 + np.tanh(u)) + 0.5 * z * (1 - np.tanh(u) ** 2) * inner


RIGHT_SLOPES: list[tuple[str, Any]] = [
    ("tanh", lambda z: 1 - np.tanh(z) ** 2),
    ("tanh", lambda z: 1 / np.cosh(z) ** 2),
    ("tanh", lambda z: 4 / (np.exp(z) + np.exp(-z)) ** 2),
    ("tanh", lambda z: 1 - math.tanh(z) ** 2),
    ("tanh", lambda a: 1 - a**2),
    ("tanh", lambda z: (np.tanh(z), 1 - np.tanh(z) ** 2)),
    ("tanh", lambda z: np.diag(1 - np.tanh(z) ** 2)),
    ("tanh", lambda z: 1 - np.tanh(z.astype(np.float32)) ** 2),
    ("logistic", lambda z: logistic(z) * (1 - logistic(z))),
    ("logistic", lambda z: expit(z) * expit(-z)),
    ("logistic", lambda s: s * (1 - s)),
    ("logistic", with_a_flag),
    ("logistic", of_the_output),
    ("logistic", logistic_backward),
    ("relu", lambda z: (z > 0) * 1),
    ("relu", lambda z: np.where(z >= 0, 1.0, 0.0)),
    ("relu", lambda z: np.heaviside(z, 0.5)),
    ("relu", lambda z: 1 if z > 0 else 0),
    ("relu", lambda dA, Z: dA * (Z > 0)),
    ("relu", in_place),
    ("relu", relu_backward),
    ("leaky_relu", lambda z: np.where(z > 0, 1, 0.01)),
    ("softplus", logistic),
    ("silu", lambda z: logistic(z) * (1 + z * (1 - logistic(z)))),
    ("silu", lambda z: z * logistic(z) + logistic(z) * (1 - z * logistic(z))),
    ("gelu", lambda z: norm.cdf(z) + z * norm.pdf(z)),
    ("gelu", lambda z: 0.5 * (1 + math.erf(z / math.sqrt(2))) + z * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)),
    ("identity", lambda z: 1),
]

WRONG_SLOPES: list[tuple[str, str, Any]] = [
    ("relu", "wrong for z > 6", lambda z: ((z > 0) & (z < 6)) * 1.0),
    ("softplus", "wrong for 20 < z", lambda z: np.where(z > 20, 1, logistic(z))),
    ("logistic", "overflows for z < -709.783", lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2),
    ("logistic", "raises OverflowError", lambda z: math.exp(-z) / (1 + math.exp(-z)) ** 2),
    ("tanh", "overflows for z > 709.783", lambda z: 1 - ((np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))) ** 2),
    ("tanh", "wrong for z > 5", lambda z: 1 - np.tanh(np.clip(z, -5, 5)) ** 2),
    ("relu", "wrong for 0 < z < 1e-08", lambda z: (z > 1e-8) * 1.0),
    ("relu", "at z = 0 it is -2", lambda z: np.where(z == 0, -2.0, z > 0)),
    ("tanh", "1 - a^2 is meant", lambda z: 1 - z**2),
    ("logistic", "a (1 - a) is meant", lambda z: z * (1 - z)),
    ("gelu", "the tanh approximation of GELU", tanh_gelu_slope),
    ("gelu", "QuickGELU", lambda z: logistic(1.702 * z) * (1 + 1.702 * z * (1 - logistic(1.702 * z)))),
    ("gelu", "lacks the second term", norm.cdf),
    ("gelu", "the sign of the second term", lambda z: norm.cdf(z) - z * norm.pdf(z)),
    ("leaky_relu", "below 0 it is 0.1, not 0.01", lambda z: np.where(z > 0, 1, 0.1)),
    ("leaky_relu", "that of relu", lambda z: np.where(z > 0, 1, 0)),
    ("logistic", "the hard sigmoid 0.2 z + 0.5", lambda z: np.where(np.abs(z) < 2.5, 0.2, 0)),
    ("logistic", "the activation itself", logistic),
    ("logistic", "twice", lambda z: 2 * logistic(z) * (1 - logistic(z))),
    ("logistic", "0.3 times", lambda z: 0.3 * logistic(z) * (1 - logistic(z))),
    ("logistic", "softplus itself", lambda z: np.logaddexp(0, z)),
    ("softplus", "a derivative too many", lambda z: logistic(z) * (1 - logistic(z))),
    ("softplus", "the sign of z is wrong", lambda z: logistic(-z)),
    ("silu", "lacks the second term", logistic),
    ("silu", "lacks the first term", lambda z: z * logistic(z) * (1 - logistic(z))),
    ("tanh", "its sign is wrong", lambda z: np.tanh(z) ** 2 - 1),
    ("tanh", "1 + a²", lambda z: 1 + np.tanh(z) ** 2),
    ("tanh", "taken at the activation", lambda z: 1 - np.tanh(np.tanh(z)) ** 2),
    ("relu", "the mask is inverted", lambda z: (z <= 0) * 1.0),
    ("relu", "", lambda z: (z > 0) * (1 + 1e-6 * np.sin(z))),
]

# Deltas


def by_labels(Z, y):
    P = softmax(Z)
    P[np.arange(len(y)), y] -= 1
    return P / len(y)


def loss_and_delta(x, y):
    P = softmax(x)
    loss = -np.log(P[np.arange(len(y)), y]).mean()
    return loss, by_labels(x, y)


def in_columns(Z, Y):
    return softmax(Z.T).T - Y


def one_sample(z, t):
    e = np.exp(z - max(z))
    return e / sum(e) - t


def of_shifted_logarithm(Z, T, eps=1e-8):
    P = softmax(Z)
    shares = T * P / (P + eps)
    return P * shares.sum(axis=1, keepdims=True) - shares


RIGHT_DELTAS: list[tuple[str, Any]] = [
    ("cross_entropy", lambda Z, T: softmax(Z) - T),
    ("cross_entropy", lambda Z, T: (softmax(Z) - T) / len(Z)),
    ("cross_entropy", by_labels),
    ("cross_entropy", loss_and_delta),
    ("cross_entropy", in_columns),
    ("cross_entropy", one_sample),
    ("cross_entropy", lambda Y, T: Y - T),
    ("cross_entropy", lambda y_true, y_pred: y_pred - y_true),
    ("cross_entropy", lambda Z, T: np.clip(softmax(Z), 1e-15, 1 - 1e-15) - T),
    ("squared_error", lambda Z, T: Z - T),
    ("squared_error", lambda Z, T: 2 * (Z - T) / Z.size),
    ("half_squared_error", lambda Z, T: (Z - T) / len(Z)),
    ("logistic", lambda Z, T: logistic(Z) - T),
    ("logistic", lambda A, Y: (A - Y) / len(A)),
]

WRONG_DELTAS: list[tuple[str, str, Any]] = [
    ("cross_entropy", "overflows where |z| is larger than 709.78", lambda Z, T: unshifted(Z) - T),
    ("cross_entropy", "clipped to [1e-07, 1 − 1e-07]", lambda Z, T: np.clip(softmax(Z), 1e-7, 1 - 1e-7) - T),
    ("cross_entropy", "log(y + 1e-08)", of_shifted_logarithm),
    ("cross_entropy", "0.3 / m times", lambda Z, T: 0.3 * (softmax(Z) - T) / len(Z)),
    ("cross_entropy", "which cancels in Y - T", lambda Z, T: (softmax(Z) - T) * softmax(Z) * (1 - softmax(Z))),
    ("cross_entropy", "the output is logistic", lambda Z, T: logistic(Z) - T),
    ("cross_entropy", "only the diagonal", lambda Z, T: (softmax(Z) - T) * T),
    ("cross_entropy", "the neighbouring output", lambda Z, T: softmax(Z) - np.roll(T, 1, axis=1)),
    ("cross_entropy", "applied twice", lambda Y, T: softmax(Y) - T),
    ("squared_error", "slope of the absolute error", lambda Z, T: np.sign(Z - T)),
    ("squared_error", "clipped to [−2, 2]", lambda Z, T: np.clip(2 * (Z - T), -2, 2)),
    ("squared_error", "clipped to [−100, 100]", lambda Z, T: np.clip(2 * (Z - T), -100, 100)),
    ("half_squared_error", "3 times what it should be", lambda Z, T: 3 * (Z - T)),
    ("logistic", "overflows where |z| is larger", lambda Z, T: np.exp(Z) / (1 + np.exp(Z)) - T),
    ("logistic", "clipped to [1e-05, 1 − 1e-05]", lambda Z, T: np.clip(logistic(Z), 1e-5, 1 - 1e-5) - T),
    ("squared_error", "", lambda Z, T: (Z - T) ** 2),
]

# Partial derivatives


def bowl(x, y):
    return x**2 + y**2


def limited_bowl(x, y):
    g = np.array([2 * x, 2 * y])
    return g * min(1, 1 / max(np.hypot(*g), 1e-300))


RIGHT_PARTIALS: list[tuple[Any, Any]] = [
    (lambda x, y: (x / math.sqrt(x * x + y * y), y / math.sqrt(x * x + y * y)), lambda x, y: (x**2 + y**2) ** 0.5),
    (lambda x, y: (np.sign(x), np.sign(y)), lambda x, y: abs(x) + abs(y)),
    (lambda x, y: (float(x > y), float(y >= x)), np.maximum),
    (lambda x, y: (np.exp(x) / (1 + np.exp(x)), 1.0), lambda x, y: np.log(1 + np.exp(x)) + y),
    (lambda x, y: (y * math.exp(x * y), x * math.exp(x * y)), lambda x, y: np.exp(x * y)),
    (lambda x: 1 / x, lambda x: np.log(x)),
]

WRONG_PARTIALS: list[tuple[str, Any, Any]] = [
    ("∂f/∂x is limited to [−1, 1]", lambda x, y: (np.clip(2 * x, -1, 1), 2 * y), bowl),
    ("∂f/∂x is limited to 100", lambda x, y: (np.clip(2 * x, -100, 100), 2 * y), bowl),
    ("divided by its length", lambda x, y: (x / np.hypot(x, y), y / np.hypot(x, y)), bowl),
    ("limited to the length 1", limited_bowl, bowl),
    ("∂f/∂x is nan for 1", lambda x, y: (np.exp(x) / (1 + np.exp(x)), 1.0), lambda x, y: np.logaddexp(0, x) + y),
    ("∂f/∂x is 5 for 0 at (0, 0)", lambda x, y: (2 * x if x else 5.0, 2 * y), bowl),
    ("∂f/∂x is 0 for", lambda x, y: (2 * x, 2 * y) if x != y else (0, 0), bowl),
    (
        "at the kink (0, 0)",
        lambda x, y: (np.sign(x) if abs(x) > 1e-6 else 3.0, np.sign(y)),
        lambda x, y: abs(x) + abs(y),
    ),
    ("the absolute value", lambda x, y: (abs(2 * x), 2 * y), bowl),
]
