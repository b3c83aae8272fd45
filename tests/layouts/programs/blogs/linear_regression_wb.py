import numpy as np


class LinearRegression:
    def __init__(self, n_features):
        self.w = np.zeros(n_features)
        self.b = 0.0

    def predict(self, X):
        return X @ self.w + self.b

    def gradients(self, X, y):
        n = len(y)
        residual = self.predict(X) - y
        dw = (2 / n) * (X.T @ residual)
        db = (2 / n) * np.sum(residual)
        return dw, db

    def fit(self, X, y, lr=0.01, epochs=10):
        for _ in range(epochs):
            dw, db = self.gradients(X, y)
            self.w = self.w - lr * dw
            self.b = self.b - lr * db
        return self
