import numpy as np

C = np.sqrt(2 / np.pi)


def gelu(x):
    return 0.5 * x * (1 + np.tanh(C * (x + 0.044715 * x ** 3)))


def gelu_grad(x):
    t = np.tanh(C * (x + 0.044715 * x ** 3))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t ** 2) * C * (1 + 3 * 0.044715 * x ** 2)


def loss_and_grads(params, X, y):
    W1, b1, W2, b2 = params
    n = len(X)
    z = X @ W1 + b1
    h = gelu(z)
    s = h @ W2 + b2
    s = s - s.max(axis=1, keepdims=True)
    logp = s - np.log(np.exp(s).sum(axis=1, keepdims=True))
    loss = -logp[np.arange(n), y].sum() / n
    ds = np.exp(logp)
    ds[np.arange(n), y] -= 1
    ds /= n
    dz = ds @ W2.T * gelu_grad(z)
    return loss, [X.T @ dz, dz.sum(axis=0), h.T @ ds, ds.sum(axis=0)]
