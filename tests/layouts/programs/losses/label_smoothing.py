import numpy as np


def smooth(Y, eps=0.1):
    return (1 - eps) * Y + eps / Y.shape[1]


def loss_and_gradient(params, X, Y):
    (W1, b1), (W2, b2) = params
    Q = smooth(Y)
    H = np.tanh(X @ W1 + b1)
    Z = H @ W2 + b2
    logP = Z - Z.max(axis=1, keepdims=True)
    logP = logP - np.log(np.exp(logP).sum(axis=1, keepdims=True))
    loss = -(Q * logP).sum() / len(X)
    dZ = (np.exp(logP) - Q) / len(X)
    dH = dZ @ W2.T
    dA = dH * (1 - H ** 2)
    return loss, [(X.T @ dA, dA.sum(axis=0)), (H.T @ dZ, dZ.sum(axis=0))]
