import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np


def gradient(params, X, y):
    """Logistic regression with one hidden layer of two tanh units; y is 0 or 1."""
    W1, b1, w2, b2 = params
    h = np.tanh(X @ W1 + b1)
    p = 1 / (1 + np.exp(-(h @ w2 + b2)))
    e = (p - y) / len(y)
    dh = e @ w2.T * (1 - h ** 2)
    return X.T @ dh, dh.sum(axis=0), h.T @ e, e.sum(axis=0)


rng = np.random.default_rng(3)
X = rng.normal(size=(40, 2))
y = (X.sum(axis=1, keepdims=True) > 0).astype(float)
params = [rng.normal(size=(2, 2)), np.zeros(2), rng.normal(size=(2, 1)), np.zeros(1)]
norms = []
for i in range(25):
    g = gradient(params, X, y)
    params = [p - 0.5 * d for p, d in zip(params, g)]
    norms.append(sum(float((d ** 2).sum()) for d in g))
plt.semilogy(norms)
plt.title("norm of the gradient")
plt.close()
