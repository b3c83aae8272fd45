"""The symbolic reading: exact numbers, pages as expressions, derivatives."""

import math

import numpy as np
import pytest
import sympy

from fallline.errors import TraceError
from fallline.readings.symbols import SAMPLES, exact, partial, read, unbranch
from fallline.readings.symbols.matrices import matrix, ones
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.landscapes import LANDSCAPES, quadratic
from fallline.views.equations.rules import coordinates


@pytest.mark.parametrize(
    ("number", "meant"),
    [
        (0.1, sympy.Rational(1, 10)),
        (1 / 3, sympy.Rational(1, 3)),
        (-2.0, sympy.Integer(-2)),
        (2 * math.pi, 2 * sympy.pi),
        (-math.sqrt(2), -sympy.sqrt(2)),
        (1 / math.sqrt(2 * math.pi), 1 / sympy.sqrt(2 * sympy.pi)),
        (20 + math.e, 20 + sympy.E),
        (math.e / 2, sympy.E / 2),
    ],
)
def test_a_float_is_read_as_the_number_meant(number, meant):
    assert sympy.simplify(exact(number) - meant) == 0


@pytest.mark.parametrize("number", [0.1234567891234, -2.903534027771177, 1e-37, math.inf])
def test_other_floats_stay(number):
    assert float(exact(number)) == number


@pytest.mark.parametrize("land", [*LANDSCAPES.values(), quadratic(7.5)], ids=lambda land: land.name)
@pytest.mark.parametrize("dimension", [2, 3])
def test_a_landscapes_gradient_is_the_derivative_of_its_page(land, dimension):
    if dimension == 3:
        if land.name not in ("ackley", "rastrigin", "rosenbrock", "styblinski_tang"):
            return
        land = type(land)(land.name, land.function, land.gradient, dimension=3)
    x = coordinates(land)
    assert len(x) == dimension
    value = read(land.function, *x)
    points = np.random.default_rng(5).uniform(-2, 2, (20, dimension)).T
    by_hand = land.gradient(*points)
    for coordinate, slope in zip(x, by_hand, strict=True):
        derived = sympy.lambdify(x, partial(value, coordinate), "numpy")(*points)
        np.testing.assert_allclose(np.broadcast_to(slope, points[0].shape), derived, rtol=1e-12, atol=1e-11)
    np.testing.assert_allclose(sympy.lambdify(x, value, "numpy")(*points), land(*points), rtol=1e-13)


@pytest.mark.parametrize("f", ACTIVATIONS.values(), ids=lambda f: f.name)
def test_an_activations_equation_is_its_page(f):
    z = sympy.Symbol("z", real=True)
    function, slope = (unbranch(read(page, z)) for page in (f.function, f.slope))
    numbers = np.array([-31.0, -1.5, -0.25, 0.5, 2.0, 25.0])
    for expression, page in ((function, f.function), (slope, f.slope), (sympy.diff(function, z), f.slope)):
        steps = expression.replace(sympy.Heaviside, lambda a, *_: sympy.Piecewise((1, a > 0), (0, True)))
        printed = [float(steps.subs(z, sympy.Rational(n)).evalf(30)) for n in numbers]
        np.testing.assert_allclose(printed, np.broadcast_to(page(numbers), numbers.shape), rtol=1e-13, atol=1e-15)
    assert not function.has(sympy.Piecewise) or f.name == "leaky_relu"  # the guards against overflow are gone


def test_unbranch_keeps_cases_that_matter():
    z = sympy.Symbol("z", real=True)
    for page in (np.fabs, lambda z: np.where(z > 0, z, 2 * z), lambda z: np.maximum(z, 0) + np.exp(-z)):
        expression = read(page, z)
        assert unbranch(expression) == expression


@pytest.mark.parametrize(
    "page", [lambda x: math.sin(x), lambda x: x if x > 0 else -x, lambda x: np.sort(x)], ids=["math", "if", "sort"]
)
def test_a_page_that_cannot_be_read_says_what_to_do(page):
    with pytest.raises(TraceError, match=r"cannot be read with symbols|not an operation"):
        read(page, sympy.Symbol("x", real=True))


def test_matrices_show_what_numpy_broadcasts():
    m, n = 5, 3
    rng = np.random.default_rng(2)
    values = {"A": rng.normal(size=(m, n)), "b": rng.normal(size=(1, n)), "m": m}
    A, b = matrix("A", SAMPLES, n), matrix("b", 1, n, vector=True)
    a, v = values["A"], values["b"][0]
    for symbolic, numeric in (
        (A + b, a + v),
        (A * b[..., None, :], a * v),
        (A / A.sum(axis=-1, keepdims=True), a / a.sum(axis=-1, keepdims=True)),
        (np.exp(A).sum(axis=-1), np.exp(a).sum(axis=-1)[:, None]),
        (A.sum(axis=-2), a.sum(axis=-2)[None]),
        ((A**2).sum(axis=(-2, -1)), (a**2).sum()),
        (2 * (A.mT @ (A / 4)), a.T @ a / 2),
        (np.where(A > 0, A, 0.01 * A), np.where(a > 0, a, 0.01 * a)),
        (np.where(np.equal(A, 0), A, 1 / A), 1 / a),
        (np.where(A > -800, A, np.exp(A**2 * 1e4)), a),  # the infinity that an indicator masks is 0
        (1 - A / 2 * 4 + 0, 1 - 2 * a),
    ):
        np.testing.assert_allclose(np.squeeze(symbolic.evaluate(values)), np.squeeze(numeric), rtol=1e-14)
    assert ones(3).evaluate({}).tolist() == [[1], [1], [1]]
    assert A.mT.mT is A


def test_matrices_that_do_not_fit_are_refused():
    A = matrix("A", SAMPLES, 3)
    with pytest.raises(ValueError, match="inner sizes"):
        A @ A
    with pytest.raises(ValueError, match="one shape"):
        A + matrix("B", SAMPLES, 4)
    with pytest.raises(TraceError, match="matrix form"):
        A[..., 0]
