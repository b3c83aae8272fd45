import math


def matvec(W, x):
    return [sum(w * v for w, v in zip(row, x)) for row in W]


def gradient(W1, b1, W2, b2, x, y):
    """No NumPy: lists of floats, one example, W[unit][input]; squared error (1/2)(o - y)^2 summed over outputs."""
    h = [math.tanh(s + b) for s, b in zip(matvec(W1, x), b1)]
    o = [s + b for s, b in zip(matvec(W2, h), b2)]
    do = [ok - yk for ok, yk in zip(o, y)]
    dW2 = [[d * hj for hj in h] for d in do]
    db2 = list(do)
    dh = [sum(W2[k][j] * do[k] for k in range(len(do))) for j in range(len(h))]
    dz = [d * (1 - hj * hj) for d, hj in zip(dh, h)]
    dW1 = [[d * xi for xi in x] for d in dz]
    db1 = list(dz)
    return dW1, db1, dW2, db2
