"""Products of the Hessian, eigenvalues and sharpness in lanes, beside the dense Hessian of the complex step."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import fallline as fl
from fallline.errors import SettingError, UsageError
from fallline.experiment.method import method
from fallline.live import check_page
from fallline.readings.machine.layout import Plan
from fallline.readings.machine.samples.array_recovery import RecoveredArrays
from fallline.runs import lanczos
from fallline.runs.eigenvalues import Largest, drawn, largest_eigenvalues
from fallline.runs.execution import Execution
from fallline.runs.lanczos import largest_of_hessians
from fallline.runs.second_order import HessianRecipe, hessian_products
from fallline.runs.sharpness import sharpness_along, sharpness_at
from fallline.runs.training import Training
from fallline.textbook.optimizers import OPTIMIZERS
from fallline.views.pictures.map_picture import bound_of

_spec = importlib.util.spec_from_file_location(
    "random_sharpness", Path(__file__).parent / "long" / "random_sharpness.py"
)
random_sharpness = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(random_sharpness)

SHARP = ["sharpness", "sharpness_times_rate", "largest_sharpness"]
DATA = fl.generate("three-gaussians", samples=15, seed=4)
RNG = np.random.default_rng(3)


def problem_of(sizes="2-3-3", **options):
    return fl.NetworkObjective(fl.Network.of(sizes, **options), DATA)


@pytest.mark.parametrize(
    "options",
    [
        {}, {"activation": "tanh", "l2": 0.3}, {"activation": "gelu", "reduction": "mean"}, {"activation": "silu", "bias": False},
        {"activation": "softplus", "loss": "half_squared_error", "l2": 0.1, "reduction": "mean"},
    ],
    ids=str,
)  # fmt: skip
def test_a_product_is_that_of_the_complex_step(options):
    problem = problem_of(**options)
    w, v = RNG.normal(size=(2, 7, problem.dimension))
    np.testing.assert_allclose(hessian_products(problem, w, v), problem.hessian_vector(w, v), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("name", ["rosenbrock", "himmelblau", "ackley"])
def test_a_product_of_a_landscape(name):
    problem = fl.objective(name)
    w, v = RNG.uniform(0.2, 1, size=(2, 5, problem.dimension))
    np.testing.assert_allclose(hessian_products(problem, w, v), problem.hessian_vector(w, v), rtol=1e-9)


def test_a_product_has_the_same_bits_alone_and_beside_others():
    problem = problem_of(activation="tanh")
    w, v = RNG.normal(size=(2, 19, problem.dimension))
    together = hessian_products(problem, w, v)
    for k in (0, 7, 18):
        alone = hessian_products(problem, w[k : k + 1], v[k : k + 1], execution=Execution(threads=1))
        assert alone.tobytes() == together[k : k + 1].tobytes()


@pytest.mark.parametrize("activation", ["leaky_relu", "silu"])
def test_a_product_has_the_same_bits_in_loops(activation):
    problem = problem_of("2-7-6-3", activation=activation, l2=0.1)
    w, v = RNG.normal(size=(2, 5, problem.dimension))
    straight, loops = (
        hessian_products(problem, w, v, execution=Execution(plan=plan)) for plan in (Plan(4, 1), Plan(8, 4, tiled=True))
    )
    assert straight.tobytes() == loops.tobytes()


def test_a_large_network_is_compiled_as_loops():
    problem = problem_of("2-20-20-3", activation="silu")
    w, v = RNG.normal(size=(2, 2, problem.dimension))
    np.testing.assert_allclose(hessian_products(problem, w, v), problem.hessian_vector(w, v), rtol=1e-10, atol=1e-10)
    gradient = HessianRecipe(problem.network).program().objective.gradient
    arrays = RecoveredArrays([(k, node) for k, node in enumerate(gradient) if node.op != "number"])
    assert sum(array.length == 1 for array in arrays.order) < 30


def test_where_the_loss_is_not_finite_there_is_no_product():
    problem = problem_of(activation="tanh")
    w, v = RNG.normal(size=(2, 3, problem.dimension))
    w[1] = np.nan
    assert np.isnan(hessian_products(problem, w, v)).all(axis=1).tolist() == [False, True, False]
    assert np.isnan(hessian_products(problem, w[1:2], v[1:2])).all()


def test_eigenvalues_of_matrices():
    for size in (1, 2, 5, 40):
        A = RNG.normal(size=(6, size, size))
        A = A @ A.mT
        found = largest_eigenvalues(
            lambda v, which, A=A: np.einsum("rij,rj->ri", A[which], v), drawn(6, size), tolerance=1e-5
        )
        np.testing.assert_allclose(found.values, np.linalg.eigvalsh(A)[:, -1], rtol=1e-8)
        residual = np.einsum("rij,rj->ri", A, found.vectors) - found.values[:, None] * found.vectors
        assert np.abs(residual).max() <= 1e-4 * found.values.max()


@pytest.mark.parametrize(
    ("activation", "plan"),
    [("relu", Plan(8, 2)), ("tanh", Plan(4, 5, tiled=True)), ("silu", Plan(8, 4, tiled=True))],
)  # fmt: skip
def test_compiled_lanczos_has_the_bits_of_numpy_s(activation, plan, monkeypatch):
    """Whatever its layout, whether it stores what products share, and whichever runs share a vector."""
    net = fl.Network.of("2-5-4-3", activation=activation, l2=0.1)
    problem = fl.NetworkObjective(net, (DATA.X[:11], DATA.T[:11]))
    w = fl.draw_starts(problem, 11)
    w[4] = np.nan
    l2, roots, first = RNG.uniform(0, 0.2, 11), RNG.uniform(0.5, 2, w.shape), drawn(*w.shape)

    def product(v, which):
        return hessian_products(problem, w[which], v / roots[which], l2=l2[which]) / roots[which]

    expected = largest_eigenvalues(product, first, tolerance=1e-6)
    for stored, alike in ((0, None), (2**20, expected.products)):
        monkeypatch.setattr(lanczos, "STORED", stored)
        found = largest_of_hessians(
            problem, w, first, roots=roots, l2=l2, alike=alike, execution=Execution(threads=1, plan=plan)
        )
        for name in ("values", "vectors", "residuals", "products"):
            assert getattr(found, name).tobytes() == getattr(expected, name).tobytes(), (stored, name)


@pytest.mark.parametrize("name", ["quadratic", "ackley"])
def test_compiled_lanczos_has_the_bits_of_numpy_s_on_a_landscape(name):
    problem = fl.objective(name)
    w = RNG.uniform(0.2, 1, size=(5, problem.dimension))
    expected = largest_eigenvalues(lambda v, which: hessian_products(problem, w[which], v), drawn(*w.shape))
    found = largest_of_hessians(problem, w, drawn(*w.shape), tolerance=1e-4)
    assert found.values.tobytes() == expected.values.tobytes()
    assert found.vectors.tobytes() == expected.vectors.tobytes()


def test_an_eigenvalue_may_be_negative_or_not_exist():
    found = largest_eigenvalues(lambda v, which: -v * [1.0, 2.0], drawn(2, 2))
    np.testing.assert_allclose(found.values, -1)
    broken = largest_eigenvalues(lambda v, which: v * np.array([[1.0], [np.nan]])[which], drawn(2, 3))
    assert broken.values[0] == pytest.approx(1)
    assert np.isnan(broken.values[1])


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_sharpness_is_the_largest_eigenvalue_of_the_dense_hessian(activation):
    problem = problem_of("2-6-5-3", activation=activation)
    w = fl.draw_starts(problem, 12)
    dense = np.linalg.eigvalsh(problem.hessian(w))[:, -1]
    found = sharpness_at(problem, w)
    np.testing.assert_allclose(found.values, dense, rtol=1e-6)
    again = sharpness_at(problem, w, start=found)
    np.testing.assert_allclose(again.values, dense, rtol=1e-6)
    assert again.products.sum() < found.products.sum()


def test_the_sharpness_of_random_networks_is_that_of_their_dense_hessians():
    """`tests/long/random_sharpness.py` takes 200 networks."""
    for text, error, _ in random_sharpness.errors(10):
        assert error <= random_sharpness.TOLERANCE, text


def test_an_eigenvector_that_has_overtaken_the_first_is_found():
    point, vector = np.ones((1, 2)), np.array([[1.0, 0.0]])  # an eigenvector, but of the eigenvalue 1
    before = Largest(np.ones(1), vector, np.zeros(1), np.ones(1, np.int64))
    assert sharpness_at(fl.objective("quadratic"), point, start=before).values[0] == pytest.approx(10, rel=1e-12)


def test_a_sharpness_has_the_same_bits_alone_and_beside_others():
    problem = problem_of("2-6-5-3", activation="tanh")
    w = fl.draw_starts(problem, 9)
    together = sharpness_at(problem, w)
    for k in (0, 3, 8):
        alone = sharpness_at(problem, w[k : k + 1], execution=Execution(threads=1))
        assert alone.values.tobytes() == together.values[k : k + 1].tobytes()
        assert alone.vectors.tobytes() == together.vectors[k : k + 1].tobytes()


def test_a_preconditioner_divides_the_hessian():
    problem = problem_of(activation="tanh")
    w = fl.draw_starts(problem, 3)
    D = RNG.uniform(0.5, 2, size=w.shape)
    dense = [np.linalg.eigvals(H / d[:, None]).real.max() for H, d in zip(problem.hessian(w), D, strict=True)]
    np.testing.assert_allclose(sharpness_at(problem, w, preconditioner=D).values, dense, rtol=1e-6)


def test_sharpness_along_runs_is_that_of_their_paths():
    problem = problem_of(activation="tanh")
    starts = fl.draw_starts(problem, 4)
    how = method("momentum", learning_rate=0.01, momentum=0.5)
    along = sharpness_along(Training(problem, how, 30, starts), [0, 7, 30], tolerance=1e-5)
    for k, start in enumerate(starts):
        path = fl.descend(problem, "momentum", start=start, steps=30, learning_rate=0.01, momentum=0.5).path
        np.testing.assert_allclose(along[k], problem.sharpness(path[[0, 7, 30]]), rtol=1e-6)


def test_a_run_that_diverges_has_no_sharpness_from_then_on():
    problem = problem_of(activation="relu", loss="half_squared_error")
    training = Training(problem, method("momentum", learning_rate=50.0, momentum=0.9), 200, fl.draw_starts(problem, 3))
    along = sharpness_along(training, [0, 200])
    assert np.isfinite(along[:, 0]).all()
    assert np.isnan(along[:, 1]).all()


def test_what_cannot_be_followed_is_refused_in_a_sentence():
    problem = problem_of()
    training = Training(problem, method("momentum", learning_rate=0.01), 3, fl.draw_starts(problem, 1))
    with pytest.raises(SettingError, match=r"steps must rise from 0 on; got \[3, 1\]"):
        sharpness_along(training, [3, 1])


def test_measures_of_a_map_are_those_of_its_runs():
    problem = problem_of("2-4-3", activation="tanh", loss="cross_entropy")
    m = fl.map(
        problem, x="learning_rate=1e-3..5e-2:log", y="l2=0..0.2", size=(3, 2), steps=32, measures=SHARP, optimizer="momentum",
        momentum=0.5, schedule="constant",
    )  # fmt: skip
    for j, i in np.ndindex(2, 3):
        run = m.run_at(m.x.values[i], m.y.values[j])
        along = run.objective.sharpness(run.path[::2])
        assert m["sharpness"][j, i] == pytest.approx(along[-1], rel=1e-6)
        assert m["sharpness_times_rate"][j, i] == pytest.approx(m.x.values[i] * along[-1], rel=1e-6)
        assert m["largest_sharpness"][j, i] == pytest.approx(along.max(), rel=1e-6)


@pytest.mark.parametrize("optimizer", ["adam", "adam_epsilon_hat", "adamw", "rmsprop", "adagrad"])
def test_an_adaptive_optimizer_divides_the_hessian(optimizer):
    """The step is the rate times D^-1 m: so D is what the page divides by."""
    problem = problem_of("2-4-3", activation="tanh")
    start = fl.draw_starts(problem, 1)[0]
    m = fl.map(
        problem, x=("learning_rate", 0.01, 0.02), size=2, steps=9, optimizer=optimizer, start=start, measures=SHARP[1]
    )
    run = fl.descend(problem, optimizer, learning_rate=0.02, steps=9, start=start)
    how, w = OPTIMIZERS[optimizer], run.path
    settings = {name: run.method.settings[name] for name in how.settings}
    state = tuple(np.asarray(s, float) for s in how.init(w[0], **settings))
    for t in range(1, 10):
        before, mean = w[t - 1], problem.gradient(w[t - 1])
        new, state = how.step(before, mean, state, t, **settings)
    mean = state[0] if how.state[0] == "m" else mean
    decayed = before * (1 - 0.02 * settings.get("weight_decay", 0.0))
    D = 0.02 * mean / (decayed - new)
    dense = np.linalg.eigvals(problem.hessian(run.end) / D[:, None]).real.max()
    assert m[SHARP[1]][1] == pytest.approx(0.02 * dense, rel=1e-5)


def test_measures_have_the_same_bits_whatever_computes_them(tmp_path):
    def compute(**options):
        m = fl.map(
            problem_of("2-5-3", activation="silu"), x="learning_rate=1e-3..2:log", y="seed=0..4", size=(6, 5), steps=20,
            measures=SHARP, optimizer="adam", **options,
        )  # fmt: skip
        return [m[name].tobytes() for name in SHARP]

    first = compute(threads=1)
    assert compute(threads=2, out=tmp_path / "m.fallmap") == first
    assert compute(dtype="float32") != first


def test_what_has_no_sharpness_is_refused_in_a_sentence():
    problem = problem_of()
    with pytest.raises(UsageError, match="sharpness_times_rate needs a constant learning rate; the schedule is cosine"):
        fl.map(problem, x="learning_rate=0.1..1", size=2, schedule="cosine", measures="sharpness_times_rate")
    with pytest.raises(UsageError, match="one learning rate for all layers"):
        fl.map(problem, x="learning_rate.1=0.1..1", size=2, measures="sharpness_times_rate")
    with pytest.raises(UsageError, match="largest_sharpness cannot be taken with a list of learning rates"):
        fl.map(
            problem,
            x="momentum=0.1..1",
            optimizer="momentum",
            size=2,
            steps=3,
            learning_rate=[0.1] * 3,
            measures=SHARP[2],
        )
    with pytest.raises(UsageError, match="landscapes, and of networks of up to 5000 parameters"):
        fl.map(problem_of("2-60-90-3"), x="learning_rate=0.1..1", size=2, steps=2, measures="sharpness")
    m = fl.map(problem, x="learning_rate=0.1..1", y="seed=0..1", size=2, steps=2, measures="sharpness")
    with pytest.raises(UsageError, match="a live page cannot compute sharpness"):
        check_page(m.spec)


def test_colours_reach_beyond_the_bound_of_stability():
    def bound(**options):
        m = fl.map(
            "quadratic", x="learning_rate=0.05..0.3", y="start.x=-1..1", size=4, steps=5, measures=SHARP[1], **options
        )
        return bound_of(m, SHARP[1])

    assert bound() == 2
    assert bound(optimizer="momentum", momentum=0.5) == 3
    assert bound(optimizer="rmsprop") == 2
    assert bound(optimizer="adam", beta1=0.5) == pytest.approx(6)
