import numpy as np


def grads(params, batch):
    """params["hidden"]["w"], ..., batch = (inputs, labels); softmax over the last axis."""
    x, labels = batch
    h = np.maximum(0, x @ params["hidden"]["w"] + params["hidden"]["b"])
    logits = h @ params["output"]["w"] + params["output"]["b"]
    probs = np.exp(logits - logits.max(-1, keepdims=True))
    probs = probs / probs.sum(-1, keepdims=True)
    d = probs - np.eye(logits.shape[-1])[labels]
    d = d / len(labels)
    dh = d @ params["output"]["w"].T
    dh = dh * (h > 0)
    return {
        "output": {"w": h.T @ d, "b": d.sum(0)},
        "hidden": {"w": x.T @ dh, "b": dh.sum(0)},
    }
