import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=0, keepdims=True))
    return e / e.sum(axis=0, keepdims=True)


class MLP:
    """Columns are samples; the whole minibatch is a matrix."""

    def __init__(self, sizes):
        self.sizes = sizes
        self.weights = [np.random.randn(o, i) / np.sqrt(i) for i, o in zip(sizes, sizes[1:])]
        self.biases = [np.zeros((o, 1)) for o in sizes[1:]]

    def forward(self, X):
        self.a = [X]
        for k, (w, b) in enumerate(zip(self.weights, self.biases)):
            z = w @ self.a[-1] + b
            self.a.append(softmax(z) if k == len(self.weights) - 1 else np.tanh(z))
        return self.a[-1]

    def backward(self, X, Y):
        m = X.shape[1]
        delta = self.forward(X) - Y
        dW, db = [], []
        for k in reversed(range(len(self.weights))):
            dW.insert(0, delta @ self.a[k].T / m)
            db.insert(0, delta.sum(axis=1, keepdims=True) / m)
            if k:
                delta = self.weights[k].T @ delta * (1 - self.a[k] ** 2)
        return dW, db
