import torch


def grads(X, y, w, b):
    y_hat = X @ w + b
    err = y_hat - y.reshape(y_hat.shape)
    return (err**2 / 2).mean(), X.T @ err / len(X), err.mean()
