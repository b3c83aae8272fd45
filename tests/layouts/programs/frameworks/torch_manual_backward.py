import torch


def manual_backward(params, X, Y):
    """Backward by hand on tensors; params is a list of tensors, X (batch, n_in), Y class indices."""
    W1, b1, W2, b2 = params
    n = X.shape[0]
    hpreact = X @ W1 + b1
    h = torch.tanh(hpreact)
    logits = h @ W2 + b2
    logprobs = torch.log_softmax(logits, 1)

    dlogits = torch.exp(logprobs)
    dlogits[range(n), Y] -= 1
    dlogits /= n
    dh = dlogits @ W2.T
    dW2 = h.T @ dlogits
    db2 = dlogits.sum(0)
    dhpreact = (1.0 - h ** 2) * dh
    dW1 = X.T @ dhpreact
    db1 = dhpreact.sum(0)
    return dW1, db1, dW2, db2
