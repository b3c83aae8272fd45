import numpy as np


def forward(x, params):
    z1 = x @ params["fc1.weight"].T + params["fc1.bias"]
    a1 = np.maximum(z1, 0)
    z2 = a1 @ params["fc2.weight"].T + params["fc2.bias"]
    return z1, a1, z2


def backward(params, x, y):
    z1, a1, z2 = forward(x, params)
    n = x.shape[0]
    p = np.exp(z2 - z2.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    g = p.copy()
    g[np.arange(n), y] -= 1
    g /= n
    grads = {"fc2.weight": g.T @ a1, "fc2.bias": g.sum(0)}
    g = g @ params["fc2.weight"]
    g = g * (z1 > 0)
    grads["fc1.weight"] = g.T @ x
    grads["fc1.bias"] = g.sum(0)
    return grads
