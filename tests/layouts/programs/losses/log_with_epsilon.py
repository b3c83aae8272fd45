import numpy as np


def cross_entropy(P, Y):
    return -np.sum(Y * np.log(P + 1e-8)) / Y.shape[0]


def train_step(X, Y, W1, b1, W2, b2):
    """Return the cost and the four gradients, for the training loop below."""
    m = X.shape[0]
    A1 = np.tanh(np.dot(X, W1) + b1)
    Z2 = np.dot(A1, W2) + b2
    E = np.exp(Z2 - np.max(Z2, axis=1, keepdims=True))
    P = E / np.sum(E, axis=1, keepdims=True)
    cost = cross_entropy(P, Y)
    dZ2 = P - Y
    dW2 = np.dot(A1.T, dZ2) / m
    db2 = np.sum(dZ2, axis=0, keepdims=True) / m
    dZ1 = np.dot(dZ2, W2.T) * (1 - A1 ** 2)
    dW1 = np.dot(X.T, dZ1) / m
    db1 = np.sum(dZ1, axis=0, keepdims=True) / m
    return cost, dW1, db1, dW2, db2
