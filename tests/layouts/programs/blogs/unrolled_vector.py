import numpy as np

N_IN, N_HIDDEN, N_OUT = 3, 4, 2


def unroll(W1, b1, W2, b2):
    return np.concatenate([W1.ravel(), W2.ravel(), b1.ravel(), b2.ravel()])


def roll(theta):
    a = N_HIDDEN * N_IN
    b = a + N_OUT * N_HIDDEN
    c = b + N_HIDDEN
    return theta[:a].reshape(N_HIDDEN, N_IN), theta[b:c], theta[a:b].reshape(N_OUT, N_HIDDEN), theta[c:]


def objective(theta, X, Y):
    """Mean of half the squared error, and its gradient, for scipy.optimize.minimize(jac=True)."""
    W1, b1, W2, b2 = roll(theta)
    n = X.shape[0]
    A = 1 / (1 + np.exp(-(X @ W1.T + b1)))
    E = A @ W2.T + b2 - Y
    value = 0.5 * np.sum(E ** 2) / n
    E = E / n
    D = E @ W2 * A * (1 - A)
    return value, unroll(D.T @ X, D.sum(axis=0), E.T @ A, E.sum(axis=0))
