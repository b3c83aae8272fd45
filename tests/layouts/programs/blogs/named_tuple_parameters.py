from typing import NamedTuple

import numpy as np


class Parameters(NamedTuple):
    w_hidden: np.ndarray
    b_hidden: np.ndarray
    w_out: np.ndarray
    b_out: np.ndarray


def loss_and_grad(p, inputs, targets):
    hidden = np.maximum(inputs @ p.w_hidden + p.b_hidden, 0.0)
    outputs = hidden @ p.w_out + p.b_out
    error = outputs - targets
    loss = np.mean(np.sum(error**2, axis=1))
    d_out = 2 * error / len(inputs)
    d_hidden = (d_out @ p.w_out.T) * (hidden > 0)
    return loss, Parameters(inputs.T @ d_hidden, d_hidden.sum(0), hidden.T @ d_out, d_out.sum(0))
