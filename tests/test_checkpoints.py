"""Runs that go on from kept states have the bits of runs that were never interrupted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fallline as fl
from fallline.experiment.minibatches import minibatches
from fallline.measures.measure import FOLDED, lacking
from fallline.readings.ptx.plan import DevicePlan
from fallline.runs import devices
from fallline.runs.checkpoints import Checkpoints, checkpoint_step
from fallline.textbook.optimizers import OPTIMIZERS
from fallline.textbook.schedules import SCHEDULES
from host_device import install
from parity import small_problem
from side_by_side import train

EVERYTHING = (*FOLDED, "parameters", "reached_at", "mean_last")
RATES = np.geomspace(1e-3, 50.0, 13)  # the last runs diverge


def twice(problem, optimizer, steps, more, batch=None, **options):
    """Asserts that runs that were kept after `steps` steps, and went on for `more`, equal whole runs; returns the whole ones."""
    start = fl.draw_starts(problem, 1, seed=4)[0]
    measures = [name for name in EVERYTHING if name not in FOLDED or not lacking(FOLDED[name], problem)]
    options = {"starts": start, "settings": {"learning_rate": RATES}, "measures": measures, "target": 0.5} | options

    def runs(count, **how):
        return train(problem, optimizer, steps=count, rows=minibatches(problem, batch, count, 0), **how, **options)

    whole, kept = runs(steps + more, keep=True), runs(steps, keep=True)
    last = runs(steps + more, keep=True, after=Checkpoints(checkpoint_step(steps), kept["checkpoints"]))
    plain = runs(steps + more)
    for name in (*measures, "checkpoints"):
        assert last[name].tobytes() == whole[name].tobytes(), name
    for name in measures:
        assert plain[name].tobytes() == whole[name].tobytes(), name
    return whole


@settings(max_examples=30, deadline=None)
@given(
    optimizer=st.sampled_from(sorted(OPTIMIZERS)),
    schedule=st.sampled_from(sorted(SCHEDULES)),
    steps=st.integers(0, 60),
    more=st.integers(1, 60),
    batch=st.sampled_from([None, 3]),
    dtype=st.sampled_from(["float32", "float64"]),
)
def test_networks_go_on_to_the_same_bits(optimizer, schedule, steps, more, batch, dtype):
    values = {"learning_rate": RATES} | ({"schedule.steps": 25} if "steps" in SCHEDULES[schedule].settings else {})
    whole = twice(small_problem(), optimizer, steps, more, batch, schedule_=schedule, dtype=dtype, settings=values)
    assert steps + more < 10 or len(set(whole["final_loss"])) > 3  # the runs differ


@pytest.mark.parametrize("landscape", ["rosenbrock", "himmelblau", "rastrigin"])
def test_landscapes_go_on_to_the_same_bits(landscape):
    whole = twice(fl.objective(landscape), "adam", 50, 30)
    assert np.isfinite(whole["final_loss"]).any()


def test_a_run_that_diverged_stays_where_it_was():
    whole = twice(fl.objective("quadratic"), "momentum", 90, 400, settings={"learning_rate": np.linspace(0.1, 40, 9)})
    assert set(whole["diverged_at"] >= 0) == {False, True}
    assert np.isnan(whole["checkpoints"][-1, :4]).all()  # parameters and velocities of a run that is over


def test_neighbours_leave_no_trace_in_a_checkpoint():
    rates = np.geomspace(1e-4, 1, 11)  # the last runs stop at their first steps, alone at once

    def checkpoints(some):
        settings = {"learning_rate": some}
        return train("rosenbrock", "momentum", steps=60, starts=[-1.2, 1.0], settings=settings, keep=True)[
            "checkpoints"
        ]

    together = checkpoints(rates)
    assert together.tobytes() == checkpoints(rates[::-1])[::-1].tobytes()
    for k in range(11):
        assert together[k].tobytes() == checkpoints(rates[k : k + 1])[0].tobytes(), k


@pytest.mark.parametrize("plan", [None, DevicePlan(together=4, team=4, block=32, accumulators=4)])
@pytest.mark.parametrize("batch", [None, 3])
def test_a_device_goes_on_too(monkeypatch, plan, batch):
    install(monkeypatch)
    problem = small_problem(l2=0.01)
    try:
        on_device = twice(problem, "adam", 6, 4, batch, device="cuda", device_plan=plan)
        here = twice(problem, "adam", 6, 4, batch)
        later = twice(
            problem, "adam", 40, 4, batch, device="cuda", device_plan=plan, settings={"learning_rate": RATES[:3]}
        )
    finally:
        devices.kernel_of.cache_clear()
    assert on_device["final_loss"].tobytes() == here["final_loss"].tobytes()
    assert np.isfinite(later["final_loss"]).all()


def test_the_last_step_that_any_longer_run_can_go_on_from():
    assert [checkpoint_step(n) for n in (0, 19, 20, 76, 80, 1000)] == [0, 0, 1, 57, 60, 750]
    for steps in range(300):
        assert checkpoint_step(steps) <= checkpoint_step(steps + 1)
