"""A run whose lanes are samples has the bits of a run in lanes, for every shape, loss, weight, batch and instruction set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fallline import random
from fallline.experiment.method import method
from fallline.models.ensemble import as_they_are
from fallline.problems.weighted import WeightedObjective
from fallline.readings.machine.target import this_host
from fallline.runs import one_run, stages
from fallline.runs.execution import Execution
from fallline.runs.training import Training
from fallline.textbook.activations import Activation
from fallline.textbook.network import Network

RNG = np.random.default_rng(0)


def training(
    sizes, *, samples=37, batch=16, runs=3, dtype="float64", loss="cross_entropy", activation="relu", weights=False,
    optimizer="adam", rates=(0.01, 0.03), steps=7,
):  # fmt: skip
    X = RNG.normal(size=(samples, sizes[0]))
    T = RNG.normal(size=(samples, sizes[-1]))
    if loss == "cross_entropy":
        T = np.eye(sizes[-1])[T.argmax(axis=-1)]
    elif loss == "logistic":
        T = (T > 0).astype(np.float64)
    network = Network.of(sizes, activation=activation, loss=loss, reduction="mean")
    shares = RNG.uniform(0.5, 2, samples) if weights else None
    values = {"learning_rate": np.linspace(*rates, runs), "l2": np.linspace(0, 0.1, runs)}
    how = method(optimizer, "cosine", steps).with_(values)
    rows = None if batch == samples else random.batches(0, samples, batch, steps)
    starts = RNG.normal(size=(runs, network.parameter_count)) * 0.3
    return Training(WeightedObjective(network, X, T, shares), how, steps, starts, rows, dtype)


def in_lanes(these):
    return stages._InLanes(these, Execution(threads=1))


def equal(one, other):
    return one.points.tobytes() == other.points.tobytes() and one.losses.tobytes() == other.losses.tobytes()


CASES = {
    "two hidden layers": training((6, 9, 7, 4)),
    "all samples, float32": training((6, 9, 7, 4), batch=37, dtype="float32"),
    "rows shorter and longer than vectors": training((3, 21, 2), loss="squared_error", activation="softplus"),
    "one output, weights": training((8, 16, 1), loss="half_squared_error", activation="tanh", weights=True),
    "labels, weights, float32": training(
        (17, 5, 3), loss="logistic", activation="gelu", weights=True, dtype="float32", optimizer="momentum"
    ),
    "no hidden layer, one sample": training((13, 3), batch=1),
    "a run diverges": training((5, 6, 1), loss="squared_error", optimizer="gradient_descent", rates=(0.01, 1e6)),
}


@pytest.mark.parametrize("case", CASES)
def test_a_run_of_samples_in_lanes_is_the_run_among_others(case):
    these = CASES[case]
    one, beside = one_run.OneByOne(these), in_lanes(these)
    for step in (3, these.steps):
        one.advance(step)
        beside.advance(step)
        assert equal(one, beside)
        if step == 3:
            wanted = np.arange(these.runs) != 1
            one.keep(wanted)
            beside.keep(wanted)
    assert np.isfinite(one.losses[0])
    assert (case == "a run diverges") == np.isnan(one.points).all(axis=-1).any()


@pytest.mark.parametrize("instruction_set", [*this_host().sets])
def test_no_instruction_set_changes_a_bit(instruction_set):
    these = training((5, 7, 2), samples=13, batch=11, runs=1, steps=2, loss="half_squared_error", dtype="float32")
    one, native = one_run.OneByOne(these, instruction_set), one_run.OneByOne(these)
    for run in (one, native):
        run.advance(these.steps)
    assert equal(one, native)


def test_a_large_network_trains_as_with_numpy_to_rounding():
    these = training((90, 60, 20, 10), runs=1)
    assert these.objective.dimension > 5000
    one, reference = stages.stages_of(these), stages._WithNumPy(these)
    assert isinstance(one, one_run.OneByOne)
    for run in (one, reference):
        run.advance(these.steps)
    np.testing.assert_allclose(one.points, reference.points, rtol=0, atol=1e-9)
    np.testing.assert_allclose(one.losses, reference.losses, rtol=1e-12)


@pytest.mark.parametrize("case", [*CASES][:-1])
def test_the_answers_beside_the_loss_are_those_of_the_network(case):
    these = replace(CASES[case], method=CASES[case].method.with_({"learning_rate": 0.1, "l2": 0.0}), steps=0, rows=None)
    losses, answers = one_run.Losses(these).with_answers(these.starts)
    assert (losses == one_run.Losses(these)(these.starts)).all()
    reference = as_they_are(these.objective.network, these.starts).each(these.objective.data.X)
    tolerance = 1e-13 if these.dtype == "float64" else 1e-5
    np.testing.assert_allclose(answers, reference, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("sizes", [(6, 9, 3), (90, 60, 20, 10)])
def test_the_loss_alone_is_that_of_a_training(sizes):
    these = training(sizes, runs=4)
    numbers = these.method.with_({"learning_rate": 0.1, "l2": 0.01})
    begins = replace(these, method=numbers, steps=0, rows=None, starts=these.starts)
    losses = one_run.Losses(begins)(these.starts)
    assert (losses == stages.losses_of(begins)(these.starts)).all()
    if len(sizes) == 3:
        assert (losses == stages.train(begins)["final_loss"]).all()
    else:
        penalty = 0.005 * sum((layer.W**2).sum(axis=(1, 2)) for layer in these.objective.network.unpack(these.starts))
        np.testing.assert_allclose(losses, these.objective.loss(these.starts) + penalty, rtol=1e-12)


def test_a_page_that_depends_on_the_number_of_units_runs_in_lanes():
    """The small network that stands for the real one would have another sum."""
    centred = Activation("centred", lambda z: z - z.sum(axis=-1, keepdims=True) / 8, lambda z: 0 * z + 0.875)
    these = training((6, 9, 3), runs=1, activation=centred)
    with pytest.raises(one_run.NotScalableError):
        one_run.OneByOne(these)
    run = stages.stages_of(these)
    run.advance(2)
    assert isinstance(run, stages._InLanes)


def test_few_runs_are_trained_one_by_one_and_many_in_lanes():
    assert stages.one_by_one(training((6, 9, 3)), 1)
    assert not stages.one_by_one(training((6, 9, 3)), 64)
    assert stages.one_by_one(training((90, 60, 20, 10)), 9)
