import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def compute_cost_logistic_reg(X, y, w, b, lambda_=1):
    m, n = X.shape
    cost = 0.
    for i in range(m):
        f = sigmoid(np.dot(X[i], w) + b)
        cost += -y[i] * np.log(f) - (1 - y[i]) * np.log(1 - f)
    cost = cost / m
    reg_cost = 0
    for j in range(n):
        reg_cost += w[j] ** 2
    return cost + lambda_ / (2 * m) * reg_cost


def compute_gradient_logistic_reg(X, y, w, b, lambda_=1):
    m, n = X.shape
    dj_dw = np.zeros((n,))
    dj_db = 0.0
    for i in range(m):
        err_i = sigmoid(np.dot(X[i], w) + b) - y[i]
        for j in range(n):
            dj_dw[j] += err_i * X[i, j]
        dj_db += err_i
    dj_dw = dj_dw / m
    dj_db = dj_db / m
    for j in range(n):
        dj_dw[j] = dj_dw[j] + lambda_ / m * w[j]
    return dj_db, dj_dw
