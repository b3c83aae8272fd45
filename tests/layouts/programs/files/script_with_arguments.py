import argparse

import numpy as np

parser = argparse.ArgumentParser(description="Train a small network.")
parser.add_argument("--hidden", type=int, default=4)
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--epochs", type=int, default=3)
args = parser.parse_args()


def relu(x):
    return np.maximum(x, 0)


def grads(weights, data, labels):
    w1, b1, w2, b2 = weights
    pre = data @ w1 + b1
    hid = relu(pre)
    out = hid @ w2 + b2
    prob = np.exp(out - out.max(axis=1, keepdims=True))
    prob /= prob.sum(axis=1, keepdims=True)
    d_out = prob - labels
    d_hid = (d_out @ w2.T) * (pre > 0)
    return [data.T @ d_hid, d_hid.sum(axis=0), hid.T @ d_out, d_out.sum(axis=0)]


def main():
    rng = np.random.default_rng(0)
    data = rng.normal(size=(30, 2))
    labels = np.eye(3)[rng.integers(0, 3, 30)]
    weights = [rng.normal(size=(2, args.hidden)), np.zeros(args.hidden), rng.normal(size=(args.hidden, 3)), np.zeros(3)]
    for _ in range(args.epochs):
        weights = [w - args.lr * g / 30 for w, g in zip(weights, grads(weights, data, labels))]


main()
