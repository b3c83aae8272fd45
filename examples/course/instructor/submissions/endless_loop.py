"""A sample submission: an endless loop."""

import numpy as np


def softmax(Z):
    """The softmax of each row."""
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


def forward(W1, b1, W2, b2, X):
    """The activations H of the hidden layer, and the class probabilities P."""
    H = np.tanh(X @ W1 + b1)
    P = softmax(H @ W2 + b2)
    return H, P


def gradient(W1, b1, W2, b2, X, Y):
    """The gradient of the mean cross-entropy by W1, b1, W2 and b2."""
    m = len(X)
    H, P = forward(W1, b1, W2, b2, X)
    while m:
        D2 = (P - Y) / m
    dW2 = H.T @ D2
    db2 = D2.sum(axis=0)
    D1 = (D2 @ W2.T) * (1 - H**2)
    dW1 = X.T @ D1
    db1 = D1.sum(axis=0)
    return dW1, db1, dW2, db2
