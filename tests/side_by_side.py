"""Runs side by side from names and plain numbers, as most tests of the compiled engine want them."""

from __future__ import annotations

import numpy as np

import fallline as fl
from fallline.problems import objective as as_objective
from fallline.runs import lanes
from fallline.runs.execution import Execution
from fallline.runs.training import Training
from fallline.textbook.schedules import schedule


def training(objective, optimizer="gradient_descent", *, steps, starts, settings=None, schedule_="constant", rows=None,
             dtype="float64", full_loss=False):  # fmt: skip
    """Runs of an objective; settings are numbers or lists, by flat name."""
    values = {name: value if np.ndim(value) == 0 else np.asarray(value) for name, value in (settings or {}).items()}
    how = fl.method(optimizer, schedule(schedule_), steps).with_(values)
    return Training(as_objective(objective), how, steps, np.asarray(starts, dtype=float), rows, dtype, full_loss)


def train(objective, optimizer="gradient_descent", *, measures=("final_loss",), target=None, threads=None, progress=None,
          plan=None, device="cpu", device_plan=None, after=None, keep=False, **what):  # fmt: skip
    """Their measures, from compiled lanes."""
    execution = Execution(threads, device, progress, plan, device_plan)
    runs = training(objective, optimizer, **what)
    return lanes.train(runs, measures, target=target, execution=execution, after=after, keep=keep)
