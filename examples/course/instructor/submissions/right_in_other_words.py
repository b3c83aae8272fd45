"""A sample submission: right, with other names, for samples as columns inside."""

import numpy as np


def gradient(W1, b1, W2, b2, X, Y):
    m = X.shape[0]
    x, y = X.T, Y.T
    a1 = np.tanh(W1.T @ x + b1[:, None])
    z2 = W2.T @ a1 + b2[:, None]
    a2 = np.exp(z2) / np.exp(z2).sum(axis=0)
    dz2 = (a2 - y) / m
    dz1 = W2 @ dz2 * (1 - a1 * a1)
    return (dz1 @ x.T).T, dz1.sum(axis=1), (dz2 @ a1.T).T, dz2.sum(axis=1)
