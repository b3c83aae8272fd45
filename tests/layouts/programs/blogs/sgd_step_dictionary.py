import numpy as np


def sgd_step(params, x_batch, y_batch, learning_rate=0.01):
    """One update; returns the new parameters as a new dictionary."""
    h = x_batch @ params["W1"] + params["b1"]
    a = np.where(h > 0, h, 0)
    out = a @ params["W2"] + params["b2"]
    d_out = (out - y_batch) / x_batch.shape[0]
    d_a = d_out @ params["W2"].T
    d_h = d_a * (h > 0)
    new = dict(params)
    new["W2"] = params["W2"] - learning_rate * a.T @ d_out
    new["b2"] = params["b2"] - learning_rate * d_out.sum(axis=0)
    new["W1"] = params["W1"] - learning_rate * x_batch.T @ d_h
    new["b1"] = params["b1"] - learning_rate * d_h.sum(axis=0)
    return new
