import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward_with_dropout(X, parameters, keep_prob=0.7):
    np.random.seed(1)
    W1, b1, W2, b2 = parameters["W1"], parameters["b1"], parameters["W2"], parameters["b2"]
    Z1 = W1 @ X + b1
    A1 = np.tanh(Z1)
    D1 = np.random.rand(A1.shape[0], A1.shape[1]) < keep_prob
    A1 = A1 * D1 / keep_prob
    A2 = sigmoid(W2 @ A1 + b2)
    return A2, (D1, A1)


def loss_and_grads(parameters, X, Y, keep_prob=0.7):
    """Cost and gradients of the network with inverted dropout; the mask is the same in every call."""
    m = X.shape[1]
    W2 = parameters["W2"]
    A2, (D1, A1) = forward_with_dropout(X, parameters, keep_prob)
    cost = -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / m
    dZ2 = (A2 - Y) / m
    dA1 = W2.T @ dZ2 * D1 / keep_prob
    dZ1 = dA1 * (1 - (A1 * keep_prob) ** 2)
    grads = {
        "W1": dZ1 @ X.T,
        "b1": dZ1.sum(axis=1, keepdims=True),
        "W2": dZ2 @ A1.T,
        "b2": dZ2.sum(axis=1, keepdims=True),
    }
    return cost, grads
