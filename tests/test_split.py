"""Training and test samples: what is kept, that nothing of it reaches a training, and the same numbers through every door."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import fallline as fl
from fallline.cli.app import main
from fallline.data.split import held_out_rows
from fallline.errors import DataError, SettingError, ShapeError, UsageError
from fallline.experiment.build import build_map, objective_of
from fallline.experiment.formats.python import to_python
from fallline.experiment.minibatches import minibatches
from fallline.experiment.part import PartError
from fallline.experiment.sources import SOURCES, STUDY_SOURCES, Files, Generated, KeptTable, Points, Table
from fallline.experiment.studies import parse, to_toml
from fallline.lab.changed import changed_state
from fallline.lab.controls.groups import describe_controls
from fallline.lab.resolved_state import resolve_state
from fallline.lab.state import default_state, read_state
from fallline.lab.work.runs import describe_run, train_run
from fallline.lab.work.scenes import samples
from fallline.maps.growing import growing
from fallline.maps.map import Map
from fallline.problems import on_test_samples
from fallline.runs import batched, lanes
from fallline.runs.training import Training

TESTED = ["test_loss", "generalization_gap", "test_accuracy"]
NETWORKS = [
    fl.Network.of("2-4-2", activation="tanh", loss="cross_entropy", reduction="sum"),
    fl.Network.of("2-4-1", activation="tanh", loss="logistic", reduction="mean", l2=0.02),
    fl.Network.of("2-4-2", activation="relu", loss="squared_error", reduction="sum", l2=0.1),
]
MOONS = fl.generate("moons", samples=20, noise=0.3)
STUDY = """
title = "t"
[network]
sizes = "2-4-2"
[data]
name = "moons"
samples = 20
noise = 0.3
test_share = 0.25
split_seed = 3
[[maps]]
x = "learning_rate=1e-3..1e-1:log"
y = "momentum=0..0.9"
optimizer = "momentum"
measures = ["test_loss", "generalization_gap", "test_accuracy", "final_loss"]
size = "3x3"
steps = 8
dtype = "float32"
"""


def computed(m: Map) -> Map:
    for _ in growing(m):
        pass
    return m


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25, 0.5, 0.9])
def test_a_split_keeps_a_share_in_order_and_a_larger_one_keeps_more(share: float) -> None:
    data = MOONS.split(share, seed=5)
    kept = np.zeros((0, 2)) if data.test is None else data.test.X
    assert (len(data), len(kept)) == (40 - round(40 * share), round(40 * share))
    rows = held_out_rows(40, share, 5)
    np.testing.assert_array_equal(data.X, MOONS.X[~rows])
    np.testing.assert_array_equal(kept, MOONS.X[rows])
    assert held_out_rows(40, 0.95, 5)[rows].all()
    assert share == 0 or not (rows == held_out_rows(40, share, 6)).all()


def test_a_split_that_cannot_be_is_refused() -> None:
    for share in (-0.1, 1.0, float("nan"), "half"):
        with pytest.raises(SettingError, match="test_share must be a number in"):
            MOONS.split(share)  # type: ignore[arg-type]
    for share in (0.001, 0.999):
        with pytest.raises(DataError, match="must leave at least one of the 40 samples of moons"):
            MOONS.split(share)
    with pytest.raises(UsageError, match="is split already"):
        MOONS.split(0.5).split(0.5)
    with pytest.raises(ShapeError, match="test samples must have the inputs, targets and classes"):
        fl.Dataset(MOONS.X, MOONS.T, test=fl.Dataset(MOONS.X[:, :1], MOONS.T))


@pytest.mark.parametrize("network", NETWORKS, ids=lambda n: n.loss.name)
@pytest.mark.parametrize("train", [lanes.train, batched.train], ids=["lanes", "numpy"])
@pytest.mark.parametrize("batch", [None, 8])
def test_test_samples_reach_nothing_in_a_training(network, train, batch) -> None:
    """With other test samples, every result of the training has the same bits; only what is measured on them differs."""
    data = MOONS.split(0.3, seed=1)
    X = np.random.default_rng(0).normal(size=data.test.X.shape)
    other = fl.Dataset(data.X, data.T, data.name, data.columns, data.classes,
                       fl.Dataset(X, data.test.T[::-1], data.name, data.columns, data.classes))  # fmt: skip
    assert other != data
    found = []
    trained = ["final_loss", "outcome", "gradient_norm", "parameters"]
    for some in (data, other, fl.Dataset(data.X, data.T, data.name, data.columns, data.classes)):
        problem = fl.NetworkObjective(network, some)
        start = fl.draw_starts(problem, 1, seed=4)[0]
        how = fl.method("momentum").with_({"learning_rate": np.geomspace(1e-4, 1e-2, 5)})
        measures = trained + ([] if some.test is None else TESTED[: 2 if network.loss.targets == "values" else 3])
        found.append(train(Training(problem, how, 12, start, minibatches(problem, batch, 12, 1)), measures))
    for name in trained:
        for results in found[1:]:
            np.testing.assert_array_equal(results[name], found[0][name])
    assert (found[0]["test_loss"] != found[1]["test_loss"]).all()


@pytest.mark.parametrize("network", NETWORKS, ids=lambda n: n.loss.name)
def test_the_test_loss_is_the_loss_on_the_scale_of_the_training(network) -> None:
    problem = fl.NetworkObjective(network, MOONS.split(0.25, seed=2))
    run = fl.descend(problem, "adam", lr=0.05, steps=10)
    test = fl.NetworkObjective(network.with_(l2=0.0), problem.data.test)
    penalty = problem(run.end) - fl.NetworkObjective(network.with_(l2=0.0), problem.data)(run.end)
    scale = 30 / 10 if network.reduction == "sum" else 1
    assert run.test_losses[-1] == pytest.approx(scale * test(run.end) + penalty, rel=1e-12)
    assert on_test_samples(problem)(run.start) == pytest.approx(run.test_losses[0], rel=1e-12)


def test_a_map_its_file_and_its_runs_have_the_same_bits(tmp_path: Path) -> None:
    options = {
        "x": "learning_rate=0.01..100:log",
        "y": "l2=0..0.5",
        "size": 3,
        "steps": 12,
        "dtype": "float32",
        "seed": 1,
    }
    problem = fl.NetworkObjective(NETWORKS[0], MOONS.split(0.3, seed=1))
    m = fl.map(problem, **options, measures=[*TESTED, "final_loss"], out=tmp_path / "a.fallmap")
    kept = fl.load_map(tmp_path / "a.fallmap")
    assert kept.sha256 == m.sha256
    assert kept.spec.objective == problem
    for rate, l2, loss, gap, share in zip(
        *(v.ravel() for v in np.meshgrid(m.x.values, m.y.values)), *(m[name].ravel() for name in TESTED), strict=True
    ):
        run = kept.run_at(rate, l2)
        if np.isfinite(loss):
            assert (run.test_losses[-1], run.test_losses[-1] - run.losses[-1]) == (loss, gap)
            assert run.accuracy(problem.data.test) == pytest.approx(share)
    assert "test" not in fl.map(NETWORKS[0], MOONS, **options).spec.describe()[0]["data"]


def test_measures_of_the_test_need_test_samples() -> None:
    for objective, words in (
        ("booth", "a landscape has no samples"),
        (fl.NetworkObjective(NETWORKS[0], MOONS), "none of the data is kept for it"),
    ):
        with pytest.raises(UsageError, match=f"test_loss needs test samples; {words}"):
            fl.map(objective, x="learning_rate=0.01..0.1", size=2, steps=2, measures="test_loss")
    with pytest.raises(UsageError, match=r"has no test samples\. Keep some of the data"):
        _ = fl.descend("booth", steps=2).test_losses
    values = fl.NetworkObjective(NETWORKS[2], MOONS.split(0.5))
    with pytest.raises(UsageError, match="test_accuracy needs classes or labels"):
        fl.map(values, x="learning_rate=0.01..0.1", size=2, steps=2, measures="test_accuracy")


def test_every_door_makes_the_same_map(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = parse(STUDY)
    assert parse(to_toml(one)) == one
    spec = build_map(one.maps[0], objective_of(one))
    hashes = {computed(Map(spec)).sha256}
    text = "\n".join(line for line in to_python(one).splitlines() if not line.startswith("m.plot"))
    assert ".split(0.25, seed=3)" in text
    exec(compile(text, "lines", "exec"), {})
    hashes.add(capsys.readouterr().out.split()[0])
    (tmp_path / "s.toml").write_text(re.sub("(test_share|split_seed|measures) = .*", "", STUDY))
    measures = [word for name in [*TESTED, "final_loss"] for word in ("--measure", name)]
    assert (
        main(["map", str(tmp_path / "s.toml"), "--test-share", "0.25", "--split-seed", "3", "--json", *measures]) == 0
    )
    hashes.add(json.loads(capsys.readouterr().out)["sha256"])
    assert len(hashes) == 1
    assert main(["map", "booth", "--test-share", "0.3", "--x", "learning_rate=0.01..0.1"]) == 2
    assert "--test-share needs a study of a network on data" in capsys.readouterr().err


def test_every_source_can_be_split_and_standardizes_by_the_samples_for_the_training(tmp_path: Path) -> None:
    assert all(
        {"test_share", "split_seed"} <= source.model_fields.keys()
        for source in (*SOURCES.values(), *STUDY_SOURCES.values())
    )
    X = np.random.default_rng(1).normal(3, 5, size=(20, 2))
    lines = ["a,b,kind", *(f"{a!r},{b!r},{'yes' if k % 3 else 'no'}" for k, (a, b) in enumerate(X.tolist()))]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    table = Table(file="t.csv", target="kind", standardize=True, test_share=0.25)
    data = table.build(Files(tmp_path))
    rows = held_out_rows(20, 0.25, 0)
    np.testing.assert_allclose(data.X.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(data.test.X, (X[rows] - X[~rows].mean(axis=0)) / X[~rows].std(axis=0), rtol=1e-12)
    assert eval(table.python(Files()).text.replace("'t.csv'", repr(str(tmp_path / "t.csv"))), {"fl": fl}) == data
    points = Points(points=((0, 0, 0), (1, 1, 1), (2, 2, 0), (3, 3, 1)), test_share=0.5)
    assert len(points.build(Files()).test) == 2
    assert Generated(name="xor").python(Files()).text == "fl.generate('xor', samples=100)"


def test_the_lab_shows_the_test_and_falls_back_without_it() -> None:
    state, _ = changed_state(
        {"data": {"kind": "generated", "name": "moons", "samples": 20, "test_share": 0.25}}, "data.test_share", None, {}
    )
    resolved = resolve_state(state, {})
    keys = {f["key"]: f for g in describe_controls(resolved, None, state)["groups"] for f in g["fields"]}
    offered = {o["value"] for o in keys["map.measure"]["options"]}
    assert {"data.test_share", "data.split_seed"} <= keys.keys()
    assert offered >= set(TESTED)
    told, arrays = describe_run(resolved.spec, train_run(resolved, 0.003, 0.5))
    numbers = {n["label"]: n["value"] for n in told["numbers"]}
    assert numbers["test loss"] == arrays["test_losses"][-1]
    assert numbers["generalization gap"] == numbers["test loss"] - numbers["final loss"]
    assert 0 <= numbers["test accuracy"] <= 1
    told, arrays = samples(resolved)
    assert (told["test"], len(arrays["points"])) == (10, 40)
    np.testing.assert_array_equal(arrays["points"][30:], resolved.objective.data.test.X)
    shown, _ = changed_state(
        state.json | {"map": state.json["map"] | {"measure": "test_loss"}}, "map.measure", state, {}
    )
    back, notes = changed_state(
        shown.json | {"data": shown.json["data"] | {"test_share": 0.0}}, "data.test_share", shown, {}
    )
    assert back.map.measure == "final_loss"
    assert "The colour now shows the final loss" in notes[0]
    fields = {f["key"] for g in describe_controls(resolve_state(back, {}), None, back)["groups"] for f in g["fields"]}
    assert "data.split_seed" not in fields
    with pytest.raises(PartError, match="test_share must be a number in"):
        read_state(default_state().json | {"data": {"kind": "generated", "name": "moons", "test_share": 1}})
    table = KeptTable(digest="d", target="kind", test_share=0.5)
    assert table.test_share == 0.5
