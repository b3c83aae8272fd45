"""The network: a backward pass worked by hand, its laws, its flat vector, and what it says to wrong words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallline.errors import SettingError, ShapeError, UnknownNameError
from fallline.problems import NetworkObjective
from fallline.textbook.network import Layer, Network, backward, forward, loss_and_gradient, penalty
from strategies import networks, objectives, seeds, weights


def test_one_backward_pass_worked_by_hand() -> None:
    """A 2-2-2 ReLU network with squared error on one sample: every number can be checked with a pencil."""
    network = Network.of("2-2-2", loss="squared_error")
    W1, b1 = np.array([[1.0, -1.0], [2.0, 1.0]]), np.array([0.0, 1.0])
    W2, b2 = np.array([[3.0, -2.0], [1.0, 4.0]]), np.array([-1.0, 0.0])
    X, T = np.array([[2.0, -0.5]]), np.array([[1.0, 1.0]])

    # Forward. Rows are samples, so a unit's weights are a column of W.
    #   z1 = (2*1 - 0.5*2 + 0, 2*(-1) - 0.5*1 + 1) = (1, -1.5)       unit 2 of the hidden layer is off
    #   a1 = (1, 0)
    #   z2 = (1*3 + 0*1 - 1, 1*(-2) + 0*4 + 0)     = (2, -2)
    #   loss = (2 - 1)^2 + (-2 - 1)^2              = 1 + 9 = 10
    parameters = (Layer(W1, b1), Layer(W2, b2))
    Z, kept = forward(network, parameters, X)
    assert Z.tolist() == [[2, -2]]
    assert kept[0].Z.tolist() == [[1, -1.5]]
    assert kept[1].A.tolist() == [[1, 0]]

    # Backward.
    #   D2  = 2 (z2 - t)    = (2, -6)
    #   dW2 = a1^T D2       = [[1*2, 1*(-6)], [0, 0]]
    #   db2 = D2            = (2, -6)
    #   dA1 = D2 W2^T       = (2*3 + (-6)(-2), 2*1 + (-6)*4) = (18, -22)
    #   D1  = dA1 * (1, 0)  = (18, 0)                                the off unit lets nothing through
    #   dW1 = x^T D1        = [[2*18, 0], [-0.5*18, 0]] = [[36, 0], [-9, 0]]
    #   db1 = D1            = (18, 0)
    loss, (first, second) = loss_and_gradient(network, parameters, X, T)
    assert loss == 10
    assert second.W.tolist() == [[2, -6], [0, 0]]
    assert second.b.tolist() == [2, -6]
    assert first.W.tolist() == [[36, 0], [-9, 0]]
    assert first.b.tolist() == [18, 0]

    # Penalty 0.5/2 sum W^2 = 0.25 (1 + 1 + 4 + 1 + 9 + 4 + 1 + 16) = 9.25; its gradient is 0.5 W, and biases are free.
    value, (first, second) = penalty(network, parameters, 0.5)
    assert value == 9.25
    assert first.W.tolist() == [[0.5, -0.5], [1, 0.5]]
    assert first.b.tolist() == [0, 0]

    # One step of gradient descent with learning rate 0.1: W1[0, 0] = 1 - 0.1*36 = -2.6.
    problem = NetworkObjective(network, _data(X, T))
    w = network.pack(parameters)
    stepped = w - 0.1 * problem.loss_and_gradient(w)[1]
    assert stepped.round(12).tolist() == [-2.6, -1, 2.9, 1, -1.8, 1, 2.8, -1.4, 1, 4, -1.2, 0.6]


def _data(X, T):
    from fallline.data.dataset import Dataset

    return Dataset(np.asarray(X), np.asarray(T))


@given(objectives(), seeds, st.permutations(range(12)))
def test_shuffling_the_samples_changes_no_full_batch_gradient(problem, seed, order) -> None:
    """Beyond rounding: the sum is taken in another order."""
    w = weights(problem.network, seed, 2)
    order = [k for k in order if k < len(problem.data)]
    shuffled = NetworkObjective(problem.network, _data(problem.data.X[order], problem.data.T[order]))
    for one, other in zip(problem.loss_and_gradient(w), shuffled.loss_and_gradient(w), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11 * max(1, np.abs(one).max()))


@given(objectives(), seeds)
def test_a_batch_of_runs_is_a_loop_over_runs(problem, seed) -> None:
    w = weights(problem.network, seed, 2, 3)
    losses, gradients = problem.loss_and_gradient(w)
    assert losses.shape == (2, 3)
    assert gradients.shape == w.shape
    for i in np.ndindex(2, 3):
        loss, gradient = problem.loss_and_gradient(w[i])
        assert losses[i] == pytest.approx(loss, rel=1e-12)
        np.testing.assert_allclose(gradients[i], gradient, rtol=1e-11, atol=1e-11 * max(1, np.abs(gradient).max()))
        np.testing.assert_allclose(problem.predict(w)[i], problem.predict(w[i]), rtol=1e-11, atol=1e-13)


@given(objectives(l2=0.0), seeds, st.integers(1, 5))
def test_gradients_of_minibatches_add_up(problem, seed, batch) -> None:
    """Sums add up; means are weighted by the number of samples of each part."""
    w, samples = weights(problem.network, seed), np.arange(len(problem.data))
    value, gradient = 0.0, 0.0
    for at in range(0, len(samples), batch):
        rows = samples[at : at + batch]
        part = problem.loss_and_gradient(w, rows)
        share = len(rows) / len(samples) if problem.network.reduction == "mean" else 1
        value, gradient = value + share * part[0], gradient + share * part[1]
    whole = problem.loss_and_gradient(w)
    assert value == pytest.approx(whole[0], rel=1e-11)
    np.testing.assert_allclose(gradient, whole[1], rtol=1e-11, atol=1e-11 * max(1, np.abs(whole[1]).max()))


@given(networks(), seeds)
def test_pack_and_unpack_are_inverse(network, seed) -> None:
    for vector in (weights(network, seed), weights(network, seed, 2, 3)):
        parameters = network.unpack(vector)
        assert [(p.W.shape[-2:], None if p.b is None else p.b.shape[-1:]) for p in parameters] == list(network.shapes)
        np.testing.assert_array_equal(network.pack(parameters), vector)


@given(networks())
def test_every_parameter_has_its_own_label_and_layer(network) -> None:
    labels = [network.label(k) for k in range(network.parameter_count)]
    assert len(set(labels)) == len(labels) == len(network.layer_of)
    assert all(f"{layer}[" in label for label, layer in zip(labels, network.layer_of, strict=True))
    # The label is where the number really goes: put k at place k and read it back from W and b.
    parameters = network.unpack(np.arange(float(network.parameter_count)))
    named = {f"W{l}": p.W for l, p in enumerate(parameters, 1)} | {f"b{l}": p.b for l, p in enumerate(parameters, 1)}
    for k, label in enumerate(labels):
        name, _, index = label.rstrip("]").partition("[")
        assert named[name][tuple(int(i) for i in index.split(","))] == k


@given(objectives(), seeds)
def test_float32_stays_float32(problem, seed) -> None:
    w = weights(problem.network, seed)
    wide, narrow = problem.loss_and_gradient(w), problem.loss_and_gradient(w.astype(np.float32))
    assert narrow[0].dtype == narrow[1].dtype == problem.predict(w.astype(np.float32)).dtype == np.float32
    assert wide[0].dtype == wide[1].dtype == np.float64
    assert narrow[0] == pytest.approx(wide[0], rel=1e-3, abs=1e-2)


@given(objectives(), seeds)
def test_forward_does_not_touch_its_arguments(problem, seed) -> None:
    w, X = weights(problem.network, seed), problem.data.X.copy()
    before = w.copy()
    problem.loss_and_gradient(w)
    np.testing.assert_array_equal(w, before)
    np.testing.assert_array_equal(problem.data.X, X)


def test_huge_logits_stay_finite() -> None:
    network = Network.of("2-3-2-3", activation="identity")
    problem = NetworkObjective(network, _data([[1e3, -1e3]], [[0.0, 0.0, 1.0]]))
    w = 100 * weights(network, 3)
    loss, gradient = problem.loss_and_gradient(w)
    assert np.abs(problem.logits(w)).max() > 1e6
    assert np.isfinite(loss)
    assert np.isfinite(gradient).all()
    assert problem.predict(w).sum() == pytest.approx(1)


def test_backward_takes_any_delta() -> None:
    """With D a unit vector, backward is one row of the Jacobian: the way to any loss of the user's own."""
    network = Network.of("2-3-2", activation="tanh")
    w, X = weights(network, 0), np.array([[0.3, -0.7]])
    parameters = network.unpack(w)
    Z, kept = forward(network, parameters, X)
    for k in range(2):
        row = network.pack(backward(network, parameters, kept, np.eye(2)[k : k + 1]))
        stepped = forward(network, network.unpack(w + 1e-30j * np.eye(len(w))), X)[0][:, 0, k].imag / 1e-30
        np.testing.assert_allclose(row, stepped, atol=1e-14)
    assert Z.shape == (1, 2)


def test_the_shortest_network_is_a_linear_model() -> None:
    network = Network.of("3-2", loss="squared_error")
    w, X = weights(network, 0), np.random.RandomState(1).randn(5, 3)
    np.testing.assert_allclose(forward(network, network.unpack(w), X)[0], X @ w[:6].reshape(3, 2) + w[6:])
    assert repr(network) == "Network.of('3-2', loss='squared_error')"


def test_names_and_sizes_in_several_spellings() -> None:
    one = Network.of("2-3-2-3", activation="tanh")
    assert one == Network.of((2, 3, 2, 3), activation=["tanh", "tanh"]) == Network.of([2, 3, 2, 3], activation="tanh")
    assert one.text == "2-3-2-3"
    assert (one.depth, one.hidden, one.parameter_count) == (3, 2, 26)
    assert one.with_(bias=False).parameter_count == 18
    assert one.with_(bias=False) != one


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"sizes": "2-x-3"}, SettingError, r"joined by '-', such as 2-3-2-3; got '2-x-3'"),
        ({"sizes": "2"}, SettingError, r"at least two positive whole numbers .* got \(2,\)"),
        ({"sizes": "2-0-3"}, SettingError, r"positive whole numbers .* got \(2, 0, 3\)"),
        ({"sizes": "2-3-3", "activation": ["relu", "tanh"]}, SettingError, "one for each hidden layer, 1 here; got 2"),
        ({"sizes": "2-3-3", "activation": "rleu"}, UnknownNameError, "Did you mean 'relu'"),
        ({"sizes": "2-3-3", "loss": "mze"}, UnknownNameError, "loss must be one of cross_entropy, .*; got 'mze'"),
        ({"sizes": "2-3-3", "reduction": "max"}, SettingError, "'sum' or 'mean'; got 'max'"),
        ({"sizes": "2-3-3", "scales": (1.0,)}, SettingError, "one for each layer, 2 here; got 1"),
        ({"sizes": "2-3-3", "l2": -0.1}, SettingError, r"l2 must be a number at least 0; got -0\.1"),
        ({"sizes": "2-3-3", "l2": float("nan")}, SettingError, "got nan"),
    ],
)
def test_wrong_words_get_a_sentence(arguments, error, sentence) -> None:
    with pytest.raises(error, match=sentence):
        Network.of(**arguments)


def test_a_vector_of_the_wrong_length_names_both() -> None:
    with pytest.raises(ShapeError, match=r"2-3-2-3 network must end in 26 entries; got shape \(25,\)"):
        Network.of("2-3-2-3").unpack(np.zeros(25))
    with pytest.raises(ShapeError, match="with 26 parameters"):
        Network.of("2-3-2-3").label(26)
