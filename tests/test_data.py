"""Data sets by contract: every generated one, the notebook's to the digit, and what a bad table is told."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallline.data import GENERATED, Dataset, generate
from fallline.data.dataset import one_hot
from fallline.data.standardize import Standardization
from fallline.data.tables import read_csv
from fallline.errors import DataError, FalllineError, SettingError, ShapeError, UnknownNameError
from fallline.problems import NetworkObjective
from fallline.runs.descent import descend
from fallline.textbook.network import Network
from strategies import seeds

EVERY = pytest.mark.parametrize("name", sorted(GENERATED))
OF_CLASSES = pytest.mark.parametrize("name", sorted(set(GENERATED) - {"hills", "plane"}))
KEYED = pytest.mark.parametrize("name", sorted(set(GENERATED) - {"three-gaussians"}))


@OF_CLASSES
def test_every_generated_set_is_two_inputs_and_equal_classes(name: str) -> None:
    data = generate(name, samples=30)
    classes = data.T.shape[1]
    assert data.X.shape == (30 * classes, 2)
    assert data.T.sum(axis=0).tolist() == [30] * classes
    assert (np.diff(data.labels) >= 0).all()  # class after class, as the notebook stacks them
    assert (data.columns, data.classes) == (("x1", "x2"), tuple("0123"[:classes]))
    assert np.isfinite(data.X).all()


@EVERY
def test_the_same_words_give_the_same_bits(name: str) -> None:
    np.testing.assert_array_equal(generate(name, samples=30).X, generate(name, samples=30).X)
    assert not (generate(name, samples=30, seed=1).X == generate(name, samples=30, seed=2).X).all()


@EVERY
def test_every_set_has_noise_of_its_own_seed(name: str) -> None:
    """It moves the inputs of classes, and values themselves, by normal numbers; without noise nothing is moved."""
    values = not generate(name).classes
    part = "T" if values else "X"
    still, moved = (getattr(generate(name, samples=2000, noise=noise), part) for noise in (0, 0.5))
    drawn = ((moved - still) / 0.5).ravel()
    assert abs(drawn.mean()) < 0.05
    assert abs(drawn.std() - 1) < 0.05
    same = getattr(generate(name, samples=2000, noise=0.25), part)
    np.testing.assert_allclose((same - still) / 0.25, (moved - still) / 0.5, atol=1e-9)
    assert abs(np.corrcoef((moved - still)[:, 0], still[:, 0])[0, 1]) < 0.06  # independent of what it moves
    other = "X" if values else "T"
    np.testing.assert_array_equal(*(getattr(generate(name, samples=9, noise=noise), other) for noise in (0, 1)))
    with pytest.raises(SettingError, match="noise must be a number at least 0"):
        generate(name, noise=-1)


def test_the_sets_of_values_are_those_of_their_formulas() -> None:
    x, y = generate("plane", samples=50).X.T
    np.testing.assert_array_equal(generate("plane", samples=50).T[:, 0], (x + y) / 2)
    data = generate("hills", samples=3000)
    assert np.abs(data.X).max() <= 1
    for k, (a, b) in enumerate([(-0.75, -0.5), (0, -0.5), (0.75, -0.5), (-0.75, 0.5), (0, 0.5), (0.75, 0.5)]):
        near = np.hypot(data.X[:, 0] - a, data.X[:, 1] - b) < 0.06
        np.testing.assert_allclose(data.T[near, 0], (-1) ** k, atol=0.12)


def test_the_disc_lies_inside_the_ring() -> None:
    data = generate("disc", samples=200, ratio=0.4)
    radius = np.hypot(*data.X.T)
    assert (radius[data.labels == 1] <= 0.4).all()
    assert ((radius[data.labels == 0] >= 0.7 - 1e-9) & (radius[data.labels == 0] <= 1 + 1e-9)).all()


@pytest.mark.parametrize("name", ["disc", "gaussians", "hills", "plane", "two-gaussians", "xor"])
def test_a_larger_set_begins_with_the_smaller_one(name: str) -> None:
    small, large = generate(name, samples=10), generate(name, samples=25)
    for k in range(small.T.shape[1]):
        np.testing.assert_array_equal(small.X[small.labels == k], large.X[large.labels == k][:10])
    if not small.classes:
        np.testing.assert_array_equal(small.T, large.T[:10])


def test_the_notebooks_three_gaussians() -> None:
    """`seed(123)`, then `multivariate_normal` around each centre: first and last point, and the means, of that draw."""
    data = generate("three-gaussians")
    state = np.random.RandomState(123)
    for k, centre in enumerate([(-2, -2), (0, 2), (2, -2)]):
        np.testing.assert_array_equal(
            data.X[100 * k : 100 * k + 100], state.multivariate_normal(centre, np.eye(2), 100)
        )
    assert data.X[0].round(6).tolist() == [-3.085631, -1.002655]
    assert data.labels.tolist() == [0] * 100 + [1] * 100 + [2] * 100


def test_clusters_have_the_centres_and_the_deviation_that_were_asked_for() -> None:
    centres = [(5.0, 0.0, -1.0), (-5.0, 2.0, 0.0)]
    data = generate("gaussians", samples=4000, centres=centres, deviation=0.5)
    for k, centre in enumerate(centres):
        cluster = data.X[data.labels == k]
        np.testing.assert_allclose(cluster.mean(axis=0), centre, atol=0.03)
        np.testing.assert_allclose(np.cov(cluster.T), 0.25 * np.eye(3), atol=0.02)


# Without noise the points lie on the curve that the name promises: a residual that is 0, for each set and class.
SHAPES = {
    "circles": lambda X, k: np.hypot(*X.T) - (1, 0.5)[k],
    "moons": lambda X, k: np.hypot(X[:, 0] - (0, 1)[k], X[:, 1] - (0, 0.5)[k]) - 1,
    "spirals": lambda X, k: np.sin(np.arctan2(X[:, 1], X[:, 0]) - 1.5 * math.pi * np.hypot(*X.T) - math.pi * k),
    "xor": lambda X, k: np.where((X[:, 0] * X[:, 1] < 0) == k, 0, 1),
}


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_without_noise_points_lie_on_the_shape(name: str) -> None:
    data = generate(name, samples=50, noise=0.0)
    for k in range(2):
        np.testing.assert_allclose(SHAPES[name](data.X[data.labels == k], k), 0, atol=1e-10)
    noisy = generate(name, samples=2000, noise=0.05)
    assert (noisy.X - generate(name, samples=2000, noise=0.0).X).std() == pytest.approx(0.05, rel=0.03)


def test_moons_are_halves_and_interleaved() -> None:
    data = generate("moons", samples=50, noise=0.0)
    upper, lower = data.X[:50], data.X[50:]
    assert (upper[:, 1] > 0).all()
    assert (lower[:, 1] < 0.5).all()
    assert lower[:, 1].max() > upper[:, 1].min()


def test_an_unknown_set_lists_the_known_ones() -> None:
    with pytest.raises(
        UnknownNameError, match=r"data set must be one of circles, .*; got 'moon'\. Did you mean 'moons'"
    ):
        generate("moon")
    with pytest.raises(UnknownNameError, match=r"setting of data set moons must be one of .*Did you mean 'noise'"):
        generate("moons", nois=0.1)
    with pytest.raises(SettingError, match=r"^noise must be a number at least 0; got -0\.1\.$"):
        generate("moons", noise=-0.1)


@pytest.mark.parametrize("targets", [["b", "a", "b"], [1, 0, 1], [True, False, True]])
def test_a_vector_of_texts_or_whole_numbers_means_classes(targets) -> None:
    data = Dataset.of([[0.0], [1.0], [2.0]], targets)
    assert data.T.tolist() == [[0, 1], [1, 0], [0, 1]]
    assert data.classes == tuple(str(c) for c in sorted(set(targets)))
    assert data.labels.tolist() == [1, 0, 1]


def test_anything_else_means_values() -> None:
    assert Dataset.of([[0.0], [1.0]], [0.5, 1.5]).T.tolist() == [[0.5], [1.5]]
    data = Dataset.of([[0, 1], [2, 3]], [[1, 2], [3, 4]], name="mine")
    assert data.T.tolist() == [[1, 2], [3, 4]]
    assert data.classes == ()
    assert repr(data) == "Dataset('mine', 2 samples, 2 inputs, 2 targets)"


@given(seeds, st.integers(1, 6), st.integers(1, 20))
def test_one_hot_and_back(seed: int, classes: int, samples: int) -> None:
    labels = np.random.RandomState(seed).randint(classes, size=samples)
    T = one_hot(labels, classes)
    assert T.shape == (samples, classes)
    assert (T.sum(axis=-1) == 1).all()
    np.testing.assert_array_equal(T.argmax(axis=-1), labels)


@pytest.mark.parametrize(
    ("X", "T", "error", "sentence"),
    [
        (np.zeros(3), np.zeros((3, 1)), ShapeError, r"X must have the shape \(samples, columns\); got \(3,\)"),
        (np.zeros((0, 2)), np.zeros((0, 1)), ShapeError, r"X must have .* got \(0, 2\)"),
        (np.zeros((3, 2)), np.zeros((4, 1)), ShapeError, r"got X \(3, 2\) and T \(4, 1\)"),
        (
            np.array([[0, 1], [2, np.nan]]),
            np.zeros((2, 1)),
            DataError,
            "X .* row 1, column 1 holds nan. Remove or fill",
        ),
        (np.zeros((2, 1)), np.array([[np.inf], [0]]), DataError, "T .* row 0, column 0 holds inf"),
    ],
)
def test_a_bad_table_is_told_where(X, T, error, sentence) -> None:
    with pytest.raises(error, match=sentence):
        Dataset(X, T)


# As scikit-learn has them ---------------------------------------------------------------------------------------------

X6 = np.arange(12.0).reshape(6, 2)
EYE = np.eye(3)[[0, 1, 2, 0, 1, 2]]


@pytest.mark.parametrize(
    ("sizes", "loss", "y", "T", "classes"),
    [
        ("2-3", "cross_entropy", [0, 1, 2] * 2, EYE, "012"),
        ("2-3", "cross_entropy", np.array([0.0, 1.0, 2.0] * 2), EYE, "012"),
        ("2-3", "cross_entropy", np.array([[5], [6], [9]] * 2), EYE, "569"),
        ("2-3", "cross_entropy", list("abc" * 2), EYE, "abc"),
        ("2-3", "cross_entropy", np.array(list("abc" * 2), dtype=object), EYE, "abc"),
        ("2-3", "cross_entropy", EYE.astype(int), EYE, ""),
        ("2-3", "cross_entropy", [0, 2] * 3, EYE[[0, 2] * 3], "012"),
        ("2-2", "cross_entropy", [-1, 1] * 3, np.eye(2)[[0, 1] * 3], ("-1", "1")),
        ("2-1", "logistic", [0, 1] * 3, [[0], [1]] * 3, "01"),
        ("2-1", "logistic", [False, True] * 3, [[0], [1]] * 3, ("False", "True")),
        ("2-1", "logistic", [0.0, 1.0] * 3, [[0], [1]] * 3, ""),
        ("2-1", "squared_error", [3, 1, 2] * 2, [[3], [1], [2]] * 2, ""),
        ("2-1", "squared_error", [3] * 6, [[3]] * 6, ""),
        ("2-1", "squared_error", [0.5, 1.5, 2] * 2, [[0.5], [1.5], [2]] * 2, ""),
        ("2-3", "squared_error", [0, 1, 2] * 2, EYE, "012"),
    ],
)
def test_targets_as_scikit_learn_has_them(sizes, loss, y, T, classes) -> None:
    """Given with the inputs, or as a data set made before: the loss decides what the labels become."""
    for data in ((X6, y), Dataset(X6, y), Dataset.of(X6, y)):
        problem = NetworkObjective(Network.of(sizes, loss=loss), data)
        np.testing.assert_array_equal(problem.data.T, T)
        assert problem.data.classes == tuple(classes)
        assert np.isfinite(descend(problem, steps=1).losses).all()


def test_a_run_on_scikit_learns_own_iris() -> None:
    iris = pytest.importorskip("sklearn.datasets").load_iris()
    assert repr(Dataset(iris.data, iris.target)) == "Dataset('data', 150 samples, 4 inputs, 3 classes)"
    problem = NetworkObjective(Network.of("4-5-3", activation="tanh"), (iris.data, iris.target))
    run = descend(problem, "adam", steps=200, learning_rate=0.05)
    assert problem.accuracy(run.end) > 0.95


@pytest.mark.parametrize(
    ("X", "y", "sentence"),
    [
        (X6, [0, None] * 3, "T must hold a target for each sample; row 1 holds None"),
        (X6, np.array(["a", float("nan")] * 3, dtype=object), "row 1 holds nan"),
        (X6, np.array(["a", 1] * 3, dtype=object), "either texts or numbers"),
        (X6, [0.5, np.nan] * 3, "T must hold finite numbers; row 1"),
        (X6, [0, 1], r"one row for each sample; got X \(6, 2\) and T \(2, 2\)"),
        (X6, None, "T must hold numbers; got None"),
        (X6, [[1, 2], [3]] * 3, "T must have rows of the same length"),
        (X6, {"a": 1}, "T must hold numbers; it holds {'a': 1}"),
        (X6[:, 0], [0, 1] * 3, r"For a single input write X\[:, None\]"),
        ([["1", "a"]] * 6, [0, 1] * 3, "X must hold numbers; row 0, column 1 holds 'a'"),
        (X6 * 1j, [0, 1] * 3, "X must hold real numbers"),
        (np.ma.masked_greater(X6, 3), [0, 1] * 3, "some are masked"),
        (np.zeros((200_000, 1)), [str(k) for k in range(200_000)], "T must hold fewer classes"),
        (np.zeros((0, 2)), [], r"X must have the shape \(samples, columns\)"),
    ],
)
def test_what_is_no_data_set_is_told_why(X, y, sentence) -> None:
    with pytest.raises((DataError, ShapeError), match=sentence):
        Dataset(X, y)


@pytest.mark.parametrize(
    ("sizes", "loss", "data", "sentence"),
    [
        ("2-2", "cross_entropy", (X6, [0, 1, 2] * 2), "targets T of data have 3 columns, but the network 2-2 has 2"),
        ("2-1", "squared_error", (X6, list("abc") * 2), "targets T of data have 3 columns"),
        ("2-1", "logistic", (X6, [1] * 6), "T must hold two classes; the target of every sample is '1'"),
        ("3-2", "cross_entropy", (X6, [0, 1] * 3), "inputs X of data have 2 columns"),
        ("2-2", "cross_entropy", X6, r"data must be a data set, or inputs and targets \(X, y\); got ndarray"),
    ],
)
def test_data_that_do_not_fit_the_network_are_refused(sizes, loss, data, sentence) -> None:
    with pytest.raises(FalllineError, match=sentence):
        NetworkObjective(Network.of(sizes, loss=loss), data)


@pytest.mark.parametrize("scale", [1e200, 1e-200, 1.7e308, 1e-310, 3.0])
def test_standardizing_holds_over_the_whole_range_of_floats(scale):
    X = np.array([[1.0, 5.0], [-1.0, 6.0], [0.0, 10.0]]) * [scale, 1.0]
    got = Standardization.of(X, ("a", "b"), "t.csv")(X)
    np.testing.assert_allclose(got[:, 0], [1.5**0.5, -(1.5**0.5), 0], rtol=1e-14)
    np.testing.assert_allclose(got.std(axis=0), 1, rtol=1e-14)


def test_standardizing_ordinary_values_is_the_plain_formula_to_the_bit():
    X = np.random.RandomState(0).randn(50, 3) * [1e-3, 1.0, 1e6]
    np.testing.assert_array_equal(Standardization.of(X, "abc", "t.csv")(X), (X - X.mean(axis=0)) / X.std(axis=0))


def test_a_column_that_is_the_same_in_every_row_is_named():
    """The mean of three 0.1 is not 0.1, so that the deviation is not 0 either."""
    with pytest.raises(
        DataError, match=r"^t\.csv: column 'b' is the same in every row; leave it out to standardize\.$"
    ):
        Standardization.of(np.array([[1.0, 0.1], [2.0, 0.1], [3.0, 0.1]]), ("a", "b"), "t.csv")(
            np.array([[1.0, 0.1], [2.0, 0.1], [3.0, 0.1]])
        )


def test_a_table_is_read_in_its_encoding(tmp_path):
    table = tmp_path / "table.csv"
    table.write_bytes("\ufeffa,größe\n1,2\n3,4.5\n".encode())
    assert read_csv(table, "größe").columns == ("a",)
    for encoding in ("cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        table.write_bytes("a,größe\n1,2\n3,4.5\n".encode(encoding))
        assert read_csv(table, "größe").T.tolist() == [[2], [4.5]]
    table.write_bytes(b"a,b\n1,\x81\n")  # no character of Windows-1252
    with pytest.raises(
        DataError, match=r"table\.csv cannot be read as text in the encoding cp1252; byte 7 is invalid\."
    ):
        read_csv(table, "b")
    with pytest.raises(DataError, match=r"absent\.csv cannot be read: no such file or directory\.$"):
        read_csv(tmp_path / "absent.csv", "b")
