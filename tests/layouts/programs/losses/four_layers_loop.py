import numpy as np


class DeepNet:
    """Any number of ReLU layers, a linear output, half the mean squared error; a small L2 penalty."""

    def __init__(self, layer_sizes, weight_decay=0.01):
        self.W = [np.random.randn(i, o) * np.sqrt(2 / i) for i, o in zip(layer_sizes[:-1], layer_sizes[1:])]
        self.b = [np.zeros((1, o)) for o in layer_sizes[1:]]
        self.weight_decay = weight_decay

    def forward(self, X):
        self.Z, self.A = [], [X]
        for i, (W, b) in enumerate(zip(self.W, self.b)):
            self.Z.append(self.A[-1] @ W + b)
            self.A.append(np.maximum(self.Z[-1], 0) if i < len(self.W) - 1 else self.Z[-1])
        return self.A[-1]

    def cost(self, X, y):
        out = self.forward(X)
        data = np.sum((out - y) ** 2) / (2 * len(X))
        return data + self.weight_decay / 2 * sum(np.sum(W ** 2) for W in self.W)

    def gradients(self, X, y):
        out = self.forward(X)
        delta = (out - y) / len(X)
        grads_W, grads_b = [], []
        for i in reversed(range(len(self.W))):
            grads_W.insert(0, self.A[i].T @ delta + self.weight_decay * self.W[i])
            grads_b.insert(0, delta.sum(axis=0, keepdims=True))
            if i:
                delta = (delta @ self.W[i].T) * (self.Z[i - 1] > 0)
        return grads_W, grads_b
