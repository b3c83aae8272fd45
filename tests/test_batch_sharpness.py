"""Batch sharpness and gradient noise, beside dense Hessians, a gradient by hand, and all minibatches one by one."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

import fallline as fl
from fallline import random
from fallline.errors import SettingError, UsageError
from fallline.experiment.method import method
from fallline.laws import Trial, momentum_batches
from fallline.runs.batch_sharpness import batch_sharpness_along, batch_sharpness_at, gradient_noise_at
from fallline.runs.execution import Execution
from fallline.runs.training import Training

DATA = fl.generate("three-gaussians", samples=7, seed=4)
RNG = np.random.default_rng(3)


def problem_of(sizes="2-3-3", **options):
    return fl.NetworkObjective(fl.Network.of(sizes, **options), DATA)


def on_rows(problem, rows):
    return fl.NetworkObjective(problem.network, (problem.data.X[rows], problem.data.T[rows]))


OPTIONS = [{"activation": "tanh"}, {"activation": "silu", "reduction": "mean", "l2": 0.2}]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("batch", [1, 5, 21])
def test_batch_sharpness_is_that_of_dense_hessians(options, batch):
    problem = problem_of(**options)
    w = RNG.normal(size=(3, problem.dimension))
    found = batch_sharpness_at(problem, w, batch, count=9, seed=2)
    products, squares = [], []
    for rows in random.batches(2, 21, batch, 9):
        part = on_rows(problem, rows)
        g = problem.minibatch(w, rows)[2]
        products.append(np.einsum("rp,rpq,rq->r", g, part.hessian(w), g))
        squares.append((g * g).sum(axis=1))
    np.testing.assert_allclose(found.mean_of_ratios, np.mean(np.divide(products, squares), axis=0), rtol=1e-9)
    np.testing.assert_allclose(found.ratio_of_means, np.mean(products, axis=0) / np.mean(squares, axis=0), rtol=1e-9)


def test_batch_sharpness_is_that_of_a_gradient_by_hand():
    """A network 2-3-1 in plain NumPy; the Hessian along its gradient by central differences."""
    x = random.normal(1, "x", 12).reshape(6, 2)
    y = x[:, :1] * x[:, 1:]
    net = fl.Network.of("2-3-1", activation="tanh", loss="half_squared_error", reduction="mean")
    problem = fl.NetworkObjective(net, (x, y))
    w = fl.draw_starts(problem, 1)

    def slope(flat, rows):
        W2 = flat[9:12].reshape(3, 1)
        hidden = np.tanh(x[rows] @ flat[:6].reshape(2, 3) + flat[6:9])
        error = (hidden @ W2 + flat[12:] - y[rows]) / len(rows)
        delta = (error @ W2.T) * (1 - hidden**2)
        parts = (x[rows].T @ delta, delta.sum(axis=0), hidden.T @ error, error.sum(axis=0))
        return np.concatenate([part.ravel() for part in parts])

    ratios = []
    for rows in random.batches(0, 6, 2, 3):
        g = slope(w[0], rows)
        v = g / np.linalg.norm(g)
        ratios.append(v @ (slope(w[0] + 1e-5 * v, rows) - slope(w[0] - 1e-5 * v, rows)) / 2e-5)
    assert batch_sharpness_at(problem, w, 2, count=3).mean_of_ratios[0] == pytest.approx(np.mean(ratios), rel=1e-7)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_gradient_noise_is_that_of_all_minibatches(options):
    problem = fl.NetworkObjective(fl.Network.of("2-3-3", **options), (DATA.X[::3], DATA.T[::3]))
    w = RNG.normal(size=(2, problem.dimension))
    every = {
        size: [problem.minibatch(w, np.array(rows))[2] for rows in combinations(range(7), size)] for size in (1, 3)
    }
    found = gradient_noise_at(problem, w, 3)
    np.testing.assert_allclose(found.trace, np.var(every[3], axis=0).sum(axis=-1), rtol=1e-10)
    mean = problem.gradient(w) / (1 if problem.network.reduction == "mean" else 7)
    single = np.var(every[1], axis=0).sum(axis=-1)
    np.testing.assert_allclose(found.scale, single / (mean * mean).sum(axis=-1), rtol=1e-10)
    pairs = [problem.minibatch(w, np.array([a, b]))[2] for a in range(7) for b in range(7)]
    replaced = gradient_noise_at(problem, w, 2, replacement=True)
    np.testing.assert_allclose(replaced.trace, np.var(pairs, axis=0).sum(axis=-1), rtol=1e-10)
    assert (gradient_noise_at(problem, w, 7).trace == 0).all()


def test_both_have_the_same_bits_alone_and_beside_others():
    problem = problem_of(activation="tanh")
    w = RNG.normal(size=(9, problem.dimension))
    w[4] = np.nan

    def all_of(points, **options):
        sharp, noise = (f(problem, points, 4, **options) for f in (batch_sharpness_at, gradient_noise_at))
        return np.stack([sharp.mean_of_ratios, sharp.ratio_of_means, noise.trace, noise.scale])

    together = all_of(w)
    assert np.isnan(together).all(axis=0).tolist() == [k == 4 for k in range(9)]
    for k in (0, 8):
        assert all_of(w[k : k + 1], execution=Execution(threads=1)).tobytes() == together[:, k].tobytes()


def test_batch_sharpness_along_runs_is_that_of_their_paths():
    problem = problem_of(activation="tanh")
    starts = fl.draw_starts(problem, 2)
    rows = random.batches(0, 21, 5, 12)
    along = batch_sharpness_along(
        Training(problem, method(learning_rate=0.01), 12, starts, rows=rows), [0, 7, 12], count=6
    )
    for k, start in enumerate(starts):
        path = fl.descend(problem, start=start, steps=12, learning_rate=0.01, batch=5, seed=0).path
        at = batch_sharpness_at(problem, path[[0, 7, 12]], 5, count=6)
        np.testing.assert_allclose(along.mean_of_ratios[k], at.mean_of_ratios, rtol=1e-9)
        np.testing.assert_allclose(along.ratio_of_means[k], at.ratio_of_means, rtol=1e-9)


def test_steps_without_minibatches_are_refused():
    problem = problem_of()
    training = Training(problem, method(), 4, fl.draw_starts(problem, 1), rows=random.batches(0, 21, 5, 4))
    with pytest.raises(SettingError, match="the minibatches of 4 steps are given; got step 5"):
        batch_sharpness_along(training, [5])


def test_what_has_no_minibatches_is_refused_in_a_sentence():
    problem = problem_of()
    w = fl.draw_starts(problem, 1)
    with pytest.raises(UsageError, match="minibatches need a network on data; quadratic has no samples"):
        gradient_noise_at(fl.objective("quadratic"), np.ones((1, 2)), 1)
    with pytest.raises(SettingError, match="batch must be at most the number of samples, 21; got 22"):
        batch_sharpness_at(problem, w, 22)
    with pytest.raises(SettingError, match="count must be a whole number from 1 on; got 0"):
        batch_sharpness_at(problem, w, 2, count=0)
    with pytest.raises(UsageError, match="give l2 to the network"):
        batch_sharpness_along(Training(problem, method(learning_rate=0.1).with_({"l2": 0.1}), 3, w), [0])


def test_large_minibatches_stay_at_the_high_limit_and_small_ones_near_the_low_one(monkeypatch):
    monkeypatch.setattr(momentum_batches, "STEPS", 3000)
    low, high = momentum_batches.limits(0.5)
    half = np.array([0.5])
    small = momentum_batches.scaled(Trial(4), 4, np.array([0.05]), half).mean_of_ratios
    large = momentum_batches.scaled(Trial(4), 120, np.array([0.2]), half).mean_of_ratios
    assert np.median(small) == pytest.approx(low, rel=0.3)
    assert np.median(large) == pytest.approx(high, rel=0.15)
