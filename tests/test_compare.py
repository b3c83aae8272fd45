"""Comparisons: intervals that cover, pairs by start, and a verdict that the numbers carry."""

import json

import numpy as np
import pytest

import fallline as fl
from fallline.errors import SettingError, ShapeError
from fallline.runs.intervals import median, share


@pytest.mark.parametrize("truth", [0.01, 0.3, 0.5, 0.97])
def test_intervals_of_shares_cover_the_truth(truth):
    hits = 0
    for seed in range(400):
        count = int((np.random.default_rng(seed).random(200) < truth).sum())
        estimate = share(count, 200)
        hits += estimate.low <= truth <= estimate.high
    assert 0.92 <= hits / 400 <= 0.99


def test_runs_that_both_reached_the_bottom_are_tied():
    rates = {"a": {"learning_rate": 0.05}, "b": {"learning_rate": 0.0501}}
    result = fl.compare("quadratic", rates, starts=20, steps=5000)
    assert (result.losses["a"][:, -1] != result.losses["b"][:, -1]).any()  # in bits far below what matters
    assert result.pair("a", "b").wins.value == 0.5


def test_intervals_of_medians_cover_the_truth():
    hits = 0
    for seed in range(400):
        estimate = median(np.random.default_rng(seed).exponential(size=75))
        hits += estimate.low <= np.log(2) <= estimate.high
    assert 0.93 <= hits / 400 <= 0.99


def test_a_median_takes_infinities():
    assert median(np.array([1.0] * 40 + [np.inf] * 60)).value == np.inf


@pytest.fixture(scope="module")
def comparison():
    methods = {
        "slow": {"learning_rate": 0.01},
        "fast": {"learning_rate": 0.1},
        "too fast": {"learning_rate": 0.21},
    }
    return fl.compare("quadratic", methods, starts=300, steps=60, target=1e-2)


def test_the_verdict_names_the_faster_method(comparison):
    assert comparison.sentence.startswith("More efficient: fast")
    slow, fast, diverged = comparison.summaries
    assert fast.reached.value == 1
    assert fast.steps_to_target.value < slow.steps_to_target.value
    assert diverged.reached.value < 0.5


def test_pairs_are_by_start(comparison):
    pair = comparison.pair("fast", "slow")
    a, b = comparison.losses["fast"][:, -1], comparison.losses["slow"][:, -1]
    assert pair.wins.value == ((a < b).mean() + (a == b).mean() / 2)
    assert pair.loss_difference.value == pytest.approx(np.median(a - b))


def test_a_method_against_itself_has_no_winner():
    twins = {"a": {"learning_rate": 0.05}, "b": {"learning_rate": 0.05}}
    result = fl.compare("quadratic", twins, starts=100, steps=30)
    assert result.pair("a", "b").wins.value == 0.5
    assert result.sentence.startswith("No clear winner")


def test_diverged_starts_are_counted_not_hidden():
    result = fl.compare("rosenbrock", {"rash": {"learning_rate": 0.1}}, starts=50, steps=40)
    assert result.summaries[0].diverged.value > 0.5
    assert result.summaries[0].final_loss.value == np.inf
    json.dumps(result.to_dict(), allow_nan=False)  # machines get None, not Infinity


def test_runs_equal_descend(comparison):
    start = fl.draw_starts(fl.objective("quadratic"), 300)[7]
    alone = fl.descend("quadratic", start=start, learning_rate=0.1, steps=60)
    assert comparison.losses["fast"][7] == pytest.approx(alone.losses, rel=1e-12)


def test_wrong_use_is_a_sentence():
    with pytest.raises(SettingError, match="at least one method"):
        fl.compare("quadratic", {})
    with pytest.raises(ShapeError, match=r"\(starts, 2\)"):
        fl.compare("quadratic", {"a": {}}, starts=np.zeros((3, 5)))
    with pytest.raises(SettingError, match="starts must be a whole number"):
        fl.compare("quadratic", {"a": {}}, starts=0)


@pytest.mark.parametrize("replacement", [False, True])
def test_minibatches_are_those_of_a_descent(replacement: bool) -> None:
    data = fl.generate("three-gaussians")
    result = fl.compare(
        "2-3-2-3", data, ["adam", "momentum"], starts=5, steps=30, batch=4, seed=3, replacement=replacement
    )
    start = fl.draw_starts(result.objective, 5, 3)[2]
    run = fl.descend(result.objective, "adam", start=start, steps=30, batch=4, seed=3, replacement=replacement)
    np.testing.assert_array_equal(result.losses["adam"][2], run.losses)
    many = fl.compare(
        "2-3-2-3", data, ["adam"], starts=200, steps=30, batch=4, seed=3, replacement=replacement
    )  # compiled
    np.testing.assert_allclose(many.losses["adam"][:5], result.losses["adam"], rtol=1e-9)
