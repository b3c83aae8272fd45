"""The choices that an axis of a map may offer, each of which needs a kernel or a length of its own.

Six are numbers: samples in a minibatch, steps, width and depth of a network, samples and label noise of its data. The others are members of families:
optimizer, schedule, initial weights, activation, loss, parametrization.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fallline.data.noise import LABEL_NOISE, TRAINING_SAMPLES
from fallline.problems import NetworkObjective, Objective
from fallline.settings import SETTINGS, Setting, Slider
from fallline.textbook.activations import ACTIVATIONS, activation
from fallline.textbook.architecture import MOST_LAYERS
from fallline.textbook.initial import INITIALS, initial
from fallline.textbook.losses import LOSSES, loss
from fallline.textbook.optimizers import OPTIMIZERS, optimizer
from fallline.textbook.other_names import loss_for
from fallline.textbook.parametrizations import PARAMETRIZATIONS, parametrization
from fallline.textbook.schedules import SCHEDULES
from fallline.user_code.schedule import schedule

__all__ = ["ARCHITECTURE", "CHOICES", "FAMILIES", "NUMBERS", "OF_DATA", "Family"]

NUMBERS: dict[str, Setting] = {
    "batch": SETTINGS["batch"],
    "steps": SETTINGS["steps"],
    "width": Setting(
        "width", "m", "units of each hidden layer", 8, 1, 2**16, whole=True, label="width of the hidden layers",
        slider=Slider(1, 32),
    ),
    "depth": Setting(
        "depth", "D", "number of hidden layers", 1, 0, MOST_LAYERS - 1, whole=True, label="number of hidden layers",
        slider=Slider(1, 4),
    ),
    "samples": TRAINING_SAMPLES,
    "label_noise": LABEL_NOISE,
}  # fmt: skip
"""The numbers of which each value needs a kernel, a length or data of its own."""


@dataclass(frozen=True)
class Family:
    """A part of a run that is chosen by name: what errors call it, its members in the textbook, and how one is read.

    `read` takes what the argument of that name takes, and the objective of the map, or None.
    """

    what: str
    members: Mapping[str, Any]
    read: Callable[[Any, Objective | None], Any]
    of_network: bool = False


def _loss(value: Any, objective: Objective | None) -> Any:
    """The loss of that name; another library's mean where the network has the same."""
    if isinstance(objective, NetworkObjective):
        value = loss_for(value, objective.network.reduction, objective.network.sizes[-1])
    return loss(value)


FAMILIES: dict[str, Family] = {
    "optimizer": Family("optimizer", OPTIMIZERS, lambda value, _: optimizer(value)),
    "schedule": Family("schedule", SCHEDULES, lambda value, _: schedule(value)),
    "initial": Family("initial weights", INITIALS, lambda value, _: initial(value), of_network=True),
    "activation": Family("activation", ACTIVATIONS, lambda value, _: activation(value), of_network=True),
    "loss": Family("loss", LOSSES, _loss, of_network=True),
    "parametrization": Family(
        "parametrization", PARAMETRIZATIONS, lambda value, _: parametrization(value), of_network=True
    ),
}
"""The parts of a run that are chosen by name, by the name of the axis, which is that of the argument of `map`."""

ARCHITECTURE = ("width", "depth", "activation", "loss", "parametrization")
"""The choices that change the network."""

OF_DATA = ("samples", "label_noise")
"""The choices that change the data."""

CHOICES = (*NUMBERS, *FAMILIES)
"""All axes of which each value needs a kernel, a length or data of its own."""
