"""Parametrizations: the form without multipliers trains as the papers' forms do, and the standard one changes nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import fallline as fl
from fallline.errors import UnknownNameError, UsageError
from fallline.experiment.formats.toml import parse, to_toml
from fallline.experiment.method import factors_on_rates, method
from fallline.experiment.starts import draw_starts
from fallline.maps.loading import load_map
from fallline.problems.curvature import eigenvalues, stable_learning_rate
from fallline.readings.machine.one_run import NotScalableError
from fallline.runs import batched, lanes, one_run
from fallline.runs.training import Training
from fallline.textbook.layer_factors import deviation, rate_factors
from fallline.textbook.parametrizations import PARAMETRIZATIONS

DATA = fl.generate("three-gaussians", samples=5)
DEGREES = {
    "adagrad": 0, "adam": 0, "adam_epsilon_hat": 0, "adamw": 0, "gradient_descent": 1, "momentum": 1,
    "momentum_outside": 1, "nesterov": 1, "nesterov_outside": 1, "rmsprop": 0,
}  # fmt: skip
WIDE = ["mean_field", "mup", "ntk"]


def _problem(sizes="2-16-16-3", **options):
    return fl.objective(fl.Network.of(sizes, activation="tanh", reduction="mean", **options), DATA)


def test_the_degree_of_every_optimizer():
    assert {name: record.degree for name, record in fl.OPTIMIZERS.items()} == DEGREES


@pytest.mark.parametrize("name", WIDE)
@pytest.mark.parametrize("optimizer", ["gradient_descent", "nesterov", "adam", "rmsprop"])
def test_it_trains_as_the_form_with_multipliers(name, optimizer):
    """W = n^-a w, w = n^-b z, rate n^-c e, as the papers have it: the multipliers are scales of the network."""
    n, depth, epsilon = 16, 3, {} if DEGREES[optimizer] else {"epsilon": 1e-30}
    own = _problem(bias=False, parametrization=name)
    start = draw_starts(own, 1)[0]
    here = fl.descend(own, optimizer, start=start, learning_rate=0.1, steps=12, **epsilon)
    powers = [PARAMETRIZATIONS[name].powers(role) for role in ("input", "hidden", "output")]
    papers = _problem(bias=False, scales=[n**-p.a for p in powers])
    layers = np.array(papers.network.layer_of) - 1
    standard = draw_starts(papers, 1)[0]  # normal numbers of variance 1
    w = np.array([n**-p.b for p in powers])[layers] * standard
    multiplier = np.array([n**-p.a for p in powers])[layers]
    np.testing.assert_allclose(multiplier * w, start, rtol=1e-12)
    c = [p.c if DEGREES[optimizer] else p.c_adaptive for p in powers]
    rates = {k + 1: 0.1 * float(n) ** -c[k] for k in range(depth)}
    there = fl.descend(papers, optimizer, start=w, learning_rate=rates, steps=12, **epsilon)
    np.testing.assert_allclose(here.losses, there.losses, rtol=1e-9)
    np.testing.assert_allclose(here.end, multiplier * there.end, rtol=1e-7, atol=1e-9)
    assert here.losses[-1] < here.losses[0]


def test_the_table_of_mup():
    """Table 3 of Yang et al. 2022, for widths 32 after 16: initial variance 1, 1/n_in, 1/n_in^2; and the learning rates."""
    net = fl.Network.of("2-16-32-3", parametrization="mup")
    deviations = [deviation(net, layer, fl.INITIALS["normal"]) for layer in (1, 2, 3)]
    assert deviations == [1, 1 / 4, 1 / 32]

    def factors(optimizer):
        layers = net.unpack(rate_factors(net, fl.OPTIMIZERS[optimizer]))
        assert all(len({*layer.W.ravel()}) == 1 for layer in layers)
        return [(layer.W[0, 0].item(), layer.b[0].item()) for layer in layers]

    assert factors("momentum") == [(16, 16), (2, 32), (1 / 32, 1)]
    assert factors("adam") == [(1, 1), (1 / 16, 1), (1 / 32, 1)]


def test_one_hidden_layer_of_a_mean_field_is_mup():
    for optimizer in ("gradient_descent", "adam"):
        runs = [
            fl.descend(_problem("2-16-3", parametrization=name), optimizer, learning_rate=0.1, steps=9, seed=3)
            for name in ("mean_field", "mup")
        ]
        assert runs[0].losses.tobytes() == runs[1].losses.tobytes()


@pytest.mark.parametrize("name", [*WIDE, "standard"])
def test_at_the_base_width_it_changes_nothing(name):
    one, plain = (_problem(**options) for options in ({"parametrization": name, "base_width": 16}, {}))
    assert factors_on_rates(one, fl.OPTIMIZERS["adam"]) is None
    runs = [fl.descend(f, "adam", initial="glorot_uniform", learning_rate=0.1, steps=9, seed=3) for f in (one, plain)]
    assert runs[0].path.tobytes() == runs[1].path.tobytes()
    assert runs[0].to_dict() == {**runs[1].to_dict(), "objective": runs[0].to_dict()["objective"]}


def test_the_standard_one_is_not_described():
    assert "parametrization" not in str(fl.map(_problem(), x="learning_rate=0.1,1", steps=1).spec.describe()[0])


@pytest.mark.parametrize("optimizer", ["momentum", "adam"])
def test_lanes_and_numpy_agree(optimizer):
    problem = _problem("2-6-5-3", parametrization="mup", base_width=2)
    how = method(optimizer, "exponential").with_(
        {"learning_rate": np.array([0.01, 0.1]), "learning_rate.2": 0.05, "l2": 0.01}
    )
    training = Training(problem, how, 20, draw_starts(problem, 2))
    losses = [engine.train(training)["final_loss"] for engine in (lanes, batched)]
    np.testing.assert_allclose(*losses, rtol=1e-10)


def test_a_kernel_that_is_traced_for_smaller_networks_is_not_taken():
    """Its factors would be those of other widths."""
    problem = _problem("2-16-3", parametrization="mup")
    training = Training(problem, method("adam"), 1, draw_starts(problem, 1)[0])
    with pytest.raises(NotScalableError):
        one_run.Losses(training)
    one_run.Losses(replace(training, objective=_problem("2-16-3")))


def test_an_optimizer_of_neither_degree_is_refused():
    def root(w, g, state, t, *, learning_rate):
        return w - learning_rate * np.sign(g) * np.abs(g) ** 0.5, ()

    assert fl.optimizer(root).degree is None
    with pytest.raises(
        UsageError, match="parametrization mup needs an optimizer whose steps grow as the gradient does"
    ):
        fl.descend(_problem(parametrization="mup"), fl.optimizer(root), steps=1)
    with pytest.raises(UnknownNameError, match="'mup'"):
        fl.Network.of("2-3-3", parametrization="mu")
    with pytest.raises(UsageError, match=r"base_width must be a whole number in \[1, 65536\]; got 0"):
        fl.Network.of("2-3-3", base_width=0)


def test_the_bound_of_stability_is_that_of_the_rates():
    """Just below the bound of a quadratic minimum small deviations shrink, just above they grow."""
    network = fl.Network.of(
        "1-4-1", activation="identity", loss="half_squared_error", bias=False, parametrization="mup"
    )
    problem = fl.objective(network, (np.array([[1.0]]), np.array([[1.0]])))
    valley = network.pack(network.unpack(np.full(8, 0.5)))  # its loss is 0
    factors = factors_on_rates(problem, fl.OPTIMIZERS["gradient_descent"])
    bound = stable_learning_rate("gradient_descent", eigenvalues(problem, valley, factors)[1])
    for factor, grows in ((0.98, False), (1.02, True)):
        run = fl.descend(problem, start=valley * (1 + 1e-6), learning_rate=factor * bound, steps=200)
        assert (run.losses[-1] > run.losses[0]) == grows


def test_the_columns_of_an_axis_have_the_bits_of_their_own_maps(tmp_path):
    options = {"y": "learning_rate=0.01..1:log", "size": 3, "steps": 5, "initial": "he_normal"}
    file = tmp_path / "p.fallmap"
    m = fl.map(_problem("2-4-3"), x=("parametrization", [*WIDE, "standard"]), out=file, **options)
    for k, name in enumerate([*WIDE, "standard"]):
        alone = fl.map(_problem("2-4-3", parametrization=name), x="width=4,8", **options)
        assert m.values[:, k].tobytes() == alone.values[:, 0].tobytes()
        assert m.run_at(name, 0.1).losses.tobytes() == alone.run_at(4, 0.1).losses.tobytes()
    assert load_map(file).values.tobytes() == m.values.tobytes()
    one = fl.map(
        _problem("2-4-3", parametrization="mup", base_width=2), x="width=4,8", out=tmp_path / "w.fallmap", **options
    )
    again = load_map(tmp_path / "w.fallmap")
    assert again.spec.objective.network == one.spec.objective.network
    assert again.run_at(8, 0.1).losses.tobytes() == one.run_at(8, 0.1).losses.tobytes()


def test_a_parametrization_of_ones_own(tmp_path):
    def half(role):
        """a = 0, b = 1/2, c = 1/2: a guess."""
        return PARAMETRIZATIONS["ntk"].powers(role)._replace(a=0, b=0.5, c=0.5)

    record = fl.Parametrization("half", half)
    network = fl.Network.of("2-16-3", parametrization=record)
    assert rate_factors(network, fl.OPTIMIZERS["momentum"])[0] == 0.25
    fl.map(network, DATA, x="learning_rate=0.1,1", steps=2, out=tmp_path / "own.fallmap")
    assert load_map(tmp_path / "own.fallmap").spec.objective.network.parametrization.name == "half"


def test_a_study_has_it():
    text = 'title = "t"\n[network]\nsizes = "2-8-3"\nparametrization = "mup"\nbase_width = 4\n[data]\nname = "moons"\n'
    read = parse(text)
    assert (read.network.parametrization, read.network.base_width) == ("mup", 4)
    assert parse(to_toml(read)).network == read.network
