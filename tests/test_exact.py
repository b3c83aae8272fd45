"""Correctly rounded functions: each value against mpmath with far more digits, rounded once."""

from __future__ import annotations

import math
import sys
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fallline import exact

finite = st.floats(allow_nan=False, allow_infinity=False)
LARGEST = sys.float_info.max


def nearest(function, *arguments):
    """The float nearest to the true value: division of whole numbers rounds once, also among subnormal numbers."""
    with mpmath.workprec(2600):
        value = function(*(mpmath.mpf(x) for x in arguments))
        sign, man, exp, _ = value._mpf_
        man = int(man) * (-1) ** sign
        try:
            return man * 2**exp / 1 if exp >= 0 else man / 2**-exp
        except OverflowError:
            return math.copysign(math.inf, man)


@pytest.mark.parametrize("name", ["exp", "log", "tanh", "cos", "sin"])
@given(x=finite | st.floats(-30, 30) | st.floats(-1e-8, 1e-8))
def test_every_value_is_the_nearest_float(name, x):
    if name == "log":
        x = abs(x) or 1.0
    if name == "exp" and abs(x) > 800:
        assert exact.exp(x) == (math.inf if x > 0 else 0.0)
        return
    if name == "tanh" and abs(x) > 40:
        assert exact.tanh(x) == math.copysign(1.0, x)
        return
    assert getattr(exact, name)(x) == nearest(getattr(mpmath, name), x)


@pytest.mark.parametrize(
    ("name", "x", "value"),
    [
        ("exp", 0.0, 1.0), ("exp", 710.0, math.inf), ("exp", 1e4, math.inf), ("exp", -1e4, 0.0), ("exp", -745.0, 5e-324),
        ("exp", math.inf, math.inf), ("exp", -math.inf, 0.0), ("log", 1.0, 0.0), ("log", 0.0, -math.inf),
        ("log", math.inf, math.inf), ("log", 5e-324, -744.4400719213812), ("log", LARGEST, 709.782712893384),
        ("tanh", math.inf, 1.0), ("tanh", -math.inf, -1.0), ("tanh", 5e-324, 5e-324), ("cos", 0.0, 1.0), ("sin", 0.0, 0.0),
        ("cos", 1e22, 0.523214785395139), ("sin", 1e22, -0.8522008497671888), ("sin", -5e-324, -5e-324),
    ],
)  # fmt: skip
def test_values_at_the_ends(name, x, value):
    assert getattr(exact, name)(x) == value


@pytest.mark.parametrize(("name", "x"), [("log", -1.0), ("log", math.nan), ("exp", math.nan), ("tanh", math.nan),
                                         ("cos", math.inf), ("sin", math.nan)])  # fmt: skip
def test_what_has_no_value_is_not_a_number(name, x):
    assert math.isnan(getattr(exact, name)(x))


@given(st.floats(-1e15, 1e15).filter(lambda x: abs(x) > 1e-15), st.integers(-20, 20))
def test_a_whole_power_is_rounded_once(base, exponent):
    assert exact.power(base, exponent) == float(Fraction(base) ** exponent)


def test_a_power_without_a_value_raises():
    with pytest.raises(ZeroDivisionError):
        exact.power(0.0, -1)
    with pytest.raises(OverflowError):
        exact.power(1e300, 2)


@given(finite, finite, st.integers(1, 50))
def test_straight_values_are_exact_fractions_rounded(low, high, parts):
    got = exact.between(low, high, range(parts + 1), parts)
    span = Fraction(high) - Fraction(low)
    assert got.tolist() == [float(Fraction(low) + span * k / parts) for k in range(parts + 1)]


@given(st.floats(1e-300, 1e300), st.floats(1.0000001, 1e200), st.integers(1, 30))
def test_ratios_are_the_nearest_floats(low, factor, parts):
    high = min(low * factor, LARGEST)
    got = exact.between(low, high, range(parts + 1), parts, logarithmic=True)
    assert (got[0], got[-1]) == (low, high)
    for k, value in enumerate(got.tolist()):
        assert value == nearest(lambda a, b, k=k: a * (b / a) ** (mpmath.mpf(k) / parts), low, high)


def test_a_piece_of_a_long_axis_has_the_values_of_the_whole():
    whole = exact.between(1e-5, 1e2, range(5001), 5000, logarithmic=True)
    np.testing.assert_array_equal(exact.between(1e-5, 1e2, range(4090, 4100), 5000, logarithmic=True), whole[4090:4100])
