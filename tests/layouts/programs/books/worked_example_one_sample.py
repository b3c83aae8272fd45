import math


def sigmoid(v):
    return 1 / (1 + math.exp(-v))


def backprop(w, b, x, t):
    """Two inputs, two hidden units, two outputs, one example. w = (w1, ..., w8), b = (b1, ..., b4)."""
    w1, w2, w3, w4, w5, w6, w7, w8 = w
    b1, b2, b3, b4 = b
    i1, i2 = x
    h1 = sigmoid(w1 * i1 + w2 * i2 + b1)
    h2 = sigmoid(w3 * i1 + w4 * i2 + b2)
    o1 = sigmoid(w5 * h1 + w6 * h2 + b3)
    o2 = sigmoid(w7 * h1 + w8 * h2 + b4)
    error = 0.5 * (t[0] - o1) ** 2 + 0.5 * (t[1] - o2) ** 2
    d_o1 = (o1 - t[0]) * o1 * (1 - o1)
    d_o2 = (o2 - t[1]) * o2 * (1 - o2)
    d_h1 = (d_o1 * w5 + d_o2 * w7) * h1 * (1 - h1)
    d_h2 = (d_o1 * w6 + d_o2 * w8) * h2 * (1 - h2)
    dw = [d_h1 * i1, d_h1 * i2, d_h2 * i1, d_h2 * i2, d_o1 * h1, d_o1 * h2, d_o2 * h1, d_o2 * h2]
    db = [d_h1, d_h2, d_o1, d_o2]
    return error, dw, db
