import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def d_sigmoid(y):
    return y * (1 - y)


def compute_cost(outputs, targets):
    return 0.5 * np.mean(np.sum((outputs - targets) ** 2, axis=1))


def backward(X, targets, W1, b1, W2, b2):
    hidden = sigmoid(X @ W1 + b1)
    outputs = sigmoid(hidden @ W2 + b2)
    cost = compute_cost(outputs, targets)
    n = len(X)
    delta_out = (outputs - targets) * d_sigmoid(outputs) / n
    delta_hid = delta_out @ W2.T * d_sigmoid(hidden)
    grads = [X.T @ delta_hid, delta_hid.sum(axis=0), hidden.T @ delta_out, delta_out.sum(axis=0)]
    return cost, grads
