import numpy as np


class AdalineGD:
    def __init__(self, eta=0.01, n_iter=50, random_state=1):
        self.eta = eta
        self.n_iter = n_iter
        self.random_state = random_state

    def fit(self, X, y):
        rgen = np.random.RandomState(self.random_state)
        self.w_ = rgen.normal(scale=0.01, size=X.shape[1])
        self.b_ = 0.0
        for _ in range(self.n_iter):
            dw, db = self.gradient(X, y, self.w_, self.b_)
            self.w_ = self.w_ - self.eta * dw
            self.b_ = self.b_ - self.eta * db
        return self

    def gradient(self, X, y, w, b):
        errors = y - (X @ w + b)
        return -2.0 * X.T @ errors / len(X), -2.0 * errors.mean()
