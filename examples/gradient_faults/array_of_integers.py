"""The gradient is stored in an array of integers.

np.zeros(shape, dtype=int) cuts every number to a whole one.

    fallline check array_of_integers.py:gradient --network 2-3-2-3 --activation tanh

says: dW2 is cut to whole numbers (an array of integers?)
"""

import numpy as np


def softmax(Z):
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


def gradient(parameters, X, T):
    (W1, b1), (W2, b2), (W3, b3) = parameters
    Z1 = X @ W1 + b1
    H1 = np.tanh(Z1)
    Z2 = H1 @ W2 + b2
    H2 = np.tanh(Z2)
    Y = softmax(H2 @ W3 + b3)

    D3 = Y - T
    dW3 = H2.T @ D3
    db3 = D3.sum(axis=0)

    D2 = (D3 @ W3.T) * (1 - H2**2)
    dW2 = np.zeros(W2.shape, dtype=int)
    dW2[:] = H1.T @ D2
    db2 = D2.sum(axis=0)

    D1 = (D2 @ W2.T) * (1 - H1**2)
    dW1 = X.T @ D1
    db1 = D1.sum(axis=0)

    return (dW1, db1), (dW2, db2), (dW3, db3)
