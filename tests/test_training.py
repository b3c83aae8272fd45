"""Runs side by side: what is trained, part by part, is what each run gives alone."""

from __future__ import annotations

import numpy as np
import pytest

import fallline as fl
from fallline.errors import ShapeError
from fallline.runs import batched, lanes
from fallline.runs.training import Training
from fallline.runs.trajectory import trajectory

PROBLEM = fl.NetworkObjective(fl.Network.of("2-3-3", reduction="mean"), fl.generate("gaussians", samples=5))
VALUES = {
    "learning_rate": np.array([0.1, 0.2, 0.3, 0.4]), "learning_rate.2": np.array([0.4, 0.1, 0.2, 0.3]),
    "momentum": np.array([0.0, 0.5, 0.9, 0.2]), "schedule.decay": np.array([0.9, 0.8, 0.7, 0.6]),
    "l2": np.array([0.0, 0.1, 0.0, 0.2]),
}  # fmt: skip


def four_runs(dtype="float64"):
    how = fl.method("momentum", {"name": "step_decay", "every": 3}, 9).with_(VALUES)
    return Training(PROBLEM, how, 9, fl.draw_starts(PROBLEM, 4), dtype=dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_run_alone_is_the_run_beside_others(dtype):
    whole = four_runs(dtype)
    losses = lanes.train(whole, ("history",))["history"]
    assert (lanes.train(whole.part(1, 3), ("history",))["history"] == losses[1:3]).all()
    for k in range(4):
        alone = whole.run(k)
        assert all(isinstance(value, float | int) for value in alone.method.values.values())
        assert (lanes.train(alone, ("history",))["history"][0] == losses[k]).all()
        np.testing.assert_allclose(batched.history(alone)[0], losses[k], rtol=1e-3 if dtype == "float32" else 1e-12)


def test_the_loop_takes_every_value_of_the_method():
    whole = four_runs()
    together = np.array([loss for _, loss, _ in trajectory(PROBLEM, whole.method, whole.starts, 9)]).T
    for k in range(4):
        one = whole.run(k)
        own = [float(loss) for _, loss, _ in trajectory(PROBLEM, one.method, one.starts, 9)]
        np.testing.assert_allclose(together[k], own, rtol=1e-12)
    np.testing.assert_allclose(together, lanes.train(whole, ("history",))["history"], rtol=1e-12)


def test_runs_of_different_number_are_refused():
    """A kernel would read beyond the end of the shorter array."""
    how = fl.method("momentum").with_({"learning_rate": np.full(3, 0.1), "momentum": np.full(2, 0.5)})
    with pytest.raises(ShapeError, match="3 of learning_rate, 2 of momentum"):
        Training(PROBLEM, how, 9, fl.draw_starts(PROBLEM, 1)[0])
    how = fl.method().with_({"learning_rate": np.full(3, 0.1)})
    with pytest.raises(ShapeError, match="3 of learning_rate, 1 of starts"):
        Training(PROBLEM, how, 9, fl.draw_starts(PROBLEM, 1))
