"""The graph reading: rules, tracing, evaluation, reverse walk, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallline.errors import TraceError
from fallline.readings.graph import Graph, evaluate, topological
from fallline.readings.reverse import delta_of, derivative, derivatives, gradient_of
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.landscapes import LANDSCAPES
from fallline.textbook.losses import LOSSES
from fallline.textbook.network import Network, backward, forward, loss_and_gradient


def nodes(array):
    return list(np.asarray(array, dtype=object).ravel())


def test_equal_expressions_are_one_node():
    x, y = nodes(Graph().inputs("x", 2))
    assert x * y + 1 is y * x + 1
    assert (x + y) * (x + y) is (y + x) ** 2


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda x, y, z: z + x * y, "fma(x0, x1, x2)"),
        (lambda x, y, z: x * y + z, "fma(x0, x1, x2)"),
        (lambda x, y, z: x * y + y * z, "fma(x1, x2, multiply(x0, x1))"),
        (lambda x, y, z: z - x * y, "fma(negative(x0), x1, x2)"),
        (lambda x, y, z: x * y - z, "fma(x0, x1, negative(x2))"),
        (lambda x, y, z: z + (-x) * y, "fma(negative(x0), x1, x2)"),
        (lambda x, y, z: x + (-y), "subtract(x0, x1)"),
        (lambda x, y, z: x * 1 + 0, "x0"),
        (lambda x, y, z: x / 4, "multiply(x0, 0.25)"),
        (lambda x, y, z: x / 3, "divide(x0, 3.0)"),
        (lambda x, y, z: x**3, "multiply(x0, multiply(x0, x0))"),
        (lambda x, y, z: x**0.5, "sqrt(x0)"),
        (lambda x, y, z: x**y, "power(x0, x1)"),
        (lambda x, y, z: 2 * (3 + x * 0), "6.0"),
    ],
)
def test_rules(make, text):
    got = make(*nodes(Graph().inputs("x", 3)))
    assert repr(got) == text


def test_matrix_products_fuse_in_order():
    A = Graph().inputs("a", (1, 3))
    assert repr(nodes(A @ A.mT)[0]) == "fma(a2, a2, fma(a1, a1, multiply(a0, a0)))"


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_traced_network_evaluates_to_the_numbers(activation, loss):
    network = Network.of("3-4-2", activation=activation, loss=loss)
    graph = Graph()
    w, X, T = graph.inputs("w", network.parameter_count), graph.inputs("x", (1, 3)), graph.inputs("t", (1, 2))
    value, gradient = loss_and_gradient(network, network.unpack(w), X, T)
    rng = np.random.default_rng(1)
    points, x, t = rng.normal(size=network.parameter_count), rng.normal(size=(1, 3)), np.array([[1.0, 0.0]])
    inputs = {("w", k): v for k, v in enumerate(points)}
    inputs |= {("x", k): v for k, v in enumerate(x[0])} | {("t", k): v for k, v in enumerate(t[0])}
    got = evaluate([*nodes(value), *nodes(network.pack(gradient))], inputs)
    want_value, want = loss_and_gradient(network, network.unpack(points), x, t)
    np.testing.assert_allclose(got, [want_value, *network.pack(want)], rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("sizes", ["2-3", "2-3-1", "2-3-2-3"])
def test_reverse_walk_agrees_with_the_backward_page(activation, loss, sizes):
    network = Network.of(sizes, activation=activation, loss=loss)
    graph = Graph()
    n = network.sizes[-1]
    w, X, T = graph.inputs("w", network.parameter_count), graph.inputs("x", (1, 2)), graph.inputs("t", (1, n))
    Z, kept = forward(network, network.unpack(w), X)
    value = nodes(network.loss.value(Z, T))[0]
    by_hand = network.pack(backward(network, network.unpack(w), kept, network.loss.delta(Z, T)))
    rng = np.random.default_rng(2)
    target = np.eye(n)[0]
    inputs = {("w", k): v for k, v in enumerate(rng.normal(size=network.parameter_count))}
    inputs |= {("x", k): v for k, v in enumerate(rng.normal(size=2))} | {("t", k): v for k, v in enumerate(target)}
    walked = evaluate(derivatives(value, nodes(w)), inputs)
    np.testing.assert_allclose(walked, evaluate(nodes(by_hand), inputs), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_derived_slopes_are_the_pages_slopes(name):
    record = ACTIVATIONS[name]
    z = np.array([-3.0, -0.5, 0.0, 0.7, 4.0])
    np.testing.assert_allclose(derivative(record.function)(z), record.slope(z) + 0 * z, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", LOSSES)
def test_derived_deltas_are_the_pages_deltas(name):
    record = LOSSES[name]
    Z, T = np.random.default_rng(3).normal(size=(5, 3)), np.eye(3)[[0, 1, 2, 0, 1]]
    np.testing.assert_allclose(delta_of(record.value)(Z, T), record.delta(Z, T), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", LANDSCAPES)
def test_derived_gradients_are_the_pages_gradients(name):
    record = LANDSCAPES[name]
    point = (0.83, -0.41)
    np.testing.assert_allclose(gradient_of(record.function)(*point), record.gradient(*point), rtol=1e-10)


def test_derived_pages_read_as_numbers_of_any_kind():
    slope = derivative(lambda z: np.exp(z) * z)
    z = np.array([0.3, 0.5])
    assert slope(z.astype(np.float32)).dtype == np.float32
    h = 1e-30
    np.testing.assert_allclose(slope(z + 1j * h).imag / h, np.exp(z) * (z + 2), rtol=1e-14)
    traced = slope(Graph().inputs("z", 2))
    assert evaluate(nodes(traced), {("z", 0): 0.3, ("z", 1): 0.5}) == pytest.approx(slope(z).tolist())


@given(st.lists(st.floats(-2, 2), min_size=2, max_size=2))
def test_reverse_walk_agrees_with_complex_step(point):
    def page(x, y):
        return np.sin(x * y) + np.exp(x / 3) * np.tanh(y) + np.log1p(x**2) + np.sqrt(y**2 + 1) / (2 + np.cos(x))

    h = 1e-30
    x, y = (np.complex128(v) for v in point)
    want = [page(x + 1j * h, y).imag / h, page(x, y + 1j * h).imag / h]
    np.testing.assert_allclose(gradient_of(page)(*point), want, rtol=1e-12, atol=1e-13)


def test_topological_order_puts_operands_first():
    x, y = nodes(Graph().inputs("x", 2))
    order = topological([(x + y) * (x - y) + x])
    place = {n.index: i for i, n in enumerate(order)}
    assert all(place[a.index] < place[n.index] for n in order for a in n.args)


def branches(x, y):
    return x if x > 0 else y


def library(x, y):
    return math.exp(x) + y


def unknown(x, y):
    return np.arctan(x) + y


def turns(x, y):
    return x * float(y)


@pytest.mark.parametrize(
    ("page", "line", "advice"),
    [
        (branches, "return x if x > 0 else y", "where"),
        (library, "return math.exp(x) + y", "np.exp"),
        (unknown, "return np.arctan(x) + y", "arctan"),
        (turns, "return x * float(y)", "float"),
    ],
)
def test_what_cannot_be_traced_is_named_with_its_line(page, line, advice):
    with pytest.raises(TraceError) as caught:
        gradient_of(page)
    text = str(caught.value)
    assert line in text
    assert advice in text
    assert "test_graph.py" in text
    assert page.__name__ in text


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda x, y: (x > 0) * y, "multiply(x1, select(greater(x0, 0.0), 1.0, 0.0))"),
        (lambda x, y: (x > 0) * 1.0, "select(greater(x0, 0.0), 1.0, 0.0)"),
        (lambda x, y: (x > 0) * (y > 1), "logical_and(greater(x0, 0.0), greater(x1, 1.0))"),
        (lambda x, y: np.where(x, y, 2), "select(not_equal(x0, 0.0), x1, 2.0)"),
        (lambda x, y: ~(x > 0) | (y > 0), "logical_or(logical_not(greater(x0, 0.0)), greater(x1, 0.0))"),
        (lambda x, y: x / (0 * y), "divide(x0, 0.0)"),
        (lambda x, y: (0 * x - 1) / (0 * y), "-inf"),
        (lambda x, y: (0 * x - 8) ** (1 / 3), "nan"),
    ],
)
def test_conditions_count_as_numbers_and_numbers_as_conditions(make, text):
    x, y = Graph().inputs("x", 2)
    got = make(x, y)
    assert repr(got.item()) == text


def test_a_condition_may_be_what_a_page_returns():
    assert gradient_of(lambda x, y: x > y)(1.0, 2.0) == [0.0, 0.0]
