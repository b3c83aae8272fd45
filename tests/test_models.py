"""Models of tables: what training may see, what a fit depends on, weights, early stopping, and files to the bit."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import fallline as fl
from fallline import random
from fallline.data.preparing import Target
from fallline.data.reading import read_table
from fallline.errors import DataError, FalllineError
from fallline.experiment.method import method
from fallline.models.best_epoch import at_epochs, best_epochs
from fallline.models.fitting import fit_samples
from fallline.models.fold_training import FoldTraining
from fallline.models.folds import folds_of, share_of
from fallline.models.jury import Jury
from fallline.models.model import Model
from fallline.models.samples import Samples
from fallline.models.scaling import SCALINGS, Scaling
from fallline.models.scores import scores
from fallline.models.settings import DECLARED, INITIAL, FitSettings, fit_settings, hidden_of
from fallline.problems.weighted import WeightedObjective
from fallline.runs import lanes
from fallline.runs.execution import Execution
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


def test_networks_for_which_no_code_is_compiled_have_a_penalty_too(monkeypatch):
    settings = replace(SMALL, l2=0.1)
    compiled = fitted(settings)
    for name in ("fallline.runs.stages.name_of", "fallline.runs.engine.name_of"):
        monkeypatch.setattr(name, lambda objective: "numpy")
    np.testing.assert_allclose(fitted(settings).ensemble.parameters, compiled.ensemble.parameters, atol=1e-9)


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


def test_ensembles_are_kept_where_the_loss_of_their_mean_answer_was_lowest():
    some, kept = np.arange(80) < 50, np.arange(80) >= 50
    T = np.eye(2)[np.where(np.arange(80) % 8, Y, 1 - Y)]  # an eighth is wrong, so that networks can learn too much
    network = Network.of("3-8-2", reduction="mean")
    validation = WeightedObjective(network, X[kept], T[kept])
    starts = fl.draw_starts(validation, 6, initial="he_normal")
    training = Training(
        WeightedObjective(network, X[some], T[some], None, validation), method("adam", learning_rate=0.15), 120, starts
    )
    ensemble = np.array([0, 1, 0, 1, 0, 1])
    jury = Jury(network, X[kept], T[kept], np.ones(30), "classes", ensemble)
    m = best_epochs(
        training, validation, jury, per_epoch=1, patience=0, execution=Execution(threads=1), progress=lambda epoch: None
    )
    stages = stages_of(training)
    paths = []
    for epoch in m.epochs:
        stages.advance(int(epoch))
        paths.append(stages.points)
    for k in range(2):
        own = ensemble == k
        losses = [-np.log((_answers(network, w[own]).mean(axis=0) * T[kept]).sum(axis=1)).mean() for w in paths]
        best = int(np.argmin(losses))
        assert 0 < best < len(paths) - 1
        assert (m.best_epoch[own] == m.epochs[best]).all()
        assert (m.parameters[own] == paths[best][own]).all()
    assert m.best_epoch[0] != m.best_epoch[1]


def _answers(network, w):
    logits = WeightedObjective(network, X[50:], T[50:]).logits(w)
    return np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)


def test_validation_curves_are_those_of_each_start_at_the_kept_samples():
    fit = fitted(replace(SMALL, patience=0))
    m = fit.members
    at = np.searchsorted(m.epochs, m.best_epoch)
    for k in range(4):
        kept = fit.fold[k] == _fold_of(fit)
        loss = scores(fit.judges.some(np.array([k])).answers(X[kept]), T[kept], "classes")["log_loss"]
        assert loss == pytest.approx(m.validation_curve[k, at[k]], rel=1e-9)


def _fold_of(fit):
    samples = Samples.of(X, T)
    return folds_of(samples.T.argmax(axis=1), 2, 0)[samples.place]


def test_patience_ends_a_start():
    fit = fit_samples(
        X, T, "classes", fit_settings(hidden=(8,), ensemble=4, folds=2, epochs=400, patience=5, learning_rate=0.1)
    )
    assert (fit.members.last_epoch - fit.members.best_epoch <= 5).all()
    assert fit.members.last_epoch.max() < 400


def test_shuffled_labels_score_chance():
    """Of what cannot be learned, the kept samples tell so, though the networks know their own samples by heart."""
    rng = np.random.default_rng(1)
    inputs, labels = rng.normal(size=(150, 8)), np.eye(2)[rng.permutation(np.arange(150) % 2)]
    fit = fit_samples(inputs, labels, "classes", fit_settings(hidden=(24,), ensemble=8, epochs=60, l2=0))
    assert abs(scores(fit.kept, labels, "classes")["accuracy"] - 0.5) < 3 * 0.5 / np.sqrt(150)
    assert scores(fit.ensemble.answers(inputs), labels, "classes")["accuracy"] > 0.5 + 4 * 0.5 / np.sqrt(150)


def test_equal_inputs_with_different_targets_are_in_one_fold():
    """Else the training samples with the inputs of a kept one would all have another target, and the estimate would be too low."""
    rng = np.random.default_rng(0)
    inputs = rng.integers(0, 2, (400, 4)).astype(float)
    labels = np.eye(2)[np.where(rng.random(400) < 0.3, 1 - inputs[:, 0], inputs[:, 0]).astype(int)]
    fit = fit_samples(inputs, labels, "classes", fit_settings(hidden=(), ensemble=2, folds=2, epochs=60))
    best = scores(np.eye(2)[inputs[:, 0].astype(int)], labels, "classes")["accuracy"]
    assert scores(fit.kept, labels, "classes")["accuracy"] > best - 0.06
    seen: dict[bytes, set[bytes]] = {}
    for row, answer in zip(inputs, fit.kept, strict=True):
        seen.setdefault(row.tobytes(), set()).add(answer.tobytes())
    assert all(len(answers) == 1 for answers in seen.values())


def test_no_kept_sample_reaches_the_training_of_its_judges():
    """A target that nobody could learn, of the kept fold alone, leaves the weights of that fold's starts as they are."""
    fold = _fold_of(fitted())
    other = T.copy()
    other[fold == 0] = other[fold == 0][:, ::-1]
    settings = fit_settings(hidden=(4,), ensemble=4, folds=2, epochs=6, patience=0, scaling="none")
    curves = []
    for targets in (T, other):
        samples = Samples(X, targets, np.ones(80), np.arange(80))
        network = Network.of("3-4-2", reduction="mean")
        starts = fl.draw_starts(WeightedObjective(network, X[:1], T[:1]), 2)
        task = FoldTraining(network, X, targets, targets, samples, fold == 0, "classes", settings, {})
        m = task.train(starts, np.zeros(2, np.int64))
        curves.append(m.curve)
    assert (curves[0] == curves[1]).all()


# Trained again on all samples


def test_every_sample_reaches_every_member_and_none_of_its_judges():
    """The weights of a member depend on each sample; those of the judges of fold 0 depend on no sample of fold 0."""
    settings = replace(SMALL, patience=0, epochs=4)
    labels = T[:, :1]  # whose folds do not depend on them
    fit = fit_samples(X, labels, "labels", settings)
    other = labels.copy()
    other[np.flatnonzero(fit.row_fold == 0)[0]] = 1 - other[np.flatnonzero(fit.row_fold == 0)[0]]
    again = fit_samples(X, other, "labels", settings)
    assert (fit.members.best_epoch == again.members.best_epoch).all()  # else the comparison says nothing
    assert (fit.ensemble.parameters != again.ensemble.parameters).any(axis=-1).all()
    same = (fit.judges.parameters == again.judges.parameters).all(axis=-1)
    np.testing.assert_array_equal(same, fit.fold == 0)


def test_a_fit_without_refit_has_its_judges_as_members():
    plain, again = fitted(replace(SMALL, refit=False)), fitted()
    assert (plain.ensemble.parameters == plain.judges.parameters).all()
    assert (plain.ensemble.parameters == again.judges.parameters).all()
    assert (plain.kept == again.kept).all()
    assert (plain.ensemble.parameters != again.ensemble.parameters).any(axis=-1).all()


def test_the_second_training_goes_as_far_as_the_first_with_all_samples():
    """A member is what its start becomes by that many epochs on all samples, with the batch and the rate of the first training."""
    fit = fitted()
    samples = Samples.of(X, T)
    network, scaling = fit.ensemble.network, fit.ensemble.scaling
    objective = WeightedObjective(network, scaling(samples.X), samples.T)
    starts = fl.draw_starts(WeightedObjective(network, X[:1], T[:1]), 4, initial=SMALL.initial)
    batch = SMALL.batch_of(40)
    steps = 80 // batch * SMALL.epochs
    how = fl.method("adam", "cosine", steps, learning_rate=SMALL.rate_of(40)).with_({"l2": SMALL.l2_of(80)})
    rows = random.batches(0, 80, batch, steps)
    for k in range(4):
        stages = stages_of(Training(objective, how, steps, starts[k : k + 1], rows))
        stages.advance(80 // batch * int(fit.members.best_epoch[k]))
        np.testing.assert_array_equal(stages.points[0], fit.ensemble.parameters[k])


def test_each_start_has_its_own_end():
    objective = WeightedObjective(Network.of("3-4-2", reduction="mean"), X, T)
    starts = fl.draw_starts(objective, 4)
    training = Training(objective, fl.method(learning_rate=0.1), 20, starts)
    ends = np.array([3, 0, 20, 3])
    points = at_epochs(training, ends, per_epoch=1, execution=Execution(threads=1))
    assert np.isnan(points[1]).all()
    for k in (0, 2, 3):
        alone = fl.descend(objective, start=starts[k], learning_rate=0.1, steps=int(ends[k]))
        np.testing.assert_allclose(points[k], alone.end, rtol=1e-12)


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


def test_no_row_of_the_test_reaches_a_statistic():
    """Numbers and texts that only rows of the test have change nothing that was fitted, and no judgement but theirs."""
    table = read_table(TREES)
    kept = share_of(Target.of(table, "kind")(table).argmax(axis=1), 0.2, 0)
    assert kept.sum() == 6
    first, *lines = TREES.splitlines()
    other = [f"1e9,lime,{line.split(',')[2]}" if k else line for k, line in zip(kept, lines, strict=True)]
    a, b = (
        fl.fit(
            read_table("\n".join([first, *rows]) + "\n"), "kind", hidden=(4,), ensemble=2, folds=2, epochs=8, test=0.2
        )
        for rows in (lines, other)
    )
    assert a.preparation == b.preparation
    assert (a.ensemble.scaling.centre == b.ensemble.scaling.centre).all()
    assert (a.ensemble.parameters == b.ensemble.parameters).all()
    assert a.summary.validation == b.summary.validation


@pytest.mark.parametrize(
    ("column", "told"), [("1.5,2.5,1.5,2.5,1.5", True), ("1.5,2.5,1.5,2.5,2.5", True), ("1,1,2,2,2", False)]
)
def test_an_input_that_tells_the_target_is_warned_about(column, told):
    kinds = ["oak", "ash", "oak", "ash", "oak" if column.endswith("1.5") else "ash"]
    rows = [f"{x},{size},{kind}" for size, (x, kind) in enumerate(list(zip(column.split(","), kinds, strict=True)) * 4)]
    model = fl.fit(
        read_table("code,size,kind\n" + "\n".join(rows) + "\n"), "kind", hidden=(), ensemble=1, folds=1, epochs=4
    )
    assert ("column 'code': it tells the target 'kind' in every row" in str(model).replace("\n", " ")) == told
    assert "column 'size': it tells" not in str(model)


def test_a_value_that_is_an_input_too_is_warned_about():
    rows = "".join(f"{x * x},{x},{x * x}\n" for x in range(20))
    model = fl.fit(read_table("copy,x,y\n" + rows), "y", task="regression", hidden=(), ensemble=1, folds=1, epochs=4)
    assert sum("tells the target" in note for note in model.summary.notes) == 1


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


def test_every_door_has_the_same_defaults():
    from inspect import signature

    from fallline.cli.fit import fit as command
    from fallline.estimators import NetworkClassifier, NetworkRegressor

    own = {
        name: getattr(FitSettings(), name)
        for name in FitSettings.__dataclass_fields__
        if name not in ("how", "own_rate")
    }
    own |= {"activation": "relu", "initial": INITIAL}
    assert (FitSettings().activation.name, FitSettings().initial.name) == ("relu", INITIAL)
    assert FitSettings().how.optimizer.name == "adam"
    doors = {
        door: signature(door).parameters
        for door in (fl.fit, fit_settings, command, NetworkClassifier, NetworkRegressor)
    }
    for name, value in own.items():
        if name in DECLARED and value is not None:
            assert DECLARED[name].default == value
        for door, parameters in doors.items():
            if name in parameters and not (door is command and name in DECLARED):
                default = parameters[name].default
                assert (hidden_of(default) if name == "hidden" else default) == value, (door, name)
