import numpy as np


def cost(params, X, Y, lam=0.1):
    W1, b1, W2, b2 = params
    H = np.tanh(X @ W1 + b1)
    E = H @ W2 + b2 - Y
    return np.sum(E ** 2) / 2 + lam * (np.sum(W1 ** 2) + np.sum(W2 ** 2))


def gradient(params, X, Y, lam=0.1):
    W1, b1, W2, b2 = params
    H = np.tanh(X @ W1 + b1)
    E = H @ W2 + b2 - Y
    dW2 = H.T @ E + 2 * lam * W2
    db2 = E.sum(axis=0)
    D = E @ W2.T * (1 - H ** 2)
    dW1 = X.T @ D + 2 * lam * W1
    db1 = D.sum(axis=0)
    return dW1, db1, dW2, db2
