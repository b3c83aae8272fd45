"""The layouts of university courses and online courses."""

from __future__ import annotations

import numpy as np

from layouts.calls import across, back, by_name, labels, named, samples, total
from layouts.layout import Fault, Layout
from layouts.truth import bce, ce, logistic, mlp, relu, square, squares

SLOPE = r"slope|mask|activation"
PENALTY = r"penalty|a term \S+ [Wb]"
SAMPLES = r"1/m|mean|samples|divid|multipl|times|factor"


def two_layer_class(p, W, b, X, T):
    net = p.TwoLayerNet(*(w.shape[0] for w in W), W[-1].shape[1])
    net.params = named(W, b)
    loss, grads = net.loss(X, labels(T), reg=0.1)
    return loss, *by_name(grads, 2)


def two_layer_model_function(p, W, b, X, T):
    loss, grads = p.two_layer_net(X, named(W, b), labels(T), 0.1)
    return loss, *by_name(grads, 2)


def fully_connected_net(p, W, b, X, T):
    net = p.FullyConnectedNet([w.shape[1] for w in W[:-1]], W[0].shape[0], W[-1].shape[1], reg=0.0)
    net.params = named(W, b)
    loss, grads = net.loss(X, labels(T))
    return loss, *by_name(grads, len(W))


def planar(p, W, b, X, T):
    parameters = named(*across(W, b))
    A2, cache = p.forward_propagation(X.T, parameters)
    grads = p.backward_propagation(parameters, cache, X.T, T.T)
    return p.compute_cost(A2, T.T), *back(*by_name(grads, 2, "dW{}", "db{}"))


def l_model(p, W, b, X, T):
    AL, caches = p.L_model_forward(X.T, named(*across(W, b)))
    grads = p.L_model_backward(AL, T.T, caches)
    return p.compute_cost(AL, T.T), *back(*by_name(grads, len(W), "dW{}", "db{}"))


def backward_n(p, W, b, X, T):
    cost, cache = p.forward_propagation_n(X.T, T.T, named(*across(W, b)))
    return cost, *back(*by_name(p.backward_propagation_n(X.T, T.T, cache), 3, "dW{}", "db{}"))


def propagate(p, W, b, X, T):
    grads, cost = p.propagate(W[0], b[0][0], X.T, T.T)
    return cost, [grads["dw"]], [np.ravel(grads["db"])]


def regularized(p, W, b, X, T):
    parameters = named(*across(W, b))
    A3, cache = p.forward_propagation(X.T, parameters)
    grads = p.backward_propagation_with_regularization(X.T, T.T, cache, 0.7)
    cost = p.compute_cost_with_regularization(A3, T.T, parameters, 0.7)
    return cost, *back(*by_name(grads, 3, "dW{}", "db{}"))


def dropout(p, W, b, X, T):
    cost, grads = p.loss_and_grads(named(*across(W, b)), X.T, T.T)
    return cost, *back(*by_name(grads, 2))


def dropout_truth(W, b, X, T):
    hidden = np.tanh(X @ W[0] + b[0])
    mask = np.random.RandomState(1).rand(hidden.shape[1], len(X)).T < 0.7
    return bce((hidden * mask / 0.7) @ W[1] + b[1], T) / len(X)


def network_of_sizes(p, W, b, X, T):
    net = p.Network([W[0].shape[0], *(w.shape[1] for w in W)])
    net.weights, net.biases = across(W, b)
    parts = []
    for x, t in samples(X, T):
        nabla_b, nabla_w = net.backprop(x, t)
        parts.append(back(nabla_w, nabla_b))
    return None, *total(parts)


def unrolled(order, labels_from):
    def call(p, W, b, X, T):
        thetas = [np.hstack([c[:, None], w.T]) for w, c in zip(W, b, strict=True)]
        sizes = [W[0].shape[0], W[0].shape[1], W[1].shape[1]]
        function = p.nn_cost_function if order == "C" else p.nnCostFunction
        J, grad = function(np.concatenate([t.ravel(order) for t in thetas]), *sizes, X, labels(T) + labels_from, 0.6)
        first = thetas[0].size
        parts = [grad[:first].reshape(thetas[0].shape, order=order), grad[first:].reshape(thetas[1].shape, order=order)]
        return J, [g[:, 1:].T for g in parts], [g[:, 0] for g in parts]

    return call


def cost_function_reg(p, W, b, X, T):
    J, grad = p.cost_function_reg(np.concatenate([b[0], W[0][:, 0]]), X, T[:, 0], 0.6)
    return J, [grad[1:, None]], [grad[:1]]


def loops(gradient, cost, *more):
    def call(p, W, b, X, T):
        dj_db, dj_dw = getattr(p, gradient)(X, T[:, 0], W[0][:, 0], b[0][0], *more)
        value = getattr(p, cost)(X, T[:, 0], W[0][:, 0], b[0][0], *more)
        return value, [dj_dw[:, None]], [np.array([dj_db])]

    return call


def univariate(p, W, b, X, T):
    args = X[:, 0], T[:, 0], W[0][0, 0], b[0][0]
    dj_dw, dj_db = p.compute_gradient(*args)
    return p.compute_cost(*args), [np.array([[dj_dw]])], [np.array([dj_db])]


def columns_class(p, W, b, X, T):
    net = p.MLP([W[0].shape[0], *(w.shape[1] for w in W)])
    net.weights, net.biases = across(W, b)
    dW, db = net.backward(X.T, T.T)
    return None, *back(dW, db)


RELU_MASK = (
    Fault("mask", "the mask of the ReLU is left out", "dhidden[hidden <= 0] = 0", "dhidden[hidden < 0] = 0", SLOPE),
)

LAYOUTS = (
    Layout(
        "courses/two_layer_class.py", "TwoLayerNet.loss", "--network 4-5-3 --activation relu --reduction mean --l2 0.1",
        two_layer_class, lambda W, b, X, T: ce(mlp(W, b, X, relu), T) / len(X) + 0.1 * squares(W),
        (*RELU_MASK,
         Fault("penalty_halved", "the penalty's gradient lacks the factor 2", "+ 2 * reg * W2", "+ reg * W2", PENALTY),
         Fault("bias_mean", "db1 is the mean of the delta, which is divided already",
               "grads['b1'] = dhidden.sum(axis=0)", "grads['b1'] = dhidden.mean(axis=0)", SAMPLES)),
    ),
    Layout(
        "courses/two_layer_model_function.py", "two_layer_net", "--network 4-5-3 --reduction mean --l2 0.1",
        two_layer_model_function, lambda W, b, X, T: ce(mlp(W, b, X, relu), T) / len(X) + 0.05 * squares(W),
        (Fault("mask", "the mask of the ReLU is left out", "dz1 = da1 * (z1 > 0)", "dz1 = da1", SLOPE),
         Fault("penalty_missing", "the penalty is missing in dW1",
               "grads['W1'] = np.dot(X.T, dz1) + reg * W1", "grads['W1'] = np.dot(X.T, dz1)", PENALTY),
         Fault("input_for_hidden", "dW2 takes the pre-activation", "np.dot(a1.T, dz2)", "np.dot(z1.T, dz2)",
               r"pre-activation")),
    ),
    Layout(
        "courses/fully_connected_net.py", "FullyConnectedNet.loss", "--network 4-5-6-3 --reduction mean",
        fully_connected_net, lambda W, b, X, T: ce(mlp(W, b, X, relu), T) / len(X),
        (Fault("mask", "the mask is taken from the delta", "return dout * (cache > 0)", "return dout * (dout > 0)", SLOPE),
         Fault("bias_all", "db sums over the units too", "db = dout.sum(axis=0)", "db = dout.sum() + 0 * b", r"summed|units"),
         Fault("sign", "dW of each layer has the wrong sign",
               "dw = x.reshape(x.shape[0], -1).T.dot(dout)", "dw = -x.reshape(x.shape[0], -1).T.dot(dout)", r"sign")),
    ),
    Layout(
        "courses/softmax_loss_naive.py", "softmax_loss_naive", "--network 5-3 --no-bias --reduction mean --l2 0.1",
        lambda p, W, b, X, T: ((r := p.softmax_loss_naive(W[0], X, labels(T), 0.1))[0], [r[1]], []),
        lambda W, b, X, T: ce(mlp(W, [], X), T) / len(X) + 0.1 * squares(W),
        (Fault("label_left_out", "the sample's own class is not subtracted", "dW[:, y[i]] -= X[i]", "dW[:, y[i]] -= 0",
               r"target"),
         Fault("return_inside", "returns after the first sample", "        dW[:, y[i]] -= X[i]\n",
               "        dW[:, y[i]] -= X[i]\n        break\n", r"sample"),
         Fault("penalty", "the penalty's gradient lacks the factor 2", "dW += 2 * reg * W", "dW += reg * W", PENALTY)),
    ),
    Layout(
        "courses/softmax_loss_vectorized.py", "softmax_loss_vectorized", "--network 5-3 --no-bias --reduction mean --l2 0.1",
        lambda p, W, b, X, T: ((r := p.softmax_loss_vectorized(W[0], X, labels(T), 0.1))[0], [r[1]], []),
        lambda W, b, X, T: ce(mlp(W, [], X), T) / len(X) + 0.05 * squares(W),
        (Fault("no_mask", "the labels are not subtracted", "(probs - mask) / num_train", "probs / num_train", r"target"),
         Fault("penalty", "the penalty is doubled", "dW += reg * W", "dW += 2 * reg * W", PENALTY)),
    ),
    Layout(
        "courses/planar_backward_propagation.py", "backward_propagation",
        "--network 2-4-1 --activation tanh --loss logistic --reduction mean",
        planar, lambda W, b, X, T: bce(mlp(W, b, X, np.tanh), T) / len(X),
        (Fault("square", "the slope is 1 - a", "1 - np.power(A1, 2)", "1 - A1", SLOPE),
         Fault("bias_not_divided", "db2 lacks the 1/m",
               "db2 = (1 / m) * np.sum(dZ2, axis=1, keepdims=True)", "db2 = np.sum(dZ2, axis=1, keepdims=True)", SAMPLES),
         Fault("sign", "the output's delta has the wrong sign and dW2 is right otherwise",
               "dW1 = (1 / m) * np.dot(dZ1, X.T)", "dW1 = -(1 / m) * np.dot(dZ1, X.T)", r"sign")),
        targets="labels",
    ),
    Layout(
        "courses/l_model_backward.py", "L_model_backward", "--network 3-5-4-1 --loss logistic --reduction mean",
        l_model, lambda W, b, X, T: bce(mlp(W, b, X, relu), T) / len(X),
        (Fault("mask", "the mask is inverted", "dZ[Z <= 0] = 0", "dZ[Z > 0] = 0", SLOPE),
         Fault("bias_not_divided", "db lacks the 1/m in every layer",
               "db = 1. / m * np.sum(dZ, axis=1, keepdims=True)", "db = np.sum(dZ, axis=1, keepdims=True)", SAMPLES),
         Fault("slope_square", "the output's slope is s instead of s (1 - s)",
               "return dA * s * (1 - s)", "return dA * s", r"output|delta|slope")),
        targets="labels",
    ),
    Layout(
        "courses/backward_propagation_n.py", "backward_propagation_n",
        "--network 4-5-3-1 --loss logistic --reduction mean",
        backward_n, lambda W, b, X, T: bce(mlp(W, b, X, relu), T) / len(X),
        (Fault("doubled", "dW2 is doubled", "dW2 = 1. / m * np.dot(dZ2, A1.T)", "dW2 = 1. / m * np.dot(dZ2, A1.T) * 2", r"2|twice|doubl"),
         Fault("four", "db1 is 4 times what it should be",
               "db1 = 1. / m * np.sum(dZ1, axis=1, keepdims=True)", "db1 = 4. / m * np.sum(dZ1, axis=1, keepdims=True)", r"4"),
         Fault("mask_of_next", "the mask of layer 1 is left out",
               "dZ1 = np.multiply(dA1, np.int64(A1 > 0))", "dZ1 = np.array(dA1, copy=True)", SLOPE)),
        targets="labels",
    ),
    Layout(
        "courses/propagate_logistic.py", "propagate", "--network 4-1 --loss logistic --reduction mean",
        propagate, lambda W, b, X, T: bce(mlp(W, b, X), T) / len(X),
        (Fault("sum", "dw is the sum, db the mean", "dw = 1 / m * np.dot(X, (A - Y).T)", "dw = np.dot(X, (A - Y).T)", SAMPLES),
         Fault("slope", "the error is multiplied by the slope of the sigmoid, which cancels",
               "dw = 1 / m * np.dot(X, (A - Y).T)", "dw = 1 / m * np.dot(X, ((A - Y) * A * (1 - A)).T)",
               r"slope|Y \(1 - Y\)|cancel|delta|dW1")),
        targets="labels",
    ),
    Layout(
        "courses/backward_with_regularization.py", "backward_propagation_with_regularization",
        "--network 3-4-3-1 --loss logistic --reduction mean --l2 0.7",
        regularized, lambda W, b, X, T: bce(mlp(W, b, X, relu), T) / len(X) + 0.35 / len(X) * squares(W),
        (Fault("one_layer", "the penalty is missing in dW1", "np.dot(dZ1, X.T) + lambd / m * W1", "np.dot(dZ1, X.T)", PENALTY),
         Fault("times_dw", "the penalty of layer 3 is multiplied with dW instead of W",
               "np.dot(dZ3, A2.T) + lambd / m * W3", "np.dot(dZ3, A2.T) * (1 + lambd / m)", r"dW3|penalty")),
        targets="labels",
    ),
    Layout(
        "courses/dropout_seeded.py", "loss_and_grads", "--network 3-5-1 --activation tanh --loss logistic --reduction mean",
        dropout, dropout_truth,
        (Fault("mask_forgotten", "the mask is forgotten on the way back",
               "dA1 = W2.T @ dZ2 * D1 / keep_prob", "dA1 = W2.T @ dZ2 / keep_prob", r"mask|layer 1|dropout|slope"),
         Fault("scale_forgotten", "the division by keep_prob is forgotten on the way back",
               "dA1 = W2.T @ dZ2 * D1 / keep_prob", "dA1 = W2.T @ dZ2 * D1", r"0\.7|factor|layer 1")),
        targets="labels",
    ),
    Layout(
        "courses/network_of_sizes.py", "Network.backprop", "--network 3-5-2 --activation logistic --loss half_squared_error",
        network_of_sizes, lambda W, b, X, T: square(logistic(mlp(W, b, X, logistic)), T) / 2,
        (Fault("no_slope_at_output", "the slope at the output is left out",
               "delta = self.cost_derivative(activations[-1], y) * sigmoid_prime(zs[-1])",
               "delta = self.cost_derivative(activations[-1], y)", r"slope|output|logistic"),
         Fault("slope_at_activation", "the slope is taken at the activation",
               "            sp = sigmoid_prime(zs[-l])", "            sp = sigmoid_prime(activations[-l])", SLOPE),
         Fault("weights", "the hidden activation is that of the wrong layer",
               "nabla_w[-l] = np.dot(delta, activations[-l - 1].transpose())",
               "nabla_w[-l] = np.dot(delta, activations[-l - 1].transpose()) * 0.5", r"0\.5|1/2|half")),
    ),
    Layout(
        "courses/network_cross_entropy_cost.py", "Network.backprop", "--network 4-6-3 --activation logistic --loss logistic",
        network_of_sizes, lambda W, b, X, T: bce(mlp(W, b, X, logistic), T),
        (Fault("slope_again", "the output's slope is multiplied in although it cancels",
               "        return a - y", "        return (a - y) * a * (1 - a)", r"Y \(1 - Y\)|slope"),
         Fault("slope", "a instead of a (1 - a)", "delta) * a * (1 - a)", "delta) * a", SLOPE)),
        targets="labels",
    ),
    Layout(
        "courses/nn_cost_function.py", "nn_cost_function", "--network 4-5-3 --activation logistic --loss logistic --reduction mean --l2 0.6",
        unrolled("C", 1), lambda W, b, X, T: bce(mlp(W, b, X, logistic), T) / len(X) + 0.3 / len(X) * squares(W),
        (Fault("slope", "the slope of layer 1 is left out",
               "@ Theta2[:, 1:] * sigmoid_gradient(z2)", "@ Theta2[:, 1:]", SLOPE),
         Fault("penalty_on_bias", "the penalty is applied to the biases of layer 2 too",
               "Theta2_grad[:, 1:] += lambda_ / m * Theta2[:, 1:]", "Theta2_grad += lambda_ / m * Theta2", PENALTY),
         Fault("not_divided", "dW2 and db2 are not divided by m", "Theta2_grad = delta3.T @ a2 / m", "Theta2_grad = delta3.T @ a2", SAMPLES)),
    ),
    Layout(
        "courses/nn_cost_function_columns.py", "nnCostFunction", "--network 3-4-3 --activation logistic --loss logistic --reduction mean --l2 0.6",
        unrolled("F", 1), lambda W, b, X, T: bce(mlp(W, b, X, logistic), T) / len(X) + 0.3 / len(X) * squares(W),
        (Fault("slope_once", "the slope of layer 1 is s instead of s (1 - s)",
               "d2 = Theta2.T.dot(d3)[1:] * sigmoid(z2) * (1 - sigmoid(z2))", "d2 = Theta2.T.dot(d3)[1:] * sigmoid(z2)", SLOPE),
         Fault("last_sample", "dW1 keeps the last sample alone", "Theta1_grad += np.outer(d2, a1)", "Theta1_grad = np.outer(d2, a1)", r"last sample|sample")),
    ),
    Layout(
        "courses/cost_function_reg.py", "cost_function_reg", "--network 3-1 --loss logistic --reduction mean --l2 0.6",
        cost_function_reg, lambda W, b, X, T: bce(mlp(W, b, X), T) / len(X) + 0.3 / len(X) * squares(W),
        (Fault("penalty", "the penalty is doubled", "+ lambda_reg / m * theta[1:]", "+ 2 * lambda_reg / m * theta[1:]", PENALTY),
         Fault("intercept", "the intercept's gradient is not divided", "grad[0] = error.sum() / m", "grad[0] = error.sum()", SAMPLES)),
        targets="labels",
    ),
    Layout(
        "courses/compute_gradient_linear.py", "compute_gradient", "--network 3-1 --loss half_squared_error --reduction mean",
        loops("compute_gradient", "compute_cost"), lambda W, b, X, T: square(mlp(W, b, X), T) / (2 * len(X)),
        (Fault("not_divided", "dj_dw is not divided by m", "    dj_dw = dj_dw / m\n", "    dj_dw = dj_dw / 1\n", SAMPLES),
         Fault("assigned", "the sum is assigned, not added", "dj_dw[j] = dj_dw[j] + err * X[i, j]", "dj_dw[j] = err * X[i, j]", r"last sample|sample")),
        targets="values",
    ),
    Layout(
        "courses/compute_gradient_logistic_reg.py", "compute_gradient_logistic_reg",
        "--network 4-1 --loss logistic --reduction mean --l2 1.0",
        loops("compute_gradient_logistic_reg", "compute_cost_logistic_reg", 1),
        lambda W, b, X, T: bce(mlp(W, b, X), T) / len(X) + 0.5 / len(X) * squares(W),
        (Fault("penalty", "the penalty is not divided by m", "+ lambda_ / m * w[j]", "+ lambda_ * w[j]", PENALTY),
         Fault("no_sigmoid", "the sigmoid is left out in the gradient",
               "err_i = sigmoid(np.dot(X[i], w) + b) - y[i]", "err_i = (np.dot(X[i], w) + b) - y[i]", r"logistic|pre-activation|sigmoid")),
        targets="labels",
    ),
    Layout(
        "courses/compute_gradient_univariate.py", "compute_gradient", "--network 1-1 --loss half_squared_error --reduction mean",
        univariate, lambda W, b, X, T: square(mlp(W, b, X), T) / (2 * len(X)),
        (Fault("x_in_bias", "db is multiplied by x", "dj_db += f_wb - y[i]", "dj_db += (f_wb - y[i]) * x[i]", r"db1|bias"),
         Fault("sign", "the sign of dw is wrong", "return dj_dw / m, dj_db / m", "return -dj_dw / m, dj_db / m", r"sign")),
        targets="values",
    ),
    Layout(
        "courses/update_mini_batch_columns.py", "MLP.backward", "--network 4-6-5-3 --activation tanh --reduction mean",
        columns_class, lambda W, b, X, T: ce(mlp(W, b, X, np.tanh), T) / len(X),
        (Fault("own_activation", "the slope takes the wrong layer's activation",
               "delta = self.weights[k].T @ delta * (1 - self.a[k] ** 2)", "delta = self.weights[k].T @ delta * (1 - self.a[k])", SLOPE),
         Fault("bias_all", "db is summed over the units too",
               "db.insert(0, delta.sum(axis=1, keepdims=True) / m)", "db.insert(0, delta.sum() / m + 0 * self.biases[k])", r"summed|units")),
    ),
)  # fmt: skip
