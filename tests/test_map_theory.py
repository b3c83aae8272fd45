"""Maps against theory: stability bounds of quadratics, and a boundary that is smooth for them and fractal for networks."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import fallline as fl
from fallline import random
from fallline.errors import UsageError
from fallline.experiment.method import factors_on_rates
from fallline.maps.boundary import boundary, box_counting_dimension
from fallline.maps.fractal import PRESETS, fractal_objective, fractal_spec, preset
from fallline.maps.map import compute_map
from fallline.maps.mapping import map as train_map
from fallline.maps.replay import replay

_spec = importlib.util.spec_from_file_location("theory", Path(__file__).parent / "long" / "theory.py")
theory = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(theory)


@pytest.mark.parametrize("optimizer", theory.OPTIMIZERS)
@pytest.mark.parametrize("seed", range(4))
def test_the_boundary_lies_on_the_bound(seed, optimizer):
    assert theory.worst_distance(seed, optimizer) <= 1


def test_theory_needs_a_learning_rate_axis():
    m = train_map("quadratic", x="start.x=0..1", y="start.y=0..1", size=2)
    with pytest.raises(UsageError, match="needs learning_rate as an axis; this map has"):
        m.theory()


def test_theory_of_start_and_end():
    m = train_map("quadratic", x="momentum=0..0.9", y="learning_rate=0.01..0.5", size=(4, 5), optimizer="momentum")
    for where in ("start", "end"):
        np.testing.assert_allclose(m.theory()[where], 2 * (1 + m.x.values) / 10, rtol=1e-6)


@pytest.mark.parametrize(("optimizer", "y"), [("momentum", "momentum=0..0.9"), ("nesterov", "momentum=0..0.9"), ("gradient_descent", "start.y=0.1..2")])  # fmt: skip
def test_the_null_model_is_smooth(optimizer, y):
    """A quadratic's boundary through the same pipeline: dimension 1.0 to 1.1."""
    m = train_map("quadratic", x="learning_rate=0.01..1:log", y=y, size=257, optimizer=optimizer, steps=200,
                  measures="convergence", start=(1, 1))  # fmt: skip
    assert 0.98 <= box_counting_dimension(m.values < 0) <= 1.1


def test_known_dimensions():
    grid = np.indices((243, 243))
    carpet = np.ones((243, 243), dtype=bool)
    for k in range(5):
        carpet &= ~((grid[0] // 3**k % 3 == 1) & (grid[1] // 3**k % 3 == 1))
    noise = np.random.default_rng(0).random((257, 257)) < 0.5
    y, x = np.indices((513, 513)) - 256
    assert box_counting_dimension(noise) > 1.95
    assert 1.75 < box_counting_dimension(carpet) <= 2
    assert abs(box_counting_dimension(x * x + y * y < 200**2) - 1) < 0.05
    assert abs(box_counting_dimension(0.3 * x < y) - 1) < 0.03
    assert np.isnan(box_counting_dimension(np.zeros((65, 65))))
    assert boundary(x * x + y * y < 200**2).sum() > 1000


def test_the_fractal_set_up_is_the_papers():
    problem = fractal_objective()
    assert (problem.dimension, problem.data.X.shape, problem.data.T.shape) == (272, (272, 16), (272, 1))
    w = fl.draw_starts(problem, 1)[0]
    W0, W1 = w[:256].reshape(16, 16), w[256:].reshape(16, 1)
    X, T = problem.data.X, problem.data.T
    Z = np.tanh(np.sqrt(2) * (X @ W0 / np.sqrt(16))) @ W1 / np.sqrt(16) / np.sqrt(16)
    np.testing.assert_allclose(problem.loss(w), ((Z - T) ** 2).mean(), rtol=1e-12)
    relu = fractal_objective("relu")
    Z = np.sqrt(2) * np.maximum(X @ W0 / np.sqrt(16), 0) @ W1 / 16
    np.testing.assert_allclose(relu.loss(w), ((Z - T) ** 2).mean(), rtol=1e-12)


def test_the_convergence_measure_is_the_papers():
    m = compute_map(fractal_spec("identity", rows=16, size=6, steps=40))
    for x in m.x.values[[0, 2, 5]]:
        run = m.run_at(x, m.y.values[1])
        v = np.where(np.isfinite(run.losses), run.losses, 1e6)
        v = np.minimum(v / v[0], 1e6)
        want = -v.sum() if v[-20:].mean() < 1 else (1 / v).sum()
        np.testing.assert_allclose(m.cell(x, m.y.values[1])["convergence"], want, rtol=1e-9)


def _published_measure(W0, W1, X, T, rates, steps, activation, rows=None):
    """The measure written out from the paper's notebook: the losses of all rows before each of so many steps."""
    losses, (whole_X, whole_T) = [], (X, T)
    for step in range(steps):
        if rows is not None:
            full = np.tanh(whole_X @ W0 / np.sqrt(16) * np.sqrt(2)) @ W1 / 16
            X, T = (whole_X[rows[step]], whole_T[rows[step]]) if step < len(rows) else (whole_X, whole_T)
        Z = X @ W0 / np.sqrt(16)
        A = np.tanh(Z * np.sqrt(2)) if activation == "tanh" else np.maximum(Z, 0) * np.sqrt(2)
        slope = np.sqrt(2) * (1 - A**2) if activation == "tanh" else np.sqrt(2) * (Z > 0)
        out = A @ W1 / 16
        losses.append(((out - T) ** 2).mean() if rows is None else ((full - whole_T) ** 2).mean())
        D = 2 * (out - T) / len(X)
        dW1 = A.T @ D / 16
        dW0 = X.T @ ((D @ W1.T / 16) * slope) / np.sqrt(16)
        W0, W1 = W0 - rates[0] * dW0, W1 - rates[1] * dW1
    v = np.array(losses)
    v = np.where(np.isfinite(v), v, 1e6) / v[0]
    v = np.minimum(v, 1e6)
    return -v.sum() if v[-20:].mean() < 1 else (1 / v).sum()


@pytest.mark.parametrize(
    "name", ["fractal-tanh", "fractal-relu", "fractal-single-row", "fractal-minibatch", "fractal-init-offset"]
)
@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid")
def test_a_preset_is_the_papers_experiment(name):
    """39 updates have the losses that the notebook records of 40 steps: it records none after the last one."""
    chosen = preset(name)
    spec = chosen.spec(3, size=5, steps=39)
    start, data = spec.start, spec.objective.data
    W0, W1 = start[:256].reshape(16, 16), start[256:].reshape(16, 1)
    rows = random.batches(3, 272, 16, 39, replacement=True) if name == "fractal-minibatch" else None
    m = compute_map(spec)
    for i, j in ((0, 0), (1, 2), (4, 1), (4, 4)):
        rates, first = (m.x.values[i], m.y.values[j]), W0
        if name == "fractal-init-offset":  # as in the paper's text: added once
            rates, first = (m.y.values[j],) * 2, W0 + m.x.values[i]
        want = _published_measure(first, W1, data.X, data.T, rates, 40, chosen.activation, rows)
        np.testing.assert_allclose(m.values[j, i], want, rtol=1e-6)


def test_the_presets_are_the_papers_variants():
    facts = {name: (p.objective().data.X.shape, p.batch, p.published) for name, p in PRESETS.items()}
    assert facts == {
        "fractal-tanh": ((272, 16), None, 1.66),
        "fractal-relu": ((272, 16), None, 1.20),
        "fractal-linear": ((16, 16), None, 1.17),
        "fractal-single-row": ((1, 16), None, 1.41),
        "fractal-minibatch": ((272, 16), 16, 1.55),
        "fractal-init-offset": ((272, 16), None, 1.98),
    }


@pytest.mark.parametrize("parametrization", ["standard", "mup"])
@pytest.mark.parametrize(
    "y", ["initial_offset=-3..3", "initial_scale=0.1..3", "seed=0..4", "l2=0..5", "initial_offset.1=-1..1"]
)
def test_rows_have_the_curvature_of_their_own_start(y, parametrization):
    network = fl.Network.of("2-3-3", activation="tanh", parametrization=parametrization)
    problem = fl.NetworkObjective(network, fl.generate("three-gaussians", samples=9))
    m = fl.map(problem, x="learning_rate=1e-4..1e-1:log", y=y, size=5, steps=9, starts=2)
    factors = 1 if parametrization == "standard" else np.sqrt(factors_on_rates(problem, m.spec.method.optimizer))

    def bound(run, w):
        l2 = run.method.values.get("l2", 0.0)
        H = problem.hessian(w) + l2 * np.diag(weights)
        return 2 / np.linalg.eigvalsh(np.outer(factors, factors) * H if parametrization == "mup" else H).max()

    weights = np.concatenate([np.r_[np.ones(a * b), np.zeros(b)] for a, b in ((2, 3), (3, 3))])
    runs = [replay(m.spec, 2, j) for j in range(5)]
    np.testing.assert_allclose(m.theory()["start"], [bound(run, run.start) for run in runs], rtol=1e-5)
    best = np.unravel_index(np.argmin(m["final_loss"]), (5, 5))
    run = replay(m.spec, int(best[1]), int(best[0]))
    assert m.theory()["end"][0] == pytest.approx(bound(run, run.end), rel=1e-5)
