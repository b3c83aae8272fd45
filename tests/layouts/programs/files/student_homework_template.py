import numpy as np


class Homework3:
    """Fill in the parts marked TODO."""

    def __init__(self):
        self.name = "student"

    @staticmethod
    def softmax(z):
        z = z - np.max(z, axis=1, keepdims=True)
        return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)

    @staticmethod
    def backward(X, Y, W1, b1, W2, b2):
        # TODO: compute the gradients of the mean cross-entropy
        Z1 = X @ W1 + b1
        H1 = np.maximum(0, Z1)
        Y_hat = Homework3.softmax(H1 @ W2 + b2)
        D2 = (Y_hat - Y) / X.shape[0]
        dW2 = H1.T @ D2
        db2 = D2.sum(axis=0)
        D1 = D2 @ W2.T
        D1 = D1 * (Z1 > 0)
        dW1 = X.T @ D1
        db1 = D1.sum(axis=0)
        return dW1, db1, dW2, db2
