"""Settings: one declaration each, its range, and the sentence that a value outside it gets."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fallline as fl
from fallline import random
from fallline.errors import SettingError, UnknownNameError, UsageError
from fallline.experiment.starts import draw_starts, notebook_uniform
from fallline.settings import SETTINGS, Setting, checked, setting
from strategies import settings_declared, values_of

EVERY = pytest.mark.parametrize("name", sorted(SETTINGS))


@EVERY
def test_a_declaration_is_complete(name: str) -> None:
    record = SETTINGS[name]
    assert record.name == name
    assert record.symbol
    assert len(record.meaning.split()) >= 3
    assert not record.meaning.endswith(".")
    assert record.check(record.default) == record.default


def test_no_symbol_means_two_things() -> None:
    symbols = [record.symbol for record in SETTINGS.values()]
    assert len(set(symbols)) == len(symbols)


@given(settings_declared.flatmap(lambda record: st.tuples(st.just(record), values_of(record))))
def test_a_value_in_range_comes_back_as_it_is(drawn: tuple[Setting, float]) -> None:
    record, value = drawn
    for spelling in (value, np.float64(value), np.array(value)):
        got = record.check(spelling)
        assert got == value
        assert type(got) is (int if record.whole else float)


@given(settings_declared, st.floats())
def test_a_number_is_checked_against_the_range_and_nothing_else(record: Setting, value: float) -> None:
    inside = (record.low < value or (record.low_included and value == record.low)) and (
        value < record.high or (record.high_included and value == record.high)
    )
    if math.isfinite(value) and inside and not (record.whole and value != int(value)):
        assert record.check(value) == value
    else:
        with pytest.raises(SettingError, match=f"^{record.name} must be a .*number.*; got "):
            record.check(value)


@EVERY
@pytest.mark.parametrize("value", ["0.1", None, True, [0.1], math.nan, math.inf, -math.inf, 1j], ids=repr)
def test_what_is_no_finite_number_is_refused(name: str, value: Any) -> None:
    with pytest.raises(SettingError, match=f"^{name} must be a"):
        SETTINGS[name].check(value)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("momentum", 1.2, r"^momentum must be a number in \[0, 1\]; got 1\.2\.$"),
        ("beta1", 1, r"^beta1 must be a number in \[0, 1\); got 1\.$"),
        ("learning_rate", -0.1, r"^learning_rate must be a number at least 0; got -0\.1\.$"),
        ("steps", 2.5, r"^steps must be a whole number in \[0, 1000000000\]; got 2\.5\.$"),
        ("batch", 0, r"^batch must be a whole number at least 1; got 0\.$"),
        ("target", math.nan, r"^target must be a finite number; got nan\.$"),
        ("learning_rate", "fast", r"^learning_rate must be a number at least 0; got 'fast'\.$"),
    ],
)
def test_the_sentence_names_setting_rule_and_value(name: str, value: Any, sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        setting(name).check(value)


def test_large_whole_numbers_keep_all_their_digits() -> None:
    seed = 2**63 + 1
    assert setting("seed").check(seed) == seed


@pytest.mark.parametrize(
    ("value", "got"),
    [
        (10**400, "a number of more than 300 digits"),
        (10**5000, "a number of more than 300 digits"),
        (np.array([1.0, 2.0]), r"array\(\[1\., 2\.\]\)"),
        (Fraction(10**400), r"Fraction\(1000"),
    ],
    ids=["long", "too long to print", "array", "fraction"],
)
def test_what_is_no_float_is_a_sentence(value: Any, got: str) -> None:
    for name in ("l2", "seed"):
        with pytest.raises(SettingError, match=rf"^{name} must be a .*number .*; got {got}"):
            setting(name).check(value)


def test_whole_numbers_of_numpy_keep_all_their_digits() -> None:
    assert setting("seed").check(np.int64(2**62 + 1)) == 2**62 + 1
    assert setting("seed").check(np.uint64(2**64 - 1)) == 2**64 - 1
    with pytest.raises(SettingError, match=r"in \[0, 18446744073709551615\]; got 18446744073709551616\.$"):
        setting("seed").check(2**64)


def test_checked_fills_in_defaults_and_refuses_strangers() -> None:
    names = {name: SETTINGS[name] for name in ("learning_rate", "momentum")}
    assert checked(names, {"momentum": 0.5}, "momentum") == {"learning_rate": 0.01, "momentum": 0.5}
    assert list(checked(names, {"momentum": 0.5, "learning_rate": 1}, "momentum")) == list(names)
    with pytest.raises(
        UnknownNameError, match="setting of momentum must be one of learning_rate, momentum; got 'momentun'"
    ):
        checked(names, {"momentun": 0.5}, "momentum")
    with pytest.raises(SettingError, match=r"^schedule constant has no settings; got 'decay'\. Leave it out\.$"):
        checked({}, {"decay": 0.5}, "schedule constant")
    with pytest.raises(UnknownNameError, match="Did you mean 'weight_decay'"):
        setting("weigth_decay")


def moons(**options: Any) -> Any:
    return fl.generate("moons", **options)


NETWORK = fl.Network.of("2-3-2")

TOO_LARGE = {
    "steps of a run": lambda: fl.descend("rosenbrock", steps=10**9),
    "steps of a comparison": lambda: fl.compare("rosenbrock", {"a": {}}, starts=1000, steps=10**9),
    "starts of a comparison": lambda: fl.compare("rosenbrock", {"a": {}}, starts=10**15),
    "starts": lambda: draw_starts(fl.objective("rosenbrock"), 10**15),
    "minibatches": lambda: fl.descend(fl.NetworkObjective(NETWORK, moons(samples=8)), steps=10**9, batch=2),
    "layers": lambda: fl.NetworkObjective(fl.Network.of("2-100000000000-2"), moons(samples=8)),
    "starts of a map": lambda: fl.map("rosenbrock", x="learning_rate=0..1", y="seed=0..3", starts=10**15, size=2),
    "cells of a map": lambda: fl.map("rosenbrock", x="learning_rate=0..1", y="start.x=0..1", size=10**6),
    "random numbers": lambda: random.normal(0, "x", 10**15),
    "draws of the notebook": lambda: notebook_uniform(1, 0, 1, runs=10**15),
    "network checked": lambda: fl.check_gradient(lambda W: W, "2-100000000000-2"),
}


@pytest.mark.parametrize("what", TOO_LARGE)
def test_what_no_machine_could_hold_is_refused_by_an_estimate(what: str) -> None:
    with pytest.raises(
        UsageError,
        match=r"GB of memory; at most [0-9]+ GB are allowed\. |^size must give at most [0-9,]+ cells; |^sizes must give at most 100,000,000 parameters",
    ):
        TOO_LARGE[what]()


def test_sizes_of_generated_data_have_a_range() -> None:
    for samples in (0, 2.5, 10**12):
        with pytest.raises(SettingError, match=r"^samples must be a whole number in \[1, 1000000\]; got"):
            moons(samples=samples)
    with pytest.raises(SettingError, match=r"^arms must be a whole number in \[1, 100\]; got 1000000000\.$"):
        fl.generate("spirals", arms=10**9)


def test_a_sentence_lists_some_forty_names_at_most() -> None:
    sentence = str(UnknownNameError("coordinate", "x9999", [f"x{k}" for k in range(5000)]))
    assert " and 4,960 more; got 'x9999'. Did you mean" in sentence
    assert len(sentence) < 500
