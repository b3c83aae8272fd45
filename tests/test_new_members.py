"""A new optimizer, activation or data set is one file: each is added to a copy of the package, and every door takes it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import fallline

ROW = "\n        "

SOFTSIGN = '''def softsign(z: Array) -> Array:
    """softsign(z) = z / (1 + |z|). Source: Turian, Bergstra & Bengio 2009."""
    return z / (1 + magnitude(z))


def softsign_slope(z: Array) -> Array:
    """softsign'(z) = 1 / (1 + |z|)^2."""
    return 1 / (1 + magnitude(z)) ** 2


'''

SHRUNK = '''def shrunk(w: Array, g: Array, state: State, t: Array, *, learning_rate: Array, shrink: Array) -> tuple[Array, State]:
    """Gradient descent on a part of the gradient.

        w = w - learning_rate shrink g

    Settings: `learning_rate`, `shrink`. Source: this test.
    """
    w = let("w", None, w - learning_rate * (shrink * g))
    return w, ()


'''

STRIPES = '''def stripes(samples: int = 100, seed: int = 0, *, noise: float = 0.1, width: float = 1.0) -> Dataset:
    """Two vertical stripes, a distance `width` apart."""
    y = np.arange(samples) / samples
    return _noisy("stripes", [np.column_stack([k * width + 0 * y, y]) for k in range(2)], seed, noise)


'''

NEW = {
    "textbook/activations.py": [
        ("ACTIVATIONS: dict", SOFTSIGN, ""),
        ('Activation("tanh"', 'Activation("softsign", softsign, softsign_slope, label="soft sign"),', ROW),
    ],
    "textbook/optimizers.py": [
        ("OPTIMIZERS: dict", SHRUNK, ""),
        (
            'Optimizer("rmsprop"',
            'Optimizer("shrunk", shrunk, own_settings=(\n'
            '            Setting("shrink", r"\\gamma", "factor on the gradient", 0.5, 0, 2),)),', ROW,
        ),
    ],
    "data/generated.py": [
        ("GENERATED: dict", STRIPES, ""),
        (
            'Generated("xor"',
            'Generated("stripes", stripes, "upright stripes", (SAMPLES, NOISE, '
            'Setting("width", "", "distance of the stripes", 1.0, 0, slider=Slider(0, 3)))),', ROW,
        ),
    ],
}  # fmt: skip
"""For each file what is put before which text."""

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
optimizer = "shrunk"
shrink = 1.5
size = "3x3"
steps = 5
"""

SUBMISSIONS = """
def step(w, g, state, t, *, learning_rate, shrink):
    return w - learning_rate * shrink * g, ()

def forgetful(w, g, state, t, *, learning_rate, shrink):
    return w - learning_rate * g * shrink ** 2, ()

def slope(z):
    return 1 / (1 + abs(z)) ** 2
"""

LAB = """
import json
from fallline.lab.controls import describe_axes, describe_controls
from fallline.lab.plan import build_plan
from fallline.lab.repair import repaired
from fallline.lab.state import default_state

state = default_state()
for key, change in (
    ("data.name", {"data": {"kind": "generated", "name": "stripes"}}), ("optimizer", {"optimizer": "shrunk"}),
    ("objective.activations", {"objective": {"kind": "network", "units": [2, 3, 2], "activations": ["softsign"]}}),
    ("map.y", {"map": {"x": {"name": "learning_rate"}, "y": {"name": "shrink"}, "measure": "final_loss"}}),
):
    state = repaired({**state.json, **change}, key, state, {})
plan = build_plan(state, {})
fields = {f["key"]: f for g in describe_controls(plan, None, state)["groups"] for f in g["fields"]}
labels = {o["value"]: o["label"] for f in fields.values() for o in f.get("options", ())}
print(json.dumps([state.json["data"], fields["settings.shrink"], fields["data.width"], labels, describe_axes(plan)]))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copy")
    package = Path(fallline.__file__).parent
    shutil.copytree(package, folder / "fallline", ignore=shutil.ignore_patterns("__pycache__"))
    for file, additions in NEW.items():
        path = folder / "fallline" / file
        text = path.read_text(encoding="utf-8")
        for before, addition, between in additions:
            assert text.count(before) == 1
            text = text.replace(before, addition + between + before)
        path.write_text(text, encoding="utf-8")
    (folder / "s.toml").write_text(STUDY)
    (folder / "own.py").write_text(SUBMISSIONS)
    return folder


def ask(copy: Path, *words: str, status: int = 0) -> str:
    """What the copy's Python prints; messages too, where the status is not 0."""
    done = subprocess.run(
        [sys.executable, *words], cwd=copy, env=os.environ | {"PYTHONPATH": str(copy), "PYTHONIOENCODING": "utf-8"},
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    return done.stdout + (done.stderr if status else "")


def command(copy: Path, words: str, status: int = 0) -> str:
    return ask(copy, "-m", "fallline", *words.split(), status=status)


def test_the_command_line_has_a_flag_for_the_setting_and_an_error_text(copy: Path) -> None:
    words = "descend booth --learning-rate 0.01 --steps 3 --json --optimizer"
    mine = json.loads(command(copy, f"{words} shrunk --shrink 0.25"))
    ours = json.loads(command(copy, "descend booth --learning-rate 0.0025 --steps 3 --json"))
    assert mine["settings"] == {"learning_rate": 0.01, "shrink": 0.25}
    assert mine["losses"] == pytest.approx(ours["losses"], rel=1e-12)
    told = command(copy, f"{words} shrunk --shrink 3", status=2)
    assert told == "fallline: shrink must be a number in [0, 2]; got 3.0.\n"
    assert "Factor on the gradient; in [0, 2]. Default 0.5." in " ".join(
        command(copy, "map --help").replace("│", "").split()
    )


def test_the_setting_is_an_axis(copy: Path) -> None:
    words = (
        "map booth --optimizer shrunk --x shrink=0.5..1 --y learning_rate=0.001..0.1:log --size 3x3 --steps 5 --json"
    )
    assert json.loads(command(copy, words))["cells"] == 9


def test_equations_and_pictures_have_them(copy: Path) -> None:
    assert "γ: shrink" in command(copy, "equations shrunk")
    assert "softsign′(z)" in command(copy, "equations 2-3-2 --activation softsign")
    assert "3 soft sign units" in command(copy, "draw 2-3-2 --activation softsign --out n.svg")


def test_studies_read_them(copy: Path) -> None:
    assert "2-3-2 on stripes, momentum" in command(copy, "map s.toml")
    code = "import fallline as fl; s = fl.study('s.toml'); print(s.maps[1].settings, s.data.options)"
    assert "{'shrink': 1.5} {'width': 2.0}" in ask(copy, "-c", code)
    (copy / "wrong.toml").write_text(STUDY.replace("width = 2", "width = -2"))
    assert "width must be a number at least 0; got -2" in command(copy, "map wrong.toml", status=2)


def test_checks_judge_them(copy: Path) -> None:
    assert "step is right." in command(copy, "check own.py:step --of shrunk")
    assert "forgetful is wrong" in command(copy, "check own.py:forgetful --of shrunk", status=1)
    assert "slope is right" in command(copy, "check own.py:slope --of softsign")


def test_the_lab_has_controls_for_them(copy: Path) -> None:
    data, shrink, width, labels, axes = json.loads(ask(copy, "-c", LAB))
    assert data["width"] == 1.0
    slider: dict[str, Any] = {"low": 0, "high": 2, "scale": "linear", "step": None}
    assert (shrink["symbol"], shrink["default"], shrink["slider"]) == ("γ", 0.5, slider)
    assert (width["meaning"], width["high"]) == ("Distance of the stripes.", 3)
    assert {"stripes": "upright stripes", "softsign": "soft sign", "shrunk": "shrunk"}.items() <= labels.items()
    assert {a["name"]: a["range"] for a in axes}["shrink"] == [0, 2]
