import numpy as np


def gradient(params, X, Y):
    """Accumulate over the samples, one at a time."""
    W1, b1, W2, b2 = params
    dW1, db1, dW2, db2 = [np.zeros_like(p) for p in params]
    for x, y in zip(X, Y):
        z1 = x @ W1 + b1
        h = np.maximum(z1, 0)
        z2 = h @ W2 + b2
        e = np.exp(z2 - z2.max())
        p = e / e.sum()
        d2 = p - y
        dW2 += np.outer(h, d2)
        db2 += d2
        d1 = (W2 @ d2) * (z1 > 0)
        dW1 += np.outer(x, d1)
        db1 += d1
    return dW1, db1, dW2, db2
