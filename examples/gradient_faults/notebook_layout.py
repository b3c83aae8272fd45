"""No fault: the notebook's own signature, and it climbs the log-likelihood.

    fallline check notebook_layout.py:grad_f --network 2-3-2-3

says: grad_f is right, as the gradient of the log-likelihood, which you climb.
"""

import numpy as np


def grad_f(data, T, Y, H1, H2, V, W2, W1, b1, b2):
    d_v = H2.T @ (T - Y)
    d_v0 = np.sum(T - Y, axis=0)
    delta2 = (T - Y) @ V.T * (H2 > 0)
    d_w2 = H1.T @ delta2
    d_b2 = np.sum(delta2, axis=0)
    delta1 = delta2 @ W2.T * (H1 > 0)
    d_w1 = data.T @ delta1
    d_b1 = np.sum(delta1, axis=0)
    return d_v, d_v0, d_w2, d_b2, d_w1, d_b1
