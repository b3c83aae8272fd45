"""What it takes to add something: the examples of CONTRIBUTING.md, carried out on copies of the sources.

Each example is applied as it is printed; then every place where a user would look for the addition must have it.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from contributing import Copy, examples, files_of

MOST = {
    "an activation": 1,
    "an optimizer with a setting of its own": 1,
    "a generated data set": 1,
    "a kind of data source": 3,
    "a measure": 1,
    "an outcome": 2,
    "a view of the lab": 3,
    "a fault at a new place": 2,
}
"""Source files that each addition may touch; its tests and documentation come on top."""

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git applies the diffs")

STUDY = """
title = "t"
[network]
sizes = "2-3-2"
activation = "softsign"
[data]
name = "stripes"
samples = 20
width = 2
[[maps]]
x = "learning_rate=1e-4..1e-2:log"
y = "momentum=0..0.9"
optimizer = "momentum"
size = "3x3"
steps = 5
[[maps]]
x = "learning_rate=1e-4..1e-2:log"
y = "start.W1[0,0]=-1..1"
optimizer = "qhm"
blend = 0.5
size = "3x3"
steps = 5
"""

SUBMISSIONS = """
def step(w, g, state, t, *, learning_rate, momentum, blend):
    v = momentum * state[0] + (1 - momentum) * g
    return w - learning_rate * ((1 - blend) * g + blend * v), (v,)

def forgetful(w, g, state, t, *, learning_rate, momentum, blend):
    v = momentum * state[0] + (1 - momentum) * g
    return w - learning_rate * (g + blend * v), (v,)

def slope(z):
    return 1 / (1 + abs(z)) ** 2
"""

LAB = """
import json
from fallline.lab.changed import changed_state
from fallline.lab.controls.axes import describe_axes
from fallline.lab.controls.groups import describe_controls
from fallline.lab.resolved_state import resolve_state
from fallline.lab.state import default_state

state = default_state()
for key, change in (
    ("data.name", {"data": {"kind": "generated", "name": "stripes"}}), ("optimizer", {"optimizer": "qhm"}),
    ("objective.activations", {"objective": {"kind": "network", "units": [2, 3, 2], "activations": ["softsign"]}}),
    ("map.y", {"map": {"x": state.json["map"]["x"], "y": {"name": "blend"}, "measure": "final_loss"}}),
):
    state, notes = changed_state({**state.json, **change}, key, state, {})
plan = resolve_state(state, {})
fields = {f["key"]: f for g in describe_controls(plan, None, state)["groups"] for f in g["fields"]}
labels = {o["value"]: o["label"] for f in fields.values() for o in f.get("options", ())}
print(json.dumps([state.json["data"], fields["settings.blend"], fields["data.width"], labels, describe_axes(plan)]))
"""

MAP = """
import fallline as fl
m = fl.map("rosenbrock", x="learning_rate={}..1e-4:log", y="start.x=-2..2", start=(0, 1), steps=20, size=8, measures={!r}, dtype="float32")
"""

MEASURE = """
import numpy as np
loss = fl.objective("rosenbrock").loss
first = np.array([loss(np.array([x, 1.0])) for x in m.y.values])[:, None]
assert np.allclose(m["fall"], first - m["final_loss"], rtol=1e-5)
print(m.plot("fall").alt)
from fallline.lab.session.session import Session
from fallline.lab.state import default_state
from fallline.lab.work.pool import Pool
said, state = [], default_state().json
session = Session(lambda content, buffers: said.append(content), Pool())
session.receive({"kind": "hello", "id": 1, "state": state | {"map": state["map"] | {"measure": "fall"}}})
print(said[0]["measure"])
session.close()
"""

OUTCOME = """
print(m.plot("outcome").alt)
run = fl.descend("rosenbrock", start=(0, 1), learning_rate=1e-300, steps=20)
print(run.outcome.kind, run.outcome)
run.plot()
from fallline.lab.controls.measure import describe_outcomes
print(describe_outcomes()[6])
"""

FAULT = """
import numpy as np
import fallline as fl
from fallline.textbook.operations import softmax

def gradient(W1, b1, W2, b2, X, T):
    A = np.tanh(X @ W1 + b1)  # the scale 0.5 is left out
    D2 = softmax(2.0 * (A @ W2) + b2) - T
    D1 = 2.0 * (D2 @ W2.T) * (1 - A**2)
    return 0.5 * (X.T @ D1), D1.sum(axis=0), 2.0 * (A.T @ D2), D2.sum(axis=0)

print(fl.check_gradient(gradient, fl.Network.of("2-3-2", activation="tanh", scales=(0.5, 2.0))).sentence)
"""

SOURCE = """
import json
from fallline.experiment.build import objective_of
from fallline.experiment.formats.python import to_python
from fallline.experiment.formats.schema import study_schema
from fallline.experiment.formats.toml import parse, to_toml
from fallline.lab.changed import changed_state
from fallline.lab.controls.groups import describe_controls
from fallline.lab.resolved_state import resolve_state
from fallline.lab.state import default_state, read_state
from fallline.lab.study import study_of
from fallline.lab.work.pyramid import view_spec

study = parse("title = 'x'\\n[network]\\nsizes = '2-3-1'\\nloss = 'squared_error'\\n[data]\\ngrid = 'x - y'\\nside = 5")
data = objective_of(study).data
assert (len(data), data.T[1, 0]) == (25, -0.5), data.T
assert parse(to_toml(study)) == study
assert "grid" in json.dumps(study_schema())

state, notes = changed_state({"data": {"kind": "grid"}}, "data.kind", default_state(), {})
assert "The loss is now squared error: the targets are values." in notes, notes
split = {"features": [], "test_share": 0.0, "split_seed": 0, "label_noise": 0.0, "subset": 0, "draw_seed": 0}
assert state["data"] == {"kind": "grid", "grid": "x*y", "side": 12} | split
assert read_state(json.loads(state.text)) == state
plan = resolve_state(state, {})
group = next(g for g in describe_controls(plan, None, state)["groups"] if g["name"] == "data")
assert [f["key"] for f in group["fields"]] == ["data.kind", "data.grid", "data.side", "data.features", "data.test_share", "data.label_noise", "data.subset"]
assert {"value": "grid", "label": "formula on a grid"} in group["fields"][0]["options"], group["fields"][0]["options"]

saved = study_of(state, view_spec(plan, state.view, 4), {})
assert objective_of(parse(to_toml(saved))).data.X.tobytes() == plan.objective.data.X.tobytes()
lines, space = to_python(saved).splitlines(), {}
exec("\\n".join(lines[: lines.index("how = {")]), space)
assert space["data"].T.tobytes() == plan.objective.data.T.tobytes()
"""


@pytest.mark.parametrize("addition", MOST)
def test_an_addition_touches_few_files(addition: str) -> None:
    assert examples().keys() == MOST.keys()
    assert 1 <= len(files_of(examples()[addition])) <= MOST[addition]


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    names = ("an activation", "an optimizer with a setting of its own", "a generated data set")
    copy = Copy(tmp_path_factory.mktemp("copy"), *names)
    (copy.folder / "s.toml").write_text(STUDY)
    (copy.folder / "own.py").write_text(SUBMISSIONS)
    return copy


def test_the_command_line_has_a_flag_for_the_setting_and_an_error_text(members: Copy) -> None:
    words = "descend booth --learning-rate 0.01 --steps 3 --json"
    blended = json.loads(members.command(f"{words} --optimizer qhm --momentum 0 --blend 0.25"))
    plain = json.loads(members.command(words))
    assert blended["settings"] == {"learning_rate": 0.01, "momentum": 0.0, "blend": 0.25}
    assert blended["losses"] == pytest.approx(plain["losses"], rel=1e-12)  # without memory the blend is the gradient
    message = members.command(f"{words} --optimizer qhm --blend 3", status=2)
    assert message == "fallline: blend must be a number in [0, 1]; got 3.0.\n"
    printed = " ".join(members.command("map --help").replace("│", "").split())
    assert "Share of the running mean in a step; in [0, 1]. Default 0.7." in printed


def test_the_setting_is_an_axis(members: Copy) -> None:
    words = "map booth --optimizer qhm --x blend=0.5..1 --y learning_rate=0.001..0.1:log --size 3x3 --steps 5 --json"
    assert json.loads(members.command(words))["cells"] == 9


def test_equations_and_pictures_have_the_members(members: Copy) -> None:
    assert "ν: blend" in members.command("equations qhm")
    assert "softsign′(z)" in members.command("equations 2-3-2 --activation softsign")
    assert "3 soft sign units" in members.command("draw 2-3-2 --activation softsign --out n.svg")


def test_studies_read_the_members(members: Copy) -> None:
    assert "2-3-2 on stripes, momentum" in members.command("map s.toml")
    code = "import fallline as fl; s = fl.study('s.toml'); print(s.maps[1].settings, s.data.options)"
    assert "{'blend': 0.5} {'width': 2.0}" in members.ask("-c", code)
    (members.folder / "wrong.toml").write_text(STUDY.replace("width = 2", "width = -2"))
    assert "width must be a number at least 0; got -2" in members.command("map wrong.toml", status=2)


def test_checks_judge_the_members(members: Copy) -> None:
    assert "step is right." in members.command("check own.py:step --of qhm")
    assert "forgetful is wrong" in members.command("check own.py:forgetful --of qhm", status=1)
    assert "slope is right" in members.command("check own.py:slope --of softsign")


def test_the_lab_has_controls_for_the_members(members: Copy) -> None:
    data, blend, width, labels, axes = json.loads(members.ask("-c", LAB))
    assert data["width"] == 1.0
    slider = {"low": 0, "high": 1, "scale": "linear", "step": None}
    assert (blend["symbol"], blend["default"], blend["slider"]) == ("ν", 0.7, slider)
    assert (width["meaning"], width["slider"]["high"]) == ("Distance of the stripes.", 3)
    expected = {"stripes": "upright stripes", "softsign": "soft sign", "qhm": "quasi-hyperbolic momentum"}
    assert expected.items() <= labels.items()
    assert {a["name"]: a["range"] for a in axes}["blend"] == [0, 1]


def test_a_measure(tmp_path: Path) -> None:
    copy = Copy(tmp_path, "a measure")
    printed = copy.ask("-c", MAP.format("1e-5", ["fall", "final_loss"]) + MEASURE)
    assert "Map of fall of the loss" in printed
    assert "'label': 'fall of the loss', 'kind': 'values'" in printed
    assert "'better': 'high'" in printed


def test_an_outcome(tmp_path: Path) -> None:
    copy = Copy(tmp_path, "an outcome")
    printed = copy.ask("-c", MAP.format("1e-30", ["outcome"]) + OUTCOME)
    assert "resting" in printed.splitlines()[0]
    assert "resting Resting: over the last 8 of 20 steps the loss went from 101 to 101." in printed
    assert "{'name': 'resting', 'meaning': 'All losses are the same.', 'hatch': 'dots', 'failed': False}" in printed


def test_a_kind_of_data_source(tmp_path: Path) -> None:
    Copy(tmp_path, "a kind of data source").ask("-c", SOURCE)


def test_a_fault_at_a_new_place(tmp_path: Path) -> None:
    copy = Copy(tmp_path, "a fault at a new place")
    assert copy.ask("-c", FAULT) == "gradient is wrong: the forward pass leaves out the scale of layer 1.\n"
    unchanged = Copy(tmp_path / "unchanged")
    assert "leaves out the scale" not in unchanged.ask("-c", FAULT)
