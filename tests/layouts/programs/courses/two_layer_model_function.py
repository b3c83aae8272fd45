import numpy as np


def init_two_layer_model(input_size, hidden_size, output_size):
    model = {}
    model['W1'] = 0.00001 * np.random.randn(input_size, hidden_size)
    model['b1'] = np.zeros(hidden_size)
    model['W2'] = 0.00001 * np.random.randn(hidden_size, output_size)
    model['b2'] = np.zeros(output_size)
    return model


def two_layer_net(X, model, y=None, reg=0.0):
    # unpack variables from the model dictionary
    W1, b1, W2, b2 = model['W1'], model['b1'], model['W2'], model['b2']
    N, D = X.shape

    z1 = np.dot(X, W1) + b1
    a1 = np.maximum(z1, 0)
    scores = np.dot(a1, W2) + b2

    # without labels there is nothing more to do
    if y is None:
        return scores

    exps = np.exp(scores - np.max(scores, axis=1, keepdims=True))
    p = exps / np.sum(exps, axis=1, keepdims=True)
    data_loss = -np.sum(np.log(p[range(N), y])) / N
    reg_loss = 0.5 * reg * np.sum(W1 ** 2) + 0.5 * reg * np.sum(W2 ** 2)
    loss = data_loss + reg_loss

    grads = {}
    dz2 = p
    dz2[range(N), y] -= 1
    dz2 /= N
    grads['W2'] = np.dot(a1.T, dz2) + reg * W2
    grads['b2'] = np.sum(dz2, axis=0)
    da1 = np.dot(dz2, W2.T)
    dz1 = da1 * (z1 > 0)
    grads['W1'] = np.dot(X.T, dz1) + reg * W1
    grads['b1'] = np.sum(dz1, axis=0)
    return loss, grads
