import numpy as np


def step(params, velocity, X, Y, lr=0.1, mu=0.9):
    """One step of gradient descent with momentum. Returns the new parameters and velocities."""
    W1, b1, W2, b2 = params
    H = np.tanh(X @ W1 + b1)
    Z = H @ W2 + b2
    P = np.exp(Z - Z.max(1, keepdims=True))
    P /= P.sum(1, keepdims=True)
    D2 = (P - Y) / len(X)
    D1 = D2 @ W2.T * (1 - H * H)
    grads = [X.T @ D1, D1.sum(0), H.T @ D2, D2.sum(0)]
    velocity = [mu * v - lr * g for v, g in zip(velocity, grads)]
    params = [p + v for p, v in zip(params, velocity)]
    return params, velocity
