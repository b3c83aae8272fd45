import numpy as np

ALPHA = 0.2


def leaky_relu(z):
    return np.where(z > 0, z, ALPHA * z)


def loss_and_grads(params, X, Y):
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    m = X.shape[0]
    Z1 = X @ W1 + b1
    A1 = leaky_relu(Z1)
    Z2 = A1 @ W2 + b2
    P = np.exp(Z2 - Z2.max(axis=1, keepdims=True))
    P = P / P.sum(axis=1, keepdims=True)
    loss = -np.sum(Y * np.log(P)) / m
    dZ2 = (P - Y) / m
    dA1 = dZ2 @ W2.T
    dZ1 = dA1 * np.where(Z1 > 0, 1, ALPHA)
    return loss, {"W1": X.T @ dZ1, "b1": dZ1.sum(axis=0), "W2": A1.T @ dZ2, "b2": dZ2.sum(axis=0)}
