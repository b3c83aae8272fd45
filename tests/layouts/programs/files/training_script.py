"""A script that trains when it is run, and prints as it goes."""
import numpy as np

np.random.seed(42)
n_in, n_hidden, n_out = 2, 6, 2
lr = 0.5
X_train = np.random.randn(60, n_in)
labels = (X_train[:, 0] * X_train[:, 1] > 0).astype(int)
Y_train = np.eye(n_out)[labels]


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def backprop(W1, b1, W2, b2, X, Y):
    h = np.tanh(X @ W1 + b1)
    p = softmax(h @ W2 + b2)
    d2 = (p - Y) / len(X)
    d1 = (d2 @ W2.T) * (1 - h ** 2)
    return X.T @ d1, d1.sum(axis=0), h.T @ d2, d2.sum(axis=0)


W1 = np.random.randn(n_in, n_hidden)
b1 = np.zeros(n_hidden)
W2 = np.random.randn(n_hidden, n_out)
b2 = np.zeros(n_out)

for epoch in range(200):
    dW1, db1, dW2, db2 = backprop(W1, b1, W2, b2, X_train, Y_train)
    W1 -= lr * dW1
    b1 -= lr * db1
    W2 -= lr * dW2
    b2 -= lr * db2
    if epoch % 20 == 0:
        print(f"epoch {epoch}")
