import numpy as np

reg_lambda = 0.01


def calculate_loss(model, X, y):
    W1, b1, W2, b2 = model['W1'], model['b1'], model['W2'], model['b2']
    z1 = X.dot(W1) + b1
    a1 = np.tanh(z1)
    z2 = a1.dot(W2) + b2
    exp_scores = np.exp(z2)
    probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)
    data_loss = np.sum(-np.log(probs[range(len(X)), y]))
    data_loss += reg_lambda / 2 * (np.sum(np.square(W1)) + np.sum(np.square(W2)))
    return data_loss


def calculate_gradient(model, X, y):
    W1, b1, W2, b2 = model['W1'], model['b1'], model['W2'], model['b2']
    num_examples = len(X)
    a1 = np.tanh(X.dot(W1) + b1)
    exp_scores = np.exp(a1.dot(W2) + b2)
    probs = exp_scores / np.sum(exp_scores, axis=1, keepdims=True)

    delta3 = probs
    delta3[range(num_examples), y] -= 1
    dW2 = (a1.T).dot(delta3)
    db2 = np.sum(delta3, axis=0, keepdims=True)
    delta2 = delta3.dot(W2.T) * (1 - np.power(a1, 2))
    dW1 = np.dot(X.T, delta2)
    db1 = np.sum(delta2, axis=0)

    dW2 += reg_lambda * W2
    dW1 += reg_lambda * W1
    return {'dW1': dW1, 'db1': db1, 'dW2': dW2, 'db2': db2}


def build_model(nn_hdim, X, y, num_passes=200, epsilon=0.01):
    np.random.seed(0)
    model = {'W1': np.random.randn(2, nn_hdim) / np.sqrt(2), 'b1': np.zeros((1, nn_hdim)),
             'W2': np.random.randn(nn_hdim, 2) / np.sqrt(nn_hdim), 'b2': np.zeros((1, 2))}
    for i in range(num_passes):
        g = calculate_gradient(model, X, y)
        for k in model:
            model[k] = model[k] - epsilon * g['d' + k]
    return model
