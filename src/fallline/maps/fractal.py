"""The set-ups of "The boundary of neural network trainability is fractal" (Sohl-Dickstein 2024, arXiv:2402.06184).

One hidden layer of 16 units on 16 inputs, one output, no bias, mean-field scaling, mean squared error over as many rows as
there are parameters, full batch, gradient descent with a learning rate for each layer: the two axes; in one variant an offset of the first weights and a
learning rate. `PRESETS` names the variants of the paper; `fallline map --preset`, `fallline zoom` and `bench/fractal.py` take them from here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from fallline import random
from fallline.data.dataset import Dataset
from fallline.errors import UnknownNameError
from fallline.experiment.map_record import MapSpec
from fallline.experiment.map_spec import map_spec
from fallline.problems import NetworkObjective
from fallline.textbook.network import Network

__all__ = ["PRESETS", "Preset", "fractal_objective", "fractal_spec", "preset"]

_GAIN = {"tanh": math.sqrt(2), "identity": 1.0, "relu": 1.0}

_UNITS = 16
"""Inputs, and hidden units."""


@dataclass(frozen=True)
class Preset:
    """A variant of the paper: its plane of 10^-3 to 10^6 by 10^-3 to 10^6, 500 steps, in float64.

    Parameters
    ----------
    name
        Its name on the command line.
    title
        What is special about it, in words.
    published
        The box-counting dimension that the paper reports.
    activation
        Of the hidden units.
    rows
        Rows of data; None for as many as there are parameters, 272.
    batch
        Rows in a minibatch, drawn with replacement, with the losses of all rows; None for full batches.
    x, y
        The settings of the two axes.

    Examples
    --------
    >>> spec = preset("fractal-linear").spec(size=8)
    >>> spec.objective.data, spec.steps, spec.plane_text
    (Dataset('normal numbers', 16 samples, 16 inputs, 1 targets), 500, 'learning_rate.1=0.001..1e+06:log by learning_rate.2=0.001..1e+06:log')
    """

    name: str
    title: str
    published: float
    activation: str = "tanh"
    rows: int | None = None
    batch: int | None = None
    x: str = "learning_rate.1"
    y: str = "learning_rate.2"

    def objective(self, seed: int = 0) -> NetworkObjective:
        """The network and its data, keyed by the seed."""
        return fractal_objective(self.activation, rows=self.rows, seed=seed)

    def plane(self, seed: int = 0) -> dict[str, Any]:
        """The arguments of `map_spec` besides the objective."""
        numbers = self.objective(seed).dimension
        return {
            "x": f"{self.x}=1e-3..1e6:log",
            "y": f"{self.y}=1e-3..1e6:log",
            "size": "512x512",
            "steps": 500,
            "measures": ("convergence",),
            "start": random.normal(seed, "fractal start", numbers),
            "seed": seed,
            "batch": self.batch,
            "replacement": self.batch is not None,
            "full_loss": self.batch is not None,
            "dtype": "float64",
        }

    def spec(self, seed: int = 0, **options: Any) -> MapSpec:
        """The map of the paper. Options are those of `map_spec`, in place of the paper's: size=256, x=..., dtype="float32"."""
        return map_spec(self.objective(seed), **(self.plane(seed) | options))


PRESETS: dict[str, Preset] = {
    p.name: p
    for p in (
        Preset("fractal-tanh", "tanh units", 1.66),
        Preset("fractal-relu", "ReLU units", 1.20, "relu"),
        Preset("fractal-linear", "linear units, 16 rows of data", 1.17, "identity", rows=_UNITS),
        Preset("fractal-single-row", "tanh units, a single row of data", 1.41, rows=1),
        Preset("fractal-minibatch", "tanh units, minibatches of 16 rows", 1.55, batch=16),
        # By its name the offset belongs to the initialization, as here; the released notebook adds it again at every step.
        Preset(
            "fractal-init-offset",
            "tanh units, an offset of the first weights",
            1.98,
            x="initial_offset.1",
            y="learning_rate",
        ),
    )
}
"""The variants of the paper, by name."""


def preset(name: str) -> Preset:
    """The preset of that name.

    Raises
    ------
    UnknownNameError
        There is no such preset.
    """
    if name not in PRESETS:
        raise UnknownNameError("preset", name, PRESETS)
    return PRESETS[name]


def fractal_objective(
    activation: str = "tanh", *, units: int = _UNITS, rows: int | None = None, seed: int = 0
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
    activation: str = "tanh", *, size: int | str | tuple[int, int] = 512, rows: int | None = None, seed: int = 0,
    **options: Any,
) -> MapSpec:  # fmt: skip
    """The map of a network like the paper's: another activation, other rows, another plane.

    The options are those of `map_spec`, in place of those of the preset "fractal-tanh".
    """
    return Preset("", "", math.nan, activation, rows).spec(seed, size=size, **options)
