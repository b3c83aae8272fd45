"""Models of tables: what training may see, what a fit depends on, weights, early stopping, and files to the bit."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

import fallline as fl
from fallline.data.reading import read_table
from fallline.errors import DataError, FalllineError
from fallline.experiment.method import method
from fallline.models.fitting import fit_samples
from fallline.models.model import Model
from fallline.models.samples import Samples
from fallline.models.scaling import SCALINGS, Scaling
from fallline.models.scores import scores
from fallline.models.settings import FitSettings, fit_settings
from fallline.problems.weighted import WeightedObjective
from fallline.runs import lanes
from fallline.runs.stages import stages_of
from fallline.runs.training import Training
from fallline.textbook.network import Network

FIXTURES = Path(__file__).parent / "fixtures"
RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 3))
Y = (X[:, 0] + X[:, 1] ** 2 > 0.7).astype(int)
T = np.eye(2)[Y]
SMALL = FitSettings(hidden=(4,), ensemble=4, folds=2, epochs=24)
TREES = "size,bark,kind\n" + "1.5,rough,oak\n2.25,smooth,ash\n0.1,rough,oak\n3.5,smooth,ash\n2.0,rough,ash\n" * 6


def fitted(settings: FitSettings = SMALL, **more):
    return fit_samples(X, T, "classes", settings, **more)


# The loss of weighted samples


@pytest.mark.parametrize("loss", ["cross_entropy", "logistic", "half_squared_error", "squared_error"])
def test_a_weight_of_two_is_the_sample_twice_in_numbers_and_in_lanes(loss):
    network = Network.of("3-4-2", loss=loss, reduction="mean")
    once = WeightedObjective(network, X[:9], T[:9], np.array([1.0, 2, 1, 1, 3, 1, 1, 1, 1]))
    rows = [0, 1, 1, 2, 3, 4, 4, 4, 5, 6, 7, 8]
    often = WeightedObjective(network, X[rows], T[rows])
    w = fl.draw_starts(often, 3)
    np.testing.assert_allclose(once.loss(w), often.loss(w), rtol=1e-13)
    np.testing.assert_allclose(once.gradient(w), often.gradient(w), atol=1e-13)
    losses = [lanes.train(Training(f, method("adam"), 20, w), ("history",))["history"] for f in (once, often)]
    np.testing.assert_allclose(*losses, rtol=1e-10)


# Training in stages


@pytest.mark.parametrize("batch", [None, 8])
def test_stages_are_one_training(batch):
    from fallline import random

    objective = WeightedObjective(Network.of("3-4-2", reduction="mean"), X, T)
    w = fl.draw_starts(objective, 5)
    rows = None if batch is None else random.batches(0, len(X), batch, 20)
    training = Training(objective, method("adam"), 20, w, rows)
    stages = stages_of(training)
    for step in (3, 4, 11, 20):
        stages.advance(step)
    whole = lanes.train(training, ("parameters", "history"))
    assert (stages.points == whole["parameters"]).all()
    assert (stages.losses == whole["history"][:, 11:20].mean(axis=-1)).all()


def test_runs_that_are_dropped_leave_the_others_alone():
    objective = WeightedObjective(Network.of("3-4-2", reduction="mean"), X, T)
    training = Training(objective, method("momentum"), 20, fl.draw_starts(objective, 5))
    stages = stages_of(training)
    stages.advance(5)
    stages.keep(np.array([True, False, False, True, True]))
    stages.advance(20)
    assert (stages.points == lanes.train(training, ("parameters",))["parameters"][[0, 3, 4]]).all()


def test_numpy_trains_the_same_stages(monkeypatch):
    objective = WeightedObjective(Network.of("3-4-2", reduction="mean"), X, T)
    training = Training(objective, method("adam"), 20, fl.draw_starts(objective, 5))
    compiled = stages_of(training)
    monkeypatch.setattr("fallline.runs.stages.name_of", lambda objective: "numpy")
    loop = stages_of(training)
    for stages in (compiled, loop):
        stages.advance(7)
        stages.keep(np.array([True, False, True, True, True]))
        stages.advance(20)
    np.testing.assert_allclose(compiled.points, loop.points, atol=1e-12)
    np.testing.assert_allclose(compiled.losses, loop.losses, atol=1e-12)


# What a fit depends on


def test_the_order_of_the_rows_does_not_matter():
    order = RNG.permutation(len(X))
    a, b = fitted(), fit_samples(X[order], T[order], "classes", SMALL)
    assert (a.ensemble.parameters == b.ensemble.parameters).all()
    assert (a.kept[order] == b.kept).all()


def test_a_row_of_weight_two_is_the_row_twice_and_one_of_weight_zero_is_none():
    weights = RNG.integers(0, 3, len(X))
    a = fit_samples(X, T, "classes", SMALL, weights)
    b = fit_samples(X.repeat(weights, axis=0), T.repeat(weights, axis=0), "classes", SMALL)
    assert (a.ensemble.parameters == b.ensemble.parameters).all()
    assert np.isnan(a.kept[weights == 0]).all()


def test_threads_do_not_reach_a_bit():
    assert (fitted(threads=1).ensemble.parameters == fitted(threads=4).ensemble.parameters).all()


def test_samples_have_weights_of_mean_one_and_refuse_wrong_ones():
    samples = Samples.of(X[[0, 1, 0]], T[[0, 1, 0]], np.array([1.0, 2.0, 5.0]))
    assert sorted(samples.weights.tolist()) == [0.5, 1.5]
    for wrong in (np.array([1.0, -1, 1]), np.array([0.0, 0, 0]), np.array([1.0, np.nan, 1])):
        with pytest.raises(DataError):
            Samples.of(X[:3], T[:3], wrong)


@pytest.mark.parametrize("kind", SCALINGS)
def test_scaling_counts_weights_as_rows_and_is_finite(kind):
    table = np.column_stack([X, np.full(80, 14.62), np.where(np.arange(80) == 3, 1e300, 0.0), np.arange(80) % 2])
    weights = RNG.integers(1, 4, 80)
    a, b = Scaling.of(table, weights, kind), Scaling.of(table.repeat(weights, axis=0), np.ones(weights.sum()), kind)
    np.testing.assert_allclose(a.centre, b.centre, rtol=1e-12)
    if kind != "none":
        assert np.isfinite(a(table)).all()
        assert (a(table)[:, 3] == 0).all()


# Early stopping and folds


def test_each_start_is_kept_where_its_validation_loss_was_lowest():
    fit = fitted()
    m = fit.members
    lowest = np.nanargmin(m.validation_curve, axis=1)
    assert (m.epochs[lowest] == m.best_epoch).all()
    assert (m.last_epoch <= SMALL.epochs).all()
    for k in range(4):
        own = fit.ensemble.some(np.array([k])).answers(X[fit.fold[k] == _fold_of(fit)])
        loss = scores(own, T[fit.fold[k] == _fold_of(fit)], "classes")["log_loss"]
        assert loss == pytest.approx(m.validation_curve[k, lowest[k]], rel=1e-9)


def _fold_of(fit):
    from fallline.models.folds import folds_of

    samples = Samples.of(X, T)
    return folds_of(samples.T.argmax(axis=1), 2, 0)[samples.place]


def test_patience_ends_a_start():
    fit = fit_samples(
        X, T, "classes", fit_settings(hidden=(8,), ensemble=4, folds=2, epochs=400, patience=5, learning_rate=0.1)
    )
    assert (fit.members.last_epoch - fit.members.best_epoch <= 5).all()
    assert fit.members.last_epoch.max() < 400


def test_shuffled_labels_score_chance():
    labels = np.random.default_rng(1).permutation(Y)
    fit = fit_samples(X, np.eye(2)[labels], "classes", fit_settings(hidden=(8,), ensemble=8, epochs=60))
    assert abs(scores(fit.kept, np.eye(2)[labels], "classes")["accuracy"] - np.bincount(Y).max() / 80) < 0.2


def test_no_kept_sample_reaches_the_training_of_its_judges():
    """A target that nobody could learn, of the kept fold alone, leaves the weights of that fold's starts as they are."""
    fold = _fold_of(fitted())
    other = T.copy()
    other[fold == 0] = other[fold == 0][:, ::-1]
    settings = fit_settings(hidden=(4,), ensemble=4, folds=2, epochs=6, patience=0, scaling="none")
    curves = []
    for targets in (T, other):
        from fallline.models.fitting import _train_fold

        samples = Samples(X, targets, np.ones(80), np.arange(80))
        network = Network.of("3-4-2", reduction="mean")
        starts = fl.draw_starts(WeightedObjective(network, X[:1], T[:1]), 2)
        m = _train_fold(
            network, X, targets, targets, samples, fold == 0, starts, settings, lambda done, total: None, {}
        )
        curves.append(m.curve)
    assert (curves[0] == curves[1]).all()


def test_all_starts_that_diverge_are_told():
    with pytest.raises(DataError, match="smaller learning rate"):
        fit_samples(X, X[:, :1] * 1.0, "values", fit_settings(
            hidden=(4,), ensemble=2, folds=2, epochs=50, optimizer_="gradient_descent", learning_rate=1e6, activation_="identity",
        ))  # fmt: skip


# Tables


@pytest.fixture(scope="module")
def trees() -> Model:
    return fl.fit(read_table(TREES, name="trees.csv"), "kind", hidden=(4,), ensemble=4, folds=2, epochs=200, test=0.2)


def test_a_model_answers_with_names_and_says_what_was_done(trees):
    table = read_table("bark,size\nrough,0.2\nsmooth,3\n")
    assert trees.predict(table).tolist() == ["oak", "ash"]
    assert trees.answers(table).sum(axis=1).tolist() == pytest.approx([1, 1])
    text = str(trees)
    assert "constant" in text
    assert "linear model" in text
    assert "24 rows, 6 kept for the test" in text
    assert max(map(len, text.splitlines())) <= 96


def test_rows_of_the_test_reach_no_statistic():
    """A value that only a test row has, and a text that only a test row has, change nothing of the model."""
    a = fl.fit(read_table(TREES), "kind", hidden=(4,), ensemble=2, folds=2, epochs=8, test=0.2)
    from fallline.models.folds import share_of

    target = np.array([line.split(",")[2] == "oak" for line in TREES.splitlines()[1:]])
    kept = share_of(np.eye(2)[target.astype(int)].argmax(axis=1)[:], 0.2, 0)
    order = np.eye(2)[(~target).astype(int)]
    kept = share_of(order.argmax(axis=1), 0.2, 0)
    lines = TREES.splitlines()
    row = int(np.flatnonzero(share_of((target).astype(int), 0.2, 0))[0])
    assert kept.sum() == 6
    size, bark, kind = lines[1 + row].split(",")
    lines[1 + row] = f"1e9,{bark},{kind}"
    b = fl.fit(read_table("\n".join(lines) + "\n"), "kind", hidden=(4,), ensemble=2, folds=2, epochs=8, test=0.2)
    assert size
    assert (a.ensemble.parameters == b.ensemble.parameters).all()
    assert (a.ensemble.scaling.centre == b.ensemble.scaling.centre).all()


def test_values_and_labels_are_learned(tmp_path):
    lines = [f"{a:.3f},{b:.3f},{int(a > 0)},{int(b > 0)},{a - b:.3f}" for a, b, _ in X]
    table = read_table("a,b,p,q,r\n" + "\n".join(lines) + "\n")
    labels = fl.fit(table, ["p", "q"], inputs=["a", "b"], hidden=(4,), ensemble=4, folds=2, epochs=60)
    assert labels.kind == "labels"
    assert labels.scores(table)["accuracy"] > 0.85
    values = fl.fit(table, "r", inputs=["a", "b"], hidden=(4,), ensemble=4, folds=2, epochs=80, dtype="float32")
    assert values.scores(table)["r2"] > 0.8
    for model in (labels, values):
        again = Model.load(model.save(tmp_path / "m.safetensors", overwrite=True))
        assert (again.answers(table) == model.answers(table)).all()
        assert again.answers(table).dtype == model.answers(table).dtype


# Files


def test_a_saved_model_has_the_same_bits(trees, tmp_path):
    table = read_table("bark,size\nrough,0.2\nsmooth,3\nold,1e6\n")
    again = Model.load(trees.save(tmp_path / "trees.safetensors"))
    assert (again.answers(table) == trees.answers(table)).all()
    assert str(again) == str(trees)
    again.save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == (tmp_path / "trees.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("name", "digits"), [("model-1", 12), ("model-2-classes", 12), ("model-2-values", 6)]
)  # fmt: skip
def test_models_of_earlier_versions_are_read_and_answer_the_same(name, digits, tmp_path):
    path = FIXTURES / f"{name}.safetensors"
    model = Model.load(path)
    rows = "size,bark\n0.2,rough\n3,smooth\n"
    if name != "model-1":
        rows = "size,bark,zip,wet\n0.2,rough,1,0\n,NA,20.0,1\n1e6,peeling,7,0\n"
    table = read_table(rows, name="new.csv")
    answers = model.answers(table)
    np.testing.assert_allclose(answers, np.array(json.loads(path.with_suffix(".json").read_text())), rtol=10.0**-digits)
    again = Model.load(model.save(tmp_path / "again.safetensors"))
    assert (again.answers(table) == answers).all()
    assert (again.ensemble.parameters == model.ensemble.parameters).all()
    assert again.preparation == model.preparation


def _with_metadata(content: bytes, change) -> bytes:
    length = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + length])
    change(header)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + content[8 + length :]


def _description(change):
    def inside(header):
        text = json.loads(header["__metadata__"]["fallline"])
        change(text)
        header["__metadata__"]["fallline"] = json.dumps(text)

    return inside


@pytest.mark.parametrize(
    "change",
    [
        _description(lambda d: d.update(code="import os")),
        _description(lambda d: d.update(format=2)),
        _description(lambda d: d.update(activations=["evil"])),
        _description(lambda d: d.update(sizes=[3, 4000000, 2])),
        _description(lambda d: d.update(sizes=[3, 5, 2])),
        _description(lambda d: d.update(dtype="float32")),
        _description(lambda d: d["target"].update(classes=["a", "b", "c"])),
        _description(lambda d: d["preparation"]["inputs"].pop()),
        _description(lambda d: d["summary"].update(rows="many")),
        lambda h: h["__metadata__"].update(other="x"),
        lambda h: h.pop("__metadata__"),
        lambda h: h.pop("W1"),
        lambda h: h["W1"].update(shape=[10**9, 3, 4]),
        lambda h: h["W1"].update(data_offsets=[0, 10**15]),
        lambda h: h["b1"].update(dtype="F16"),
    ],
)  # fmt: skip
def test_a_changed_file_is_refused_in_words(change, tmp_path):
    path = tmp_path / "changed.safetensors"
    path.write_bytes(_with_metadata((FIXTURES / "model-1.safetensors").read_bytes(), change))
    with pytest.raises(FalllineError):
        Model.load(path)


def test_damaged_files_are_refused_in_words(tmp_path):
    content, path = bytearray((FIXTURES / "model-1.safetensors").read_bytes()), tmp_path / "damaged.safetensors"
    told = []
    draw = np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(content)
        for _ in range(draw.integers(1, 4)):
            damaged[draw.integers(len(damaged) if draw.random() < 0.3 else 2000)] = draw.integers(256)
        path.write_bytes(damaged[: draw.integers(len(damaged))] if draw.random() < 0.2 else damaged)
        try:
            Model.load(path).answers(read_table("size,bark\n0.2,rough\n"))
        except FalllineError as error:
            told.append(str(error))
    assert len(told) > 100
    assert all(sentence.endswith((".", "?")) for sentence in told)


def test_names_of_other_settings_are_refused():
    for wrong in (
        {"epochs": 0},
        {"folds": 65},
        {"nonsense": 1},
        {"scaling": "minmax"},
        {"hidden": "a"},
        {"schedule": "never"},
    ):
        with pytest.raises(FalllineError):
            fit_settings(**wrong)
