import numpy as np


class Dense:
    def __init__(self, units_in, units_out):
        self.W = np.random.randn(units_in, units_out) * 0.1
        self.b = np.zeros(units_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, g):
        self.gW = self.x.T @ g
        self.gb = g.sum(axis=0)
        return g @ self.W.T

    def parameters(self):
        return [self.W, self.b]

    def gradients(self):
        return [self.gW, self.gb]


class Tanh:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, g):
        return g * (1 - self.y ** 2)

    def parameters(self):
        return []

    def gradients(self):
        return []


class Sequential:
    def __init__(self, *layers):
        self.layers = list(layers)

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, g):
        for layer in reversed(self.layers):
            g = layer.backward(g)

    def loss_and_gradients(self, x, t):
        """Half the squared error, summed over samples and outputs."""
        out = self.forward(x)
        self.backward(out - t)
        return 0.5 * np.sum((out - t) ** 2), [g for layer in self.layers for g in layer.gradients()]


def build(n_in=3, n_hidden=4, n_out=2):
    return Sequential(Dense(n_in, n_hidden), Tanh(), Dense(n_hidden, n_out))


net = build()
