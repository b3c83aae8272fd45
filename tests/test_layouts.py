"""Gradient programs in the layouts of courses, books and blogs: their own truth, and what the checker says of them."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from layouts import LAYOUTS
from layouts.truth import complex_step

NAMES = [layout.name for layout in LAYOUTS]
RUNNER = Path(__file__).parent / "long" / "people.py"
FACTORS = (1, -1, 2, -2, 1 / 2, -1 / 2)
DRAWS = 3


def load(file, text, monkeypatch):
    """The program as a module. In a notebook, lines for IPython are left out."""
    if file.endswith(".ipynb"):
        cells = ["".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        text = "\n".join(line for cell in cells for line in cell.split("\n") if not line.startswith(("%", "!")))
    if "torch" in text:
        pytest.importorskip("torch")
    if "jax" in text:
        pytest.importorskip("jax")
    if "matplotlib" in text:
        import matplotlib as mpl

        mpl.use("Agg")
    program = types.ModuleType("program")
    program.get_ipython = lambda: types.SimpleNamespace(run_line_magic=lambda *_: None)
    monkeypatch.setattr(sys, "argv", [file])
    monkeypatch.setitem(sys.modules, "program", program)  # dataclasses look their module up
    exec(compile(text, file, "exec"), program.__dict__)
    return program


def draw(layout, seed):
    """Weights, biases, inputs and targets."""
    rng = np.random.default_rng(seed)
    sizes = layout.sizes
    W = [rng.normal(size=shape) for shape in itertools.pairwise(sizes)]
    b = [] if "no-bias" in layout.options else [rng.normal(size=n) for n in sizes[1:]]
    X = rng.normal(size=(layout.samples, sizes[0]))
    T = {
        "classes": lambda: np.eye(sizes[-1])[rng.integers(0, sizes[-1], len(X))],
        "labels": lambda: rng.integers(0, 2, (len(X), sizes[-1])).astype(float),
        "values": lambda: rng.normal(size=(len(X), sizes[-1])),
    }[layout.targets]()
    return W, b, X, T


def gradient(layout, program, arguments):
    """The loss that the program gives, and its gradient as one vector for each block."""
    W, b, X, T = arguments
    loss, dW, db = layout.call(program, [w.copy() for w in W], [c.copy() for c in b], X.copy(), T.copy())
    blocks = [np.asarray(g, dtype=float) for g in (*dW, *db)]
    return loss, [np.broadcast_to(g, a.shape).ravel() if g.size == 1 else g.reshape(a.shape).ravel()
                  for g, a in zip(blocks, (*W, *b), strict=True)]  # fmt: skip


def distance(blocks, others):
    """The largest difference, relative to the largest entry."""
    a, c = np.concatenate(blocks), np.concatenate(others)
    return np.abs(a - c).max() / np.abs(c).max()


@pytest.mark.parametrize("layout", LAYOUTS, ids=NAMES)
def test_the_right_program_is_right_and_the_wrong_ones_are_wrong(layout, monkeypatch):
    draws = [draw(layout, seed) for seed in range(DRAWS)]
    truths = [[g.ravel() for g in complex_step(layout.truth, *arguments)] for arguments in draws]
    file, text, _ = layout.variants()[0]
    program = load(file, text, monkeypatch)
    for arguments, truth in zip(draws, truths, strict=True):
        loss, blocks = gradient(layout, program, arguments)
        tolerance = 1e-5 if "1e-8" in text or "1e-7" in text else 1e-10  # a constant in the logarithm is no fault
        assert distance(blocks, truth) < tolerance
        if loss is not None:
            assert float(np.asarray(loss).ravel()[0]) == pytest.approx(
                float(np.real(layout.truth(*arguments))), rel=1e-9
            )
    for file, text, fault in layout.variants()[1:]:
        program = load(file, text, monkeypatch)
        computed = [gradient(layout, program, arguments)[1] for arguments in draws]
        for factor in FACTORS:
            for power in (-1, 0, 1):
                scaled = [[factor * layout.samples**power * g for g in truth] for truth in truths]
                apart = max(distance(c, s) for c, s in zip(computed, scaled, strict=True))
                assert apart > 1e-4, f"{fault.name} gives {factor} m^{power} times the right gradient"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the runner forks")
def test_what_the_checker_says_of_a_sample():
    """Half of the right programs, and some faults; `tests/long/people.py` checks all programs.

    The runner is a process of its own, because it forks, and JAX and PyTorch may run threads in this one.
    """
    pytest.importorskip("torch")
    pytest.importorskip("jax")
    done = subprocess.run([sys.executable, str(RUNNER), "--sample", "--json"], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))})  # fmt: skip
    assert done.stdout, done.stderr
    figures = json.loads(done.stdout)
    counts, programs = figures["counts"], figures["programs"]
    assert not [p for p in programs if p["intolerable"]]
    right, wrong = counts["right"], counts["wrong"]
    missed = [f"{p['file']}: {p['sentence']}" for p in programs if p["ending"] not in ("taken", "named")]
    assert right["taken"] >= 0.9 * sum(right.values()), missed
    assert wrong["named"] >= 0.75 * sum(wrong.values()), missed  # of 12; of all it is 0.85 (tests/long/people.py)
    assert wrong["named"] + wrong.get("localised", 0) >= 0.9 * sum(wrong.values()), missed


def test_there_are_enough_layouts_and_their_names_differ():
    assert len(LAYOUTS) >= 60
    assert len(set(NAMES)) == len(NAMES)
    assert all(len(layout.faults) >= 2 for layout in LAYOUTS)
