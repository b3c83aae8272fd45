import numpy as np


class MLP:
    def __init__(self, sizes, seed=0):
        rng = np.random.default_rng(seed)
        self.Ws = [rng.normal(0, 0.5, (i, o)) for i, o in zip(sizes[:-1], sizes[1:])]
        self.bs = [np.zeros(o) for o in sizes[1:]]

    def forward(self, X):
        self.As = [X]
        for W, b in zip(self.Ws[:-1], self.bs[:-1]):
            self.As.append(np.tanh(self.As[-1] @ W + b))
        return self.As[-1] @ self.Ws[-1] + self.bs[-1]

    def loss(self, X, Y):
        return np.mean(np.sum((self.forward(X) - Y) ** 2, axis=1))

    def backward(self, X, Y):
        """Fill self.dWs and self.dbs."""
        D = 2 * (self.forward(X) - Y) / len(X)
        self.dWs = [None] * len(self.Ws)
        self.dbs = [None] * len(self.bs)
        for l in reversed(range(len(self.Ws))):
            self.dWs[l] = self.As[l].T @ D
            self.dbs[l] = D.sum(axis=0)
            if l > 0:
                D = (D @ self.Ws[l].T) * (1 - self.As[l] ** 2)
        return self.dWs, self.dbs
