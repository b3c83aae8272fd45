"""The machine reading: every page compiles, agrees with the numbers, and gives the same bits however it is laid out."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from fallline.data import Dataset
from fallline.errors import TraceError
from fallline.experiment.method import method
from fallline.measures.outcome import judge
from fallline.measures.statistics import Statistics, diverged_at
from fallline.problems import NetworkObjective, objective
from fallline.readings.machine.layout import Plan
from fallline.readings.machine.samples.array_recovery import RecoveredArrays
from fallline.readings.machine.samples.node_arrays import Product
from fallline.readings.machine.target import this_host
from fallline.runs.descent import descend
from fallline.runs.programs import Recipe, program_of
from fallline.textbook.activations import ACTIVATIONS, Activation
from fallline.textbook.landscapes import LANDSCAPES
from fallline.textbook.losses import LOSSES
from fallline.textbook.network import Network
from fallline.textbook.optimizers import OPTIMIZERS, Optimizer
from fallline.textbook.schedules import SCHEDULES
from side_by_side import train

RATE = {"adam": 0.05, "adamw": 0.05, "adam_epsilon_hat": 0.05, "rmsprop": 0.02, "adagrad": 0.1}


def problem(sizes="2-4-3", loss="cross_entropy", rows=23, activation="tanh", **options) -> NetworkObjective:
    rng = np.random.default_rng(5)
    network = Network.of(sizes, activation=activation, loss=loss, reduction="mean", **options)
    T = np.eye(network.sizes[-1])[rng.integers(0, network.sizes[-1], rows)]
    if network.loss.targets == "values":
        T = rng.normal(size=T.shape)
    return NetworkObjective(network, Dataset(rng.normal(size=(rows, network.sizes[0])), T, "random"))


def start(target, scale=0.7):
    return np.random.default_rng(6).normal(size=target.dimension) * scale


def agree(target, name="gradient_descent", steps=40, dtype="float64", **settings):
    """Losses and last parameters of one lane against the NumPy run."""
    rate = RATE.get(name, 0.05)
    run = descend(target, name, start=start(target), steps=steps, learning_rate=rate, dtype=dtype, **settings)
    got = train(
        target, name, steps=steps, starts=start(target), settings={"learning_rate": rate}, dtype=dtype,
        measures=["history", "parameters"], threads=1,
    )  # fmt: skip
    tolerance = 1e-12 if dtype == "float64" else 2e-5
    np.testing.assert_allclose(got["history"][0], run.losses, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(got["parameters"][0], run.end, rtol=10 * tolerance, atol=10 * tolerance)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_and_loss_agrees_with_numpy(activation, loss):
    agree(problem(activation=activation, loss=loss))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_agrees_with_numpy(name, dtype):
    # RMSProp's steps keep their length near a minimum, where they amplify the last bit
    agree(problem(), name, dtype=dtype, steps=15 if name == "rmsprop" else 40)


@pytest.mark.parametrize("name", LANDSCAPES)
def test_every_landscape_agrees_with_numpy(name):
    target = objective(name)
    point = np.array([0.6, 0.4])
    run = descend(target, "momentum", start=point, steps=30, learning_rate=1e-3, momentum=0.8)
    got = train(
        target, "momentum", steps=30, starts=point, settings={"learning_rate": 1e-3, "momentum": 0.8},
        measures=["history", "parameters"],
    )  # fmt: skip
    np.testing.assert_allclose(got["history"][0], run.losses, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(got["parameters"][0], run.end, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_agrees_with_numpy(name):
    target = problem()
    options = method(schedule_=name, steps=25).schedule_settings
    run = descend(target, start=start(target), steps=25, learning_rate=0.3, schedule={"name": name, **options})
    got = train(
        target, steps=25, starts=start(target), schedule_=name, measures=["history"],
        settings={"learning_rate": 0.3} | {f"schedule.{k}": v for k, v in options.items()},
    )  # fmt: skip
    np.testing.assert_allclose(got["history"][0], run.losses, rtol=1e-12)


@pytest.mark.parametrize(
    "sizes", ["1-1", "3-1", "1-5-1", "2-3-2-3", "5-7-4-2", "16-16-1", "3-11-7-2", "4-13-3", "3-5-5-5-5-2"]
)
@pytest.mark.parametrize("bias", [True, False])
def test_shapes_and_layouts_give_one_hash(sizes, bias):
    target = problem(sizes, loss="squared_error", bias=bias, scales=tuple(0.5 for _ in sizes.split("-")[1:]))
    hashes = set()
    straight = [Plan(8, 1), Plan(4, 2)] if target.dimension < 70 else [Plan(4, 1)]
    for plan in (*straight, Plan(16, 1, True), Plan(8, 4, True), None):
        got = train(
            target, "momentum", steps=6, starts=start(target), settings={"learning_rate": np.linspace(0.001, 0.1, 13)},
            measures=["history", "parameters"], plan=plan,
        )  # fmt: skip
        hashes.add(hashlib.sha256(got["history"].tobytes() + got["parameters"].tobytes()).hexdigest())
    assert len(hashes) == 1
    run = descend(target, "momentum", start=start(target), steps=6, learning_rate=0.001)
    np.testing.assert_allclose(got["history"][0], run.losses, rtol=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_a_networks_whole_gradient_is_found_as_arrays(activation, loss):
    """Operands in another order for some units once left a layer as thousands of scalars, which compiled for 9 seconds."""
    network = Network.of("2-6-5-3", activation=activation, loss=loss)
    recipe = Recipe(network, OPTIMIZERS["gradient_descent"], SCHEDULES["constant"], ("learning_rate",))
    samples = program_of(recipe).objective
    arrays = RecoveredArrays([*enumerate([samples.loss, *samples.gradient])])
    assert {outer.shape for outer in arrays.outers} == {(2, 6), (6, 5), (5, 3)}
    assert [total.count for total in arrays.rest] == [1, 6, 5, 3]
    assert sum(isinstance(array, Product) for array in arrays.order) == 5


@pytest.mark.parametrize(
    ("dtype", "tiled"), [("float64", True), pytest.param("float32", False, marks=pytest.mark.long)]
)
def test_instruction_sets_threads_and_company_give_one_hash(dtype, tiled):
    target = problem("2-3-2-3", activation="softplus")
    rates = np.geomspace(1e-3, 30, 37)  # from smooth to divergent
    settings = {"learning_rate": rates, "momentum": np.linspace(0, 0.99, 37)}
    wanted = ["history", "parameters", "convergence", "outcome", "diverged_at", "accuracy"]

    def hashed(got, order=slice(None)):
        return hashlib.sha256(b"".join(np.ascontiguousarray(got[k][order]).tobytes() for k in wanted)).hexdigest()

    def run(order=slice(None), **options):
        some = {k: v[order] for k, v in settings.items()}
        return train(
            target, "momentum", steps=12, starts=start(target), settings=some, measures=wanted, dtype=dtype, **options
        )

    layouts = [("native", 16), ("native", 4), *((name, 8) for name in this_host().sets)]
    hashes = {hashed(run(plan=Plan(n, 2, tiled, name))) for name, n in layouts}
    hashes |= {hashed(run(threads=n)) for n in (1, 2, 4)}
    order = np.random.default_rng(0).permutation(37)
    hashes |= {hashed(run(order), np.argsort(order))}
    assert len(hashes) == 1


def test_known_bits():
    """These change only together with ARITHMETIC_VERSION."""
    target = problem("2-3-2-3", activation="gelu")
    got = train(
        target, "adam", steps=20, starts=start(target), settings={"learning_rate": np.linspace(0.001, 0.1, 5)},
        measures=["final_loss"],
    )  # fmt: skip
    assert hashlib.sha256(got["final_loss"].tobytes()).hexdigest()[:16] == KNOWN


KNOWN = "ee288e97fcbf2c23"


def test_minibatches_take_the_given_rows():
    target = problem(rows=24)
    rows = np.random.default_rng(1).integers(0, 24, (15, 7))
    from fallline.runs.trajectory import trajectory

    how = method("momentum", learning_rate=0.05)
    losses = [float(loss) for _, loss, _ in trajectory(target, how, start(target), 15, rows=rows)]
    for plan in (None, Plan(8, 4, True), Plan(8, 7)):
        got = train(
            target, "momentum", steps=15, starts=start(target), rows=rows, settings={"learning_rate": 0.05},
            measures=["history"], plan=plan,
        )  # fmt: skip
        np.testing.assert_allclose(got["history"][0], losses, rtol=1e-12)


def test_layers_may_have_their_own_learning_rates():
    target = problem("2-4-3")
    run = descend(target, start=start(target), steps=10, learning_rate=0.1, **{"learning_rate.2": 0.5})
    got = train(
        target, steps=10, starts=start(target), measures=["history"],
        settings={"learning_rate": 0.1, "learning_rate.2": [0.5, 0.1]},
    )  # fmt: skip
    np.testing.assert_allclose(got["history"][0], run.losses, rtol=1e-12)
    assert got["history"][1, -1] != got["history"][0, -1]


def test_l2_is_a_setting_of_each_lane():
    base = problem("2-4-3")
    values = np.array([0.0, 0.01, 0.3])
    got = train(
        base, "adam", steps=10, starts=start(base), settings={"learning_rate": 0.05, "l2": values}, measures=["history"]
    )
    for l2, losses in zip(values, got["history"], strict=True):
        target = NetworkObjective(base.network.with_(l2=float(l2)), base.data)
        run = descend(target, "adam", start=start(base), steps=10, learning_rate=0.05)
        np.testing.assert_allclose(losses, run.losses, rtol=1e-12)


def test_measures_are_folds_of_the_history():
    target = problem("2-3-3", loss="squared_error", activation="relu")
    starts = np.random.default_rng(2).normal(size=(60, target.dimension))
    settings = {"learning_rate": np.geomspace(1e-3, 300, 60)}
    wanted = ["history", "final_loss", "best_loss", "steps_to", "diverged_at", "outcome", "convergence"]
    got = train(target, "momentum", steps=64, starts=starts, settings=settings, target=0.9, measures=wanted)
    losses = got["history"]
    dead = np.logical_or.accumulate(~np.isfinite(losses), axis=-1)
    assert dead.any()
    assert not dead.all()
    stopped = np.where(dead, np.inf, losses)
    np.testing.assert_array_equal(np.isinf(got["final_loss"]), dead[:, -1])
    np.testing.assert_array_equal(got["best_loss"], stopped.min(axis=-1))
    reached = stopped <= 0.9
    np.testing.assert_array_equal(got["steps_to"], np.where(reached.any(axis=-1), reached.argmax(axis=-1), -1))
    np.testing.assert_array_equal(got["diverged_at"], diverged_at(stopped))
    norms = np.ones_like(losses)  # none of these runs' gradients vanishes
    np.testing.assert_array_equal(got["outcome"], judge(Statistics.of_curves(stopped, norms, starts)))
    v = np.minimum(np.where(np.isfinite(stopped), stopped, 1e6) / stopped[:, :1], 1e6)
    want = np.where(v[:, -20:].mean(axis=-1) < 1, -v.sum(axis=-1), (1 / v).sum(axis=-1))
    np.testing.assert_allclose(got["convergence"], want, rtol=1e-12)


@pytest.mark.parametrize("tiled", [False, True])
@pytest.mark.parametrize("loss", ["cross_entropy", "logistic"])
def test_accuracy_is_that_of_the_last_parameters(loss, tiled):
    target = problem("2-4-3", loss=loss, rows=31)
    starts = np.random.default_rng(2).normal(size=(9, target.dimension))
    got = train(
        target, steps=5, starts=starts, settings={"learning_rate": 0.1}, measures=["accuracy", "parameters"],
        plan=Plan(8, 3, tiled),
    )  # fmt: skip
    np.testing.assert_allclose(got["accuracy"], target.accuracy(got["parameters"]), rtol=1e-15)


def test_a_users_own_pages_compile():
    def bump(z):
        return z / (1 + z**2)

    def bump_slope(z):
        return (1 - z**2) / (1 + z**2) ** 2

    def signed(w, g, state, t, *, learning_rate):
        return w - learning_rate * np.where(g > 0, 1, -1) / np.sqrt(t), ()

    target = problem(activation=Activation("bump", bump, bump_slope))
    own = Optimizer("signed", signed)
    run = descend(target, own, start=start(target), steps=12, learning_rate=0.01)
    got = train(target, own, steps=12, starts=start(target), settings={"learning_rate": 0.01}, measures=["history"])
    np.testing.assert_allclose(got["history"][0], run.losses, rtol=1e-12)
    valley = objective(lambda x, y: np.log1p(x**2) + np.abs(y) * np.cos(x))
    run = descend(valley, start=(0.4, 0.8), steps=12, learning_rate=0.01)
    got = train(valley, steps=12, starts=[0.4, 0.8], settings={"learning_rate": 0.01}, measures=["history"])
    np.testing.assert_allclose(got["history"][0], run.losses, rtol=1e-12)


def test_an_activation_that_cannot_be_traced_is_named():
    def kinked(z):
        return z if z.sum() > 0 else 0 * z

    with pytest.raises(TraceError, match=r"test_machine.py.*z.sum\(\) > 0"):
        train(problem(activation=Activation("kinked", kinked, kinked)), steps=1, starts=np.zeros(27))
