"""A method: an optimizer with all its settings, and a schedule with its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import SettingError, shown
from fallline.number_text import is_whole
from fallline.problems import NetworkObjective, Objective
from fallline.settings import SETTINGS, checked
from fallline.textbook.optimizers import Optimizer, optimizer
from fallline.textbook.schedules import Schedule, schedule

__all__ = ["Method", "method", "schedule_and_settings"]

Floats = NDArray[Any]


@dataclass(frozen=True)
class Method:
    """An optimizer with all its settings, and a schedule with its own.

    `learning_rates` holds a learning rate for single layers, {1: 0.1}; the others take `settings["learning_rate"]`.

    >>> method("adam", beta1=0.8).settings
    {'learning_rate': 0.01, 'beta1': 0.8, 'beta2': 0.999, 'epsilon': 1e-08}
    """

    optimizer: Optimizer
    settings: dict[str, float]
    schedule: Schedule
    schedule_settings: dict[str, float]
    learning_rates: dict[int, float]

    def __str__(self) -> str:
        shown = {
            k: v
            for k, v in self.settings.items()
            if k in ("learning_rate", "momentum") or v != self.optimizer.declared[k].default
        }
        words = [self.optimizer.label]
        words += [f"{self.optimizer.declared[k].label} {v:g}" for k, v in shown.items()]
        words += [f"learning rate of layer {k} {v:g}" for k, v in self.learning_rates.items()]
        if self.schedule.name != "constant":
            words.append(f"schedule {self.schedule.label}")
        return ", ".join(words)

    def learning_rate(self, objective: Objective) -> Floats | float:
        """The learning rate of each parameter: one number, or a vector where layers have their own."""
        if not self.learning_rates:
            return self.settings["learning_rate"]
        if not isinstance(objective, NetworkObjective):
            raise SettingError("learning_rate of a layer needs a network; a landscape has no layers.")
        depth = objective.network.depth
        for layer in self.learning_rates:
            if not 1 <= layer <= depth:
                raise SettingError(f"learning_rate.{layer} must name a layer from 1 to {depth} of {objective.name}.")
        return np.array(
            [self.learning_rates.get(layer, self.settings["learning_rate"]) for layer in objective.network.layer_of]
        )


def method(
    name: str | Optimizer = "gradient_descent",
    schedule_: str | Schedule | Mapping[str, Any] = "constant",
    steps: int = 100,
    **settings: Any,
) -> Method:
    """A method from names and settings; whatever is not given has its default.

    >>> print(method("momentum", learning_rate=8e-5, momentum=0.7))
    momentum, learning rate 8e-05, momentum 0.7
    """
    record = optimizer(name)
    per_layer = {k: settings.pop(k) for k in list(settings) if k.startswith("learning_rate.")}
    rate = record.declared.get("learning_rate", SETTINGS["learning_rate"])
    layers = {_layer(k): rate.check(v) for k, v in per_layer.items()}
    plan, plan_settings = schedule_and_settings(schedule_, steps)
    return Method(record, checked(record.declared, settings, f"optimizer {record.name}"), plan, plan_settings, layers)


def schedule_and_settings(
    schedule_: str | Schedule | Mapping[str, Any], steps: int
) -> tuple[Schedule, dict[str, float]]:
    """A schedule and its settings from a name, or from {"name": ..., setting: ...}; its steps are the run's unless given.

    >>> schedule_and_settings({"name": "step_decay", "every": 5}, 100)
    (Schedule('step_decay'), {'decay': 0.9, 'every': 5})

    Raises
    ------
    SettingError
        A setting is out of range, or there is no name.
    """
    options: dict[str, Any] = dict(schedule_) if isinstance(schedule_, Mapping) else {"name": schedule_}
    if "name" not in options:
        raise SettingError(f'schedule must be a name or {{"name": ..., setting: ...}}; got {shown(schedule_)}.')
    plan = schedule(options.pop("name"))
    if "steps" in plan.settings:
        options.setdefault("steps", steps)
        if options["steps"] == 0 < steps:
            raise SettingError(f"steps of schedule {plan.name} must be a whole number at least 1; got 0.")
    return plan, checked(plan.declared, options, f"schedule {plan.name}")


def _layer(name: str) -> int:
    text = name.removeprefix("learning_rate.")
    if not is_whole(text):
        raise SettingError(f"a layer's learning rate is written learning_rate.1, learning_rate.2, ...; got {name!r}.")
    return int(text)
