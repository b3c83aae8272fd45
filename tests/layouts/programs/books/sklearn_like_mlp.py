import numpy as np


def safe_sparse_dot(a, b):
    return a @ b


class MLPClassifier:
    """Multi-layer perceptron with lists coefs_ and intercepts_."""

    def __init__(self, hidden_layer_sizes=(5,), alpha=0.0, learning_rate_init=0.01, random_state=0):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.alpha = alpha
        self.learning_rate_init = learning_rate_init
        self.random_state = random_state

    def _initialize(self, layer_units):
        rng = np.random.RandomState(self.random_state)
        self.n_layers_ = len(layer_units)
        self.coefs_ = [rng.uniform(-0.5, 0.5, (i, o)) for i, o in zip(layer_units, layer_units[1:])]
        self.intercepts_ = [rng.uniform(-0.5, 0.5, o) for o in layer_units[1:]]

    def _forward_pass(self, X):
        activations = [X]
        for i in range(self.n_layers_ - 1):
            z = safe_sparse_dot(activations[i], self.coefs_[i]) + self.intercepts_[i]
            if i + 1 != self.n_layers_ - 1:
                activations.append(np.tanh(z))
            else:
                z = z - z.max(axis=1, keepdims=True)
                activations.append(np.exp(z) / np.exp(z).sum(axis=1, keepdims=True))
        return activations

    def _loss_grad(self, X, y):
        """Return loss, coef_grads, intercept_grads for one-hot y."""
        n_samples = X.shape[0]
        activations = self._forward_pass(X)
        loss = -np.sum(y * np.log(activations[-1])) / n_samples
        loss += 0.5 * self.alpha * sum(np.dot(s.ravel(), s.ravel()) for s in self.coefs_) / n_samples

        last = self.n_layers_ - 2
        coef_grads = [None] * (last + 1)
        intercept_grads = [None] * (last + 1)
        delta = activations[-1] - y
        for i in range(last, -1, -1):
            coef_grads[i] = (safe_sparse_dot(activations[i].T, delta) + self.alpha * self.coefs_[i]) / n_samples
            intercept_grads[i] = np.mean(delta, axis=0)
            if i > 0:
                delta = safe_sparse_dot(delta, self.coefs_[i].T)
                delta *= 1 - activations[i] ** 2
        return loss, coef_grads, intercept_grads

    def fit(self, X, y, max_iter=20):
        self._initialize([X.shape[1], *self.hidden_layer_sizes, y.shape[1]])
        for _ in range(max_iter):
            loss, coef_grads, intercept_grads = self._loss_grad(X, y)
            for p, g in zip(self.coefs_ + self.intercepts_, coef_grads + intercept_grads):
                p -= self.learning_rate_init * g
        return self
