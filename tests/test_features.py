"""Input features: their values, through every door, and pictures over the raw inputs."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

import fallline as fl
from fallline.cli.app import main
from fallline.data.features import FEATURES, checked_features
from fallline.errors import DataError, UnknownNameError, UsageError
from fallline.experiment.build import build_map, objective_of
from fallline.experiment.formats.python import to_python
from fallline.experiment.sources import Files, Generated, Points
from fallline.experiment.studies import parse, to_toml
from fallline.lab.changed import changed_state
from fallline.lab.controls.groups import describe_controls
from fallline.lab.resolved_state import resolve_state
from fallline.lab.work.equation_sections import sections_of
from fallline.lab.work.frames import frames
from fallline.lab.work.input_plane import input_plane
from fallline.lab.work.runs import train_run
from fallline.lab.work.scenes import samples
from fallline.maps.growing import growing
from fallline.maps.map import Map

FORMULAS = {
    "x1": lambda a, b: a,
    "x2": lambda a, b: b,
    "x1^2": lambda a, b: a * a,
    "x2^2": lambda a, b: b * b,
    "x1 x2": lambda a, b: a * b,
    "sin x1": lambda a, b: math.sin(a),
    "sin x2": lambda a, b: math.sin(b),
}
DISC = fl.generate("disc", samples=30, noise=0.1)
STUDY = """
title = "t"
[network]
sizes = "3-3-2"
[data]
name = "disc"
samples = 15
features = ["x1", "sin x2", "x1^2"]
test_share = 0.25
[[maps]]
x = "learning_rate=1e-3..1e-1:log"
y = "momentum=0..0.9"
optimizer = "momentum"
measures = ["final_loss", "test_loss"]
size = "2x2"
steps = 5
dtype = "float32"
"""


def test_features_are_those_of_their_formulas() -> None:
    assert FORMULAS.keys() == FEATURES.keys()
    data = DISC.with_features(*reversed(FORMULAS))
    assert data.columns == tuple(FORMULAS)  # in their own order, whatever the order in which they are named
    for k, formula in enumerate(FORMULAS.values()):
        np.testing.assert_allclose(data.X[:, k], [formula(*point) for point in DISC.X.tolist()], rtol=1e-15)
    assert data.raw == DISC
    np.testing.assert_array_equal(data.inputs_at(DISC.X), data.X)
    assert checked_features(("x2", "x1")) == ()
    assert DISC.with_features("x1", "x2") == DISC


def test_features_come_before_the_split_and_the_standardization() -> None:
    data = DISC.with_features("x1", "x2^2").split(0.25, seed=1).standardized()
    assert data == DISC.split(0.25, seed=1).with_features("x1", "x2^2").standardized()
    np.testing.assert_allclose(data.X.mean(axis=0), 0, atol=1e-12)
    for part in (data, data.test):
        np.testing.assert_array_equal(data.inputs_at(part.raw.X), part.X)
    assert data.raw == DISC.split(0.25, seed=1)


def test_features_that_cannot_be_are_refused() -> None:
    three = fl.Dataset(np.ones((3, 3)), [0, 1, 0], "three")
    with pytest.raises(DataError, match="features need data of two inputs; three has 3"):
        three.with_features("x1^2")
    with pytest.raises(UnknownNameError, match="feature must be one of"):
        DISC.with_features("x3")
    with pytest.raises(UsageError, match="has features already, x1"):
        DISC.with_features("x1").with_features("x2")
    with pytest.raises(UsageError, match="needs at least one feature"):
        DISC.with_features()
    huge = fl.Dataset([[1e200, 0.0], [0.0, 1.0]], [0, 1], "huge")
    with pytest.raises(DataError, match=r"features of huge must be finite; the inputs are too large for x1\^2"):
        huge.with_features("x1^2")


def test_every_door_makes_the_same_map(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = parse(STUDY)
    assert one.data.features == ("x1", "x1^2", "sin x2")
    assert parse(to_toml(one)) == one
    m = Map(build_map(one.maps[0], objective_of(one)), tmp_path / "a.fallmap")
    for _ in growing(m):
        pass
    kept = fl.load_map(tmp_path / "a.fallmap")
    assert kept.spec.objective == m.spec.objective
    assert kept.spec.objective.data.raw == m.spec.objective.data.raw
    hashes = {m.sha256, kept.sha256}
    lines = to_python(one).splitlines()
    assert any(".with_features('x1', 'x1^2', 'sin x2').split(0.25, seed=0)" in line for line in lines)
    exec(compile("\n".join(line for line in lines if not line.startswith("m.plot")), "lines", "exec"), {})
    hashes.add(capsys.readouterr().out.split()[0])
    (tmp_path / "s.toml").write_text(re.sub("features = .*", "", STUDY).replace("3-3-2", "2-3-2"))
    words = ["--features", "x1, x1^2,sin x2", "--json", "--measure", "final_loss", "--measure", "test_loss"]
    assert main(["map", str(tmp_path / "s.toml"), *words]) == 0
    hashes.add(json.loads(capsys.readouterr().out)["sha256"])
    assert len(hashes) == 1
    assert main(["map", str(tmp_path / "s.toml"), "--features", "x1,x3"]) == 2
    assert "feature must be one of" in capsys.readouterr().err


def test_pictures_show_the_raw_inputs() -> None:
    data = DISC.with_features("x1^2", "x2^2", "sin x1")
    run = fl.descend("3-2", data, "adam", lr=0.5, steps=60)
    picture = run.plot(size=(4, 4))
    assert "regions" in picture.alt.lower() or "answers" in picture.alt.lower()
    source = Generated(name="disc", samples=15, features=("x1^2", "x2^2"), test_share=0.2)
    assert source.build(Files()).raw.X.shape == (24, 2)
    assert Points(points=((0, 0, 0), (1, 1, 1)), features=("x1", "x1 x2")).build(Files()).X.tolist() == [[0, 0], [1, 1]]


def test_the_lab_switches_features(tmp_path: Path) -> None:
    state, notes = changed_state(
        {"data": {"kind": "generated", "name": "disc", "samples": 15, "features": ["x2^2", "x1", "x1^2"]}},
        "data.features", None, {},
    )  # fmt: skip
    assert (state.data.features, state.objective.units) == (("x1", "x1^2", "x2^2"), (3, 3, 2, 2))
    assert any("3 inputs" in note for note in notes)
    resolved = resolve_state(state, {})
    fields = {f["key"]: f for g in describe_controls(resolved, None, state)["groups"] for f in g["fields"]}
    assert [o["label"] for o in fields["data.features"]["options"]][:3] == ["x₁", "x₂", "x₁²"]
    told, arrays = samples(resolved)
    assert (told["dimension"], arrays["points"].shape) == (2, (30, 2))
    net, run = resolved.network, train_run(resolved, 0.001, 0.5)
    answers, arrays = frames(net, run, input_plane(net.data.raw), 30, 30)
    window, w = answers["window"], run.path[30].astype(float)
    middle = np.array(
        [[window[0] + (window[1] - window[0]) * 24.5 / 48, window[2] + (window[3] - window[2]) * 8.5 / 48]]
    )
    section = next(s for s in sections_of(resolved, "matrix") if s.title.startswith("Input features"))
    assert section.rows == [("x_1", "u_1"), ("x_2", "u_1^2"), ("x_3", "u_2^2")]
    assert arrays["regions"][0, 8, 24] == net.predict(w, net.data.inputs_at(middle)).argmax()


def test_the_lab_drops_features_of_data_without_two_inputs() -> None:
    from fallline.data.csv_file import CsvFile

    table = CsvFile("t.csv", "a,b,c,kind\n1,2,3,x\n2,1,5,y\n4,0,1,x\n")
    data = {"kind": "table", "digest": table.digest, "target": "kind", "features": ["x1", "x1^2"]}
    state, notes = changed_state({"data": data}, "data.digest", None, {table.digest: table})
    assert (state.data.features, state.objective.units[0]) == ((), 3)
    assert "The features are gone: t has 3 inputs, not two." in notes
    resolved = resolve_state(state, {table.digest: table})
    keys = {f["key"] for g in describe_controls(resolved, table, state)["groups"] for f in g["fields"]}
    assert "data.features" not in keys
