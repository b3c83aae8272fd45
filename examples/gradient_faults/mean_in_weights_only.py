"""1/m in the weights' gradient, but not in the biases'.

The mean over the samples was remembered for dW and forgotten for db.

    fallline check mean_in_weights_only.py:gradient --network 2-3-2-3 --reduction mean

says: each dW is divided by the number of samples m once more than each db
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
    dW3 = H2.T @ D3 / len(X)
    db3 = D3.sum(axis=0)

    D2 = (D3 @ W3.T) * (Z2 > 0)
    dW2 = H1.T @ D2 / len(X)
    db2 = D2.sum(axis=0)

    D1 = (D2 @ W2.T) * (Z1 > 0)
    dW1 = X.T @ D1 / len(X)
    db1 = D1.sum(axis=0)

    return (dW1, db1), (dW2, db2), (dW3, db3)
