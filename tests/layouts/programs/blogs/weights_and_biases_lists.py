import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def compute_gradients(weights, biases, X, y):
    """weights and biases are lists; X (samples, features), y (samples,) with 0 or 1."""
    activations = [X]
    for i, (W, b) in enumerate(zip(weights, biases)):
        z = activations[-1] @ W + b
        activations.append(sigmoid(z) if i == len(weights) - 1 else np.tanh(z))
    y = y.reshape(-1, 1)
    delta = (activations[-1] - y) / len(y)
    grad_w, grad_b = [], []
    for i in range(len(weights) - 1, -1, -1):
        grad_w.append(activations[i].T @ delta)
        grad_b.append(delta.sum(axis=0))
        if i > 0:
            delta = delta @ weights[i].T * (1 - activations[i] ** 2)
    return grad_w[::-1], grad_b[::-1]
