"""The compiled engine beside the NumPy reading on the same runs, for tests of a part and of the whole product."""

import numpy as np
import pytest

import fallline as fl
from fallline.textbook.losses import LOSSES
from side_by_side import train

TOLERANCE = {"float64": {"rel": 1e-12, "abs": 1e-13}, "float32": {"rel": 1e-5, "abs": 1e-6}}
"""Of losses, while settings are far from chaos."""


def small_problem(activation="tanh", loss="cross_entropy", sizes="2-3-3", reduction="mean", **options):
    data = fl.generate("gaussians", samples=7)
    if LOSSES[loss].targets == "values":
        data = fl.Dataset(data.X, data.X @ np.array([[0.3, -0.5, 0.1], [0.2, 0.4, -0.3]]))
    return fl.NetworkObjective(
        fl.Network.of(sizes, activation=activation, loss=loss, reduction=reduction, **options), data
    )


def same_as_numpy(problem, optimizer, steps=12, schedule="constant", dtype="float64", runs=3, **settings):
    """Asserts that the losses of a few runs agree, step by step."""
    starts = fl.draw_starts(problem, runs, seed=2, scale=0.5)
    plan = {"name": schedule} if isinstance(schedule, str) else schedule
    decay = {f"schedule.{k}": v for k, v in plan.items() if k != "name"}
    got = train(
        problem, optimizer, steps=steps, starts=starts, settings=settings | decay, schedule_=plan["name"],
        measures=("history",), dtype=dtype,
    )["history"]  # fmt: skip
    for start, losses in zip(starts, got, strict=True):
        run = fl.descend(problem, optimizer, start=start, steps=steps, schedule=schedule, **settings)
        assert losses == pytest.approx(run.losses, **TOLERANCE[dtype])
