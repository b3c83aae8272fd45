import numpy as np


def add_ones(A):
    return np.hstack([A, np.ones((len(A), 1))])


def gradients(V, W, X, T):
    """V (n_in + 1, n_hidden) and W (n_hidden + 1, n_out) have the biases in their last rows."""
    H = np.tanh(add_ones(X) @ V)
    Y = add_ones(H) @ W
    E = Y - T
    dW = add_ones(H).T @ E
    dH = E @ W[:-1].T
    dV = add_ones(X).T @ (dH * (1 - H ** 2))
    return dV, dW
