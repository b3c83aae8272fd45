"""The WebAssembly reading: its modules, run by wasmtime, give the processor's bits, with relaxed SIMD and without."""

import importlib.util

import numpy as np
import pytest
from tools.site import gallery

import fallline as fl
from elementwise import elementwise, text_of
from fallline.errors import FalllineError
from fallline.experiment.build import build_map, objective_of
from fallline.formulas.forms import formula_landscape
from fallline.maps.fractal import fractal_spec
from fallline.maps.map import compute_map
from fallline.readings.wasm.binary import exporting
from fallline.readings.wasm.target import to_object
from fallline.readings.wasm.vectors import PlainVectors, RelaxedVectors
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.landscapes import LANDSCAPES
from fallline.textbook.losses import LOSSES
from fallline.textbook.optimizers import OPTIMIZERS
from fallline.textbook.schedules import SCHEDULES
from fma_operands import KINDS, operands
from parity import small_problem
from side_by_side import train

if importlib.util.find_spec("wasmtime") is None:
    pytest.skip("wasmtime is not installed", allow_module_level=True)

import wasm_host

EVERYTHING = ("final_loss", "best_loss", "steps_to", "diverged_at", "outcome", "convergence", "mean_last", "history", "path",
              "parameters")  # fmt: skip
RELAXED = [True, False]
DTYPES = ["float32", "float64"]


def cleaned(array):
    """The bytes; all NaN count as the same, since WebAssembly leaves their bits open."""
    return np.where(array == array, array, np.nan).tobytes() if array.dtype.kind == "f" else array.tobytes()


def same(monkeypatch, problem, optimizer="momentum", relaxed=True, *, cells=21, starts=None, **options):
    """Asserts that a module's values are the processor's, to the bit."""
    start = fl.draw_starts(problem, 1, seed=4)[0] if starts is None else starts
    rates = {"learning_rate": np.geomspace(1e-3, 30.0, cells)}  # the last runs diverge
    options = {"steps": 6, "starts": start, "settings": rates, "measures": EVERYTHING, "target": 0.5} | options
    expected = train(problem, optimizer, **options)
    with monkeypatch.context() as patch:
        wasm_host.install(patch, relaxed)
        got = train(problem, optimizer, **options)
    for name, values in expected.items():
        assert cleaned(got[name]) == cleaned(values), name


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_gives_the_processors_bits(monkeypatch, optimizer, dtype):
    problem = small_problem("relu", sizes="2-2-3")
    for relaxed in RELAXED:
        same(monkeypatch, problem, optimizer, relaxed, dtype=dtype)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_and_loss_give_the_processors_bits(monkeypatch, activation):
    """Precisions take turns; one loss in turn is tried without relaxed SIMD, too."""
    turn = list(ACTIVATIONS).index(activation)
    for k, loss in enumerate(LOSSES):
        problem, dtype = small_problem(activation, loss, sizes="2-2-3"), DTYPES[(k + turn) % 2]
        same(monkeypatch, problem, dtype=dtype)
        if k == turn // 2 % len(LOSSES):
            same(monkeypatch, problem, relaxed=False, dtype=dtype)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_schedule_gives_the_processors_bits(monkeypatch, schedule):
    same(monkeypatch, small_problem(), "adam", schedule_=schedule)


@pytest.mark.parametrize("landscape", LANDSCAPES)
def test_every_landscape_gives_the_processors_bits(monkeypatch, landscape):
    problem, dtype = fl.objective(landscape), DTYPES[list(LANDSCAPES).index(landscape) % 2]
    starts = np.random.default_rng(1).normal(size=(21, problem.dimension))
    same(monkeypatch, problem, "nesterov", starts=starts, dtype=dtype)


@pytest.mark.parametrize("relaxed", RELAXED)
@pytest.mark.parametrize(("sizes", "options"), [("2-12-9-3", {}), ("2-3", {"l2": 0.1})])
def test_large_networks_minibatches_and_accuracy_give_the_processors_bits(monkeypatch, sizes, options, relaxed):
    rows = np.random.default_rng(0).integers(0, 7, (4, 3))
    problem = small_problem(sizes=sizes, **options)
    counted = {"steps": 4, "cells": 5, "measures": (*EVERYTHING, "accuracy")}
    same(monkeypatch, problem, "adam", relaxed, rows=rows, full_loss=bool(options), **counted)


def test_a_formula_gives_the_processors_bits(monkeypatch):
    same(monkeypatch, fl.objective(formula_landscape("sin(3*x)*exp(-y^2) + log(1 + x^2)")), starts=[0.7, -1.2])


def test_a_map_has_the_processors_hash(monkeypatch):
    spec = fractal_spec(size=6, steps=20, rows=9)
    expected = compute_map(spec).sha256
    wasm_host.install(monkeypatch)
    assert compute_map(spec).sha256 == expected


FEWER = {"optimizers": "optimizer=gradient_descent,adam", "batch-size": "batch=8,120", "width": "width=2,16", "depth": "depth=1,6",
         "seeds-relu": "seed=0..2", "seeds-tanh": "seed=0..2"}  # fmt: skip
"""Values of y axes that give a kernel each, or a row each."""


@pytest.mark.parametrize("entry", list(gallery.entries()), ids=lambda entry: entry.name)
def test_every_map_of_the_gallery_has_the_processors_hash(monkeypatch, entry):
    """With some of its cells and steps; tests/long/live_gallery.py trains all of them in a browser."""
    described = entry.study.maps[0]
    fewer = {"size": "5x3", "y": FEWER.get(entry.name, described.y)}
    if "steps" not in entry.spec.axes:
        fewer["steps"] = min(entry.spec.steps, 9)
    spec = build_map(described.model_copy(update=fewer), objective_of(entry.study, described.objective))
    expected = compute_map(spec).sha256
    wasm_host.install(monkeypatch)
    assert compute_map(spec).sha256 == expected


@pytest.mark.parametrize("relaxed", RELAXED)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_fma_is_rounded_once(dtype, relaxed):
    """Also where that is hard: halfway cases, cancellation, subnormal numbers, overflow."""
    bits = 8 * np.dtype(dtype).itemsize
    v = RelaxedVectors(bits) if relaxed else PlainVectors(bits)
    text, native = text_of("fma", 3, v), elementwise("fma", dtype, 3)
    for kind in KINDS:
        numbers = operands(kind, dtype, 4000, np.random.default_rng(3))
        assert cleaned(wasm_host.elementwise(text, relaxed, *numbers)) == cleaned(native(*numbers)), kind


def test_a_module_that_needs_a_linker_is_refused():
    text = "declare void @elsewhere()\ndefine void @run(ptr %args) {\n  call void @elsewhere()\n  ret void\n}\n"
    with pytest.raises(FalllineError, match="needs a linker, because it calls elsewhere"):
        exporting(to_object(text, relaxed=True), "run")
    text = "@table = constant [2 x i32] [i32 1, i32 2]\ndefine void @run(ptr %args) {\n  ret void\n}\n"
    with pytest.raises(FalllineError, match="needs a linker, because it has data of its own"):
        exporting(to_object(text, relaxed=True), "run")
