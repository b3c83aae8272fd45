"""Losses on test samples: those of parameters that a training has reached. No training reads them.

They are computed by the page and the arithmetic of the training, as the loss before the first step of a run that begins at
the parameters. So a curve, a map and a single run have the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.method import method
from fallline.problems import on_test_samples
from fallline.runs.training import Training
from fallline.shapes import Shaped

__all__ = ["OnTest", "beginning_on_test", "on_test"]

Floats = NDArray[Any]
Train = Callable[[Training, Sequence[str]], Mapping[str, Floats]]


class OnTest(NamedTuple):
    """Losses on test samples, and shares of those whose class is right; None where targets are values."""

    losses: Floats
    right: Floats | None


def on_test(train: Train, training: Training, points: Shaped[Floats, "points P"]) -> OnTest:
    """Return loss and share of right answers on test samples at points.

    Parameters
    ----------
    train
        The engine: it maps runs and names of results to the results.
    training
        The runs that have reached the points: a point for each run, or all of a single run.

    Raises
    ------
    UsageError
        There are no test samples.
    """
    begins = beginning_on_test(training, points)
    classes = on_test_samples(training.objective).network.loss.targets != "values"
    values = train(begins, ["final_loss", "accuracy"] if classes else ["final_loss"])
    return OnTest(values["final_loss"], values.get("accuracy"))


def beginning_on_test(training: Training, points: Shaped[Floats, "points P"]) -> Training:
    """Return runs without a step on the test samples, which begin at the points.

    Raises
    ------
    UsageError
        There are no test samples.
    """
    l2 = {name: value for name, value in training.method.values.items() if name == "l2"}
    problem = on_test_samples(training.objective)
    return Training(problem, method("gradient_descent").with_(l2), 0, np.atleast_2d(points), dtype=training.dtype)
