"""Axes: texts, values to the bit, refusals in one sentence each."""

from __future__ import annotations

import contextlib
import math
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fallline as fl
from fallline.errors import UsageError
from fallline.experiment.axes import Axis
from fallline.experiment.axis_text import axis
from fallline.experiment.map_spec import map_spec

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
    "colour=0..1": "an axis must be one of initial_offset, initial_scale, learning_rate, momentum, optimizer, schedule, seed, start.x, start.y, steps; got 'colour'.",
    "learning_rate.1=0..1": "got 'learning_rate.1'",
    "start.z=0..1": "coordinate of the start must be one of x, y; got 'z'.",
    "beta1=0..0.5": "got 'beta1'",
    # What float and int would read as another number.
    "learning_rate=1e-4...5e-3": "is written LOW..HIGH with two points, such as 0..0.5; got '1e-4...5e-3'.",
    "learning_rate=0...2": "is written LOW..HIGH with two points, such as 0..0.5; got '0...2'.",
    "learning_rate=0....2": "is written LOW..HIGH with two points",
    "learning_rate=0-0.5": "learning_rate must be a number such as 0.5, -2 or 1e-3; got '0-0.5'. An axis is written",
    "learning_rate=0..1_0": "got '1_0'",
    "learning_rate=٠..١": "got '٠'",
    "learning_rate=0..1..2": "got '1..2'",
    "learning_rate=0,,1": "got ''",
    "momentum=0,nan,1": "momentum must be a finite number; got 'nan'.",
    "momentum=0,0.5,5e-1": "the values of the momentum axis must rise; 0.5 comes after 0.5.",
    "momentum=0.9,0": "the values of the momentum axis must rise; 0 comes after 0.9.",
    "momentum=0..1:٠-٣/8": "scale of the momentum axis must be one of linear, log; got '٠-٣/8'.",
    "seed=9007199254740992": "seed must be below 2^53 = 9,007,199,254,740,992 on an axis.",
    "seed=9007199254740993..9007199254740995": "seed must be below 2^53 = 9,007,199,254,740,992 on an axis.",
    "seed=0..1e18": "the seed axis must have from 1 to 16,777,216 values; got 1,000,000,000,000,000,001.",
    "start.²=0..1": "coordinate of the start must be one of x, y; got '²'.",
    "start.0=0..1": "the two axes of a map must differ; both are start.0.",
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
        ({"size": "1_0x4"}, "size must be columns x rows such as 512x512; got '1_0x4'."),
        ({"size": "4x4x4"}, "size must be columns x rows such as 512x512; got '4x4x4'."),
        ({"size": (4.5, 4)}, "size must be columns x rows such as 512x512; got (4.5, 4)."),
        ({"start": (math.nan, 0)}, "start must be finite numbers; x is nan."),
        ({"measures": "steps_to=nan"}, "the target of steps_to must be a finite number; got 'nan'."),
        ({"schedule_": {"decay": 0.5}}, 'schedule must be a name or {"name": ..., setting: ...}'),
        (
            {"schedule_": {"name": "cosine", "steps": 0}},
            "steps of schedule cosine must be a whole number at least 1; got 0.",
        ),
        ({"schedule_": {"name": "constant", "decay": 0.5}}, "schedule constant has no settings; got 'decay'."),
        ({"starts": 10**9}, "a cell with 1,000,000,000 starts would take 327.8 GB of memory; at most "),
        ({"steps": 10**20}, "steps must be a whole number in [0, 1000000000]; got 100000000000000000000."),
        (
            {"steps": 10**9, "size": 16000, "starts": 10},
            "at most 10 years are allowed. Take fewer steps, starts or cells.",
        ),
        ({"steps": 10**400}, "steps must be a whole number in [0, 1000000000]; got a number of more than 300 digits."),
        ({"seed": 2**64}, "seed must be a whole number in [0, 18446744073709551615]; got 18446744073709551616."),
        ({"size": 100_000}, "10,000,000,000 runs of 30 steps take about"),
        ({"size": 10**9}, "must have from 1 to 16,777,216 values"),
        ({"measures": "loss"}, "measure must be one of accuracy, best_loss, convergence"),
        ({"measures": "steps_to"}, "write steps_to=40"),
        ({"measures": ["final_loss", "final_loss"]}, "each measure may be asked for once"),
        ({"measures": "accuracy"}, "accuracy needs a network that classifies data; rosenbrock is a landscape."),
        ({"batch": 3}, "batch needs a network on data; rosenbrock has no samples."),
        ({"dtype": "float16"}, "dtype must be one of float32, float64; got 'float16'."),
        ({"steps": -1}, "steps must be a whole number in [0, 1000000000]; got -1."),
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


def test_text_to_axis_to_text_keeps_every_digit():
    for text in (
        "momentum=0.1,0.12345678901234568",
        "learning_rate=0.1..0.30000000000000004:log",
        "start.x=-0.0..5e-324",
    ):
        one = axis(text, 5)
        assert axis(str(one), 5) == one


NAMES = ["momentum=", "learning_rate=", "seed=", "start.x=", ""]
PIECES = [
    *"0123456789+-.,:/=eEx ", "..", "...", ":log", ":3-5/8", "momentum=", "seed=", "start.x=", "nan", "inf", "_", "١", "1e-4",
]  # fmt: skip


def test_any_text_is_an_axis_or_a_sentence():
    """5,000 texts of pieces that axes are made of. One that is an axis is the same axis when it is written and read again."""
    random = Random(0)
    sentences = []
    for _ in range(5000):
        text = random.choice(NAMES) + "".join(random.choices(PIECES, k=random.randint(0, 7)))
        try:
            one = axis(text, 5)
        except UsageError as error:
            sentences.append(str(error))
            continue
        assert axis(str(one), 5) == one, text
        assert one.count > 1000 or np.isfinite(one.values).all(), text
        with contextlib.suppress(UsageError):  # the setting's own range
            map_spec("rosenbrock", x=one, y="start.y=0..1", size=5, optimizer_="momentum")
    assert all(sentence.endswith((".", "?")) for sentence in sentences)
    assert 200 < 5000 - len(sentences) < 4000


@pytest.mark.parametrize("count", [4, 5])
def test_whole_settings_take_whole_values_alone(count):
    """0, 3, 6, 9 may be seeds; 0, 2.25, 4.5, ... may not, though both ends may."""
    seeds = Axis("seed", 0, 9, count)
    if count == 4:
        assert map_spec("rosenbrock", x=seeds, y="start.x=0..1", size=2).x.values.tolist() == [0, 3, 6, 9]
    else:
        with pytest.raises(UsageError, match=r"seed must be a whole number in .*; got 2\.25\."):
            map_spec("rosenbrock", x=seeds, y="start.x=0..1", size=2)


def test_a_long_axis_is_checked_by_its_ends(monkeypatch):
    monkeypatch.setattr(Axis, "values", property(lambda self: pytest.fail("the values are not needed yet")))
    spec = map_spec("rosenbrock", x="seed=0..1000000", y="learning_rate=1e-4..1e-2:log", size=(2, 100), steps=10)
    assert spec.shape == (100, 1_000_001)


def test_whole_numbers_count_up():
    np.testing.assert_array_equal(axis("seed=3..100002").values, np.arange(3, 100_003))


@given(st.floats(1e-300, 1e299), st.floats(1.001, 10), st.integers(2, 9), st.floats(0, 1))
def test_place_on_a_log_axis_is_the_nearest_ratio(low, factor, count, at):
    one = Axis("learning_rate", low, low * factor, count, "log")
    value = low + (low * factor - low) * at
    ratios = [max(Fraction(value) / Fraction(v), Fraction(v) / Fraction(value)) for v in one.values.tolist()]
    assert ratios[one.place(value)] == min(ratios)


def test_neighbouring_floats_are_places_of_their_own():
    one = Axis("learning_rate", 1.0, 1.0 + 3 * 2**-52, 4, "log")
    assert [one.place(v) for v in one.values.tolist()] == [0, 1, 2, 3]


def test_deep_zoom_keeps_distinct_values():
    one = Axis("learning_rate", 1.0, 1.0 + 1e-12, 64)
    assert len(set(one.values)) == 64
