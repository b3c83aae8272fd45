"""The regulariser on the biases.

The penalty is on weights alone.

    fallline check penalty_on_biases.py:gradient --network 2-3-2-3 --l2 0.1

says: the L2 penalty is applied to the biases too
"""

import numpy as np


def softmax(Z):
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


def gradient(parameters, X, T):
    (W1, b1), (W2, b2), (W3, b3) = parameters
    Z1 = X @ W1 + b1
    H1 = np.maximum(Z1, 0)
    Z2 = H1 @ W2 + b2
    H2 = np.maximum(Z2, 0)
    Y = softmax(H2 @ W3 + b3)

    D3 = Y - T
    dW3 = H2.T @ D3
    db3 = D3.sum(axis=0)

    D2 = (D3 @ W3.T) * (Z2 > 0)
    dW2 = H1.T @ D2
    db2 = D2.sum(axis=0)

    D1 = (D2 @ W2.T) * (Z1 > 0)
    dW1 = X.T @ D1
    db1 = D1.sum(axis=0)

    l2 = 0.1
    return (dW1 + l2 * W1, db1 + l2 * b1), (dW2 + l2 * W2, db2 + l2 * b2), (dW3 + l2 * W3, db3 + l2 * b3)
