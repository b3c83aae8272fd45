"""Functions of a page's constants: rounded correctly, and without the C library or NumPy having a part in the bits."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

import fallline as fl
from fallline.formulas import formula_landscape
from fallline.readings import constants
from fallline.readings.constants import INEXACT, constant
from fallline.readings.graph import Graph
from fallline.runs.lanes import train


@pytest.mark.parametrize("op", INEXACT)
def test_constants_are_rounded_correctly(op):
    rng = np.random.default_rng(2)
    x = np.abs(rng.normal(size=60)) * 2.0 ** rng.integers(-20, 6, 60)
    given = (x, rng.normal(size=60)) if op == "power" else (x,)
    for numbers in zip(*given, strict=True):
        with mpmath.workprec(300):
            exact = getattr(mpmath, op)(*map(mpmath.mpf, map(float, numbers)))
            got = mpmath.mpf(constant(op, *numbers))
            error = abs(got - exact)
            for neighbour in np.nextafter(float(got), [-np.inf, np.inf]):
                assert error <= abs(mpmath.mpf(float(neighbour)) - exact)


ENDS = [
    ("exp", (-745.0,), 5e-324), ("exp", (-746.0,), 0.0), ("exp", (1e300,), math.inf), ("exp", (709.79,), math.inf),
    ("log", (0.0,), -math.inf), ("log", (-1.0,), math.nan), ("tanh", (5e-324,), 5e-324), ("sin", (-0.0,), -0.0),
    ("power", (-8.0, 3.0), -512.0), ("power", (-8.0, 1 / 3), math.nan), ("power", (0.0, -1.0), math.inf),
    ("power", (-1e-200, 3.0), -0.0), ("power", (1e-300, 1.05), 1e-315), ("power", (3.0, 0.0), 1.0),
]  # fmt: skip


@pytest.mark.parametrize(("op", "numbers", "right"), ENDS)
def test_ends(op, numbers, right):
    got = constant(op, *numbers)
    assert got == right or (math.isnan(got) and math.isnan(right))
    assert math.isnan(right) or math.copysign(1, got) == math.copysign(1, right)


def slightly_wrong(function):
    return lambda *x: float(function(*x)) * (1 + 2e-15)


def test_no_bit_of_a_kernel_comes_from_a_library(monkeypatch):
    """With every inexact function of NumPy and math wrong in its last places, all constants stay as they were."""

    def page(x, y):
        two = 0 * x + 2
        return np.exp(np.ones_like(x)) * x**2 + np.log(two * 1.0) * y**2 + two**0.3 * np.tanh(x)

    def made():
        return [
            Graph().make("exp", Graph().number(1.3)).payload,
            formula_landscape.__wrapped__("exp(0.7)*x^2 + cos(3)*y^2 + 3^-7*x*y").function(0.5, 0.25),
            float(train(fl.objective(page), steps=5, starts=[0.3, 0.2], settings={"learning_rate": 0.01})["final_loss"][0]),
        ]  # fmt: skip

    before = made()
    monkeypatch.setattr(constants, "INEXACT", {op: slightly_wrong(function) for op, function in INEXACT.items()})
    for name in ("exp", "log", "log2", "pow", "sin", "cos", "tanh", "erf", "log1p"):
        monkeypatch.setattr(math, name, slightly_wrong(getattr(math, name)))
    assert made() == before
