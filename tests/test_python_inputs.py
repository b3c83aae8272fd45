"""What a user of NumPy, SciPy and scikit-learn types first: the right answer, or an error in words; never another answer."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fallline as fl
from fallline.errors import SettingError, UnknownNameError, UsageError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)
NET = fl.Network.of("2-3-2", activation="tanh")
PROBLEM = fl.objective(NET, (X, Y))
W = fl.draw_starts(PROBLEM, 1)[0]
SMALL: dict[str, Any] = {"size": 3, "steps": 3}


def differences(f: Any, w: np.ndarray, h: float = 1e-6) -> np.ndarray:
    """The Hessian by central differences."""
    return np.array([(f.gradient(w + h * e) - f.gradient(w - h * e)) / (2 * h) for e in np.eye(len(w))])


# Objectives are functions


def test_an_objective_is_a_function_of_a_vector():
    f = fl.objective("rosenbrock")
    assert f([-1.2, 1.0]) == pytest.approx(24.2)
    assert f.gradient([-1.2, 1.0]).round(6).tolist() == [-215.6, -88.0]


def test_a_batch_of_points_has_a_batch_of_values():
    f = fl.objective("booth")
    assert f([[1, 3], [0, 0]]).tolist() == [0, 74]
    assert f.hessian(np.zeros((4, 2))).shape == (4, 2, 2)
    assert f.sharpness(np.zeros((4, 2))).round(9).tolist() == [18, 18, 18, 18]


@pytest.mark.parametrize("name", fl.LANDSCAPES)
def test_the_hessian_of_each_landscape_is_exact(name):
    f, w = fl.objective(name), np.array([0.7, 0.3])
    assert f.exact_hessian
    np.testing.assert_allclose(f.hessian(w), differences(f, w), atol=1e-4 * (1 + abs(f.hessian(w)).max()))


@pytest.mark.parametrize("activation", fl.ACTIVATIONS)
@pytest.mark.parametrize("loss", fl.LOSSES)
def test_the_hessian_of_each_network_is_exact(activation, loss):
    net = fl.Network.of("2-3-2" if loss == "cross_entropy" else "2-3-1", activation=activation, loss=loss, l2=0.1)
    f = fl.objective(net, (X, Y))
    w = fl.draw_starts(f, 1, 3)[0]
    assert f.exact_hessian
    np.testing.assert_allclose(f.hessian(w), differences(f, w), atol=1e-6 * abs(f.hessian(w)).max())


def test_products_and_sharpness_agree_with_the_matrix():
    H, v = PROBLEM.hessian(W), np.linspace(-1, 1, len(W))
    np.testing.assert_allclose(PROBLEM.hessian_vector(W, v), H @ v, rtol=1e-10, atol=1e-10)
    assert PROBLEM.sharpness(W) == pytest.approx(np.linalg.eigvalsh(H)[-1])


def test_a_wide_network_has_the_same_sharpness_without_the_matrix():
    f = fl.objective(fl.Network.of("2-16-16-2", activation="tanh"), (X[:9], Y[:9]))
    w = fl.draw_starts(f, 1)[0]
    assert f.dimension > 300
    assert f.sharpness(w) == pytest.approx(np.linalg.eigvalsh(f.hessian(w))[-1], rel=1e-4)


def test_a_function_that_only_differences_can_follow_says_so():
    f = fl.objective(fl.Landscape("own", lambda x, y: abs(x) ** 3 + y**2, lambda x, y: (3 * x * np.abs(x), 2 * y)))
    assert not f.exact_hessian
    np.testing.assert_allclose(f.hessian([-1, 2]), [[6, 0], [0, 2]], atol=1e-6)


def test_a_derived_gradient_of_an_absolute_value_is_exact():
    f = fl.objective(lambda x, y: abs(x) * y + x * x)
    assert f.exact_hessian
    assert f.hessian([-1, 2]).tolist() == [[2, -1], [-1, 0]]


def test_scipy_minimises_an_objective():
    optimize = pytest.importorskip("scipy.optimize")
    f = fl.objective("rosenbrock", 5)
    assert optimize.minimize(
        f, np.full(5, 0.5), jac=f.gradient, hess=f.hessian, method="trust-exact"
    ).x == pytest.approx(1)


def test_scipy_minimises_a_landscape():
    optimize = pytest.importorskip("scipy.optimize")
    hill = fl.LANDSCAPES["rosenbrock"]
    assert optimize.minimize(hill, [-1.2, 1.0], jac=hill.gradient).x == pytest.approx(1, abs=1e-4)


# Landscapes


@pytest.mark.parametrize("name", fl.LANDSCAPES)
def test_a_landscape_takes_one_vector_or_its_coordinates(name):
    hill, w = fl.LANDSCAPES[name], np.array([0.7, 0.3])
    assert hill(w) == hill([0.7, 0.3]) == hill(0.7, 0.3)
    assert np.array_equal(hill.gradient(w), np.array(hill.gradient(0.7, 0.3)))
    assert hill(np.stack([w, w, w])).shape == (3,)


def test_whole_numbers_do_not_overflow():
    assert fl.LANDSCAPES["himmelblau"](np.array([10**6, 10**6])) == pytest.approx(fl.LANDSCAPES["himmelblau"](1e6, 1e6))
    assert fl.objective("himmelblau")([10**6, 10**6]) == pytest.approx(fl.LANDSCAPES["himmelblau"](1e6, 1e6))


def test_whole_numbers_as_parameters_do_not_cut_off_the_data():
    assert PROBLEM(np.ones(len(W), dtype=int)) == PROBLEM(np.ones(len(W)))
    assert PROBLEM.accuracy([1] * len(W)) == PROBLEM.accuracy(np.ones(len(W)))


def test_a_landscape_of_five_coordinates():
    assert fl.objective("rosenbrock", 5).dimension == 5
    assert fl.landscape("rosenbrock", start=(0, 0, 0, 0, 0)).start == (0, 0, 0, 0, 0)
    assert fl.descend("rosenbrock", start=np.zeros(5), learning_rate=1e-3).path.shape == (101, 5)


def test_a_map_of_five_coordinates_and_its_file_agree(tmp_path):
    m = fl.map(
        "rosenbrock", start=np.full(5, 0.5), x="start.x1=-1..1", y="start.x2=-1..1", learning_rate=1e-3, **SMALL,
        out=tmp_path / "m.fallmap",
    )  # fmt: skip
    assert fl.load_map(tmp_path / "m.fallmap").sha256 == m.sha256
    assert m.run_at(1, -1).loss == pytest.approx(m.values[0, -1])


def test_another_start_of_a_named_landscape_is_used():
    hill = fl.landscape("booth", start=(1, 1), window=((0, 1), (2, 3)), name="mine")
    assert (hill.start, hill.window, hill.name) == ((1, 1), ((0, 1), (2, 3)), "mine")
    assert fl.descend(hill).start.tolist() == [1, 1]


def shifted(x, y, a=3):
    return (x - a) ** 2 + y**2


def test_a_parameter_with_a_default_is_no_coordinate():
    assert fl.descend(shifted, learning_rate=0.1, steps=300).end == pytest.approx([3, 0])
    assert fl.objective(fl.Landscape("own", shifted)).labels == ("x", "y")


def noisy(x, y):
    return x**2 + y**2 + RNG.normal()


@pytest.mark.parametrize(
    "make", [fl.objective, fl.landscape, fl.descend, lambda f: fl.objective(fl.Landscape("own", f))]
)
def test_a_landscape_with_random_numbers_is_refused(make):
    with pytest.raises(fl.FalllineError, match="random numbers"):
        make(noisy)


def test_a_cosine_stays_at_its_end():
    factors = fl.SCHEDULES["cosine"].factor(np.arange(1, 20), steps=8)
    assert (np.diff(factors) <= 0).all()
    assert (factors[8:] == 0).all()


# Networks and their data


def test_a_network_and_its_data_in_one_call():
    run = fl.descend(NET, (X, Y), "adam", initial="he_normal", batch=16, steps=20)
    assert run.objective.data.X.shape == (60, 2)


def test_one_call_is_the_long_way_to_the_bit():
    problem = fl.NetworkObjective(NET.with_(l2=0.1), fl.Dataset.of(X, Y))
    short = fl.descend(NET, (X, Y), "momentum", l2=0.1, steps=20)
    assert np.array_equal(short.path, fl.descend(problem, "momentum", steps=20).path)


def test_map_and_compare_take_the_data_too():
    m = fl.map(NET, (X, Y), x="learning_rate=0.01..1:log", y="seed=0..2", **SMALL)
    assert np.array_equal(m.values, fl.map(PROBLEM, x="learning_rate=0.01..1:log", y="seed=0..2", **SMALL).values)
    c = fl.compare(NET, (X, Y), ["adam", "momentum"], starts=20, steps=5)
    assert np.array_equal(c.losses["adam"], fl.compare(PROBLEM, ["adam"], starts=20, steps=5).losses["adam"])


def test_a_generated_data_set_by_its_name():
    assert len(fl.objective(NET, "moons").data) == 200


def test_a_data_frame_keeps_its_columns():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(X, columns=["width", "height"])
    problem = fl.objective(NET, (table, pandas.Series(np.where(Y, "yes", "no"))))
    assert (problem.data.columns, problem.data.classes) == (("width", "height"), ("no", "yes"))


def test_a_shuffled_data_frame_is_refused():
    pandas = pytest.importorskip("pandas")
    with pytest.raises(fl.FalllineError, match="another order"):
        fl.objective(NET, (pandas.DataFrame(X), pandas.Series(Y).sample(frac=1, random_state=0)))


def test_changing_the_arrays_later_changes_nothing():
    mine, labels, start = X.copy(), Y.copy(), W.copy()
    problem = fl.objective(NET, (mine, labels))
    before = problem(W)
    mine[:], labels[:] = 0, 0
    assert problem(W) == before == PROBLEM(W)
    m = fl.map(problem, x="learning_rate=0.01..1:log", y="start.b1[0]=0..1", start=start, **SMALL)
    start[:] = 0
    assert m.run_at(0.1, 1).start[-1] == W[-1]


def test_the_arrays_of_a_data_set_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        PROBLEM.data.X[0] = 0


def test_ages_are_numbers():
    ages = np.arange(18, 78)
    assert fl.Dataset(X, ages).classes == ()
    assert fl.objective(fl.Network.of("2-3-1", loss="squared_error"), (X, ages)).data.T[:, 0].tolist() == ages.tolist()


def test_many_classes_still_fit_a_network_of_classes():
    net = fl.Network.of("2-3-30")
    assert fl.objective(net, (X, np.arange(60) % 30)).data.T.sum() == 60


def test_classes_in_an_order_of_ones_own():
    flowers = np.where(Y, "rose", "lily")
    data = fl.Dataset(X, flowers, classes=("rose", "lily"))
    assert [data.classes[k] for k in data.labels] == flowers.tolist()


# The start, as layers, dictionaries or a vector


def named(layers):
    return {f"{letter}{k}": a for k, layer in enumerate(layers, 1) for letter, a in zip("Wb", layer, strict=True)}


@pytest.mark.parametrize(
    "form",
    [
        lambda layers: layers,
        lambda layers: [(W.tolist(), b.tolist()) for W, b in layers],
        lambda layers: [{"W": W, "b": b} for W, b in layers],
        named,
        NET.pack,
    ],
)
def test_a_start_may_have_any_form(form):
    assert np.array_equal(fl.descend(NET, (X, Y), start=form(NET.unpack(W)), steps=1).start, W)


def test_a_start_on_a_landscape_by_name():
    assert fl.descend("booth", start={"y": 2, "x": 1}).start.tolist() == [1, 2]


def test_weights_of_torch_are_refused_with_a_hint():
    turned = [(W.T, b) for W, b in NET.unpack(W)]
    with pytest.raises(fl.FalllineError, match=r"\(n_in, n_out\); got \(3, 2\). PyTorch keeps .* give W.T"):
        NET.pack(turned)
    with pytest.raises(fl.FalllineError, match=r"give W.T"):
        fl.descend(NET, (X, Y), start=turned)


# Names from elsewhere


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (lambda: fl.descend("booth", "sgd", lr=0.01), lambda: fl.descend("booth", learning_rate=0.01)),
        (lambda: fl.descend("booth", "Adam", betas=(0.8, 0.9)), lambda: fl.descend("booth", "adam", beta1=0.8, beta2=0.9)),
        (lambda: fl.descend("booth", "RMSprop", alpha=0.5, eps=1e-4), lambda: fl.descend("booth", "rmsprop", decay=0.5, epsilon=1e-4)),
        (lambda: fl.descend("booth", x0=[1, 2]), lambda: fl.descend("booth", start=[1, 2])),
        (
            lambda: fl.descend(NET, (X, Y), batch_size=8, random_state=3),
            lambda: fl.descend(NET, (X, Y), batch=8, seed=3),
        ),
        (
            lambda: fl.descend(NET, (X, Y), lr={1: 0.1, 2: 0.2}),
            lambda: fl.descend(NET, (X, Y), **{"learning_rate.1": 0.1, "learning_rate.2": 0.2}),
        ),
        (
            lambda: fl.descend("booth", schedule={"name": "StepLR", "gamma": 0.5, "step_size": 9}),
            lambda: fl.descend("booth", schedule={"name": "step_decay", "decay": 0.5, "every": 9}),
        ),
    ],
)  # fmt: skip
def test_names_that_mean_the_same_are_understood(theirs, ours):
    assert np.array_equal(theirs().path, ours().path)


@pytest.mark.parametrize(
    ("theirs", "ours", "optimizer"),
    [
        (("lr", 0.01, 0.1), ("learning_rate", 0.01, 0.1), "sgd"),
        ("lr=0.01..0.1:log", "learning_rate=0.01..0.1:log", "sgd"),
        ({"eta": [0.01, 0.1]}, {"learning_rate": [0.01, 0.1]}, "sgd"),
        (("lr.2", 0.01, 0.1), ("learning_rate.2", 0.01, 0.1), "sgd"),
        (("batch_size", [3, 8]), ("batch", [3, 8]), "sgd"),
        (("batch-size", 3, 8), ("batch", 3, 8), "sgd"),
        (("random_state", 0, 3), ("seed", 0, 3), "sgd"),
        (("n_steps", 5, 9), ("steps", 5, 9), "sgd"),
        (("beta", 0.1, 0.9), ("momentum", 0.1, 0.9), "momentum"),
        (("beta_1", 0.1, 0.9), ("beta1", 0.1, 0.9), "adam"),
        (("eps", 1e-8, 1e-3, "log"), ("epsilon", 1e-8, 1e-3, "log"), "adam"),
        (("alpha", 0.1, 0.9), ("decay", 0.1, 0.9), "rmsprop"),
        (("distribution", ["he_normal", "zeros"]), ("initial", ["he_normal", "zeros"]), "sgd"),
        (fl.Axis("lr", 0.01, 0.1, 4), fl.Axis("learning_rate", 0.01, 0.1, 4), "sgd"),
    ],
)
def test_axes_by_other_names(theirs, ours, optimizer):
    net = (fl.Network.of("2-3-3"), fl.generate("three-gaussians", samples=9))
    steps = {} if "steps" in str(ours) else {"steps": 5}
    a, b = (fl.map(*net, x=form, size=4, optimizer=optimizer, **steps) for form in (theirs, ours))
    assert a == b
    assert a.sha256 == b.sha256


def test_an_axis_of_optimizers_says_which_settings_there_are():
    m = fl.map("booth", x=("beta", [0.1, 0.9]), y=("optimizer", ["momentum", "nesterov"]), steps=3)
    assert list(m.axes) == ["momentum", "optimizer"]


def test_a_cell_by_another_name():
    m = fl.map("booth", x=("lr", [0.01, 0.1]), steps=5)
    assert m.run_at(lr=0.1) == m.run_at(learning_rate=0.1)
    assert m.cell({"lr": 0.1}) == m.cell(0.1)


@pytest.mark.parametrize(
    ("axis", "words"),
    [
        ("weight_decay", "here l2 pulls the weights, not the biases"),
        ("momentum", "There are two conventions"),
        ("epochs", "Write steps"),
        ("gamma", "must be one of"),
    ],
)
def test_an_axis_that_means_something_else_is_refused_with_the_difference(axis, words):
    with pytest.raises(UnknownNameError, match=words):
        fl.map(fl.Network.of("2-3-3"), fl.generate("three-gaussians", samples=9), x=(axis, [0.1, 0.2]), steps=3)


RATES = ("learning_rate", [0.01, 0.1])


@pytest.mark.parametrize(
    ("problem", "axes", "arguments", "words"),
    [
        ("booth", [RATES], {"start": (1, 1), "starts": 5}, "start must be left out where starts=5 asks for random starts"),
        ("booth", [RATES, ("seed", 0, 2)], {"start": (1, 1)}, "start must be left out where the seed axis asks for random"),
        ("booth", [RATES], {"initial": "he_normal"}, "booth is not a network. Leave it out"),
        ("net", [RATES], {"initial": "normal", "start": np.zeros(21)}, "initial must be left out where a start is given"),
        ("booth", [RATES], {"learning_rate": 0.1}, "learning_rate must be left out where it is an axis"),
        ("booth", [RATES], {"lr": 0.1}, "learning_rate must be left out where it is an axis"),
        ("booth", [("lr", 0.1, 0.2)], {"learning_rate": 0.1}, "learning_rate must be left out where it is an axis"),
        ("booth", [RATES], {"learning_rate": lambda t: 1 / t}, "learning_rate must be left out where it is an axis"),
        ("booth", [RATES], {"learning_rate": [0.1] * 100}, "learning_rate must be left out where it is an axis"),
        ("net", [("learning_rate.1", [0.1])], {"learning_rate": lambda t: 1 / t}, "so that learning_rate.1 would multiply"),
        ("net", [RATES], {"learning_rate.1": 0.1, "learning_rate.2": 0.1}, "where every layer has a learning rate"),
        ("net", [("learning_rate.1", [0.1])], {"learning_rate": {1: 0.1, 2: 0.3}}, "learning_rate.1 must be left out"),
        ("net", [("learning_rate.1", [0.1])], {"learning_rate.2": 0.1, "lr": 0.3}, "where every layer has a learning rate"),
        ("net", [("batch", [3, 6])], {"batch": 3}, "batch must be left out where it is an axis"),
        ("net", [("batch", [3, 6])], {"batch_size": 3}, "batch must be left out where it is an axis"),
        ("net", [("steps", [3, 6])], {"steps": 100}, "steps must be left out where it is an axis"),
        ("net", [("seed", [3, 6])], {"seed": 0}, "seed must be left out where it is an axis"),
        ("net", [("l2", [0.3, 0.6])], {"l2": 0}, "l2 must be left out where it is an axis"),
        ("net", [("initial", ["zeros"])], {"initial": "normal"}, "initial must be left out where it is an axis"),
        ("net", [("initial_scale", [0.3, 0.6])], {"initial_scale": 1}, "initial_scale must be left out where it is an axis"),
        ("booth", [("schedule.decay", [0.3, 0.6])], {"schedule": {"name": "exponential", "decay": 0.9}},
         "schedule.decay must be left out where it is an axis"),
        ("booth", [("schedule.decay", [0.3, 0.6])], {"schedule": {"name": "exponential", "gamma": 0.9}},
         "schedule.decay must be left out where it is an axis"),
    ],
)  # fmt: skip
def test_an_argument_without_effect_is_refused(problem, axes, arguments, words):
    chosen = (fl.Network.of("2-3-3"), fl.generate("three-gaussians", samples=9)) if problem == "net" else (problem,)
    with pytest.raises(SettingError, match=words):
        fl.map(*chosen, **dict(zip("xy", axes, strict=False)), size=2, **arguments)


def test_the_seed_of_minibatches_has_an_effect_beside_an_axis_of_seeds():
    net = (fl.Network.of("2-3-3"), fl.generate("three-gaussians", samples=9))
    maps = [fl.map(*net, x=("seed", [0, 1]), steps=5, batch=3, seed=seed) for seed in (0, 1)]
    assert (maps[0].values != maps[1].values).all()


def test_a_schedule_may_be_anything_that_makes_one():
    options = {"x": ("start.x", [0.0, 1.0]), "steps": 9}
    rates = [0.1 / t for t in range(1, 10)]
    maps = [
        fl.map("booth", learning_rate=rates, **options),
        fl.map("booth", schedule=rates, learning_rate=1.0, **options),
        fl.map("booth", schedule=np.array(rates), learning_rate=1.0, **options),
        fl.map("booth", schedule=fl.schedule(rates), learning_rate=1.0, **options),
    ]
    assert len({m.sha256 for m in maps}) == 1


def test_a_learning_rate_that_no_layer_takes_is_refused():
    net = fl.NetworkObjective(fl.Network.of("2-3-3"), fl.generate("three-gaussians", samples=9))
    with pytest.raises(SettingError, match="where every layer has a learning rate of its own"):
        fl.descend(net, lr=0.1, steps=3, **{"learning_rate.1": 0.1, "learning_rate.2": 0.1})
    assert fl.descend(net, learning_rate={1: 0.1, 2: 0.1}, steps=3).steps == 3


@pytest.mark.parametrize("start", [-1, 3, 0.5, "0", True])
def test_a_start_of_a_cell_is_one_of_its_starts(start):
    m = fl.map("booth", x=("learning_rate", [0.01, 0.1]), starts=3, steps=3)
    with pytest.raises(UsageError, match="a whole number from 0 to 2"):
        m.run_at(0.1, start=start)
    assert m.run_at(0.1, start=np.int64(2)).steps == 3


def test_options_of_a_finished_map_are_read_too():
    m = fl.map("booth", x=("learning_rate", [0.01, 0.1]), steps=3)
    with pytest.raises(TypeError, match="wrkers"):
        m.resume(wrkers=2)
    with pytest.raises(UsageError, match="size says how many values a range has"):
        m.zoom(size=5)


def test_the_parts_of_a_network_by_other_names():
    net = fl.Network.of("2-3-3-1", activation=["ReLU", "sigmoid"], loss="MSE", reduction="mean")
    assert net == fl.Network.of("2-3-3-1", activation=["relu", "logistic"], loss="squared_error", reduction="mean")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: fl.Network.of("2-3-1", loss="mse"), "write loss='squared_error', reduction='mean'"),
        (lambda: fl.Network.of("2-3-2", loss="mse", reduction="mean"), "k times as large"),
        (lambda: fl.Network.of("2-3-3", loss="CrossEntropyLoss"), "write loss='cross_entropy', reduction='mean'"),
        (lambda: fl.descend("booth", "sgd", momentum=0.9), "'momentum_outside', which is PyTorch's"),
        (lambda: fl.descend("booth", "nag"), "'nesterov_outside'"),
        (lambda: fl.descend(NET, (X, Y), "adam", weight_decay=0.1), "l2 pulls the weights, not the biases"),
        (lambda: fl.descend(NET, (X, Y), epochs=5), "write steps=|Write steps="),
        (lambda: fl.descend(NET, (X, Y), initial="xavier"), "'glorot_normal' or 'glorot_uniform'"),
        (lambda: fl.descend("booth", lr=0.1, learning_rate=0.2), "given as lr and as learning_rate"),
        (lambda: fl.descend("booth", x0=[1, 2], start=[1, 2]), "also as x0"),
    ],
)
def test_names_that_mean_something_else_are_refused_with_the_difference(call, words):
    with pytest.raises(fl.FalllineError, match=words):
        call()


# A walk over all public functions: swapped, mis-shaped, mutated, vector-for-scalar and extra arguments


def mean_step(w, g, state, t, *, learning_rate):
    return w - learning_rate * g.mean(), ()


WRONG: dict[str, list[Callable[[], Any]]] = {
    "objective": [
        lambda: fl.objective(NET),
        lambda: fl.objective((X, Y), NET),
        lambda: fl.objective(NET, X),
        lambda: fl.objective(NET, (Y, X)),
        lambda: fl.objective(NET, (X.T, Y)),
        lambda: fl.objective(NET, (X, Y[1:])),
        lambda: fl.objective(NET, (X, Y, Y)),
        lambda: fl.objective(NET, "adam"),
        lambda: fl.objective(NET, (X, Y), dimension=3),
        lambda: fl.objective("booth", (X, Y)),
        lambda: fl.objective("booth", 3),
        lambda: fl.objective("rosenbrock", 1),
        lambda: fl.objective("rosenbrock", 2.5),
        lambda: fl.objective(shifted, 3),
        lambda: fl.objective(PROBLEM, (X, Y)),
        lambda: fl.objective("booth", l2=0.1),
        lambda: fl.objective(3),
    ],
    "NetworkObjective": [
        lambda: fl.NetworkObjective((X, Y), NET),
        lambda: PROBLEM(W[1:]),
        lambda: PROBLEM(np.stack([W, W]).T),
        lambda: PROBLEM(["a"] * len(W)),
        lambda: PROBLEM(None),
        lambda: PROBLEM.loss(W[1:]),
        lambda: PROBLEM.predict(W, X[0].tolist()),
        lambda: PROBLEM.predict(W, X.T),
        lambda: PROBLEM.hessian(W[1:]),
        lambda: PROBLEM.hessian(W * 1j),
        lambda: PROBLEM.hessian_vector(W, W[1:]),
    ],
    "LandscapeObjective": [
        lambda: fl.LandscapeObjective("booth"),
        lambda: fl.objective("booth")(3.0),
        lambda: fl.objective("booth").gradient([[1], [2]]),
    ],
    "Landscape": [
        lambda: fl.LANDSCAPES["rosenbrock"](1.0),
        lambda: fl.LANDSCAPES["rosenbrock"](np.ones((2, 5))),
        lambda: fl.LANDSCAPES["booth"](np.ones(3)),
        lambda: fl.LANDSCAPES["booth"](1, 2, 3),
        lambda: fl.LANDSCAPES["booth"]("a", "b"),
        lambda: fl.LANDSCAPES["booth"].gradient(1.0),
    ],
    "fit": [
        lambda: fl.fit("no such file.csv", "a"),
        lambda: fl.fit((X, Y), "a"),
        lambda: fl.fit("a,b\n1,2\n3,4\n", "c"),
        lambda: fl.fit("a,b\n1,2\n3,4\n", "b", hidden="many"),
        lambda: fl.fit("a,b\n1,2\n3,4\n", "b", epochs=0),
        lambda: fl.fit("a,b\n1,2\n3,4\n", "b", optimizer="adamm"),
        lambda: fl.fit("a,b\n1,2\n3,4\n", "b", nonsense=1),
        lambda: fl.fit("a,b\n1,2\n3,4\n", "b", test=1),
        lambda: fl.fit("a,b\n1,2\n3,4\n", "b", tune="all"),
        lambda: fl.fit("a,b\n1,2\n3,4\n", "b", outer_folds=1),
        lambda: fl.fit("a,b\n1,2\n3,4\n", "b", outer_folds=0.5),
        lambda: fl.fit("b\n1\n2\n", "b"),
        lambda: fl.fit("a,b\n1,2\n3,4\n", "b", task="regression", balanced=True),
        lambda: fl.fit("a,b\n1,2\n3,4\n", "b", weights="c"),
    ],
    "Model": [
        lambda: fl.Model.load("no such file.safetensors"),
        lambda: fl.Model.load(__file__),
        lambda: fl.Model.of("2-3-2", W),
        lambda: fl.Model.of(NET, W[1:]),
        lambda: fl.Model.of(NET, "many"),
        lambda: fl.Model.of(NET, W, columns=["a"]),
        lambda: fl.Model.of(NET, W, classes=["a", "a"]),
    ],
    "to_torch": [lambda: fl.to_torch("2-3-2", W), lambda: fl.to_torch(NET, W[1:]), lambda: fl.to_torch(NET, [W, W]), lambda: fl.to_torch(W, NET)],
    "from_torch": [lambda: fl.from_torch([X]), lambda: fl.from_torch(NET), lambda: fl.from_torch("relu", loss="logistic")],
    "from_sklearn": [lambda: fl.from_sklearn(X), lambda: fl.from_sklearn(NET)],
    "Dataset": [
        lambda: fl.Dataset(Y, X),
        lambda: fl.Dataset(X, Y, columns=("a",)),
        lambda: fl.Dataset(X, np.where(Y, "a", "b"), classes=("c", "d")),
        lambda: fl.Dataset(X, Y, classes=("a", "b", "c")),
        lambda: fl.Dataset(X * np.nan, Y),
    ],
    "Network": [
        lambda: fl.Network.of("relu", activation="2-3-2"),
        lambda: fl.Network.of([2, 3.5, 2]),
        lambda: fl.Network.of("2-3-2", activation=["relu", "tanh"]),
        lambda: NET.unpack(W[1:]),
        lambda: NET.pack(NET.unpack(W)[:1]),
        lambda: NET.pack([(W, b[:1]) for W, b in NET.unpack(W)]),
    ],
    "descend": [
        lambda: fl.descend(NET),
        lambda: fl.descend(NET, "adam"),
        lambda: fl.descend((X, Y), NET),
        lambda: fl.descend("adam", "booth"),
        lambda: fl.descend("booth", "adam", "momentum"),
        lambda: fl.descend("booth", (X, Y)),
        lambda: fl.descend("booth", start=3),
        lambda: fl.descend("booth", start=[[1], [2]]),
        lambda: fl.descend("booth", start=[1, 2, 3]),
        lambda: fl.descend("booth", start={"x": 1}),
        lambda: fl.descend("booth", start={"x": 1, "z": 2}),
        lambda: fl.descend("booth", steps=[10]),
        lambda: fl.descend("booth", steps=10.5),
        lambda: fl.descend("booth", seed=-1),
        lambda: fl.descend("booth", batch=8),
        lambda: fl.descend("booth", initial="he_normal"),
        lambda: fl.descend("booth", l2=0.1),
        lambda: fl.descend("booth", learning_rate="0.1"),
        lambda: fl.descend("booth", learning_rat=0.1),
        lambda: fl.descend(NET, (X, Y), batch=61),
        lambda: fl.descend(NET, (X, Y), start=W, initial="he_normal"),
        lambda: fl.descend(NET, (X, Y), start=[(b, W) for W, b in NET.unpack(W)]),
        lambda: fl.descend(NET, (X, Y), start={"W1": np.zeros((2, 3))}),
        lambda: fl.descend(NET, (X, Y), learning_rate={3: 0.1}),
        lambda: fl.descend(NET, (X, Y), learning_rate={"W1": 0.1}),
    ],
    "compare": [
        lambda: fl.compare("booth"),
        lambda: fl.compare("booth", "adam"),
        lambda: fl.compare(["adam"], "booth"),
        lambda: fl.compare(NET, (X, Y)),
        lambda: fl.compare(NET, ["adam", "momentum"]),
        lambda: fl.compare("booth", (X, Y), ["adam"]),
        lambda: fl.compare("booth", ["adam", "adam"]),
        lambda: fl.compare("booth", ["adam"], starts=True),
        lambda: fl.compare("booth", ["adam"], starts="5"),
        lambda: fl.compare("booth", ["adam"], starts=[1.0, 2.0]),
        lambda: fl.compare("booth", ["adam"], starts=[[1.0, np.nan]]),
        lambda: fl.compare("booth", ["adam"], starts=[[1.0, 2.0]], initial="normal"),
        lambda: fl.compare("booth", ["adam"], initial="he_normal"),
    ],
    "map": [
        lambda: fl.map(NET, x="learning_rate=0.1..1", y="seed=0..2", **SMALL),
        lambda: fl.map("booth", (X, Y), x="learning_rate=0.1..1", y="start.x=0..2", **SMALL),
        lambda: fl.map(NET, x=X, y=Y, **SMALL),
        lambda: fl.map("booth", x="learning_rate=0.1..1", y="start.x=0..2", learning_rate=0.5, **SMALL),
        lambda: fl.map("booth", x="learning_rate=0.1..1", y="start.x=0..2", lr=0.5, **SMALL),
        lambda: fl.map(NET, (X, Y), x="l2=0.1..1", y="seed=0..2", l2=0.5, **SMALL),
        lambda: fl.map("booth", x="learning_rate=0.1..1", y="learning_rate=0.1..1", **SMALL),
    ],
    "draw_starts": [
        lambda: fl.draw_starts(3, "booth"),
        lambda: fl.draw_starts(PROBLEM, 3.5),
        lambda: fl.draw_starts(PROBLEM, -3),
        lambda: fl.draw_starts(PROBLEM, True),
        lambda: fl.draw_starts(PROBLEM, 2, -1),
        lambda: fl.draw_starts(PROBLEM, 2, scale=float("nan")),
    ],
    "notebook_start": [lambda: fl.notebook_start(fl.objective("booth"))],
    "generate": [
        lambda: fl.generate("moons", sample=5),
        lambda: fl.generate("moons", samples=[5]),
        lambda: fl.generate("gaussians", centres=[[1, 2], [3]]),
        lambda: fl.generate("gaussians", centres=[1, 2]),
        lambda: fl.generate("moons", seed="a"),
    ],
    "read_table": [
        lambda: fl.read_table("no such file.csv"),
        lambda: fl.read_table(3),
        lambda: fl.read_table([[1, 2], [3, 4]]),
        lambda: fl.read_table("a,b\n1\n"),
        lambda: fl.read_table("a,b\n1,2\n", dialect=fl.Dialect(separator="x")),
        lambda: fl.read_table("a,b\n1,2\n", dialect=fl.Dialect(decimal=",", thousands=",")),
        lambda: fl.read_table("a,b\n1,2\n", dialect=";"),
    ],
    "read_data": [
        lambda: fl.read_data("no such file.parquet", "a"),
        lambda: fl.read_data("a,b\n1,2\n3,4\n", "c"),
        lambda: fl.read_data("a,b\n1,2\n3,4\n", []),
        lambda: fl.read_data("a,b\n1,2\n3,4\n", 3),
        lambda: fl.read_data("a,b\n1,2\n3,4\n", "b", task="classes"),
        lambda: fl.read_data("a,b\n1,2\n3,4\n", "b", missing="mean"),
        lambda: fl.read_data("a,b\n1,2\n,4\n", "b"),
        lambda: fl.read_data("a,b\n1,2\n3,4\n", "b", categories=["z"]),
        lambda: fl.read_data("a,b\n1,x\n3,y\n", "b", task="regression"),
    ],
    "method": [
        lambda: fl.method("cosine", "adam"),
        lambda: fl.method("adam", learning_rate=[0.1, -0.2]),
        lambda: fl.method("adam", betas=0.9),
        lambda: fl.method("adam", "cosine", 10, gamma=0.1),
    ],
    "initial": [
        lambda: fl.initial("adam"),
        lambda: fl.initial(0.1),
        lambda: fl.initial(lambda n_in: 0.1),
        lambda: fl.initial(lambda n_in, n_out: None),
        lambda: fl.initial(lambda n_in, n_out: -0.1),
        lambda: fl.initial(lambda n_in, n_out: np.ones(2)),
        lambda: fl.initial(lambda n_in, n_out: float("nan")),
        lambda: fl.initial("he_normal", biases=True),
        lambda: fl.initial(lambda n_in, n_out: 0.1, name="he_normal"),
        lambda: fl.initial(lambda n_in, n_out: 0.1, variates="zeros"),
        lambda: fl.initial(np.zeros((2, 3))),
    ],
    "schedule": [
        lambda: fl.schedule("adam"),
        lambda: fl.schedule([0.1, -1.0]),
        lambda: fl.schedule(lambda t: None),
        lambda: fl.schedule(lambda t: "fast"),
    ],
    "measure": [
        lambda: fl.measure("final_loss"),
        lambda: fl.measure(lambda run: 1.0, over="starts"),
        lambda: fl.measure(lambda run: 1.0, better="least"),
    ],
    "activation": [
        lambda: fl.activation("relu", lambda z: z),
        lambda: fl.activation(lambda z: z / z.sum()),
        lambda: fl.activation(lambda x, y: x + y),
    ],
    "loss": [
        lambda: fl.loss("squared_error", lambda Z, T: Z),
        lambda: fl.loss(lambda Z: Z),
        lambda: fl.objective(fl.Network.of("2-1", loss=fl.loss(lambda Z, T: ((Z - T) ** 2).sum())), (X, X[:, 0]))(np.zeros(3)),
    ],
    "landscape": [
        lambda: fl.landscape("booth", lambda x, y: (x, y)),
        lambda: fl.landscape("booth", start=(1, 2, 3)),
        lambda: fl.landscape(shifted, start=(1, 2, 3)),
        lambda: fl.landscape(shifted, minima=[(1, 2, 3)]),
        lambda: fl.landscape(fl.objective("booth")),
    ],
    "optimizer": [
        lambda: fl.optimizer("adam", state=("m",)),
        lambda: fl.optimizer(lambda w, g: w - g),
        lambda: fl.optimizer(mean_step),
    ],
    "equations": [lambda: fl.equations(NET, (X, Y)), lambda: fl.equations(None)],
    "check_gradient": [
        lambda: fl.check_gradient(NET, (X, Y)),
        lambda: fl.check_gradient("booth", lambda w: 2 * w),
        lambda: fl.check_gradient(3, "booth"),
    ],
    "load_map": [lambda: fl.load_map("no such file")],
    "merge_maps": [lambda: fl.merge_maps([], "whole.fallmap"), lambda: fl.merge_maps(["no such file"], "whole.fallmap")],
    "study": [lambda: fl.study(3), lambda: fl.study({})],
    "lab": [lambda: fl.lab(3)],
}  # fmt: skip
"""For each public function, calls that have no right answer."""


@pytest.mark.parametrize(
    "call", [pytest.param(call, id=f"{name}-{k}") for name, calls in WRONG.items() for k, call in enumerate(calls)]
)
def test_a_wrong_call_is_an_error_in_words(call):
    with pytest.raises(fl.FalllineError) as caught:
        call()
    assert str(caught.value).endswith((".", "?"))


def test_the_walk_passes_every_public_function():
    functions = {name for name in fl.__all__ if inspect.isfunction(getattr(fl, name))}
    assert functions <= set(WRONG)
