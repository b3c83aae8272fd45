import numpy as np


def relu(z):
    return np.maximum(z, 0)


def loss(params, X, Y):
    W1, b1, W2, b2 = params
    Z = relu(X @ W1 + b1) @ W2 + b2
    Z = Z - Z.max(axis=1, keepdims=True)
    return np.sum(np.log(np.exp(Z).sum(axis=1))) - np.sum(Z * Y)


def gradient(params, X, Y):
    W1, b1, W2, b2 = params
    Z1 = X @ W1 + b1
    A1 = relu(Z1)
    Z2 = A1 @ W2 + b2
    P = np.exp(Z2 - Z2.max(axis=1, keepdims=True))
    P = P / P.sum(axis=1, keepdims=True)
    D2 = P - Y
    D1 = (D2 @ W2.T) * (Z1 > 0)
    return [X.T @ D1, D1.sum(axis=0), A1.T @ D2, D2.sum(axis=0)]


def numerical_gradient(params, X, Y, h=1e-5):
    grads = []
    for p in params:
        g = np.zeros_like(p)
        for i in np.ndindex(p.shape):
            old = p[i]
            p[i] = old + h
            up = loss(params, X, Y)
            p[i] = old - h
            down = loss(params, X, Y)
            p[i] = old
            g[i] = (up - down) / (2 * h)
        grads.append(g)
    return grads


def check():
    rng = np.random.default_rng(0)
    params = [rng.normal(size=s) for s in ((3, 4), (4,), (4, 2), (2,))]
    X, Y = rng.normal(size=(5, 3)), np.eye(2)[rng.integers(0, 2, 5)]
    for a, n in zip(gradient(params, X, Y), numerical_gradient(params, X, Y)):
        print(np.abs(a - n).max() / max(1e-12, np.abs(a).max() + np.abs(n).max()))


if __name__ == "__main__":
    check()
