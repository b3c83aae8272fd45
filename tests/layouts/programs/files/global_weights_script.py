import numpy as np

rng = np.random.default_rng(1)
n_input, n_hid, n_output = 3, 4, 2

W1 = rng.normal(size=(n_input, n_hid))
B1 = np.zeros((1, n_hid))
W2 = rng.normal(size=(n_hid, n_output))
B2 = np.zeros((1, n_output))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward(X):
    global A1, A2
    A1 = np.tanh(X @ W1 + B1)
    A2 = sigmoid(A1 @ W2 + B2)
    return A2


def backward(X, Y):
    """Gradients of the logistic loss, mean over the samples; the weights are the module's own."""
    m = X.shape[0]
    forward(X)
    dZ2 = A2 - Y
    dW2 = A1.T @ dZ2 / m
    dB2 = dZ2.sum(axis=0, keepdims=True) / m
    dZ1 = dZ2 @ W2.T * (1 - A1 ** 2)
    dW1 = X.T @ dZ1 / m
    dB1 = dZ1.sum(axis=0, keepdims=True) / m
    return dW1, dB1, dW2, dB2
