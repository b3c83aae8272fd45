import numpy as np


def batchnorm_forward(z, gamma, beta, eps=1e-5):
    mu = z.mean(axis=0)
    var = z.var(axis=0)
    zhat = (z - mu) / np.sqrt(var + eps)
    return gamma * zhat + beta, (zhat, gamma, np.sqrt(var + eps))


def batchnorm_backward(dout, cache):
    zhat, gamma, std = cache
    dgamma = (dout * zhat).sum(axis=0)
    dbeta = dout.sum(axis=0)
    dzhat = dout * gamma
    dz = (dzhat - dzhat.mean(axis=0) - zhat * (dzhat * zhat).mean(axis=0)) / std
    return dz, dgamma, dbeta


def init_params(n_in=4, n_hidden=5, n_out=3, seed=0):
    rng = np.random.default_rng(seed)
    return {"W1": rng.normal(size=(n_in, n_hidden)), "b1": np.zeros(n_hidden),
            "gamma": np.ones(n_hidden), "beta": np.zeros(n_hidden),
            "W2": rng.normal(size=(n_hidden, n_out)), "b2": np.zeros(n_out)}


def loss_and_grads(params, X, y):
    n = len(X)
    z1 = X @ params["W1"] + params["b1"]
    bn, bn_cache = batchnorm_forward(z1, params["gamma"], params["beta"])
    h = np.maximum(bn, 0)
    scores = h @ params["W2"] + params["b2"]
    scores = scores - scores.max(axis=1, keepdims=True)
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(n), y]).mean()

    grads = {}
    d = p.copy()
    d[np.arange(n), y] -= 1
    d /= n
    grads["W2"] = h.T @ d
    grads["b2"] = d.sum(axis=0)
    dbn = d @ params["W2"].T * (bn > 0)
    dz1, grads["gamma"], grads["beta"] = batchnorm_backward(dbn, bn_cache)
    grads["W1"] = X.T @ dz1
    grads["b1"] = dz1.sum(axis=0)
    return loss, grads
