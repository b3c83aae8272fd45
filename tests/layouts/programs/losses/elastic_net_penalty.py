import numpy as np


def objective(W1, b1, W2, b2, X, y, l1=0.01, l2=0.05):
    """Logistic loss, mean over the samples, with l1 |W| + l2 W^2 on both matrices. Returns (loss, gradients)."""
    m = X.shape[0]
    A = np.tanh(X @ W1 + b1)
    P = 1 / (1 + np.exp(-(A @ W2 + b2)))
    loss = -np.mean(y * np.log(P) + (1 - y) * np.log(1 - P))
    for W in (W1, W2):
        loss += l1 * np.abs(W).sum() + l2 * (W ** 2).sum()
    d2 = (P - y) / m
    d1 = d2 @ W2.T * (1 - A ** 2)
    gW1 = X.T @ d1 + l1 * np.sign(W1) + 2 * l2 * W1
    gW2 = A.T @ d2 + l1 * np.sign(W2) + 2 * l2 * W2
    return loss, {"W1": gW1, "b1": d1.sum(axis=0), "W2": gW2, "b2": d2.sum(axis=0)}
