"""Axes of choices, as a user types them first: optimizers, activations, losses, initial weights, widths, depths.

Each task is at most three lines of the user's; the rest checks them. The law behind all: each row of such a map is, to the
bit, the map of that row alone.
"""

from __future__ import annotations

import csv
import json
import pickle
import subprocess
import sys
import tomllib

import numpy as np
import pytest

import fallline as fl
from fallline.errors import FalllineError, OwnCodeError, UnknownNameError, UsageError
from fallline.experiment.build import build_map, objective_of
from fallline.experiment.formats.python import to_python
from fallline.experiment.formats.schema import study_schema
from fallline.experiment.formats.toml import parse, to_toml
from fallline.lab.initial_state import initial_state
from fallline.maps.tiles import layout

RATES = np.geomspace(1e-3, 3, 12)
X_AXIS = ("learning_rate", RATES)
DATA = fl.generate("three-gaussians", samples=20)
X, y = DATA.X, DATA.labels
NET = fl.Network.of("2-3-3", activation="tanh", reduction="mean")
HOW = {"steps": 15, "measures": ["final_loss", "outcome", "accuracy"]}


@pytest.fixture(scope="module")
def optimizers():
    """The map of the issue: learning rates by optimizers."""
    return fl.map(NET, (X, y), x=X_AXIS, y=("optimizer", ["sgd", "momentum", "adam"]), **HOW)


def same(a, b):
    """Whether two arrays have the same bits."""
    return np.asarray(a).tobytes() == np.asarray(b).tobytes()


# Each row is the map of that row alone --------------------------------------------------------------------------------


def test_optimizers_are_an_axis(optimizers):
    assert optimizers.values.shape == (3, 12)
    assert optimizers.axes["optimizer"].tolist() == ["gradient_descent", "momentum", "adam"]
    for row, name in enumerate(["gradient_descent", "momentum", "adam"]):
        alone = fl.map(NET, (X, y), x=X_AXIS, optimizer=name, **HOW)
        assert all(same(optimizers[measure][row], alone[measure]) for measure in optimizers.measures)


WAYS = [
    {},
    {"dtype": "float32"},
    {"batch": 7},
    {"starts": 3},
    {"seed": 4, "initial_scale": 0.5},
    {"learning_rate.1": 0.01},
]


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize(
    ("form", "row_alone"),
    [
        (("optimizer", ["SGD", "RMSprop"]), lambda name: {"optimizer": name}),
        (("activation", ["ReLU", "tanh", "sigmoid"]), lambda name: {"net": NET.with_(activations=(fl.activation(name),))}),
        (("loss", ["squared_error", "cross_entropy"]), lambda name: {"net": NET.with_(loss=fl.loss(name))}),
        (("initial", ["he_normal", "Glorot uniform"]), lambda name: {"initial": name}),
        (("schedule", ["constant", "cosine"]), lambda name: {"schedule": name}),
        (("width", [1, 4, 8]), lambda width: {"net": fl.Network.of((2, width, 3), activation="tanh", reduction="mean")}),
        (("depth", [1, 3]), lambda depth: {"net": fl.Network.of((2, *[3] * depth, 3), activation="tanh", reduction="mean")}),
    ],
    ids=lambda form: form[0] if isinstance(form, tuple) else "",
)  # fmt: skip
def test_each_row_has_the_bits_of_the_row_alone(form, row_alone, way):
    x, how = X_AXIS, {"steps": 15, **way}
    m = fl.map(NET, (X, y), x=x, y=form, **how)
    turned = fl.map(NET, (X, y), x=form, y=x, **how)
    assert same(turned.values, np.ascontiguousarray(m.values.T))
    for row, value in enumerate(form[1]):
        change = row_alone(value)
        alone = fl.map(change.pop("net", NET), (X, y), x=x, **how, **change)
        assert same(m.values[row], alone.values)
        run, again = m.run_at(RATES[3], value), alone.run_at(RATES[3])
        assert run == again
        if "starts" not in way:
            assert run.loss == pytest.approx(float(m.values[row, 3]), rel=1e-6)


def test_both_axes_may_be_choices():
    m = fl.map(NET, (X, y), x=("optimizer", ["sgd", "adam"]), y=("activation", ["relu", "tanh", "silu"]), **HOW)
    for row, activation in enumerate(m.axes["activation"]):
        for column, optimizer in enumerate(m.axes["optimizer"]):
            net = NET.with_(activations=(fl.activation(activation),))
            alone = fl.map(net, (X, y), x=("seed", [0]), optimizer=optimizer, **HOW)
            assert same(m["final_loss"][row, column], alone["final_loss"][0])


def test_width_by_depth():
    m = fl.map(NET, (X, y), x=("width", [2, 4]), y=("depth", 1, 3), steps=5)
    assert m.run_at(4, 2).objective.network.text == "2-4-4-3"
    assert same(m.values[1, 1], fl.map(m.run_at(4, 2).objective, x=("seed", [0]), steps=5).values[0])


def test_without_hidden_layers_a_network_is_linear():
    m = fl.map(NET, (X, y), x=("depth", [0, 1, 2]), steps=5)
    assert same(m.values[0], fl.map(fl.Network.of("2-3", reduction="mean"), (X, y), x=("seed", [0]), steps=5).values[0])


def test_one_dimension():
    m = fl.map(NET, (X, y), x=("optimizer", ["sgd", "momentum", "adam"]), learning_rate=0.1, **HOW)
    assert m.values.shape == (3,)
    assert m.best() == m.cell("adam") == m.cell(optimizer="Adam")
    assert m.plot().axes.get_xticklabels()[0].get_text() == "gradient descent"


def test_landscapes_have_optimizers_and_schedules():
    m = fl.map(
        "rosenbrock", x=("optimizer", ["sgd", "adam"]), y=("schedule", ["constant", "cosine"]), lr=1e-3, steps=30
    )
    for row, schedule in enumerate(m.axes["schedule"]):
        for column, optimizer in enumerate(m.axes["optimizer"]):
            alone = fl.map("rosenbrock", x=("learning_rate", [1e-3]), optimizer=optimizer, schedule=schedule, steps=30)
            assert m.run_at(optimizer, schedule).loss == m.values[row, column] == alone.values[0]


# Settings -------------------------------------------------------------------------------------------------------------


def test_a_setting_goes_to_the_optimizers_that_have_it():
    m = fl.map("booth", x=("optimizer", ["sgd", "momentum", "nesterov", "adam"]), momentum=0.5, lr=0.05, steps=9)
    for name, value in zip(m.axes["optimizer"], m.values, strict=True):
        settings = {"momentum": 0.5} if name in ("momentum", "nesterov") else {}
        assert m.run_at(name).loss == value
        assert m.run_at(name).method == fl.method(name, learning_rate=0.05, **settings)


def test_a_choice_may_have_settings_of_its_own():
    m = fl.map("booth", x=("optimizer", ["momentum", {"name": "momentum", "momentum": 0.5}, "adam"]), steps=9)
    assert m.axes["optimizer"].tolist() == ["momentum(momentum=0.9)", "momentum(momentum=0.5)", "adam"]
    assert m.run_at("momentum(momentum=0.5)").method.settings["momentum"] == 0.5
    with pytest.raises(UnknownNameError, match="optimizer on this map must be one of"):
        m.run_at("momentum")


def test_schedules_with_settings_and_of_your_own():
    slow = fl.schedule(lambda t: 1 / t, name="slow")
    m = fl.map("booth", x=("schedule", ["constant", {"name": "step_decay", "every": 3}, slow]), steps=9)
    decayed = fl.descend("booth", schedule={"name": "step_decay", "every": 3}, steps=9)
    assert m.run_at("step_decay").loss == pytest.approx(decayed.loss, rel=1e-12)
    alone = fl.map("booth", x=("learning_rate", [0.01]), schedule=slow, steps=9)
    assert m.run_at(slow).loss == m.values[2] == alone.values[0]


def test_an_optimizer_of_your_own():
    def sign(w, g, state, t, *, learning_rate):
        return w - learning_rate * np.where(g > 0, 1.0, -1.0), state

    mine = fl.optimizer(sign)
    m = fl.map("booth", x=("optimizer", ["sgd", mine]), learning_rate=0.01, steps=9)
    assert m.run_at("sign").loss == m.run_at(mine).loss == m.values[1]


def test_names_of_other_libraries(optimizers):
    m = fl.map(NET, (X, y), x=X_AXIS, y=("optimizer", np.array(["SGD", "momentum", "Adam"])), **HOW)
    assert m == optimizers
    assert m.run_at(0.1, "SGD") == m.run_at(0.1, "gradient_descent")
    one = fl.Network.of("2-3-1", loss="mse", reduction="mean")
    assert fl.map(one, (X, 1.0 * (y > 0)), x=("loss", ["mse", "logistic"]), steps=2).axes["loss"][0] == "squared_error"


# All else that a map has ----------------------------------------------------------------------------------------------


def test_cells_by_name(optimizers):
    best = optimizers.best("accuracy")
    assert optimizers.run_at(best).loss == best["final_loss"]
    assert optimizers.cell(RATES[2], "adam") == optimizers.at(2, 2)
    assert optimizers.run_at(learning_rate=RATES[2], optimizer="adam").loss == optimizers.at(2, 2)["final_loss"]


def test_tables(optimizers, tmp_path):
    table = optimizers.to_pandas()
    assert table.columns.tolist() == ["learning_rate", "optimizer", *optimizers.measures]
    means = table.groupby("optimizer", observed=True)["final_loss"].min()
    assert means.index.tolist() == ["gradient_descent", "momentum", "adam"]  # in the order of the axis
    np.testing.assert_array_equal(means, optimizers.values.min(axis=1))
    rows = list(csv.DictReader(optimizers.to_csv(tmp_path / "m.csv").read_text().splitlines()))
    assert rows[12]["optimizer"] == "momentum"
    assert float(rows[12]["final_loss"]) == optimizers.values[1, 0]


def test_labelled_coordinates(optimizers, tmp_path):
    xarray = pytest.importorskip("xarray")
    np.testing.assert_array_equal(optimizers.to_xarray().final_loss.sel(optimizer="adam"), optimizers.values[2])
    for ending, engine in ((".nc", "h5netcdf"), (".zarr", "zarr")):
        path = optimizers.save(tmp_path / f"m{ending}")
        options = {"consolidated": False} if engine == "zarr" else {}
        with xarray.open_dataset(path, engine=engine, **options) as again:
            np.testing.assert_array_equal(again.final_loss.sel(optimizer="momentum"), optimizers.values[1])


def test_files(optimizers, tmp_path):
    again = fl.load_map(optimizers.save(tmp_path / "m.fallmap"))
    assert again == optimizers
    assert again.y == optimizers.y
    assert again.run_at(0.1, "adam") == optimizers.run_at(0.1, "adam")
    assert pickle.loads(pickle.dumps(optimizers)) == optimizers
    assert again.spec.sha256 == optimizers.spec.sha256


FORMS = [
    ("optimizer", ["sgd", {"name": "momentum", "momentum": 0.5}, "momentum", "adamw"]),
    ("schedule", ["constant", {"name": "step_decay", "every": 3}]),
    ("initial", ["he_normal", "zeros"]),
    ("activation", ["relu", "tanh"]),
    ("loss", ["squared_error", "cross_entropy"]),
    ("width", [2, 5]),
    ("depth", [0, 1, 2]),
    ("samples", [7, 60]),
    ("label_noise", [0, 0.4]),
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form[0])
def test_every_axis_is_kept_in_a_file(form, tmp_path):
    m = fl.map(NET, (X, y), x=("learning_rate", 0.1, 0.5), y=form, size=3, steps=4, out=tmp_path / "m.fallmap")
    assert fl.load_map(m.path) == m
    assert fl.load_map(m.path).y == m.y
    assert fl.map(NET, (X, y), x=("learning_rate", 0.1, 0.5), y=form, size=3, steps=4, out=m.path) == m  # nothing to do
    with pytest.raises(UsageError, match=r"holds another map: .*y"):
        fl.map(NET, (X, y), x=("learning_rate", 0.1, 0.5), y=(form[0], form[1][:1]), size=3, steps=4, out=m.path)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form[0])
def test_more_steps_go_on_from_kept_states(form):
    x = ("learning_rate", 0.1, 0.5)
    m = fl.map(NET, (X, y), x=x, y=form, size=3, steps=20, keep="state")
    assert m.extend(10).sha256 == fl.map(NET, (X, y), x=x, y=form, size=3, steps=30).sha256


def test_resume_threads_and_workers(optimizers, tmp_path):
    def compute(**options):
        return fl.map(
            NET, (X, y), x=X_AXIS, y="optimizer=sgd,momentum,adam", out=tmp_path / "m.fallmap", **HOW, **options
        )

    def stop(done, total):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compute(progress=stop)
    assert fl.load_map(tmp_path / "m.fallmap").resume(threads=1).sha256 == optimizers.sha256
    assert compute(overwrite=True, workers=2).sha256 == optimizers.sha256


def test_tiles_of_any_size_give_the_same_bits(optimizers):
    from fallline.maps.map import compute_map

    for cells in (1, 4, 64):
        assert len(list(layout(optimizers.spec, cells))) >= 1
        assert compute_map(optimizers.spec, tile_cells=cells).sha256 == optimizers.sha256


def test_a_map_of_your_own_optimizer_is_kept_without_it(tmp_path):
    def sign(w, g, state, t, *, learning_rate):
        return w - learning_rate * np.where(g > 0, 1.0, -1.0), state

    m = fl.map("booth", x=("optimizer", ["sgd", fl.optimizer(sign)]), steps=9, out=tmp_path / "m.fallmap")
    again = fl.load_map(m.path)
    assert again == m
    assert again.run_at("sgd").loss == m.values[0]
    with pytest.raises(UsageError, match="'sign' is a function of your own"):
        again.run_at("sign")
    assert fl.load_map(m.path, optimizer=fl.optimizer(sign)).run_at("sign").loss == m.values[1]
    with pytest.raises(UsageError, match="not those of the map"):
        fl.load_map(m.path, optimizer=fl.optimizer(lambda w, g, state, t, *, learning_rate: (w, state), name="sign"))


def test_a_map_of_your_own_activation_is_kept_without_it(tmp_path):
    wave = fl.activation(lambda z: np.sin(z) + z / 2, name="wave")
    m = fl.map(NET, (X, y), x=("activation", ["tanh", wave]), steps=9, out=tmp_path / "m.fallmap")
    assert same(m.values[1], fl.map(NET.with_(activations=(wave,)), (X, y), x=("seed", [0]), steps=9).values[0])
    assert fl.load_map(m.path).run_at("tanh").loss == m.values[0]
    mine = fl.NetworkObjective(NET.with_(activations=(wave,)), (X, y))
    assert fl.load_map(m.path, objective=mine).run_at("wave").loss == m.values[1]


def test_zoom_keeps_the_choices(optimizers):
    closer = optimizers.zoom(x=(0.1, 1), size=5)
    assert closer.axes["optimizer"].tolist() == optimizers.axes["optimizer"].tolist()
    assert same(closer.values[2], fl.map(NET, (X, y), x=closer.x, optimizer="adam", **HOW).values)
    with pytest.raises(UsageError, match="the optimizer axis has names, and no range"):
        optimizers.zoom(y=(0, 1))
    wider = fl.map(NET, (X, y), x=X_AXIS, y=("width", [2, 4]), steps=3).zoom(y=(2, 6))
    assert wider.axes["width"].tolist() == [2, 3, 4, 5, 6]
    assert wider.run_at(0.1, 6).objective.network.text == "2-6-3"


def test_shares_over_seeds():
    m = fl.map(NET, (X, y), x=("seed", range(8)), y=("optimizer", ["sgd", "adam"]), learning_rate=2, **HOW)
    assert m.share("oscillating")["optimizer"].tolist() == ["gradient_descent", "adam"]


def test_texts(optimizers):
    assert repr(optimizers).startswith("Map(2-3-3 on data: learning_rate=")
    assert "by optimizer=gradient_descent,momentum,adam, 12 x 3 cells, 15 steps" in repr(optimizers)
    m = fl.map(NET, (X, y), x=("width", [2, 4]), y=("depth", [1, 2]), steps=1)
    assert repr(m).startswith("Map(2-width-...-width-3 on data, gradient_descent: width=2,4 by depth=1,2,")


def test_measures_of_your_own(optimizers):
    test = fl.generate("three-gaussians", samples=20, seed=1)
    m = fl.map(NET, (X, y), x=X_AXIS, y=("width", [2, 4]), steps=9,
               measures={"test accuracy": lambda run: run.accuracy(test.X, test.labels)})  # fmt: skip
    assert m.cell(0.3, 4)["test accuracy"] == m.run_at(0.3, 4).accuracy(test.X, test.labels)
    ends = fl.measure(lambda w: np.linalg.norm(w, axis=-1), "norm", over="ends")
    m = fl.map(NET, (X, y), x=X_AXIS, y=("optimizer", ["sgd", "adam"]), steps=9, measures=[ends])
    assert m.cell(0.3, "adam")["norm"] == pytest.approx(np.linalg.norm(m.run_at(0.3, "adam").end))
    with pytest.raises(OwnCodeError, match="must return a number"):
        fl.map(NET, (X, y), x=("width", [2, 4]), steps=9, measures={"end": lambda run: run.end})


# Pictures -------------------------------------------------------------------------------------------------------------


def test_bands_of_equal_height_with_names(optimizers):
    picture = optimizers.plot()
    labels = [label.get_text() for label in picture.axes.get_yticklabels()]
    assert labels == ["gradient descent", "momentum", "Adam"]
    assert picture.axes.get_yticks().tolist() == [0, 1, 2]
    assert picture.axes.get_ylim() == (-0.5, 2.5)
    np.testing.assert_array_equal(picture.image.get_array(), optimizers.values)  # nothing between the rows
    assert "optimizer (gradient descent, momentum, Adam) upwards" in picture.alt
    assert "and optimizer Adam." in picture.alt


def test_pictures_on_your_own_axes(optimizers):
    plt = pytest.importorskip("matplotlib.pyplot")
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.5))
    optimizers.plot(ax=left)
    fl.map(NET, (X, y), x=("optimizer", ["sgd", "adam"]), **HOW).plot(ax=right)
    assert [label.get_text() for label in left.get_yticklabels()] == ["gradient descent", "momentum", "Adam"]
    assert [label.get_text() for label in right.get_xticklabels()] == ["gradient descent", "Adam"]
    assert right.lines[0].get_linestyle() == "None"  # points: nothing lies between two optimizers
    plt.close(figure)


def test_a_run_is_marked_by_name(optimizers):
    picture = optimizers.plot(marks=[(0.1, "adam", "here")])
    assert any(line.get_xydata().tolist() == [[0.1, 2.0]] for line in picture.axes.lines)
    with pytest.raises(UnknownNameError, match="optimizer on this map must be one of"):
        optimizers.plot(marks=[(0.1, "rmsprop", "here")])


def test_no_lines_of_equal_value_between_choices(optimizers):
    with pytest.raises(UsageError, match="the choices of optimizer have no order"):
        optimizers.plot(contours=[1.0])


def test_theory_has_a_bound_for_each_choice(optimizers):
    bounds = optimizers.theory()["start"]
    assert bounds[1] == pytest.approx(bounds[0] * 1.9)
    assert np.isnan(bounds[2])
    assert same(bounds[:1], fl.map(NET, (X, y), x=X_AXIS, **HOW).theory()["start"])
    optimizers.plot(theory=True)
    widths = fl.map(NET, (X, y), x=X_AXIS, y=("width", [2, 4]), **HOW)
    for row, width in enumerate([2, 4]):
        alone = fl.map(fl.Network.of((2, width, 3), activation="tanh", reduction="mean"), (X, y), x=X_AXIS, **HOW)
        for where in ("start", "end"):
            assert same(widths.theory()[where][row], alone.theory()[where][0])


# Refused in a sentence ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "options", "sentence"),
    [
        (("optimizer", ["sgd", "adm"]), {}, r"optimizer must be one of .*; got 'adm'. Did you mean 'adam'"),
        (("optimizer", []), {}, "the optimizer axis must have at least one value"),
        (("optimizer", "adam"), {}, "the optimizer axis has a list of choices"),
        (("optimizer", "sgd", "adam"), {}, "the optimizer axis has a list of choices"),
        (("optimizer", [0, 1]), {}, "optimizer must be one of .*; got 0"),
        (("optimizer", ["sgd", "SGD"]), {}, "the choices of the optimizer axis must differ; 'gradient_descent' is there twice"),
        (("optimizer", ["momentum", {"name": "momentum", "momentum": 0.9}]), {}, "must differ"),
        (("optimizer", ["sgd", "adam"]), {"optimizer": "adam"}, "optimizer must be left out where it is an axis"),
        (("optimizer", ["sgd", "adam"]), {"momentum": 0.5}, "setting of the optimizers gradient_descent, adam must be one of"),
        (("optimizer", ["sgd", "adam"]), {"momentun": 0.5}, "setting of the optimizers gradient_descent, adam must be one of"),
        (("optimizer", ["momentum", "adam"]), {"momentum": 1.5}, r"momentum must be a number in \[0, 1\]"),
        (("optimizer", [{"name": "sgd", "learning_rate": 0.1}]), {}, "learning_rate must be left out of gradient_descent"),
        (("optimizer", [{"name": "sgd", "lr": 0.1}]), {}, "learning_rate must be left out of gradient_descent"),
        (("optimizer", ["sgd", {"name": "adam", "learning_rate.1": 0.1}]), {}, "the same learning rates of layers"),
        (("schedule", ["constant", {"name": "step_decay", "evry": 3}]), {}, "setting of schedule step_decay must be one of"),
        (("optimizer", [{"momentum": 0.1}]), {}, "optimizer of an axis must be a name"),
        (("schedule", ["constant", "cosin"]), {}, "Did you mean 'cosine'"),
        (("schedule", ["constant", "cosine"]), {"schedule": "cosine"}, "schedule must be left out where it is an axis"),
        (("schedule", [[1, 0.5]]), {}, "has rates for 2 steps; the run takes 15"),
        (("initial", ["he", "zeros"]), {}, "has more than one meaning: write 'he_normal'"),
        (("initial", ["zeros"]), {"start": np.zeros(21)}, "start must be left out where initial is an axis"),
        (("initial", ["zeros"]), {"initial": "zeros"}, "initial must be left out where it is an axis"),
        (("width", [3, 4]), {"start": np.zeros(21)}, "start must be left out where width is an axis"),
        (("width", [4, 3]), {}, "must rise"),
        (("width", [0, 3]), {}, "width must be a whole number"),
        (("width", [2.5, 3]), {}, "width must be a whole number"),
        (("width", [2, 70_000]), {}, r"width must be a whole number in \[1, 65536\]"),
        (("samples", [5, 61]), {}, "samples must be at most 60, the training samples of data; got 61"),
        (("samples", [0, 5]), {}, "samples must be a whole number at least 1; got 0"),
        (("samples", [5, 60]), {"batch": 6}, "batch must be at most the number of samples, 5; got 6"),
        (("samples", [5, 60]), {"samples": 5}, r"It is an axis of maps; elsewhere take a part of the data, data.subset\(32\)"),
        (("label_noise", [0, 1.5]), {}, "label_noise must be at most 1, since the targets of data are classes; got 1.5"),
        (("label_noise", [-1, 0.5]), {}, "label_noise must be a number at least 0; got -1"),
        (("label_noise", [0, 0.5]), {"label_noise": 0.1}, r"elsewhere write data.with_label_noise\(0.2\)"),
        (("depth", [-1, 3]), {}, "depth must be a whole number"),
        (("activation", ["relu", "rel"]), {}, "Did you mean 'relu'"),
        (("loss", ["cross_entropy", "mse"]), {}, "k times as large"),
        (("loss", ["squared_error", "cross_entropy"]), {"measures": "accuracy"}, "accuracy needs classes or labels"),
        (("activation", ["relu"]), {"measures": [fl.measure(len, over="ends")]}, "given parameters alone"),
        (("nettwork", ["relu"]), {}, "must be a list or an array of numbers"),
    ],
)  # fmt: skip
def test_what_is_refused(form, options, sentence):
    with pytest.raises(UsageError, match=sentence):
        fl.map(NET, (X, y), x=X_AXIS, y=form, **{"steps": 15, **options})


@pytest.mark.parametrize(
    ("net", "form", "x", "sentence"),
    [
        ("2-3", ("width", [2, 3]), X_AXIS, "width is that of hidden layers; 2-3 has none"),
        ("2-3", ("depth", [1, 2]), X_AXIS, "depth is that of hidden layers; 2-3 has none"),
        ("2-3", ("activation", ["relu"]), X_AXIS, "activation is that of hidden layers; 2-3 has none"),
        ("2-4-3-3", ("depth", [1, 2]), X_AXIS, "those of 2-4-3-3 have different widths: 4, 3"),
        ("2-4-3", ("depth", [0, 1]), ("width", [2, 3]), "a network of depth 0 has none"),
        ("2-4-3", ("depth", [1, 2]), ("learning_rate.3", [0.1]), "learning_rate.3"),
        (
            "2-4-3",
            ("optimizer", ["momentum", "adam"]),
            ("momentum", [0.1]),
            "for adam, schedule constant: an axis must be one of",
        ),
        (
            "2-4-3",
            ("schedule", ["cosine", "step_decay"]),
            ("schedule.decay", [0.5]),
            "for gradient_descent, schedule cosine: an axis",
        ),
        (
            "2-4-3",
            ("schedule", [{"name": "step_decay", "gamma": 0.5}]),
            ("schedule.decay", [0.5]),
            "schedule.decay must be left out of",
        ),
        ("2-4-3", ("optimizer", ["sgd", "adam"]), ("optimizer", ["adam"]), "must differ; both are optimizer"),
        ("2-4-3", ("schedule", ["cosine"]), ("steps", [5, 9]), "steps cannot be an axis with the schedule cosine"),
    ],
)
def test_what_does_not_fit(net, form, x, sentence):
    with pytest.raises(UsageError, match=sentence):
        fl.map(fl.Network.of(net), (X, y), x=x, y=form, steps=15)


@pytest.mark.parametrize("name", ["width", "depth", "samples", "label_noise", "activation", "loss", "initial"])
def test_a_landscape_has_no_network(name):
    values = (
        [1, 2]
        if name in ("width", "depth", "samples", "label_noise")
        else {"activation": ["relu"], "loss": ["logistic"], "initial": ["zeros"]}[name]
    )
    with pytest.raises(UsageError, match=f"{name} needs a network on data; rosenbrock is none"):
        fl.map("rosenbrock", x=(name, values), steps=3)


def test_an_unknown_choice_is_refused_on_the_map(optimizers):
    for wrong in ("adm", "rmsprop", 0.5, None):
        with pytest.raises(FalllineError):
            optimizers.run_at(0.1, wrong)


# The command line, studies and the lab --------------------------------------------------------------------------------


def command(*words):
    return subprocess.run(
        [sys.executable, "-m", "fallline", *words], capture_output=True, text=True, check=False, timeout=300
    )


def test_the_command_line(tmp_path):
    m = tmp_path / "m.fallmap"
    axes = (
        "--x",
        "learning_rate=1e-3..1e-2:log",
        "--y",
        "optimizer=sgd,momentum,adam",
        "--size",
        "6",
        "--momentum",
        "0.5",
    )
    done = command("map", "three-gaussians", *axes, "--out", str(m), "--json")
    assert json.loads(done.stdout)["optimizer"] is None, done.stderr
    assert fl.load_map(m).run_at(0.005, "momentum").method.settings["momentum"] == 0.5
    told = command("map", "info", str(m)).stdout
    assert "optimizer=gradient_descent,momentum,adam, 3 values; momentum has momentum 0.5; adam has beta1 0.9" in told
    assert "map optimizer" not in told
    assert "Written to" in command("map", "export", str(m), str(tmp_path / "m.png")).stdout


def test_one_dimension_on_the_command_line(tmp_path):
    out, png = tmp_path / "m.fallmap", tmp_path / "m.png"
    done = command(
        "map", "rosenbrock", "--x", "learning_rate=1e-4..1e-3:log", "--size", "9", "--out", str(out), "--png", str(png)
    )
    assert "9 cells" in done.stdout, done.stderr
    assert png.stat().st_size > 1000
    assert fl.load_map(out).sha256 == fl.map("rosenbrock", x="learning_rate=1e-4..1e-3:log", size=9).sha256
    assert "y          none" in command("map", "info", str(out)).stdout
    of_study = json.loads(command("map", "three-gaussians", "--x", "width=2,3", "--json").stdout)
    assert (of_study["cells"], of_study["y"]) == (2, None)


STUDY = """
title = "Optimizers"
[network]
sizes = "2-4-3"
[data]
name = "three-gaussians"
samples = 20
[[maps]]
x = "learning_rate=1e-3..1e-1:log"
y = "optimizer=sgd,momentum,adam"
size = "4x1"
steps = 3
[[maps]]
x = "width=2,4"
steps = 3
"""


def test_studies_and_the_lab():
    study = parse(STUDY)
    assert parse(to_toml(study)) == study
    lines = to_python(study)
    assert "y='optimizer=sgd,momentum,adam'" in lines
    compile(lines, "lines", "exec")
    assert [m["shape"] for m in fl_report(study)] == [[3, 4], [2]]
    with pytest.raises(UsageError, match="the lab cannot show a map over learning_rate and optimizer"):
        initial_state(study, None)


OFFSETS = """title = "Offsets"
[network]
units = [2, 3, 3]
activations = ["tanh"]
loss = "cross_entropy"
[data]
name = "three-gaussians"
[[maps]]
x = "learning_rate=0.001..1:log"
y = "initial_offset.1=-1..1"
"initial_offset.2" = 0.5
size = "3x2"
steps = 2
"""


def test_offsets_in_studies_and_the_lab():
    study = parse(OFFSETS)
    assert parse(to_toml(study)) == study
    assert "'initial_offset.2': 0.5" in to_python(study)
    with pytest.raises(UsageError, match=r"the lab cannot show a map with initial_offset\.2 for all cells"):
        initial_state(study, None)
    with pytest.raises(UsageError, match=r"the lab cannot show a map with learning_rate\.2 for all cells"):
        initial_state(parse(OFFSETS.replace("initial_offset.2", "learning_rate.2")), None)
    state = initial_state(parse(OFFSETS.replace('"initial_offset.2" = 0.5', "")), None)[0]
    assert state["map"]["y"]["name"] == "initial_offset.1"
    assert to_python(study).count("initial_offset") == 2


def fl_report(study):
    """The maps of a study's results."""
    from fallline.report.collect import collect

    return collect(study).to_dict()["maps"]


def test_settings_of_the_optimizers_of_an_axis_in_a_study():
    jsonschema = pytest.importorskip("jsonschema")
    text = STUDY.replace('size = "4x1"', 'size = "4x1"\nmomentum = 0.5')
    study = parse(text)
    assert parse(to_toml(study)) == study
    assert build_map(study.maps[0], objective_of(study)).of_cell(0, 1).method.settings["momentum"] == 0.5
    jsonschema.Draft7Validator(study_schema()).validate(tomllib.loads(text))
    for wrong in (text.replace("momentum,", ""), text.replace('y = "optimizer=sgd,momentum,adam"', 'y = "seed=0..3"')):
        with pytest.raises(UsageError, match="momentum"):
            parse(wrong)


def test_a_study_of_choices_that_do_not_fit_names_its_line():
    with pytest.raises(UsageError, match=r"line 8.*optimizer must be one of"):
        parse(STUDY.replace("adam", "adm"))
