import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def backward(layers, x, y):
    acts = [x]
    for layer in layers:
        acts.append(sigmoid(acts[-1] @ layer["weights"] + layer["bias"]))
    delta = acts[-1] - y
    grads = []
    for i in reversed(range(len(layers))):
        grads.insert(0, {"weights": acts[i].T @ delta, "bias": delta.sum(axis=0)})
        if i > 0:
            delta = delta @ layers[i]["weights"].T * acts[i] * (1 - acts[i])
    return grads
