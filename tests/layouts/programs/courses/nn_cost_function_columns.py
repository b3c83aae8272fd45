import numpy as np

sigmoid = lambda z: 1 / (1 + np.exp(-z))


def nnCostFunction(nn_params, input_size, hidden_size, num_labels, X, y, lam):
    # unrolled column by column, as in Octave
    Theta1 = np.reshape(nn_params[:hidden_size * (input_size + 1)], (hidden_size, input_size + 1), order='F')
    Theta2 = np.reshape(nn_params[hidden_size * (input_size + 1):], (num_labels, hidden_size + 1), order='F')
    m = len(y)
    J = 0
    Theta1_grad = np.zeros(Theta1.shape)
    Theta2_grad = np.zeros(Theta2.shape)
    for t in range(m):
        a1 = np.append(1, X[t])
        z2 = Theta1.dot(a1)
        a2 = np.append(1, sigmoid(z2))
        a3 = sigmoid(Theta2.dot(a2))
        yt = (np.arange(1, num_labels + 1) == y[t]).astype(float)
        J += np.sum(-yt * np.log(a3) - (1 - yt) * np.log(1 - a3))
        d3 = a3 - yt
        d2 = Theta2.T.dot(d3)[1:] * sigmoid(z2) * (1 - sigmoid(z2))
        Theta1_grad += np.outer(d2, a1)
        Theta2_grad += np.outer(d3, a2)
    J = J / m + lam / (2 * m) * (np.sum(Theta1[:, 1:] ** 2) + np.sum(Theta2[:, 1:] ** 2))
    Theta1_grad = Theta1_grad / m
    Theta2_grad = Theta2_grad / m
    Theta1_grad[:, 1:] = Theta1_grad[:, 1:] + lam / m * Theta1[:, 1:]
    Theta2_grad[:, 1:] = Theta2_grad[:, 1:] + lam / m * Theta2[:, 1:]
    return J, np.concatenate((Theta1_grad.ravel(order='F'), Theta2_grad.ravel(order='F')))
