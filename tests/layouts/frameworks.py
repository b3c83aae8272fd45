"""The layouts of programs for PyTorch and JAX in which a part of the gradient is written by hand."""

from __future__ import annotations

import numpy as np

from layouts.calls import by_name, flat, in_turn, labels, named, pairs, split
from layouts.layout import Fault, Layout
from layouts.truth import bce, ce, logistic, mlp, square

SLOPE = r"slope|mask|activation"
SAMPLES = r"1/m|mean|samples|divid|multipl|times|factor"


def numbers(arrays):
    return [np.asarray(a) for a in arrays]


def custom_function(p, W, b, X, T):
    loss, gradients = p.gradients(*flat(W, b), X, labels(T))
    return loss, *in_turn(gradients)


def manual(p, W, b, X, T):
    tensor = p.torch.tensor
    gradients = p.manual_backward([tensor(a) for a in flat(W, b)], tensor(X), tensor(labels(T)))
    return None, *in_turn(numbers(gradients))


def linear_function(p, W, b, X, T):
    net = p.Net(W[0].shape[0], W[0].shape[1], W[1].shape[1])
    for tensor, value in zip(net.parameters(), (W[0].T, b[0], W[1].T, b[1]), strict=True):
        tensor.data = p.torch.tensor(value)
    loss, g = p.loss_and_grads(net, p.torch.tensor(X), p.torch.tensor(T))
    return loss.item(), [np.asarray(g["w1"]).T, np.asarray(g["w2"]).T], numbers([g["b1"], g["b2"]])


def vjp(p, W, b, X, T):
    params = pairs(W, b)
    dW, db = split(p.grads(params, X, T))
    return p.loss_fn(params, X, T), numbers(dW), numbers(db)


def jax_manual(p, W, b, X, T):
    dW, db = by_name(p.backward(named(W, b, "w{}", "b{}"), X, T), 2, "w{}", "b{}")
    return None, numbers(dW), numbers(db)


def jvp(p, W, b, X, T):
    loss, g = p.value_and_grad(named(W, b), X, T)
    dW, db = by_name(g, 2)
    return loss, numbers(dW), numbers(db)


def softplus(z):
    return np.log(1 + np.exp(z))


LAYOUTS = (
    Layout(
        "frameworks/torch_custom_function.py", "gradients", "--network 4-5-3 --activation silu --reduction mean",
        custom_function, lambda W, b, X, T: ce(mlp(W, b, X, lambda z: z * logistic(z)), T) / len(X),
        (Fault("term", "the slope lacks a term", "grad_output * (s + x * s * (1 - s))", "grad_output * s", SLOPE),
         Fault("square", "the slope has s for 1 - s", "grad_output * (s + x * s * (1 - s))", "grad_output * (s + x * s * s)", SLOPE)),
    ),
    Layout(
        "frameworks/torch_manual_backward.py", "manual_backward", "--network 4-6-3 --activation tanh --reduction mean",
        manual, lambda W, b, X, T: ce(mlp(W, b, X, np.tanh), T) / len(X),
        (Fault("square", "the slope is 1 - h", "dhpreact = (1.0 - h ** 2) * dh", "dhpreact = (1.0 - h) * dh", SLOPE),
         Fault("bias", "db1 takes the delta before the slope", "db1 = dhpreact.sum(0)", "db1 = dh.sum(0)", r"slope"),
         Fault("sign", "dW2 has the wrong sign", "dW2 = h.T @ dlogits", "dW2 = -h.T @ dlogits", r"sign")),
    ),
    Layout(
        "frameworks/torch_linear_function.py", "loss_and_grads", "--network 3-4-2 --activation tanh --loss squared_error",
        linear_function, lambda W, b, X, T: square(mlp(W, b, X, np.tanh), T),
        (Fault("mean", "the bias gets the mean over the batch", "grad_bias = grad_output.sum(0)", "grad_bias = grad_output.mean(0)", SAMPLES),
         Fault("doubled", "the gradient of the weight is doubled", "grad_weight = grad_output.t() @ input", "grad_weight = 2 * grad_output.t() @ input", r"2|twice|doubl")),
        targets="values",
    ),
    Layout(
        "frameworks/jax_custom_vjp.py", "grads", "--network 3-5-4-3 --activation softplus --reduction mean",
        vjp, lambda W, b, X, T: ce(mlp(W, b, X, softplus), T) / len(X),
        (Fault("tanh", "the slope is tanh", "return (g * jax.nn.sigmoid(z),)", "return (g * jnp.tanh(z),)", SLOPE),
         Fault("value", "the slope is the activation itself", "return (g * jax.nn.sigmoid(z),)", "return (g * softplus(z),)", SLOPE)),
    ),
    Layout(
        "frameworks/jax_manual.py", "backward", "--network 3-4-2 --activation logistic --loss logistic",
        jax_manual, lambda W, b, X, T: bce(mlp(W, b, X, logistic), T),
        (Fault("slope", "the slope lacks 1 - h", "dz = dh * h * (1 - h)", "dz = dh * h", SLOPE),
         Fault("mean", "db2 is the mean", "db2 = jnp.sum(dy, axis=0)", "db2 = jnp.mean(dy, axis=0)", SAMPLES)),
        targets="labels",
    ),
    Layout(
        "frameworks/jax_value_and_custom_grad.py", "value_and_grad", "--network 3-4-2 --activation tanh --loss squared_error --reduction mean",
        jvp, lambda W, b, X, T: square(mlp(W, b, X, np.tanh), T) / len(X),
        (Fault("square", "the slope is 1 - a", "(1 - a ** 2) * dz", "(1 - a) * dz", SLOPE),
         Fault("at_z", "the slope takes z for a", "(1 - a ** 2) * dz", "(1 - z ** 2) * dz", SLOPE)),
        targets="values",
    ),
)  # fmt: skip
