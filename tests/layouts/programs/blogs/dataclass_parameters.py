from dataclasses import dataclass

import numpy as np


@dataclass
class Params:
    W1: np.ndarray
    b1: np.ndarray
    W2: np.ndarray
    b2: np.ndarray


def grad(params: Params, X: np.ndarray, Y: np.ndarray) -> Params:
    hidden = np.tanh(X @ params.W1 + params.b1)
    logits = hidden @ params.W2 + params.b2
    probs = np.exp(logits - logits.max(axis=1, keepdims=True))
    probs /= probs.sum(axis=1, keepdims=True)
    d_logits = (probs - Y) / X.shape[0]
    d_hidden = d_logits @ params.W2.T * (1 - hidden**2)
    return Params(
        W1=X.T @ d_hidden,
        b1=d_hidden.sum(axis=0),
        W2=hidden.T @ d_logits,
        b2=d_logits.sum(axis=0),
    )
