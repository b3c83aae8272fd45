import numpy as np


def elu(z):
    return np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1)


def elu_slope(z):
    return np.where(z > 0, 1.0, np.exp(np.minimum(z, 0)))


def loss_and_gradients(params, X, T):
    W1, b1, W2, b2, W3, b3 = params
    Z1 = X @ W1 + b1
    A1 = elu(Z1)
    A2 = np.tanh(A1 @ W2 + b2)
    E = A2 @ W3 + b3 - T
    loss = np.sum(E ** 2)
    D3 = 2 * E
    D2 = D3 @ W3.T * (1 - A2 ** 2)
    D1 = D2 @ W2.T * elu_slope(Z1)
    return loss, (X.T @ D1, D1.sum(axis=0), A1.T @ D2, D2.sum(axis=0), A2.T @ D3, D3.sum(axis=0))
