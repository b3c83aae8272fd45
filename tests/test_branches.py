"""Slopes through `where`, maximum, minimum and abs: a branch not taken stays out, and ties follow one rule, in every reading."""

from __future__ import annotations

import math
from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import fallline as fl
from fallline.readings.graph import Graph
from fallline.readings.reverse import delta_of, derivative, derivatives, gradient_of
from fallline.readings.symbols import partial, read
from fallline.readings.symbols.cases import slope
from fallline.user_code.records import activation, landscape
from side_by_side import train

# --- One variable: a page, and its slope at points ---

NOT_TAKEN = {
    "elu": (lambda z: np.where(z > 0, z, np.exp(z) - 1), {-800: 0, -1: 1 / math.e, 0: 1, 100: 1, 800: 1, 1e10: 1}),
    "square root": (lambda z: np.where(z > 0, np.sqrt(z), 0), {-1e10: 0, -1: 0, 0: 0, 4: 0.25}),
    "sin z / z": (
        lambda z: np.where(np.abs(z) > 1e-9, np.sin(z) / z, 1),
        {0: 0, 1e-12: 0, 1: math.cos(1) - math.sin(1)},
    ),
    "z log z": (lambda z: np.where(z > 0, z * np.log(z), 0), {-3: 0, 0: 0, 1: 1}),
    "1 / z": (lambda z: np.where(z == 0, 0, 1 / z), {0: 0, 2: -0.25}),
    "softplus": (lambda z: np.where(z > 20, z, np.log(1 + np.exp(z))), {-800: 0, 0: 0.5, 100: 1, 800: 1, 1e10: 1}),
    "power": (lambda z: np.where(z > 0, z**1.5, 0), {-2: 0, 0: 0, 4: 3}),
    "x^40": (lambda z: np.where(np.abs(z) < 2, z**40, z), {1e10: 1, -1e10: 1, 1: 40}),
    "nested": (
        lambda z: np.where(z > 1, np.where(z > 2, np.log(z - 2), np.sqrt(z - 1)), np.where(z > -5, z, 1 / z)),
        {-10: -0.01, 0: 1, 1: 1, 1.25: 1, 2: 0.5, 4: 0.5},
    ),
    "in a maximum": (
        lambda z: np.maximum(np.where(z > 0, z, np.exp(z) - 1), -0.5),
        {-800: 0, -0.5: math.exp(-0.5), 0: 1, 800: 1},
    ),
    "in abs": (lambda z: np.abs(np.where(z < 1, np.exp(z) - 2, 0)), {-1: -1 / math.e, 0: -1, 0.875: math.exp(0.875), 1: 0, 800: 0}),
    "below a quotient": (lambda z: 1 / np.where(z > 1, z, np.exp(1 - z)), {-3: math.exp(-4), 1: 1, 2: -0.25}),
    "a root in each": (
        lambda z: np.where(z > 0, np.tanh(np.sqrt(z)), z * np.sqrt(-z)),
        {-4: 3, 1: (1 - math.tanh(1) ** 2) / 2},
    ),
    "a root for two branches": (
        lambda z: np.where(z > 0, np.sqrt(z), 0) + np.where(z > 1, z * np.sqrt(z), 0),
        {-1: 0, 0: 0, 0.25: 1, 4: 3.25},
    ),
    "products of conditions": (
        lambda z: np.where((z > 0) * (z < 1), np.sqrt(z * (1 - z)), 0),
        {-5: 0, 0: 0, 0.5: 0, 0.2: 0.75, 1: 0, 7: 0},
    ),
    "sums of conditions": (
        lambda z: np.where((z <= 0) + (z >= 1), 0, np.sqrt(z * (1 - z))),
        {-5: 0, 0: 0, 0.5: 0, 0.2: 0.75, 1: 0, 7: 0},
    ),
    "and, not": (lambda z: np.where((z > 0) & ~(z > 1), np.log(z), z), {-5: 1, 0: 1, 0.5: 2, 1: 1, 7: 1}),
    "or": (lambda z: np.where((z < 0) | (z > 1), z, np.sqrt(z)), {-5: 1, 0.25: 1, 7: 1}),
    "a condition as a number": (lambda z: (z > 0) * z + (z <= 0) * z / 4, {-5: 0.25, 0: 0.25, 3: 1}),
    "minimum": (lambda z: np.minimum(np.exp(z), 5), {-1: 1 / math.e, 0: 1, 100: 0, 800: 0, 1e10: 0}),
    "maximum": (lambda z: np.maximum(-np.exp(z), -5), {0: -1, 100: 0, 1000: 0}),
}  # fmt: skip

TIES = {
    "guarded elu": (
        lambda z: np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1),
        {-800: 0, -1: 1 / math.e, 0: 1, 1: 1, 800: 1},
    ),
    "max + min": (lambda z: np.maximum(0, z) + np.minimum(0, z), {-1: 1, 0: 1, 2: 1}),
    "max - max": (lambda z: np.maximum(z, 0) - np.maximum(-z, 0), {-1: 1, 0: 1, 2: 1}),
    "max - abs": (lambda z: 2 * np.maximum(z, 0) - np.abs(z), {-1: 1, 0: 1, 2: 1}),
    "abs - abs": (lambda z: np.abs(z) - np.abs(-z), {-1: 0, 0: 0, 2: 0}),
    "z |z|": (lambda z: z * np.abs(z), {-1: 2, 0: 0, 2: 4}),
    "relu": (lambda z: np.maximum(z, 0), {-1: 0, 0: 0, 1: 1}),
    "relu of -z": (lambda z: np.maximum(-z, 0), {-1: -1, 0: -1, 1: 0}),
    "abs": (np.abs, {-1: -1, 0: -1, 1: 1}),
    "abs of 1 - z": (lambda z: np.abs(1 - z), {0: -1, 1: -1, 2: 1}),
    "min(z, 1)": (lambda z: np.minimum(z, 1), {0: 1, 1: 1, 2: 0}),
    "min(1, z)": (lambda z: np.minimum(1, z), {0: 1, 1: 1, 2: 0}),
    "clip": (lambda z: np.maximum(np.minimum(z, 1), -1), {-2: 0, -1: 0, 0: 1, 1: 1, 2: 0}),
    "leaky": (lambda z: np.maximum(z, z / 4), {-1: 0.25, 0: 0.25, 1: 1}),
    "max(z^2, z)": (lambda z: np.maximum(z**2, z), {-1: -2, 0: 0, 0.5: 1, 1: 1, 2: 4}),
    "min(z^2, z)": (lambda z: np.minimum(z**2, z), {-1: 1, 0: 1, 0.5: 1, 1: 2, 2: 1}),
    "exp and its tangent": (lambda z: np.maximum(np.exp(z), 1 + z), {-1: 1 / math.e, 0: 1, 1: math.e}),
    "where >=": (lambda z: np.where(z >= 0, z, 0), {-1: 0, 0: 0, 1: 1}),
    "where <": (lambda z: np.where(z < 0, -z, 0), {-1: -1, 0: -1, 1: 0}),
    "where + where": (lambda z: np.where(z > 0, z, 0) + np.where(z < 0, z, 0), {-1: 1, 0: 1, 1: 1}),
    "where + min": (lambda z: np.where(z >= 0, z, 0) + np.minimum(z, 0), {-1: 1, 0: 1, 1: 1}),
    "guarded elu of -z": (
        lambda z: np.where(-z > 0, -z, np.exp(np.minimum(-z, 0)) - 1),
        {-800: -1, 0: -1, 1: -1 / math.e, 800: 0},
    ),
    "a step": (lambda z: np.where(z >= 0, 2 * z + 1, z), {-1: 1, 0: 2, 1: 2}),
    "a guard": (lambda z: np.where(np.abs(z) > 0, np.sin(z) / z, 1), {0: 0, 1: math.cos(1) - math.sin(1)}),
    "a guard with a product": (lambda z: np.where(z * z > 0, np.sin(z) / z, 1), {0: 0}),
    "a guard of a root": (lambda z: np.where(-z > 0, np.sqrt(-z), 0), {-4: -0.25, 0: 0, 4: 0}),
    "a guard of a logarithm": (lambda z: np.where(-z > 0, z * np.log(-z), 0), {-1: 1, 0: 0, 4: 0}),
    "huber": (
        lambda z: np.where(np.abs(z) < 1, z**2 / 2, np.abs(z) - 0.5),
        {-2: -1, -1: -1, 0: 0, 1: 1, 2: 1},
    ),
    "softplus by max": (
        lambda z: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))),
        {-800: 0, 0: 0.5, 800: 1},
    ),
}  # fmt: skip

PAGES = NOT_TAKEN | TIES
EVERY = pytest.mark.parametrize(("page", "slopes"), PAGES.values(), ids=PAGES.keys())
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def close(got, slopes, dtype=np.float64):
    tolerance = 1e-12 if dtype == np.float64 else 2e-6
    np.testing.assert_allclose(got, list(slopes.values()), rtol=tolerance, atol=tolerance)


def compiled(page, points, dtype):
    """The slopes that compiled code has at the points: from one step so long that the start does not count."""
    land, rate = landscape(lambda z: page(z), start=[0.0]), 2.0**66
    got = train(
        land, steps=1, starts=np.array(points, dtype)[:, None], settings={"learning_rate": rate}, measures=["path"],
        dtype=np.dtype(dtype).name, threads=1,
    )["path"][..., 0]  # fmt: skip
    return (got[:, 0] - got[:, 1]) / rate


@EVERY
@DTYPES
def test_reverse_walk(page, slopes, dtype):
    """Warnings are errors here: what overflows in a branch not taken does not warn."""
    points = np.array(list(slopes), dtype)
    got = derivative(page)(points)
    assert got.dtype == dtype
    close(got, slopes, dtype)
    close([gradient_of(lambda z: page(z))(z)[0] for z in points], slopes, dtype)


@EVERY
def test_reverse_walk_of_complex_numbers(page, slopes):
    """So that complex step finds second derivatives."""
    close(derivative(page)(np.array(list(slopes)) + 0j).real, slopes)


@EVERY
@DTYPES
def test_compiled_code(page, slopes, dtype):
    close(compiled(page, list(slopes), dtype), slopes, dtype)


@EVERY
def test_symbols(page, slopes):
    z = sympy.Symbol("z", real=True)
    for expression in (partial(read(page, z), z), read(derivative(page), z)):
        close([float(expression.subs(z, sympy.Rational(point)).evalf(30)) for point in slopes], slopes)


def test_an_infinite_pre_activation_has_the_slope_of_its_branch():
    for page in (lambda z: np.where(z < 20, z * np.exp(z), 20), lambda z: np.where(z > 9, 9, z**4 * np.sin(z))):
        assert derivative(page)(np.array([np.inf])).tolist() == [0]


# --- Several variables ---

SMOOTH = {
    "x + y": (lambda x, y: np.maximum(x, y) + np.minimum(x, y), lambda x, y: (1, 1)),
    "x y": (lambda x, y: np.maximum(x * y, 0) + np.minimum(x * y, 0), lambda x, y: (y, x)),
    "x y by size": (lambda x, y: np.maximum(x, y) * np.minimum(x, y), lambda x, y: (y, x)),
    "x + y by distance": (lambda x, y: np.abs(x - y) + 2 * np.minimum(x, y), lambda x, y: (1, 1)),
    "x": (lambda x, y: np.maximum(x, y) - np.maximum(y - x, 0), lambda x, y: (1, 0)),
    "sum of three, sorted": (
        lambda x, y: np.maximum(np.maximum(x, y), 1) + np.minimum(np.maximum(x, y), 1) + np.minimum(x, y),
        lambda x, y: (1, 1),
    ),
    "a branch where x is not positive": (
        lambda x, y: np.where(x > 0, x * np.exp(np.minimum(y, 1)), x * np.exp(1)) + 0 * y,
        lambda x, y: (math.exp(min(y, 1)) if x > 0 else math.e, x * math.exp(y) if x > 0 and y <= 1 else 0),
    ),
    "one branch in two places": (
        lambda x, y: np.where(x > 0, np.sqrt(x) * y, 0) + np.where(y > 0, np.sqrt(x + 4) * y, y),
        lambda x, y: (
            (y / (2 * math.sqrt(x)) if x > 0 else 0) + (y / (2 * math.sqrt(x + 4)) if y > 0 else 0),
            (math.sqrt(x) if x > 0 else 0) + (math.sqrt(x + 4) if y > 0 else 1),
        ),
    ),
}  # fmt: skip
POINTS = [(1, 1), (0, 0), (0, 3), (2, 0), (-1, -1), (2, 1), (1, 2), (-1, 0.5), (-6, -2)]


@pytest.mark.parametrize(("page", "gradient"), SMOOTH.values(), ids=SMOOTH.keys())
def test_smooth_functions_of_two_variables_have_their_gradient(page, gradient):
    want = np.array([gradient(*point) for point in POINTS])
    points = np.array(POINTS, dtype=float)
    partials = [np.broadcast_to(part, len(points)) for part in gradient_of(page)(*points.T)]
    np.testing.assert_allclose(np.stack(partials, axis=-1), want, rtol=1e-12)
    rate = 2.0**66
    path = train(
        landscape(page, start=[0.0, 0.0]), steps=1, starts=points, settings={"learning_rate": rate}, measures=["path"]
    )["path"]
    finite = np.isfinite(page(*points.T + 0j))
    np.testing.assert_allclose(((path[:, 0] - path[:, 1]) / rate)[finite], want[finite], rtol=1e-12)
    x = sympy.symbols("x y", real=True)
    derived = [partial(read(page, *x), a, x) for a in x]
    for point, row in zip(POINTS, want, strict=True):
        at = dict(zip(x, map(sympy.Rational, point), strict=True))
        np.testing.assert_allclose([float(d.subs(at)) for d in derived], row, rtol=1e-12)


def test_a_kink_of_several_variables_has_one_gradient_in_every_reading():
    x = sympy.symbols("x y", real=True)
    for page in (
        lambda x, y: np.maximum(np.abs(x), np.abs(y)),
        lambda x, y: np.maximum(x, 2 * y) + np.abs(x * y),
        lambda x, y: np.minimum(np.maximum(x, y), x * y),
    ):
        derived = [partial(read(page, *x), a, x) for a in x]
        for point in [(0, 0), (1, 1), (-1, 1), (1, -1), (-1, -1), (2, 1), (0, 2)]:
            at = dict(zip(x, point, strict=True))
            assert gradient_of(page)(*map(float, point)) == [float(d.subs(at)) for d in derived]


def test_losses_with_branches():
    Z, T = np.array([[800.0, -2.0], [0.0, 1.0]]), np.array([[1.0, -1.0], [1.0, -1.0]])
    hinge = delta_of(lambda Z, T: np.maximum(0, 1 - T * Z).sum(axis=-1))
    assert hinge(Z, T).tolist() == [[0, 0], [-1, 1]]
    exponential = delta_of(lambda Z, T: np.where(T * Z > -9, np.exp(-T * Z), 9 - T * Z).sum(axis=-1))
    np.testing.assert_allclose(exponential(Z, T), [[0, math.exp(-2)], [-1, math.e]], atol=1e-300)


# --- A law: what is smooth by construction has its derivative, whatever it is made of ---

NUMPY = SimpleNamespace(
    where=np.where, maximum=np.maximum, minimum=np.minimum, abs=np.abs, exp=np.exp, sin=np.sin, log1p=np.log1p
)
MPMATH = SimpleNamespace(
    where=lambda c, x, y: x if c else y, maximum=max, minimum=min, abs=abs, exp=mpmath.exp, sin=mpmath.sin,
    log1p=lambda x: mpmath.log(1 + x),
)  # fmt: skip

LEAVES = st.sampled_from([lambda m, z: z, lambda m, z: m.sin(z), lambda m, z: z * z - z, lambda m, z: 1 - z])
JOINED = [
    lambda m, u: m.where(u > 0, u, m.exp(m.minimum(u, 0)) - 1),
    lambda m, u: m.where(u > 0, m.sin(u), u),
    lambda m, u: m.where(u < 0, m.exp(m.minimum(u, 0)) - 1, u),
    lambda m, u: m.where(u > 0, u, 0) + m.where(u <= 0, u, 0),
    lambda m, u: m.where(u >= 0, u, 0) + m.where(u <= 0, u, 0),
    lambda m, u: m.where(u > 1, 1 / m.maximum(u, 0.5), 2 - u),
    lambda m, u: m.where((u > 0) * (u < 2), m.sin(u), m.where(u > 1, m.sin(u), u + 0 * u * u)),
    lambda m, u: m.maximum(u, 0) * m.maximum(u, 0),
    lambda m, u: m.abs(u) * u,
    lambda m, u: m.maximum(u, 0) + m.log1p(m.exp(-m.abs(u))),
    lambda m, u: m.maximum(u, 0) - m.maximum(-u, 0),
]
PAIRED = [
    lambda m, u, v: m.maximum(u, v) + m.minimum(u, v),
    lambda m, u, v: m.maximum(u, v) * m.minimum(v, u),
    lambda m, u, v: m.abs(u - v) + 2 * m.minimum(u, v),
    lambda m, u, v: m.maximum(m.maximum(u, v), 0) + m.minimum(m.maximum(u, v), 0) + m.minimum(u, v),
    lambda m, u, v: m.where(u > v, u, v) + m.where(u < v, u, v),
    lambda m, u, v: m.where(u >= v, u, v) - m.maximum(v, u) + u * v,
]


def _one(shape, inner):
    return lambda m, z: shape(m, inner(m, z))


def _two(shape, first, second):
    return lambda m, z: shape(m, first(m, z), second(m, z))


EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(_one, st.sampled_from(JOINED), inner), st.builds(_two, st.sampled_from(PAIRED), inner, inner)
    ),
    max_leaves=4,
)
PLACES = [-1.5, -1.0, 0.0, 0.5, 1.0, 2.0]


def true_slopes(expression):
    with mpmath.workdps(60):
        step = mpmath.mpf(10) ** -25
        at = [mpmath.mpf(z) for z in PLACES]
        return [float((expression(MPMATH, z + step) - expression(MPMATH, z - step)) / (2 * step)) for z in at]


@given(EXPRESSIONS)
@settings(max_examples=60, deadline=None)
def test_expressions_that_are_smooth_by_construction_have_their_derivative(expression):
    want = true_slopes(expression)
    assume(max(map(abs, want)) < 1e4)
    scale = 1e-10 * max(1.0, *map(abs, want))
    got = derivative(lambda z: expression(NUMPY, z))(np.array(PLACES))
    np.testing.assert_allclose(got, want, rtol=1e-9, atol=scale)


@given(EXPRESSIONS)
@settings(max_examples=8, deadline=None)
def test_in_compiled_code_too(expression):
    want = true_slopes(expression)
    assume(max(map(abs, want)) < 1e4)
    scale = 1e-10 * max(1.0, *map(abs, want))
    got = compiled(lambda z: expression(NUMPY, z), PLACES, np.float64)
    np.testing.assert_allclose(got, want, rtol=1e-9, atol=scale)


@pytest.mark.parametrize("shape", JOINED)
def test_in_symbols_too(shape):
    z = sympy.Symbol("z", real=True)
    for inner in (lambda m, z: z, lambda m, z: 1 - z, lambda m, z: z * z - z):
        expression = _one(shape, inner)
        derived = slope(read(lambda z, e=expression: e(NUMPY, z), z), z, [z])
        printed = [float(derived.subs(z, sympy.Rational(place)).evalf()) for place in PLACES]
        np.testing.assert_allclose(printed, true_slopes(expression), rtol=1e-9, atol=1e-9)


# --- What it is for, and what it costs ---


@DTYPES
def test_a_network_with_an_own_elu_learns_from_unscaled_inputs(dtype):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 2)) * 300
    data = fl.Dataset(X, np.stack([X[:, 0] > 0, X[:, 0] <= 0], axis=-1).astype(float))
    elu = activation(NOT_TAKEN["elu"][0], name="elu")
    problem = fl.NetworkObjective(fl.Network.of("2-4-2", activation=elu, reduction="mean"), data)
    start = rng.normal(size=problem.dimension) * 0.5
    loss, gradient = problem.loss_and_gradient(start.astype(dtype))
    assert np.isfinite(loss)
    assert np.isfinite(gradient).all()
    assert gradient.dtype == dtype
    got = train(
        problem,
        steps=30,
        starts=start,
        settings={"learning_rate": 1e-6},
        measures=["history"],
        dtype=np.dtype(dtype).name,
    )
    losses = got["history"][0]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (lambda x, y: np.maximum(x, 0), "select(greater(x0, 0.0), 1.0, 0.0)"),
        (lambda x, y: np.minimum(x, 1), "select(greater(x0, 1.0), 0.0, 1.0)"),
        (lambda x, y: np.abs(x), "select(greater(x0, 0.0), 1.0, -1.0)"),
        (lambda x, y: np.maximum(3 * x - y, 1), "select(greater(fma(x0, 3.0, negative(x1)), 1.0), 3.0, 0.0)"),
        (lambda x, y: np.where(x > 0, x, y * x), "select(greater(x0, 0.0), 1.0, x1)"),
        (lambda x, y: np.maximum(x, y) + np.minimum(x, y), "1.0"),
    ],
)
def test_a_tie_that_is_decided_while_tracing_costs_nothing(page, text):
    x = [node.item() for node in Graph().inputs("x", 2)]
    assert repr(derivatives(page(*map(as_array, x)).item(), x)[0]) == text


def as_array(node):
    from fallline.readings.graph.traced import Traced

    return Traced.of(node)
