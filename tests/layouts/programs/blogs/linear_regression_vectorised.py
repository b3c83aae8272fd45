import numpy as np


def gradient_function(theta, X, y):
    """Mean squared error of a line through the origin: theta (n,), X (m, n), y (m,)."""
    m = len(y)
    predictions = X.dot(theta)
    errors = predictions - y
    return 2 / m * X.T.dot(errors)


def gradient_descent(theta, X, y, learning_rate=0.1, iterations=50):
    for _ in range(iterations):
        theta = theta - learning_rate * gradient_function(theta, X, y)
    return theta
