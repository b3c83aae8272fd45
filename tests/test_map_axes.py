"""Axes: texts, values to the bit, refusals in one sentence each."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fallline as fl
from fallline.errors import UsageError
from fallline.maps.axes import Axis, axis
from fallline.maps.spec import map_spec

GOOD = {
    "learning_rate=1e-5..1e-2:log": (1e-5, 1e-2, 7, "log"),
    "learning-rate=1e-5..1e-2:log": (1e-5, 1e-2, 7, "log"),
    "momentum=0..0.99": (0.0, 0.99, 7, "linear"),
    "seed=0..999": (0.0, 999.0, 1000, "linear"),
    "start.x=-2..2": (-2.0, 2.0, 7, "linear"),
    "learning_rate.1 = 1 .. 2 :log": (1.0, 2.0, 7, "log"),
    "momentum=0,0.5,0.9": (0.0, 0.9, 3, "linear"),
}


@pytest.mark.parametrize("text", GOOD)
def test_text_to_axis(text):
    low, high, count, scale = GOOD[text]
    one = axis(text, 7)
    assert (one.low, one.high, one.count, one.scale) == (low, high, count, scale)
    assert Axis.from_description(one.describe()) == one
    assert axis(str(one), one.count) == one


BAD = {
    "learning_rate=1e-2..1e-5": "learning_rate must run from low to high; got 0.01..1e-05. Write learning_rate=1e-05..0.01.",
    "learning_rate=0..1:log": "a log axis must have positive ends; learning_rate starts at 0.",
    "learning_rate=-1..1:log": "a log axis must have positive ends; learning_rate starts at -1.",
    "learning_rate=0..1:lgo": "scale of the learning_rate axis must be one of linear, log; got 'lgo'.",
    "learning_rate=a..b": "learning_rate must be a number such as 0.5, -2 or 1e-3; got 'a'. An axis is written",
    "learning_rate": "an axis is written NAME=LOW..HIGH",
    "learning_rate=0..inf": "learning_rate must be a finite number; got 'inf'.",
    "learning_rate=nan..1": "learning_rate must be a finite number; got 'nan'.",
    "momentum=0.5..0.5": "momentum must run from low to high; got 0.5..0.5",
    "momentum=": "an axis is written NAME=LOW..HIGH",
    "momentum=0..1.5": "axis momentum=0..1.5: momentum must be a number in [0, 1]; got 1.5.",
    "learning_rate=-1..1": "learning_rate must be a number at least 0; got -1",
    "seed=0.5..3": "seed must be a whole number in [0, 18446744073709551615]; got 0.5.",
    "learnin_rate=0..1": "Did you mean 'learning_rate'?",
    "colour=0..1": "an axis must be one of initial_scale, learning_rate, momentum, seed, start.x, start.y; got 'colour'.",
    "learning_rate.1=0..1": "got 'learning_rate.1'",
    "start.z=0..1": "coordinate of the start must be one of x, y; got 'z'.",
    "beta1=0..0.5": "got 'beta1'",
}


@pytest.mark.parametrize("text", BAD)
def test_bad_axis_is_one_sentence(text):
    with pytest.raises(UsageError) as caught:
        map_spec("rosenbrock", x=text, y="start.x=0..1", size=4, optimizer_="momentum")
    assert BAD[text] in str(caught.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"y": "learning_rate=1..2"}, "the two axes of a map must differ; both are learning_rate."),
        ({"size": "0x4"}, "size must be at least 1x1; got 0x4."),
        ({"size": "axb"}, "size must be columns x rows such as 512x512; got 'axb'."),
        ({"size": 100_000}, "10,000,000,000 runs of 30 steps take about"),
        ({"size": 10**9}, "must have from 1 to 16,777,216 values"),
        ({"measures": "loss"}, "measure must be one of accuracy, best_loss, convergence"),
        ({"measures": "steps_to"}, "write steps_to=40"),
        ({"measures": ["final_loss", "final_loss"]}, "each measure may be asked for once"),
        ({"measures": "accuracy"}, "accuracy needs a network that classifies data; rosenbrock is a landscape."),
        ({"batch": 3}, "batch must be left out for rosenbrock: it has no samples."),
        ({"dtype": "float16"}, "dtype must be one of float32, float64; got 'float16'."),
        ({"steps": -1}, "steps must be a whole number at least 0; got -1."),
        ({"colour": 1}, "setting of optimizer gradient_descent must be one of learning_rate; got 'colour'."),
    ],
)
def test_bad_spec_is_one_sentence(options, said):
    with pytest.raises(UsageError) as caught:
        map_spec("rosenbrock", **{"x": "learning_rate=0..1", "y": "start.x=0..1", "size": 4, "steps": 30} | options)
    assert said in str(caught.value)


def test_size_too_large_tells_memory():
    with pytest.raises(UsageError, match=r"74\.5 GB of memory; at most 4 GB are allowed"):
        map_spec("rosenbrock", x="learning_rate=0..1", y="start.x=0..1", size=100_000)


def test_nan_in_data_is_one_sentence():
    with pytest.raises(UsageError, match="X must hold finite numbers; row 1, column 0 holds nan"):
        fl.Dataset.of([[0.0], [math.nan]], [0, 1])


@given(st.floats(1e-300, 1e300), st.floats(1.001, 1e8), st.integers(2, 40))
def test_log_values_have_equal_ratios_and_exact_ends(low, factor, count):
    high = min(low * factor, 1.7e308)
    if high <= low:
        return
    v = Axis("learning_rate", low, high, count, "log").values
    assert v[0] == low
    assert v[-1] == high
    assert (np.diff(v) >= 0).all()
    exact = [math.exp(math.log(low) + (math.log(high) - math.log(low)) * k / (count - 1)) for k in range(count)]
    np.testing.assert_allclose(v, exact, rtol=1e-12)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 40))
def test_linear_values_are_correctly_rounded(low, span, count):
    v = Axis("start.x", low, low + span, count).values
    assert v[0] == low
    assert v[-1] == low + span
    np.testing.assert_allclose(v, np.linspace(low, low + span, count), rtol=1e-13, atol=1e-9)


def test_values_are_pinned():
    """The bits of axes belong to the arithmetic version; a change here changes every map."""
    v = Axis("learning_rate", 1e-5, 1e-2, 7, "log").values
    assert [x.hex() for x in v[1:4]] == ["0x1.09456549be1bdp-15", "0x1.a36e2eb1c432dp-14", "0x1.4b96be9c2da2cp-12"]


@pytest.mark.parametrize(
    "text", ["learning_rate=1e-5..1e-2:log", "momentum=0..0.99", "seed=3..9", "momentum=0,0.5,0.9"]
)
def test_place_finds_each_value_and_edges_lie_between(text):
    one = axis(text, 9)
    assert [one.place(float(v)) for v in one.values] == list(range(one.count))
    assert (one.edges[:-1] < one.values).all()
    assert (one.values < one.edges[1:]).all()
    with pytest.raises(UsageError, match=r"on this map; got 1e\+06"):
        one.place(1e6)


def test_deep_zoom_keeps_distinct_values():
    one = Axis("learning_rate", 1.0, 1.0 + 1e-12, 64)
    assert len(set(one.values)) == 64
