import numpy as np


class LogisticRegression:
    def __init__(self, n_features, l2=0.0):
        self.weights = np.zeros(n_features)
        self.bias = 0.0
        self.l2 = l2

    def _sigmoid(self, z):
        return np.where(z >= 0, 1 / (1 + np.exp(-np.abs(z))), np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z))))

    def predict_proba(self, X):
        return self._sigmoid(X @ self.weights + self.bias)

    def compute_loss(self, X, y):
        p = self.predict_proba(X)
        return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)) + self.l2 / 2 * np.sum(self.weights ** 2)

    def compute_gradient(self, X, y):
        error = self.predict_proba(X) - y
        dw = X.T @ error / len(y) + self.l2 * self.weights
        db = error.mean()
        return dw, db
