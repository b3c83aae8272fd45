import numpy as np


def softmax_loss_vectorized(W, X, y, reg):
    num_train = X.shape[0]
    scores = X @ W
    scores -= scores.max(axis=1)[:, None]
    exp_scores = np.exp(scores)
    probs = exp_scores / exp_scores.sum(axis=1)[:, None]
    loss = -np.sum(np.log(probs[np.arange(num_train), y])) / num_train + 0.5 * reg * np.sum(W ** 2)

    mask = np.zeros_like(probs)
    mask[np.arange(num_train), y] = 1
    dscores = (probs - mask) / num_train
    dW = X.T @ dscores
    dW += reg * W
    return loss, dW
