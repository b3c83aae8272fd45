"""Objectives: the notebook's network to the digit, runs side by side, and what arrays that do not fit are told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallline.data import Dataset, generate
from fallline.errors import ShapeError, UnknownNameError, UsageError
from fallline.experiment.method import method
from fallline.experiment.starts import draw_starts, notebook_start, notebook_uniform
from fallline.problems import LandscapeObjective, NetworkObjective, as_vector, objective
from fallline.runs.descent import descend
from fallline.runs.trajectory import trajectory
from fallline.textbook.landscapes import LANDSCAPES, Landscape, quadratic
from fallline.textbook.network import Layer, Network
from strategies import data_for, objectives, optimizers, seeds, weights


@pytest.fixture(scope="module")
def three() -> NetworkObjective:
    return NetworkObjective(Network.of("2-3-2-3"), generate("three-gaussians"))


# --- The notebook -----------------------------------------------------------------------------------------------------


def test_class_probabilities_of_the_notebooks_three_samples() -> None:
    """Its printed eight digits. Samples are rows here, so that the shapes fit: as printed there they do not."""
    W1, b1 = [[1, 0, 0], [-1, -1, 0]], [0, 0, 1]
    W2, b2 = [[1, 0], [-1, 0], [0, 0.5]], [1, -1]
    V, c = [[1, 0, -1], [1, 0, -1]], [1, 0, 0]
    network = Network.of("2-3-2-3")
    w = network.pack(tuple(Layer(np.array(W, float), np.array(b, float)) for W, b in ((W1, b1), (W2, b2), (V, c))))
    problem = NetworkObjective(network, Dataset.of([[1, -1], [0, -1], [0, 1]], [0, 1, 2]))
    probabilities = problem.predict(w)
    assert probabilities.round(8).tolist() == [
        [0.94649912, 0.04712342, 0.00637746],
        [0.84379473, 0.1141952, 0.04201007],
        [0.84379473, 0.1141952, 0.04201007],
    ]
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, rtol=1e-15)


def test_the_notebooks_start_and_its_loss(three: NetworkObjective) -> None:
    """`seed(8)`, then `randn` for V, c, W2, b2, W1, b1 in this order; the loss summed over 300 samples is 232.49."""
    w = notebook_start(three)
    state = np.random.RandomState(8)
    V, c, W2, b2, W1, b1 = (state.randn(*n) for n in [(2, 3), (3,), (3, 2), (2,), (2, 3), (3,)])
    np.testing.assert_array_equal(w, np.concatenate([a.ravel() for a in (W1, b1, W2, b2, V, c)]))
    assert round(float(three.loss(w)), 2) == 232.49
    # That network's shapes read the same from either end; another's show that the output layer really is drawn first.
    other = NetworkObjective(Network.of("2-4-3"), three.data)
    V = np.random.RandomState(8).randn(4, 3)
    np.testing.assert_array_equal(other.network.unpack(notebook_start(other))[1].W, V)


def test_the_notebooks_starts_on_rosenbrocks_function() -> None:
    assert notebook_uniform(10, -1, 1.5, runs=3).round(8).tolist() == [
        [0.92830161, -0.94812013],
        [0.58412059, 0.87200971],
        [0.24626753, -0.43800839],
    ]
    assert notebook_uniform(100, -10, 10)[0].round(8).tolist() == [0.86809884, -4.43261230]


# --- Laws -------------------------------------------------------------------------------------------------------------


@given(objectives(), seeds)
def test_loss_is_the_loss_of_loss_and_gradient(problem: NetworkObjective, seed: int) -> None:
    w = weights(problem.network, seed, 2)
    np.testing.assert_allclose(problem.loss(w), problem.loss_and_gradient(w)[0], rtol=1e-13)


@given(objectives(l2=0.0), seeds)
def test_a_mean_is_the_sum_over_the_number_of_samples(problem: NetworkObjective, seed: int) -> None:
    w, n = weights(problem.network, seed), len(problem.data)
    total, mean = (NetworkObjective(problem.network.with_(reduction=r), problem.data) for r in ("sum", "mean"))
    for one, other in zip(total.loss_and_gradient(w), mean.loss_and_gradient(w), strict=True):
        np.testing.assert_allclose(one, n * other, rtol=1e-11, atol=1e-12 * max(1.0, np.abs(one).max()))


@given(objectives(), seeds)
def test_a_small_step_down_the_gradient_lowers_the_loss(problem: NetworkObjective, seed: int) -> None:
    """To first order by |g|^2 times the step; a kink crossed on the way may take some of it."""
    w = weights(problem.network, seed)
    loss, gradient = problem.loss_and_gradient(w)
    size = np.linalg.norm(gradient)
    if size > 1e-3:
        step = 1e-6 * gradient / size
        assert problem.loss(w - step) < loss + 1e-9 * max(1.0, abs(loss))


@given(optimizers, objectives(), seeds, st.sampled_from(["constant", "cosine", "warmup", "step_decay"]))
def test_a_run_keeps_its_dtype(name: str, problem: NetworkObjective, seed: int, schedule: str) -> None:
    """float32 all the way: a schedule's factor, or a learning rate of one layer alone, must not widen it in secret."""
    how = method(name, schedule, 5, learning_rate=0.01, **{"learning_rate.1": 0.02})
    for dtype in (np.float32, np.float64):
        for w, loss, gradient in trajectory(problem, how, weights(problem.network, seed).astype(dtype), 5):
            assert w.dtype == loss.dtype == gradient.dtype == dtype


@given(optimizers, objectives(), seeds)
def test_runs_side_by_side_are_the_runs_one_by_one(name: str, problem: NetworkObjective, seed: int) -> None:
    how, w = method(name, learning_rate=0.001), weights(problem.network, seed, 3)
    together = [loss for _, loss, _ in trajectory(problem, how, w, 5)]
    for k in range(3):
        alone = [loss for _, loss, _ in trajectory(problem, how, w[k], 5)]
        # Rounding grows where an adaptive step divides by a gradient near 0; five small steps leave little of it.
        np.testing.assert_allclose([float(t[k]) for t in together], np.array(alone), rtol=1e-6, atol=1e-9)


@given(st.floats(0.0, 0.19), st.integers(0, 50))
def test_gradient_descent_on_a_bowl_is_a_power(rate: float, steps: int) -> None:
    """Each coordinate shrinks by (1 - rate * eigenvalue) a step: the one descent that can be worked exactly."""
    run = descend(quadratic(10.0), learning_rate=rate, start=(2.0, 1.0), steps=steps)
    expected = [2 * (1 - rate) ** steps, (1 - 10 * rate) ** steps]
    np.testing.assert_allclose(run.end, expected, rtol=1e-12, atol=1e-14)


@given(objectives(loss="cross_entropy"), seeds)
def test_predictions_are_probabilities(problem: NetworkObjective, seed: int) -> None:
    y = problem.predict(weights(problem.network, seed, 4))
    assert y.shape == (4, len(problem.data), problem.network.sizes[-1])
    assert (y >= 0).all()
    np.testing.assert_allclose(y.sum(axis=-1), 1, rtol=1e-14)


# --- Contracts --------------------------------------------------------------------------------------------------------


def test_accuracy_of_classes_and_of_labels() -> None:
    network = Network.of("2-2")
    w = network.pack((Layer(np.eye(2), np.zeros(2)),))  # the logits are the inputs
    X = [[3.0, 1.0], [-1.0, 2.0], [2.0, 1.0], [-2.0, -1.0]]
    classes = NetworkObjective(network, Dataset.of(X, [0, 1, 1, 1]))
    assert classes.accuracy(w) == 0.75
    assert classes.accuracy(np.stack([w, -w])).tolist() == [0.75, 0.25]
    labels = Dataset(np.array(X), np.array([[1.0, 1.0], [0.0, 1.0], [1.0, 0.0], [0.0, 0.0]]))
    assert NetworkObjective(network.with_(loss=Network.of("2-2", loss="logistic").loss), labels).accuracy(w) == 0.75
    values = NetworkObjective(Network.of("2-2", loss="squared_error"), labels)
    with pytest.raises(UsageError, match="accuracy needs classes or labels; squared_error has values"):
        values.accuracy(w)


def test_other_inputs_can_be_predicted(three: NetworkObjective) -> None:
    w = notebook_start(three)
    np.testing.assert_allclose(three.predict(w, three.data.X[:5]), three.predict(w)[:5], rtol=1e-13)


def test_labels_name_every_parameter(three: NetworkObjective) -> None:
    assert three.labels[:7] == ("W1[0,0]", "W1[0,1]", "W1[0,2]", "W1[1,0]", "W1[1,1]", "W1[1,2]", "b1[0]")
    assert len(three.labels) == three.dimension == 26
    assert objective("booth").labels == ("x", "y")
    assert objective(lambda p, q, r: p * q * r).labels == ("p", "q", "r")


def test_an_objective_from_a_name_a_record_a_function_and_itself(three: NetworkObjective) -> None:
    assert objective(three) is three
    assert objective("booth") == objective(LANDSCAPES["booth"]) == LandscapeObjective(LANDSCAPES["booth"])
    assert objective(lambda *x: sum(a**2 for a in x), dimension=4).dimension == 4
    with pytest.raises(UnknownNameError, match="Did you mean 'booth'"):
        objective("boot")


@given(seeds, st.integers(2, 5))
def test_the_gradient_of_a_users_own_function_is_derived(seed: int, dimension: int) -> None:
    """The same page without its gradient: the reverse walk must find what was worked by hand."""
    ours = Landscape("r", LANDSCAPES["rosenbrock"].function, LANDSCAPES["rosenbrock"].gradient, dimension=dimension)
    derived = objective(Landscape("r", LANDSCAPES["rosenbrock"].function, dimension=dimension))
    w = np.random.RandomState(seed).uniform(-2, 2, (3, dimension))
    for one, other in zip(derived.loss_and_gradient(w), objective(ours).loss_and_gradient(w), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-10)


def test_starts_on_a_landscape_lie_in_its_window() -> None:
    starts = draw_starts(objective("beale"), 500)
    assert (np.abs(starts) < 4.5).all()
    np.testing.assert_allclose(starts.mean(axis=0), 0, atol=0.5)
    assert np.abs(starts).max() > 4


@pytest.mark.parametrize(
    ("sizes", "loss", "X", "T", "error", "sentence"),
    [
        ("3-2", "cross_entropy", (4, 2), np.eye(2)[[0, 1, 0, 1]], ShapeError,
         "inputs X of data have 2 columns, but the network 3-2 has 3 such units"),
        ("2-3", "cross_entropy", (4, 2), np.eye(2)[[0, 1, 0, 1]], ShapeError, "targets T of data have 2 columns"),
        ("2-2", "cross_entropy", (1, 2), np.array([[0.5, 0.5]]), UsageError, "one-hot targets .* Use squared_error"),
        ("2-2", "cross_entropy", (1, 2), np.array([[1.0, 1.0]]), UsageError, "needs one-hot targets"),
        ("2-2", "logistic", (1, 2), np.array([[1.0, 2.0]]), UsageError, "needs targets that are 0 or 1"),
    ],
)  # fmt: skip
def test_a_network_that_does_not_fit_its_data_is_told_why(sizes, loss, X, T, error, sentence) -> None:
    with pytest.raises(error, match=sentence):
        NetworkObjective(Network.of(sizes, loss=loss), Dataset(np.zeros(X), T))


def test_a_point_that_does_not_fit_names_both_shapes(three: NetworkObjective) -> None:
    with pytest.raises(
        ShapeError, match=r"start must have shape \(26,\), .* of 2-3-2-3 on three Gaussians; got \(2,\)"
    ):
        as_vector([1, 2], three)
    with pytest.raises(UsageError, match="start must be 26 numbers; got 'here'"):
        as_vector("here", three)
    with pytest.raises(ShapeError, match=r"a point of booth must have 2 coordinates; got shape \(3,\)"):
        objective("booth").loss(np.zeros(3))


def test_data_is_converted_once_and_never_changed(three: NetworkObjective) -> None:
    before = three.data.X.copy()
    for dtype in (np.float32, np.float64, np.complex128):
        three.loss_and_gradient(np.zeros(26, dtype))
    np.testing.assert_array_equal(three.data.X, before)
    assert data_for(three.network, 3, 0).X.shape == (3, 2)
