import numpy as np


def sigm(x):
    return 1 / (1 + np.exp(-x))


def forward(theta, data):
    hid = sigm(theta["inputToHid"] @ data + theta["hidBias"])
    return hid, sigm(theta["hidToOut"] @ hid + theta["outBias"])


def gradients(theta, data, targets):
    n = data.shape[1]
    hid, out = forward(theta, data)
    error = (out - targets) / n
    hid_error = theta["hidToOut"].T @ error * hid * (1 - hid)
    return {
        "hidToOut": error @ hid.T, "outBias": error.sum(axis=1)[:, None],
        "inputToHid": hid_error @ data.T, "hidBias": hid_error.sum(axis=1)[:, None],
    }
