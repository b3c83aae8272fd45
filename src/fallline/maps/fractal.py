"""The set-up of "The boundary of neural network trainability is fractal" (Sohl-Dickstein 2024, arXiv:2402.06184).

One hidden layer of 16 units on 16 inputs, one output, no bias, mean-field scaling, mean squared error over as many rows as
there are parameters, full batch, gradient descent with a learning rate for each layer: the two axes.
"""

from __future__ import annotations

import math
from typing import Any

from fallline import random
from fallline.data.dataset import Dataset
from fallline.experiment.map_record import MapSpec
from fallline.experiment.map_spec import map_spec
from fallline.problems import NetworkObjective
from fallline.textbook.network import Network

__all__ = ["fractal_objective", "fractal_spec"]

_GAIN = {"tanh": math.sqrt(2), "identity": 1.0, "relu": 1.0}


def fractal_objective(
    activation: str = "tanh", *, units: int = 16, rows: int | None = None, seed: int = 0
) -> NetworkObjective:
    """The network and its data: rows of standard normal inputs and targets, keyed by the seed.

    tanh(sqrt2 z) has the gain inside, so it is part of the first layer's scale; sqrt2 relu(z) outside, part of the second's.

    >>> fractal_objective().dimension, len(fractal_objective().data)
    (272, 272)
    """
    second = math.sqrt(2) if activation == "relu" else 1.0
    network = Network.of(
        (units, units, 1), activation=activation, loss="squared_error", reduction="mean", bias=False,
        scales=(_GAIN[activation] / math.sqrt(units), second / units),
    )  # fmt: skip
    count = network.parameter_count if rows is None else rows
    numbers = random.normal(seed, "fractal data", count * (units + 1)).reshape(count, units + 1)
    return NetworkObjective(network, Dataset.of(numbers[:, :units], numbers[:, units:], name="normal numbers"))


def fractal_spec(
    activation: str = "tanh",
    *,
    x: str = "learning_rate.1=1e-3..1e6:log",
    y: str = "learning_rate.2=1e-3..1e6:log",
    size: int | str | tuple[int, int] = 512,
    steps: int = 500,
    rows: int | None = None,
    seed: int = 0,
    **options: Any,
) -> MapSpec:
    """The map of the paper: the convergence measure over the learning rates of both layers, the same start for every cell.

    Further options are those of `map_spec`: batch=16 for the paper's minibatches, another dtype, other measures.
    """
    objective = fractal_objective(activation, rows=rows, seed=seed)
    start = random.normal(seed, "fractal start", objective.dimension)
    given = {"measures": "convergence", "start": start} | options
    return map_spec(objective, x=x, y=y, size=size, steps=steps, seed=seed, **given)
