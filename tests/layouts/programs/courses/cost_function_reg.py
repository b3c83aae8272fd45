import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def cost_function_reg(theta, X, y, lambda_reg):
    """Regularised logistic regression. X has no column of ones; theta[0] is the intercept."""
    m = y.size
    h = sigmoid(theta[0] + X @ theta[1:])
    J = -(y @ np.log(h) + (1 - y) @ np.log(1 - h)) / m + lambda_reg / (2 * m) * np.sum(theta[1:] ** 2)
    grad = np.zeros_like(theta)
    error = h - y
    grad[0] = error.sum() / m
    grad[1:] = X.T @ error / m + lambda_reg / m * theta[1:]
    return J, grad
