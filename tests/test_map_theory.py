"""Maps against theory: stability bounds of quadratics, and a boundary that is smooth for them and fractal for networks."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import fallline as fl
from fallline.errors import UsageError
from fallline.maps.boundary import boundary, box_counting_dimension
from fallline.maps.fractal import fractal_objective, fractal_spec
from fallline.maps.map import compute_map
from fallline.maps.mapping import map as train_map

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
