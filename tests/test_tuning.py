"""Settings under warranty: the cliff where theory puts it, fresh draws, no row that judges twice, and what is said."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import fallline as fl
from fallline.cli.app import main
from fallline.errors import DataError, FalllineError
from fallline.models import tuning as tuning_module
from fallline.models import warranty as warranty_module
from fallline.models.fitting import fit_samples
from fallline.models.folds import row_folds
from fallline.models.neighbourhood import train_around
from fallline.models.nested import nested_estimate, score_interval
from fallline.models.settings import fit_settings
from fallline.models.tuning import tune_samples
from fallline.models.warranty import warranty

RNG = np.random.default_rng(5)
X = RNG.normal(size=(300, 2)) * (1.0, 2.0)
T = X @ [[1.0], [-0.5]] + 0.3 * RNG.normal(size=(300, 1))
LARGEST = float(np.linalg.eigvalsh(np.column_stack([X, np.ones(300)]).T @ np.column_stack([X, np.ones(300)]) / 300)[-1])
"""L: the largest curvature of the mean of half the squared error of a linear model. Gradient descent diverges beyond 2/L."""

FLOWERS = "size,kind\n" + "".join(f"{k},rose\n{k + 25},tulip\n" for k in range(30))


@pytest.fixture
def few_starts(monkeypatch):
    """Fewer starts than users have: for what does not depend on their number."""
    monkeypatch.setattr(tuning_module, "FRESH", 30)
    monkeypatch.setattr(tuning_module, "CONFIRMED", 30)


def linear(**more):
    """A linear model by plain gradient descent with all samples, as theory has it."""
    return fit_settings(**{"hidden": (), "optimizer_": "gradient_descent", "schedule": "constant", "scaling": "none",
                           "batch": 0, "l2": 0.0, "folds": 2, "epochs": 120, "patience": 0} | more)  # fmt: skip


@pytest.mark.parametrize("share_of_cliff", [0.2])
def test_the_cliff_is_where_theory_has_it(share_of_cliff):
    found = warranty(X, T, "values", linear(learning_rate=share_of_cliff * 2 / LARGEST), starts=30)
    assert found.cliff == pytest.approx(1 / share_of_cliff, rel=0.15)
    assert found.lost.value == 0


@pytest.mark.parametrize(("rate", "low", "high"), [(0.65, 0, 0), (1.0, 0.2, 0.8), (1.5, 1, 1)])
def test_starts_are_lost_beyond_the_cliff_and_none_before(rate, low, high):
    own = linear(ensemble=60)
    (found,) = train_around(X, T, "values", own, [{"learning_rate": rate * 2 / LARGEST}], reached=0.05)
    assert low <= found.lost / found.starts <= high


def test_a_neighbourhood_is_chosen_that_ends_before_the_cliff():
    rates = [k * 2 / LARGEST for k in (0.05, 0.3, 0.92, 1.1, 4.0)]
    tuned = tune_samples(X, T, "values", linear(), {"learning_rate": rates}, starts=120)
    assert tuned.found
    assert tuned.holds
    assert 1.2 * tuned.chosen["learning_rate"] < 2 / LARGEST
    assert tuned.lost[-2:].tolist() == [1, 1]
    assert not tuned.lost[:2].any()
    assert 0 < tuned.lost[2] < 1  # its neighbourhood reaches beyond the cliff, though its centre does not
    assert "of 120 starts within ±20 % none diverged or died" in str(tuned)


def test_it_is_said_that_no_neighbourhood_fulfils_the_limits():
    tuned = tune_samples(X, T, "values", linear(), {"learning_rate": [2 * 2 / LARGEST, 4 * 2 / LARGEST]}, starts=30)
    assert not tuned.found
    assert not tuned.holds
    assert "No neighbourhood within ±20 %" in str(tuned)


def test_fresh_draws_did_not_choose_the_settings(monkeypatch):
    seeds = []

    def noted(name):
        def train(X, T, kind, settings, centres, *rest, **options):
            seeds.append((name, settings.seed))
            return train_around(X, T, kind, settings, centres, *rest, **options)

        return train

    monkeypatch.setattr(tuning_module, "train_around", noted("choice"))
    monkeypatch.setattr(warranty_module, "train_around", noted("warranty"))
    tune_samples(X, T, "values", linear(epochs=40), {"learning_rate": [0.1, 0.2]}, starts=30)
    by = {name: {seed for each, seed in seeds if each == name} for name in ("choice", "warranty")}
    assert len(by["choice"]) == 2
    assert by["warranty"]
    assert not by["choice"] & by["warranty"]


def test_the_default_grid_grows_where_its_best_rate_is_at_an_end():
    tuned = tune_samples(X, T, "values", linear(learning_rate=1e-5, epochs=40), starts=0)
    assert len(tuned.grid["learning_rate"]) == 12
    assert tuned.at_edge


def test_rows_and_threads_in_any_order_choose_the_same():
    options = {"tune": {"learning_rate": [0.1, 0.3], "l2": [0, 0.01]}, "starts": 0}
    order = np.random.default_rng(0).permutation(300)
    one = tune_samples(X, T, "values", linear(epochs=40), threads=1, **options)
    other = tune_samples(X[order], T[order], "values", linear(epochs=40), threads=2, **options)
    assert np.array_equal(one.losses, other.losses)
    assert one.chosen == other.chosen


def test_progress_rises_to_its_end_and_may_interrupt():
    told = []
    tune_samples(X, T, "values", linear(epochs=40), {"learning_rate": [0.1]}, starts=30,
                 progress=lambda done, total: told.append(done / total))  # fmt: skip
    assert told == sorted(told)
    assert told[-1] == 1

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune_samples(X, T, "values", linear(epochs=40), {"learning_rate": [0.1]}, progress=stop)


def test_a_nested_estimate_sees_no_row_twice():
    """A model that knows its own rows by heart, and guesses all others, has the accuracy of a guess."""
    inputs, classes = np.arange(200.0)[:, None], np.eye(2)[np.random.default_rng(1).integers(2, size=200)]
    seen = []

    def by_heart(learned, show):
        seen.append(learned)
        known = dict(zip(inputs[learned, 0], classes[learned], strict=True))
        return np.array([known.get(x, (0.6, 0.4)) for x in inputs[~learned, 0]])

    found = nested_estimate(inputs, classes, "classes", 5, 0, by_heart)
    assert np.array_equal(np.sum(seen, axis=0), np.full(200, 4))
    assert found.estimate.low < 0.5 < found.estimate.high


def test_a_tuned_fit_of_shuffled_labels_states_chance(few_starts):
    labels = RNG.integers(2, size=90)
    table = "a,b,c\n" + "".join(f"{x:.4f},{z:.4f},{'yn'[k]}\n" for (x, z), k in zip(X, labels, strict=False))
    model = fl.fit(
        table,
        "c",
        hidden=(3,),
        ensemble=2,
        folds=2,
        epochs=30,
        batch=0,
        outer_folds=3,
        tune={"learning_rate": [0.01, 0.1]},
    )
    stated = model.summary.estimate
    assert stated.nested
    assert stated.tuned
    assert stated.folds == 3
    assert stated.low <= 0.5 <= stated.high


def test_outer_folds_prepare_by_their_own_rows(monkeypatch):
    from fallline.models.table_rows import TableRows

    learned = []
    plain = TableRows.preparation
    monkeypatch.setattr(TableRows, "preparation", lambda self, rows: learned.append(rows.copy()) or plain(self, rows))
    fl.fit(FLOWERS, "kind", hidden=(), ensemble=2, folds=2, epochs=10, outer_folds=3, test=0.2)
    sizes = sorted(int(rows.sum()) for rows in learned)
    assert sizes == [32, 32, 32, 48, 48]  # the fit and the order of the rows; three times two thirds


def test_folds_do_not_depend_on_the_order_of_rows():
    order = RNG.permutation(300)
    assert np.array_equal(row_folds(X, T, "values", 5, 3)[order], row_folds(X[order], T[order], "values", 5, 3))


def test_intervals_cover_their_truth():
    """Of samples with a known accuracy and R², about 95 % have it within their interval."""
    draws = np.random.default_rng(2)
    inside = {"classes": 0, "values": 0}
    for seed in range(60):
        right = draws.random(80) < 0.8
        answers = np.where(right[:, None], [0.9, 0.1], [0.1, 0.9])
        low, high = score_interval(answers, np.eye(2)[np.zeros(80, int)], "classes")[1:]
        inside["classes"] += low <= 0.8 <= high
        if seed >= 20:
            continue
        signal = draws.normal(size=(80, 1))
        low, high = score_interval(signal, signal + 0.5 * draws.normal(size=(80, 1)), "values", seed=seed)[1:]
        inside["values"] += low <= 0.8 <= high
    assert 53 <= inside["classes"] <= 60
    assert 16 <= inside["values"] <= 20


@pytest.mark.parametrize(
    ("tune", "words"),
    [
        ({"rate": [0.1]}, "rate"), ({"l2": [-1]}, "l2 must be a number at least 0"), ({"l2": []}, "at least one value of l2"),
        (3, "tune must be True"), ({}, "tune must be True"), ({"momentum": [0.5]}, "momentum"), ("l2", "tune must be True"),
    ],
)  # fmt: skip
def test_a_wrong_grid_is_refused_in_words(tune, words):
    with pytest.raises(FalllineError, match=re.escape(words)):
        tune_samples(X, T, "values", linear(), tune)


def test_too_few_rows_are_refused():
    with pytest.raises(DataError, match="tune needs at least 20 rows; there are 19"):
        tune_samples(X[:19], T[:19], "values", linear())


def test_the_command_tunes_states_and_draws(tmp_path, capsys, monkeypatch, few_starts):
    monkeypatch.setattr("fallline.models.tuning_grid.RATES", (1.0, 2.0))
    monkeypatch.setattr("fallline.models.tuning_grid.PENALTIES", (1.0,))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flowers.csv").write_text(FLOWERS)
    arguments = ["fit", "flowers.csv", "--target", "kind", "--hidden", "", "--ensemble", "4", "--folds", "2", "--epochs", "40",
                 "--batch", "0", "--outer-folds", "2", "--tune"]  # fmt: skip
    status = main([*arguments, "--json", "--map", "map.svg", "--out", "flowers.safetensors"])
    said = json.loads(capsys.readouterr().out)
    assert status == (0 if said["tuned"]["holds"] else 1)
    assert set(said["tuned"]["settings"]) == {"learning_rate", "l2"}
    assert said["estimate"]["nested"] is True
    assert "<svg" in (tmp_path / "map.svg").read_text()
    again = fl.Model.load("flowers.safetensors")
    assert again.summary.tuned.settings == said["tuned"]["settings"]
    assert again.tuning is None
    with pytest.raises(FalllineError, match="plot_map needs a model that was fitted with tune=True"):
        again.plot_map()
    assert main(["fit", "flowers.csv", "--target", "kind", "--map", "m.svg"]) == 2


def test_a_fit_without_outer_folds_says_what_its_estimate_is():
    model = fl.fit(FLOWERS, "kind", hidden=(), ensemble=2, folds=2, epochs=20)
    assert not model.summary.estimate.nested
    assert "it is a little optimistic" in " ".join(str(model).split())
    kept = fit_samples(
        np.arange(20.0)[:, None], np.eye(2)[np.arange(20) % 2], "classes", fit_settings(epochs=2, ensemble=2)
    ).kept
    assert kept.shape == (20, 2)


def test_estimators_tune(few_starts):
    sklearn = pytest.importorskip("sklearn.model_selection")
    from fallline.estimators import MapSearchCV, NetworkClassifier

    y = (X[:, 0] > 0).astype(int)
    small = NetworkClassifier((), ensemble=2, folds=2, epochs=20, batch=0, tune={"learning_rate": [0.05, 0.1]})
    fitted = small.fit(X, y)
    assert fitted.tuning_.chosen["learning_rate"] in (0.05, 0.1)
    assert "Tuned over 2 neighbourhoods" in fitted.outcome_
    assert "neighbourhood" in fitted.plot_map().title
    assert sklearn.cross_val_score(small, X[:80], y[:80], cv=2).min() > 0.8
    with pytest.raises(FalllineError, match="set tune=False"):
        MapSearchCV(small, {"l2": [0.1]}).fit(X, y)
    with pytest.raises(FalllineError, match="partial_fit cannot tune"):
        small.partial_fit(X, y)
