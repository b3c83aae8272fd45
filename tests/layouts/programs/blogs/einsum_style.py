import numpy as np


def gradients(W1, b1, W2, b2, X, T):
    Z1 = np.einsum("ni,ih->nh", X, W1) + b1
    A1 = np.tanh(Z1)
    Z2 = np.einsum("nh,ho->no", A1, W2) + b2
    Y = np.exp(Z2) / np.exp(Z2).sum(axis=-1, keepdims=True)
    dZ2 = (Y - T) / X.shape[0]
    dW2 = np.einsum("nh,no->ho", A1, dZ2)
    db2 = np.einsum("no->o", dZ2)
    dA1 = np.einsum("no,ho->nh", dZ2, W2)
    dZ1 = dA1 * (1 - A1 ** 2)
    dW1 = np.einsum("ni,nh->ih", X, dZ1)
    db1 = np.einsum("nh->h", dZ1)
    return dW1, db1, dW2, db2
