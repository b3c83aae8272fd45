"""Data sets with fewer samples and with wrong labels, and maps over both.

The law behind the maps: each column is, to the bit, the map on the data of that column alone.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

import fallline as fl
from fallline.cli.app import main
from fallline.data import Dataset
from fallline.errors import DataError, UsageError
from fallline.experiment.build import build_map, objective_of
from fallline.experiment.formats.python import to_python
from fallline.experiment.formats.toml import parse, to_toml
from fallline.lab.changed import changed_state
from fallline.lab.controls.groups import describe_controls
from fallline.lab.initial_state import initial_state
from fallline.lab.resolved_state import resolve_state
from fallline.live import check_page
from fallline.maps.map import compute_map
from fallline.report.collect import collect

RNG = np.random.default_rng(0)
KINDS = {
    "classes": fl.generate("three-gaussians", samples=40),
    "labels": fl.generate("moons", samples=60).fitted("labels", 1),
    "values": fl.generate("hills", samples=120),
    "two values": Dataset(RNG.normal(size=(120, 2)), RNG.normal(size=(120, 2))),
}
NET = fl.Network.of("2-4-2", activation="tanh", reduction="mean")
DATA = fl.generate("moons", noise=0.3, samples=30).split(0.5, seed=1)
RATES = ("learning_rate", [0.1, 0.5, 1.0])
HOW = {"steps": 12, "measures": ["final_loss", "generalization_gap", "test_accuracy", "accuracy"]}


def places(part, whole):
    """The place of each sample of a subset among all samples."""
    return [int(np.flatnonzero((x == whole.X).all(axis=1))[0]) for x in part.X]


# Data -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_smaller_subsets_are_parts_of_larger_ones_in_the_same_order(kind):
    data = KINDS[kind]
    smaller: list[int] = []
    for count in (1, 2, 30, 119, 120):
        part = data.subset(count, seed=3)
        rows = places(part, data)
        assert len(rows) == count
        assert rows == sorted(rows)
        assert set(smaller) <= set(rows)
        np.testing.assert_array_equal(part.T, data.T[rows])
        smaller = rows
    assert data.subset(120) is data
    assert places(data.subset(30, seed=4), data) != places(data.subset(30, seed=3), data)


def test_a_subset_is_drawn_from_all_classes():
    assert np.bincount(KINDS["classes"].subset(60).labels).min() > 10


@pytest.mark.parametrize("kind", ["classes", "labels"])
def test_labels_wrong_at_a_small_share_are_wrong_at_a_larger_one(kind):
    data = KINDS[kind]
    assert data.with_label_noise(0) is data
    before, labels = np.zeros(120, dtype=bool), data.labels
    for share in (0.1, 0.2, 0.5, 1.0):
        noisy = data.with_label_noise(share, seed=5).labels
        wrong = noisy != data.labels
        assert (wrong >= before).all()
        np.testing.assert_array_equal(noisy[before], labels[before])  # and have the same wrong class
        assert abs(wrong.mean() - share) < 4 * np.sqrt(share * (1 - share) / 120) + 1e-9
        before, labels = wrong, noisy


def test_each_other_class_is_equally_likely():
    data = fl.generate("gaussians", samples=3000, centres=[[0], [1], [2], [3]])
    pairs = np.stack([data.labels, data.with_label_noise(1).labels])
    counts = np.array([[(((a, b) == pairs.T).all(axis=1)).sum() for b in range(4)] for a in range(4)])
    assert (np.diag(counts) == 0).all()
    assert abs(counts[~np.eye(4, dtype=bool)] - 1000).max() < 4 * np.sqrt(1000 * 2 / 3)


@pytest.mark.parametrize("kind", ["values", "two values"])
def test_noise_of_values_is_normal_and_grows_in_proportion(kind):
    data = KINDS[kind]
    noise = data.with_label_noise(0.5, seed=2).T - data.T
    np.testing.assert_allclose(data.with_label_noise(2, seed=2).T - data.T, 4 * noise, rtol=1e-12, atol=1e-12)
    assert abs(noise.std() - 0.5) < 4 * 0.5 / np.sqrt(2 * noise.size)
    assert abs(noise.mean()) < 4 * 0.5 / np.sqrt(noise.size)


def test_samples_for_the_test_stay_clean():
    changed = DATA.with_label_noise(1).subset(7)
    assert (len(changed), changed.test) == (7, DATA.test)
    assert changed.test.T.tobytes() == DATA.test.T.tobytes()


def test_a_label_does_not_depend_on_the_size_of_the_subset():
    noisy = DATA.with_label_noise(0.4, seed=2)
    for count in (5, 20):
        part = noisy.subset(count, seed=2)
        np.testing.assert_array_equal(part.T, noisy.T[places(part, noisy)])


def test_features_and_standardized_inputs_go_along():
    data = DATA.with_features("x1", "x1^2").standardized()
    part = data.subset(9, seed=1)
    np.testing.assert_array_equal(part.X, data.X[places(part, data)])
    np.testing.assert_array_equal(part.inputs_at(part.raw.X), part.X)


def test_data_of_one_class_have_no_wrong_label():
    with pytest.raises(DataError, match="label_noise needs at least two classes; data has 'a' alone"):
        Dataset([[0.0], [1.0]], ["a", "a"]).with_label_noise(0.5)


# Maps -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [{"batch": 5, "seed": 4}, {"starts": 3, "dtype": "float32"}], ids=str)
def test_each_column_has_the_bits_of_the_map_on_its_data(way):
    seed = way.get("seed", 0)
    for axis, changed in (
        (("samples", [5, 30]), lambda n: DATA.subset(n, seed)),
        (("label_noise", [0, 0.6]), lambda share: DATA.with_label_noise(share, seed)),
    ):
        m = fl.map(NET, DATA, x=axis, y=RATES, **HOW, **way)
        for k, value in enumerate(axis[1]):
            alone = fl.map(NET, changed(value), x=RATES, **HOW, **way)
            for measure in m.measures:
                assert m[measure][:, k].tobytes() == alone[measure].tobytes()
            assert m.run_at(value, 0.5) == alone.run_at(0.5)
        assert m["final_loss"][1, 0] != m["final_loss"][1, 1]


def test_samples_by_label_noise():
    m = fl.map(NET, DATA, x=("samples", [5, 30]), y=("label_noise", [0, 0.5]), learning_rate=0.5, **HOW)
    data = m.run_at(5, 0.5).objective.data
    assert data == DATA.with_label_noise(0.5).subset(5)
    assert m.values[1, 0] == fl.map(NET, data, x=("learning_rate", [0.5]), **HOW).values[0]
    assert m.values[0, 1] == fl.map(NET, DATA, x=("learning_rate", [0.5]), **HOW).values[0]


def test_other_choices_beside_the_data():
    m = fl.map(NET, DATA, x=("samples", [5, 30]), y=("width", [2, 4]), steps=5)
    assert m.run_at(5, 2).objective.network.text == "2-2-2"
    alone = fl.map(NET.with_(sizes=(2, 2, 2)), DATA.subset(5), x=("seed", [0]), steps=5)
    assert m.values[0, 0] == alone.values[0]


def test_a_seed_axis_keeps_the_data():
    m = fl.map(NET, DATA, x=("samples", [5, 30]), y=("seed", [0, 1]), steps=5)
    assert m.run_at(5, 0).objective.data == m.run_at(5, 1).objective.data


def test_values_have_noise_without_a_bound():
    data = fl.generate("hills", samples=40)
    net = fl.Network.of("2-4-1", activation="tanh", loss="half_squared_error", reduction="mean")
    m = fl.map(net, data, x=("label_noise", [0, 3]), steps=5)
    assert m.values[1] == fl.map(net, data.with_label_noise(3), x=("seed", [0]), steps=5).values[0]
    assert m.values[1] > m.values[0] + 1


def test_parts_are_merged_and_files_know_their_data(tmp_path):
    axes = {"x": ("samples", range(3, 31, 4)), "y": ("label_noise", [0, 0.2, 0.4]), "steps": 3}
    whole = fl.map(NET, DATA, **axes)
    parts = [fl.map(NET, DATA, **axes, part=f"{k}/2", out=tmp_path / f"{k}.fallmap").path for k in (1, 2)]
    merged = fl.merge_maps(parts, tmp_path / "whole.fallmap").map
    assert merged.sha256 == whole.sha256
    assert fl.load_map(tmp_path / "whole.fallmap").run_at(7, 0.4) == whole.run_at(7, 0.4)


def test_zoom_and_bounds():
    m = fl.map(NET, DATA, x=RATES, y=("samples", [5, 30]), steps=5)
    assert m.zoom(y=(6, 8)).axes["samples"].tolist() == [6, 7, 8]
    with pytest.raises(UsageError, match="samples must be at most 30"):
        m.zoom(y=(6, 31))
    for row, count in enumerate([5, 30]):  # each has a curvature of its own
        alone = fl.map(NET, DATA.subset(count), x=RATES, y=("seed", [0]), steps=5)
        assert m.theory()["start"][row] == pytest.approx(alone.theory()["start"][0], rel=1e-6)
    assert "over training samples (5 to 30)" in fl.map(NET, DATA, x=("samples", [5, 30]), y=RATES, steps=5).plot().alt


def test_a_measure_of_your_own_sees_the_data_of_its_cell():
    m = fl.map(NET, DATA, x=("samples", [5, 30]), steps=2, measures={"n": lambda run: len(run.objective.data)})
    assert m["n"].tolist() == [5, 30]


def test_the_data_that_a_page_or_the_lab_cannot_change():
    m = fl.map(NET, DATA, x=RATES, y="samples=5..30:log", size=3, steps=2)
    assert m.axes["samples"].tolist() == [5, 12, 30]
    assert m.y.scale == "log"
    with pytest.raises(
        UsageError, match="a live page has one data set, and an axis of samples needs one for each value"
    ):
        check_page(m.spec)
    with pytest.raises(UsageError, match="the lab cannot show a map over learning_rate and samples"):
        initial_state(parse(STUDY), None)


# The command line and studies -----------------------------------------------------------------------------------------

STUDY = """
title = "Few samples"
[network]
sizes = "2-4-2"
[data]
name = "moons"
samples = 20
test_share = 0.5
[[maps]]
x = "learning_rate=1e-2..1e-1:log"
y = "samples=5..20:log"
size = "2x3"
steps = 3
measures = ["generalization_gap"]
"""


def test_a_study_and_the_command_line(tmp_path, capsys):
    study = parse(STUDY)
    assert parse(to_toml(study)) == study
    compile(to_python(study), "lines", "exec")
    (m,) = collect(study).to_dict()["maps"]
    assert m["shape"] == [3, 2]
    file = tmp_path / "study.toml"
    file.write_text(STUDY)
    axes = ["--x", "samples=5,20", "--y", "label_noise=0,0.3", "--size", "2"]
    assert main(["map", str(file), *axes, "--out", str(tmp_path / "m.fallmap"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cells"] == 4
    m = fl.load_map(tmp_path / "m.fallmap")
    assert len(m.run_at(5, 0.3).objective.data) == 5
    assert main(["map", str(file), "--x", "samples=5,21"]) == 2
    assert "samples must be at most 20" in capsys.readouterr().err


def test_fixed_noise_and_a_fixed_subset_are_one_cell_of_the_axes_through_every_door(tmp_path, capsys):
    """The cell (samples 7, label noise 0.3) of a map with seed 4; as a study, as its Python lines, and by flags."""
    drawn = "label_noise = 0.3\nsubset = 7\ndraw_seed = 4\n"
    fixed = STUDY.replace("[[maps]]", drawn + "[[maps]]").replace('y = "samples=5..20:log"', 'y = "seed=4..5"')
    fixed = fixed.replace("generalization_gap", "final_loss").replace('size = "2x3"', 'size = "2x2"')
    study = parse(fixed)
    assert parse(to_toml(study)) == study
    whole = fl.generate("moons", samples=20).split(0.5)
    wanted = fl.map(
        objective_of(study).network,
        whole,
        x=("samples", [7]),
        y=("label_noise", [0.3]),
        seed=4,
        steps=3,
        learning_rate=0.01,
    )
    made = compute_map(build_map(study.maps[0], objective_of(study)))
    assert made["final_loss"][0, 0] == wanted["final_loss"][0, 0]
    assert made.spec.objective.data.name == "moons with label noise 0.3"
    text = "\n".join(line for line in to_python(study).splitlines() if not line.startswith("m.plot"))
    assert ".split(0.5, seed=0).with_label_noise(0.3, seed=4).subset(7, seed=4)" in text
    exec(compile(text, "lines", "exec"), {})
    hashes = {made.sha256, capsys.readouterr().out.split()[0]}
    file = tmp_path / "study.toml"
    file.write_text(fixed.replace(drawn, ""))
    flags = ["--label-noise", "0.3", "--subset", "7", "--draw-seed", "4"]
    assert main(["map", str(file), *flags, "--json"]) == 0
    hashes.add(json.loads(capsys.readouterr().out)["sha256"])
    assert len(hashes) == 1


def test_data_are_not_changed_twice(tmp_path, capsys):
    noisy = STUDY.replace("[[maps]]", "subset = 7\n[[maps]]")
    with pytest.raises(UsageError, match=r"maps\[1\]: subset must be 0 in a map with the axis samples"):
        parse(noisy)
    file = tmp_path / "study.toml"
    file.write_text(STUDY)
    assert main(["map", str(file), "--y", "label_noise=0,0.1", "--label-noise", "0.2"]) == 2
    assert (
        "label_noise must be 0 in a map with the axis label_noise, which changes the same; got 0.2"
        in capsys.readouterr().err
    )
    assert main(["map", str(file), "--y", "momentum=0..0.9", "--label-noise", "1.2"]) == 2
    assert "label_noise must be at most 1" in capsys.readouterr().err


def test_the_lab_has_controls_of_noise_and_subset():
    data = {"kind": "generated", "name": "moons", "samples": 20, "label_noise": 0.2}
    state, _ = changed_state({"data": data}, "data.label_noise", None, {})
    resolved = resolve_state(state, {})
    keys = [f["key"] for g in describe_controls(resolved, None, state)["groups"] for f in g["fields"]]
    assert keys.index("data.label_noise") + 2 == keys.index("data.subset") + 1 == keys.index("data.draw_seed")
    assert resolved.objective.data == fl.generate("moons", samples=20).with_label_noise(0.2)
    plain, _ = changed_state(state.json | {"data": data | {"label_noise": 0.0}}, "data.label_noise", state, {})
    fields = [f["key"] for g in describe_controls(resolve_state(plain, {}), None, plain)["groups"] for f in g["fields"]]
    assert "data.draw_seed" not in fields
