"""The lab's equations: of exactly the state, in pieces that wrap, with the numbers of a run in the places of the symbols."""

from __future__ import annotations

import numpy as np
import pytest

import fallline as fl
from fallline.lab.resolved_state import resolve_state
from fallline.lab.state import read_state
from fallline.lab.work.equation_blocks import WrittenBlocks
from fallline.lab.work.equation_sections import sections_of
from fallline.lab.work.number_places import matrix_tex, tex
from fallline.lab.work.runs import train_run
from fallline.live.shown_map import show_map
from fallline.views.equations.breaking import fragments

LANDSCAPE = {
    "objective": {"kind": "landscape", "name": "rosenbrock"},
    "start": None,
    "map": {
        "x": {"name": "learning_rate", "low": 1e-5, "high": 1e-2, "scale": "log"},
        "y": {"name": "momentum", "low": 0, "high": 0.9, "scale": "linear"},
    },
}


def sections(state, form="matrix", step=None):
    resolved = resolve_state(read_state(state), {})
    run = None if step is None else train_run(resolved, 0.001, 0.5)
    return {s.title: dict(s.rows) for s in sections_of(resolved, form, run, step or 0)}, run


def test_the_step_names_batch_schedule_and_gradient():
    plain, _ = sections({})
    assert plain["Gradient of a step"] == {"g_{t}": r"\nabla L\left(w_{t}\right)"}
    assert plain["Update"]["v_{t+1}"] == r"\alpha v_{t} + \varepsilon g_{t}"
    whole, _ = sections({"batch": 20, "schedule": "cosine"})
    assert whole["Update"]["v_{t+1}"] == r"\alpha v_{t} + \varepsilon_{t+1} g_{t}"
    assert r"\varepsilon_{t}" in whole["Learning rate of step t"]
    (gradient,) = whole["Gradient of a step: a minibatch B of 20 of the 300 samples"].values()
    assert gradient == r"\frac{300}{20} \sum_{i \in B_{t+1}} \nabla \ell_{i}\left(w_{t}\right)"
    mean, _ = sections({"batch": 20, "objective": {"kind": "network", "reduction": "mean", "l2": 0.1}})
    rows = mean["Gradient of a step: a minibatch B of 20 of the 300 samples"]
    assert rows["g_{t}"].startswith(r"\frac{1}{20} \sum")
    assert rows["g_{t}"].endswith(r"+ \nabla R\left(w_{t}\right)")


def matrix(values):
    values = np.atleast_2d(values)
    return matrix_tex(*values.shape, lambda j, k: tex(values[j, k]))


def test_a_network_with_its_numbers():
    written, run = sections({}, step=3)
    layers = run.objective.network.unpack(np.asarray(run.path[3], dtype=float))
    slopes = run.objective.network.unpack(run.objective.loss_and_gradient(np.asarray(run.path[3], dtype=float))[1])
    assert written["Forward"]["Z^{(1)}"] == rf"X {matrix(layers[0].W)} + \mathbf{{1}}_{{m}} {matrix(layers[0].b)}"
    assert written["Gradient"][r"\frac{\partial L}{\partial W^{(2)}}"].endswith(f"= {matrix(slopes[1].W)}")
    assert written["Loss"]["L"].endswith(f"= {tex(run.losses[3])}")
    assert written["Update"]["v_{t+1}"] == r"0.5 \cdot v_{t} + 0.001 \cdot g_{t}"
    units, _ = sections({}, "units", step=3)
    assert units["Forward, for one sample"]["z^{(3)}_{1}"].startswith(f"{tex(layers[2].W[0, 0])} h^{{(2)}}_{{1}}")
    assert units["Gradient"][r"\frac{\partial L}{\partial b^{(2)}_{2}}"].endswith(f"= {tex(slopes[1].b[1])}")


def test_a_landscape_with_its_numbers():
    written, run = sections(LANDSCAPE, step=2)
    assert written["Formula"][r"f\left(x, y\right)"].endswith(f"= {tex(run.losses[2])}")
    slope = run.objective.loss_and_gradient(run.path[2])[1][1]
    assert written["Partial derivatives"][r"\frac{\partial f}{\partial y}"].endswith(f"= {tex(slope)}")
    assert written["Step 3"]["x_{3}"].endswith(f"= {tex(run.path[3][0])}")
    assert tex(run.path[2][0]) in written["Formula"][r"f\left(x, y\right)"]
    last, _ = sections(LANDSCAPE, step=30)
    assert not any(title.startswith("Step") for title in last)  # nothing follows the last step


def test_matrices_have_brackets_of_their_own():
    wide, _ = sections(
        {"start": None, "objective": {"kind": "network", "units": [2, 12, 3], "activations": ["tanh"]}}, step=3
    )
    assert wide["Forward"]["Z^{(1)}"].startswith(r"X \begin{pmatrix}")
    assert r"\cdots" in wide["Forward"]["Z^{(1)}"]


def test_a_list_of_rates_has_none_after_the_last_step():
    resolved = show_map(fl.map("booth", x="start.x=0..1", y="start.y=0..1", size=2, steps=2, schedule=[0.1, 0.05]).spec)
    written = {s.title: dict(s.rows) for s in sections_of(resolved, "matrix", train_run(resolved, 0, 0), 2)}
    assert written["Update"]["w_{t+1}"] == r"w_{t} - 0.0005 \cdot g_{t}"  # its factors times 0.01


@pytest.mark.parametrize("form", ["matrix", "units"])
def test_every_piece_can_be_drawn_and_the_pieces_are_the_formula(form):
    resolved = resolve_state(read_state({"batch": 20, "schedule": "cosine"}), {})
    written = WrittenBlocks()
    for section in sections_of(resolved, form, train_run(resolved, 0.001, 0.5), 3):
        written.add(section)
        for _, right in section.rows:
            joined = "".join(fragments(right)).replace(r" \right.", "").replace(r"\left.", "").replace("{} ", " ")
            assert joined == right
    pieces = [p for b in written.blocks for row in b["rows"] for p in (row["left"], *row["right"])]
    assert all(p["svg"].startswith("<svg") for p in pieces)
    assert '<symbol id="' in written.symbols


def test_layers_with_learning_rates_of_their_own():
    """Rates on both axes: the update is that of a layer, and the numbers of a run are those of its layers."""
    axis = {"low": 1e-4, "high": 1e-1, "scale": "log"}
    plane = {"x": {"name": "learning_rate.1"} | axis, "y": {"name": "learning_rate.2"} | axis}
    written, _ = sections({"map": plane})
    assert written["Update"]["v_{t+1}"] == r"\alpha v_{t} + \varepsilon^{(l)} g_{t}"
    assert written["Learning rates of the layers"][r"\varepsilon^{(2)}"] == r"\varepsilon_{2}"
    numbered, run = sections({"map": plane, "schedule": "cosine"}, step=2)
    rates = numbered["Learning rates of the layers"]
    assert [rates[rf"\varepsilon^{{({layer})}}"] for layer in (1, 2)] == [tex(0.001), tex(0.5)]
    assert not any(
        r"\varepsilon_{3}" in row for row in numbered["Learning rate of step t"]
    )  # layers have none in common
    assert run.method.learning_rates[2] == 0.5
