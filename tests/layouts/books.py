"""The layouts of books, and of the blogs that read as books: layers as objects, two matrices, numbers and lists."""

from __future__ import annotations

import numpy as np

from layouts.calls import across, back, by_name, flat, in_turn, labels, named, split, total
from layouts.layout import Fault, Layout
from layouts.truth import ce, logistic, mlp, relu, softmax, square, squares

SLOPE = r"slope|mask|activation"
SAMPLES = r"1/m|mean|samples|divid|multipl|times|factor"


def layer_objects(p, W, b, X, T):
    model = p.Model(W[0].shape[0], W[0].shape[1], W[1].shape[1])
    for layer, w, c in zip((model.dense1, model.dense2), W, b, strict=True):
        layer.weights, layer.biases = w, c[None]
    loss, gradients = p.gradients(model, X, labels(T))
    return loss, *split(gradients)


def modules(p, W, b, X, T):
    model = p.Sequential()
    for module, w, c in zip(model.modules[::2], W, b, strict=True):
        module.W, module.W0 = w, c[:, None]
    loss, dW, db = model.gradients(X.T, T.T)
    return loss, dW, [c[:, 0] for c in db]


def adaline(p, W, b, X, T):
    dw, db = p.AdalineGD().gradient(X, T[:, 0], W[0][:, 0], b[0][0])
    return None, [dw[:, None]], [np.array([db])]


def script(p, W, b, X, T):
    for layer, w, c in zip((p.dense1, p.dense2), W, b, strict=True):
        layer.weights, layer.biases = w, c[None]
    p.dense1.forward(X)
    p.activation1.forward(p.dense1.output)
    p.dense2.forward(p.activation1.output)
    loss = p.loss_activation.forward(p.dense2.output, labels(T))
    p.loss_activation.backward(p.loss_activation.output, labels(T))
    p.dense2.backward(p.loss_activation.dinputs)
    p.activation1.backward(p.dense2.dinputs)
    p.dense1.backward(p.activation1.dinputs)
    return loss, [p.dense1.dweights, p.dense2.dweights], [p.dense1.dbiases, p.dense2.dbiases]


def two_layer_net_layers(p, W, b, X, T):
    net = p.TwoLayerNet(W[0].shape[0], W[0].shape[1], W[1].shape[1])
    for name, value in named(W, b).items():
        net.params[name][...] = value
    return net.loss(X, T), *by_name(net.gradient(X, T), 2)


def two_matrices(p, W, b, X, T):
    first, second = p.train_step(X, T, *W)
    return None, [W[0] - first, W[1] - second], []


def train(p, W, b, X, T):
    parts = []
    for x, t in zip(X, T, strict=True):
        net = p.neuralNetwork(W[0].shape[0], W[0].shape[1], W[1].shape[1], 1.0)
        net.wih, net.who = W[0].T.copy(), W[1].T.copy()
        net.train(x, t)
        parts.append(([W[0] - net.wih.T, W[1] - net.who.T], []))
    return None, *total(parts)


def of_xy(p, W, b, X, T):
    net = p.NeuralNetwork(X, T, W[0].shape[1])
    net.weights1, net.weights2 = W[0].copy(), W[1].copy()
    net.step()
    return None, [W[0] - net.weights1, W[1] - net.weights2], []


def digits(p, W, b, X, T):
    (W1, W2), (b1, b2) = across(W, b)
    Z1, A1, Z2, A2 = p.forward_prop(W1, b1, W2, b2, X.T)
    dW1, db1, dW2, db2 = p.backward_prop(Z1, A1, Z2, A2, W1, W2, X.T, labels(T))
    return None, *back([dW1, dW2], [db1, db2])


def moons(p, W, b, X, T):
    model = named(W, [c[None] for c in b])
    loss = p.calculate_loss(model, X, labels(T))
    return loss, *by_name(p.calculate_gradient(model, X, labels(T)), 2, "dW{}", "db{}")


def neurons(p, W, b, X, T):
    parts = []
    for x, t in zip(X, T, strict=True):
        network = [
            [{"weights": [*w, c]} for w, c in zip(W[l].T.tolist(), b[l].tolist(), strict=True)] for l in range(len(W))
        ]
        layers = [np.array(layer) for layer in p.gradients(network, x.tolist(), t.tolist())]
        parts.append(([g[:, :-1].T for g in layers], [g[:, -1] for g in layers]))
    return None, *total(parts)


def sklearn_like(p, W, b, X, T):
    net = p.MLPClassifier(hidden_layer_sizes=[w.shape[1] for w in W[:-1]], alpha=0.2)
    net._initialize([W[0].shape[0], *(w.shape[1] for w in W)])
    net.coefs_, net.intercepts_ = W, b
    return net._loss_grad(X, T)


def scalars(p, W, b, X, T):
    loss, *gradients = p.loss_and_gradients(*flat(W, b), X, T)
    dW, db = in_turn([np.array(g) for g in gradients])
    return loss, dW, db


def tensors(p, W, b, X, T):
    loss, gradients = p.grad_fn(flat(W, b), X, labels(T))
    return loss, *in_turn(gradients)


def worked_example(p, W, b, X, T):
    w = [*W[0].T.ravel(), *W[1].T.ravel()]
    error, dw, db = p.backprop(w, [*b[0], *b[1]], X[0], T[0])
    dw = np.array(dw)
    return error, [dw[:4].reshape(2, 2).T, dw[4:].reshape(2, 2).T], [np.array(db[:2]), np.array(db[2:])]


def sequential(p, W, b, X, T):
    for layer, w, c in zip(p.net.layers[::2], W, b, strict=True):
        layer.W, layer.b = w, c
    loss, gradients = p.net.loss_and_gradients(X, T)
    return loss, *in_turn(gradients)


def regression(p, W, b, X, T):
    dW, db = p.grad(X, labels(T), W[0], b[0])
    return p.cross_entropy(p.net(X, W[0], b[0]), labels(T)).mean(), [dW], [db]


def last_row(p, W, b, X, T):
    gradients = p.gradients(*(np.vstack([w, c]) for w, c in zip(W, b, strict=True)), X, T)
    return None, [g[:-1] for g in gradients], [g[-1] for g in gradients]


LAYOUTS = (
    Layout(
        "books/layer_objects_model.py", "gradients", "--network 4-5-3 --reduction mean",
        layer_objects, lambda W, b, X, T: ce(mlp(W, b, X, relu), T) / len(X),
        (Fault("mask", "the mask of the ReLU is left out", "self.dinputs[self.inputs <= 0] = 0", "self.dinputs[self.inputs <= 0] *= 1", SLOPE),
         Fault("outer", "dbiases is the mean, not the sum", "self.dbiases = np.sum(dvalues, axis=0, keepdims=True)",
               "self.dbiases = np.mean(dvalues, axis=0, keepdims=True)", SAMPLES),
         Fault("sign", "dweights has the wrong sign", "self.dweights = np.dot(self.inputs.T, dvalues)",
               "self.dweights = -np.dot(self.inputs.T, dvalues)", r"sign")),
    ),
    Layout(
        "books/layer_objects_script.py", "", "--network 2-5-3 --activation tanh --reduction mean",
        script, lambda W, b, X, T: ce(mlp(W, b, X, np.tanh), T) / len(X),
        (Fault("slope", "the slope of tanh lacks its square", "dvalues * (1 - self.output ** 2)", "dvalues * (1 - self.output)", SLOPE),
         Fault("bias_all", "dbiases sums over the units", "self.dbiases = np.sum(dvalues, axis=0, keepdims=True)",
               "self.dbiases = np.sum(dvalues) + 0 * self.biases", r"summed|units")),
    ),
    Layout(
        "books/two_layer_net_layers.py", "TwoLayerNet.gradient", "--network 4-5-3 --activation logistic --reduction mean",
        two_layer_net_layers, lambda W, b, X, T: -(T * np.log(softmax(mlp(W, b, X, logistic)) + 1e-7)).sum() / len(X),
        (Fault("slope", "the slope is a, not a (1 - a)", "return dout * (1.0 - self.out) * self.out", "return dout * self.out", SLOPE),
         Fault("not_divided", "the delta is not divided by the batch size in the biases", "self.db = np.sum(dout, axis=0)",
               "self.db = np.sum(dout, axis=0) * len(dout)", SAMPLES)),
    ),
    Layout(
        "books/two_matrices_syn.py", "train_step", "--network 3-4-1 --no-bias --activation logistic --loss half_squared_error",
        two_matrices, lambda W, b, X, T: square(logistic(mlp(W, [], X, logistic)), T) / 2,
        (Fault("early_update", "syn1 is updated before the error goes back through it",
               "    l1_error = l2_delta.dot(syn1.T)\n", "    l1_error = l2_delta.dot((syn1 + l1.T.dot(l2_delta)).T)\n", r"update"),
         Fault("slope_at_l0", "the slope of the hidden layer is left out", "l1_delta = l1_error * nonlin(l1, deriv=True)",
               "l1_delta = l1_error", SLOPE)),
        targets="labels",
    ),
    Layout(
        "books/neural_network_train.py", "neuralNetwork.train", "--network 4-5-3 --no-bias --activation logistic --loss half_squared_error",
        train, lambda W, b, X, T: square(logistic(mlp(W, [], X, logistic)), T) / 2,
        (Fault("raw_errors", "the raw errors go back, without the slope of the output",
               "hidden_errors = np.dot(self.who.T, output_deltas)", "hidden_errors = np.dot(self.who.T, output_errors)", r"slope|error|output"),
         Fault("slope", "the slope of the hidden layer is left out",
               "np.dot(hidden_errors * hidden_outputs * (1.0 - hidden_outputs), np.transpose(inputs))",
               "np.dot(hidden_errors, np.transpose(inputs))", SLOPE)),
    ),
    Layout(
        "books/network_of_xy.py", "NeuralNetwork.step", "--network 3-4-1 --no-bias --activation logistic --loss squared_error",
        of_xy, lambda W, b, X, T: square(logistic(mlp(W, [], X, logistic)), T),
        (Fault("slope", "the slope of the hidden layer is taken at the input", "self.weights2.T) * sigmoid_derivative(self.layer1))",
               "self.weights2.T))", SLOPE),
         Fault("doubled", "dW1 is doubled", "self.weights1 += d_weights1", "self.weights1 += 2 * d_weights1", r"2|twice|doubl")),
        targets="labels",
    ),
    Layout(
        "books/backward_prop_digits.py", "backward_prop", "--network 4-5-3 --reduction mean",
        digits, lambda W, b, X, T: ce(mlp(W, b, X, relu), T) / len(X),
        (Fault("bias_all", "db1 sums over units and samples", "db1 = 1 / m * np.sum(dZ1, axis=1, keepdims=True)",
               "db1 = 1 / m * np.sum(dZ1) + 0 * db2[:1]", r"summed|units"),
         Fault("bias_all_2", "db2 sums over units and samples", "db2 = 1 / m * np.sum(dZ2, axis=1, keepdims=True)",
               "db2 = 1 / m * np.sum(dZ2)", r"db2"),
         Fault("mask_of_activation", "the mask is left out", "* ReLU_deriv(Z1)", "* 1", SLOPE)),
    ),
    Layout(
        "books/moons_model_dict.py", "calculate_gradient", "--network 2-5-3 --activation tanh",
        moons, lambda W, b, X, T: ce(mlp(W, b, X, np.tanh), T) + 0.005 * squares(W),
        (Fault("slope", "the slope is left out", "delta2 = delta3.dot(W2.T) * (1 - np.power(a1, 2))", "delta2 = delta3.dot(W2.T)", SLOPE),
         Fault("penalty", "the penalty is missing in dW1", "dW1 += reg_lambda * W1", "dW1 += 0 * W1", r"penalty|a term \S+ W"),
         Fault("sign", "db2 has the wrong sign", "db2 = np.sum(delta3, axis=0, keepdims=True)", "db2 = -np.sum(delta3, axis=0, keepdims=True)", r"sign")),
    ),
    Layout(
        "books/neurons_of_floats.py", "gradients", "--network 3-4-2 --activation logistic --loss half_squared_error",
        neurons, lambda W, b, X, T: square(logistic(mlp(W, b, X, logistic)), T) / 2,
        (Fault("slope", "the slope is a instead of a (1 - a)", "return output * (1.0 - output)", "return output", r"slope|activation|output"),
         Fault("assigned", "the errors are assigned, not summed", "error += neuron['weights'][j] * neuron['delta']",
               "error = neuron['weights'][j] * neuron['delta']", r"layer 1|last|unit")),
    ),
    Layout(
        "books/sklearn_like_mlp.py", "MLPClassifier._loss_grad", "--network 4-6-5-3 --activation tanh --reduction mean --l2 0.2",
        sklearn_like, lambda W, b, X, T: ce(mlp(W, b, X, np.tanh), T) / len(X) + 0.1 * squares(W) / len(X),
        (Fault("penalty_outside", "the penalty is not divided by the samples", "delta) + self.alpha * self.coefs_[i]) / n_samples",
               "delta)) / n_samples + self.alpha * self.coefs_[i]", r"penalty|a term \S+ W"),
         Fault("slope", "the slope takes the wrong power", "delta *= 1 - activations[i] ** 2", "delta *= 1 - activations[i]", SLOPE)),
    ),
    Layout(
        "books/scalar_value_engine.py", "loss_and_gradients", "--network 2-3-2 --activation tanh --loss squared_error",
        scalars, lambda W, b, X, T: square(mlp(W, b, X, np.tanh), T),
        (Fault("tanh", "the slope of tanh is 1 - t", "self.grad += (1 - t * t) * out.grad", "self.grad += (1 - t) * out.grad", SLOPE),
         Fault("assigned", "the derivative of a product is assigned, not added",
               "self.grad += other.data * out.grad", "self.grad = other.data * out.grad", r"sample|dW|delta")),
        targets="values", samples=4,
    ),
    Layout(
        "books/tensor_engine.py", "grad_fn", "--network 4-5-3 --reduction mean",
        tensors, lambda W, b, X, T: ce(mlp(W, b, X, relu), T) / len(X),
        (Fault("mask", "the mask of the ReLU is left out", "self.grad += out.grad * (self.data > 0)", "self.grad += out.grad", SLOPE),
         Fault("transposed", "the bias gets the mean over the batch", "b.grad += out.grad.sum(axis=0)", "b.grad += out.grad.mean(axis=0)", SAMPLES)),
    ),
    Layout(
        "books/worked_example_one_sample.py", "backprop", "--network 2-2-2 --activation logistic --loss half_squared_error",
        worked_example, lambda W, b, X, T: square(logistic(mlp(W, b, X, logistic)), T) / 2,
        (Fault("one_path", "the hidden delta takes one output alone", "d_h1 = (d_o1 * w5 + d_o2 * w7) * h1 * (1 - h1)",
               "d_h1 = d_o1 * w5 * h1 * (1 - h1)", r"layer 1|unit|dW1"),
         Fault("swapped", "the weights on the way back are swapped", "d_h2 = (d_o1 * w6 + d_o2 * w8) * h2 * (1 - h2)",
               "d_h2 = (d_o1 * w7 + d_o2 * w8) * h2 * (1 - h2)", r"layer 1|transpos|W2|dW1")),
        samples=1,
    ),
    Layout(
        "books/sequential_dense.py", "Sequential.loss_and_gradients", "--network 3-4-2 --activation tanh --loss half_squared_error",
        sequential, lambda W, b, X, T: square(mlp(W, b, X, np.tanh), T) / 2,
        (Fault("slope", "the slope is 1 - y", "return g * (1 - self.y ** 2)", "return g * (1 - self.y)", SLOPE),
         Fault("bias", "gb keeps the last sample alone", "self.gb = g.sum(axis=0)", "self.gb = g[-1]", r"sample"),
         Fault("minus", "gW has the wrong sign", "self.gW = self.x.T @ g", "self.gW = -self.x.T @ g", r"sign")),
        targets="values",
    ),
    Layout(
        "books/softmax_regression_wb.py", "grad", "--network 5-3 --reduction mean",
        regression, lambda W, b, X, T: ce(mlp(W, b, X), T) / len(X),
        (Fault("no_labels", "the labels are not subtracted", "y_hat[range(len(y)), y] -= 1", "y_hat[range(len(y)), y] -= 0", r"target"),
         Fault("bias", "db is not divided", "return X.T @ y_hat, y_hat.sum(axis=0)", "return X.T @ y_hat, y_hat.sum(axis=0) * len(y)", SAMPLES)),
    ),
    Layout(
        "books/bias_in_last_row.py", "gradients", "--network 3-5-2 --activation tanh --loss half_squared_error",
        last_row, lambda W, b, X, T: square(mlp(W, b, X, np.tanh), T) / 2,
        (Fault("slope", "the slope is left out", "dV = add_ones(X).T @ (dH * (1 - H ** 2))", "dV = add_ones(X).T @ dH", SLOPE),
         Fault("doubled", "the delta is doubled on the way back", "dH = E @ W[:-1].T", "dH = 2 * E @ W[:-1].T", r"2|twice|doubl")),
        targets="values",
    ),
    Layout(
        "books/modules_in_list.py", "Sequential.gradients", "--network 3-4-2 --activation tanh",
        modules, lambda W, b, X, T: ce(mlp(W, b, X, np.tanh), T),
        (Fault("mean", "dW0 is the mean, not the sum", "dZ.sum(axis=1, keepdims=True)", "dZ.mean(axis=1, keepdims=True)", SAMPLES),
         Fault("slope", "the slope of tanh lacks its square", "dA * (1 - self.A**2)", "dA * (1 - self.A)", SLOPE)),
    ),
    Layout(
        "books/adaline.py", "AdalineGD.gradient", "--network 3-1 --loss squared_error --reduction mean",
        adaline, lambda W, b, X, T: square(mlp(W, b, X), T) / len(X),
        (Fault("sign", "db has the wrong sign", "-2.0 * errors.mean()", "2.0 * errors.mean()", r"sign"),
         Fault("sum", "dw is not divided by m", "X.T @ errors / len(X)", "X.T @ errors", SAMPLES)),
        targets="values",
    ),
)  # fmt: skip
