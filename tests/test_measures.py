"""Measures: the same from curves and from a kernel's columns, documented, and each added by one file."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fallline
import fallline as fl
from fallline.errors import UsageError
from fallline.measures.measure import MEASURES, check_objective, measure
from fallline.measures.statistics import Statistics
from fallline.runs import batched, lanes
from fallline.runs.training import Training
from parity import small_problem

ROOT = Path(__file__).parents[1]


def test_the_documentation_shows_the_measures():
    page = (ROOT / "docs/maps.md").read_text(encoding="utf-8")
    rows = [f"| `{m.name}{'=40' if m.needs == 'target' else ''}` | {m.meaning} |" for m in MEASURES.values()]
    assert "\n".join(["| measure | meaning |", "|---|---|", *rows]) in page


def test_both_engines_give_the_same_measures():
    problem = small_problem("relu", reduction="sum")
    how = fl.method().with_({"learning_rate": np.geomspace(1e-4, 30, 60)})
    training = Training(problem, how, 40, fl.draw_starts(problem, 1, seed=4)[0])
    by_lanes = lanes.train(training, tuple(MEASURES), target=5.0)
    by_numpy = batched.train(training, tuple(MEASURES), target=5.0)
    for name in MEASURES:
        assert len(np.unique(by_lanes[name])) > 1, name
        np.testing.assert_allclose(by_lanes[name], by_numpy[name], rtol=1e-6, err_msg=name)


@pytest.mark.parametrize("name", MEASURES)
def test_drawn_values_are_those_of_the_measure_or_missing(name):
    losses = np.array([[4.0, 2.0, 1.0], [4.0, 5.0, 6.0], [4.0, np.inf, np.inf]])
    values = np.asarray(
        MEASURES[name].rule(Statistics.of_curves(losses, np.ones_like(losses), np.ones((3, 2)), 2.0, 0.5))
    )
    shown = MEASURES[name].shown(values.astype(float), 2)
    expected = {"steps_to": [1, np.nan, np.nan], "diverged_at": [3, 3, 1]}.get(name, values)
    np.testing.assert_array_equal(shown, expected)


def test_measures_that_need_classes_are_refused_without():
    values = small_problem(loss="squared_error")
    for objective, words in (
        (fl.objective("rosenbrock"), "is a landscape"),
        (values, "squared_error has values as targets"),
    ):
        check_objective([MEASURES["final_loss"]], objective)
        with pytest.raises(UsageError, match=words):
            check_objective([measure("accuracy").measure], objective)


# --- what it takes to add one, carried out on a copy -------------------------------------------------------------------


@pytest.fixture
def copy(tmp_path):
    """A copy of the package to be changed; returns what a program prints that imports it."""
    package = tmp_path / "fallline"
    shutil.copytree(Path(fallline.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))

    def change(file, before, after):
        text = (package / file).read_text(encoding="utf-8")
        assert text.count(before) == 1
        (package / file).write_text(text.replace(before, after), encoding="utf-8")

    def run(program):
        environment = os.environ | {"PYTHONPATH": str(tmp_path)}
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, cwd=tmp_path
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return change, run


MAP = """
import fallline as fl
m = fl.map("rosenbrock", x="learning_rate=1e-5..1e-4:log", y="start.x=-2..2", start=(0, 1), steps=20, size=8, measures={!r})
"""


def test_a_measure_is_added_by_one_file(copy):
    change, run = copy
    change(
        "measures/measure.py",
        '        Measure("convergence",',
        '        Measure("fall", "fall of the loss", "first loss minus last", lambda s: s.first - s.last, better="high"),\n'
        '        Measure("convergence",',
    )
    program = MAP.format(["fall", "final_loss"]) + (
        "first = fl.objective('rosenbrock').loss\n"
        "import numpy as np\n"
        "start = np.array([first(np.array([x, 1.0])) for x in m.y.values])[:, None]\n"
        "assert np.isclose(m['fall'], start - m['final_loss']).all()\n"
        "print(m.plot('fall').alt[:23])\n"
        "from fallline.lab.resolved_state import resolve_state\n"
        "from fallline.lab.state import default_state, read_state\n"
        "from fallline.lab import session, work\n"
        "said = []\n"
        "talk = session.Session(lambda content, buffers: said.append(content), work.Pool())\n"
        "state = default_state().json\n"
        "talk.receive({'kind': 'hello', 'id': 1, 'state': state | {'map': state['map'] | {'measure': 'fall'}}})\n"
        "print(said[0]['measure'])\n"
        "talk.close()\n"
    )
    printed = run(program)
    assert "Map of fall of the loss" in printed
    assert "'label': 'fall of the loss', 'kind': 'values'" in printed
    assert "'better': 'high'" in printed


def test_an_outcome_is_added_by_its_row_and_its_colours(copy):
    change, run = copy
    change("measures/outcome.py", '"diverged", "rising"]\nHatch', '"diverged", "rising", "resting"]\nHatch')
    change(
        "measures/outcome.py",
        '    Rule("stalled", 2,',
        '    Rule("resting", 6, "all losses are the same", lambda s: s.highest == s.lowest, "dots"),\n    Rule("stalled", 2,',
    )
    for colour in ("#0f4c8a", "#2a6db3"):
        change("views/theme.py", f'{{"converged": "{colour}"', f'{{"resting": "#123456", "converged": "{colour}"')
    program = MAP.format(["outcome"]).replace("1e-5..1e-4", "1e-300..1e-4").replace(
        "steps=20", "steps=20, dtype='float32'"
    ) + (
        "print(m.plot('outcome').alt)\n"
        "run = fl.descend('rosenbrock', start=(0, 1), learning_rate=1e-300, steps=20)\n"
        "print(run.outcome.kind, run.outcome)\n"
        "run.plot()\n"
        "from fallline.lab.controls import describe_outcomes\n"
        "print(describe_outcomes()[6])\n"
    )
    printed = run(program)
    assert "resting" in printed.splitlines()[0]
    assert "resting Resting: over the last 8 of 20 steps the loss went from 101 to 101." in printed
    assert "{'name': 'resting', 'meaning': 'All losses are the same.', 'hatch': 'dots', 'failed': False}" in printed
