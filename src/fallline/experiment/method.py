"""A method: an optimizer, a schedule, and a value for each of their settings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from fallline.errors import SettingError, shown
from fallline.experiment.other_names import own_settings
from fallline.experiment.setting_names import is_layer_rate, layer_of, layer_rate, schedule_setting
from fallline.problems import NetworkObjective, Objective
from fallline.settings import SETTINGS, checked
from fallline.shapes import Shaped
from fallline.textbook.layer_factors import rate_factors
from fallline.textbook.optimizers import Optimizer, optimizer
from fallline.textbook.rates import length_of
from fallline.textbook.schedules import Schedule
from fallline.user_code.schedule import is_schedule, schedule

__all__ = [
    "Method",
    "ScheduleLike",
    "beside_parameters",
    "factors_on_rates",
    "method",
    "rate_as_schedule_error",
    "refuse_idle_rate",
]

Floats = NDArray[Any]
Numbers = Mapping[str, float | Floats]
ScheduleLike = str | Schedule | Mapping[str, Any] | Callable[..., Any] | Sequence[Any] | Floats
"""What `fallline.schedule` makes a schedule of."""


@dataclass(frozen=True, eq=False, repr=False)
class Method:
    """An optimizer, a schedule, and a value for each of their settings.

    Attributes
    ----------
    values
        By flat name: "momentum"; "learning_rate.2" for the learning rate of layer 2 alone; "schedule.decay" for a
        setting of the schedule; "l2" where it replaces the network's own. Each is a number, or an array (runs,) for
        runs side by side.

    Examples
    --------
    >>> how = method("momentum", {"name": "step_decay", "every": 5}, learning_rate=0.1)
    >>> how.values
    {'learning_rate': 0.1, 'momentum': 0.9, 'schedule.decay': 0.9, 'schedule.every': 5}
    >>> how.settings, how.schedule_settings
    ({'learning_rate': 0.1, 'momentum': 0.9}, {'decay': 0.9, 'every': 5})
    >>> how
    method('momentum', {'name': 'step_decay', 'decay': 0.9, 'every': 5}, learning_rate=0.1, momentum=0.9)
    """

    optimizer: Optimizer
    schedule: Schedule
    values: Numbers

    @property
    def settings(self) -> dict[str, float]:
        """The optimizer's settings."""
        return self._numbers({name: name for name in self.optimizer.settings})

    @property
    def keywords(self) -> dict[str, float]:
        """The optimizer's settings and the learning rates of single layers, as keyword arguments have them."""
        return self.settings | {layer_rate(layer): rate for layer, rate in self.learning_rates.items()}

    @property
    def schedule_settings(self) -> dict[str, float]:
        """The schedule's settings, by the schedule's own names."""
        return self._numbers({name: schedule_setting(name) for name in self.schedule.settings})

    @property
    def learning_rates(self) -> dict[int, float]:
        """Learning rates of single layers, {1: 0.1}; the other layers take `settings["learning_rate"]`."""
        return self._numbers({layer_of(name): name for name in self.values if is_layer_rate(name)})

    def with_(self, values: Numbers) -> Method:
        """The same method with other values, by flat name.

        >>> method("momentum").with_({"momentum": 0.5}).settings
        {'learning_rate': 0.01, 'momentum': 0.5}
        """
        return replace(self, values={**self.values, **values})

    def learning_rate(self, objective: Objective) -> float | Floats:
        """The learning rate of each parameter: a number or (runs, 1); (P,) or (runs, P) where layers differ.

        Raises
        ------
        SettingError
            A layer that the objective does not have has a learning rate.
        """
        rate = beside_parameters(self.values["learning_rate"])
        rates = self.learning_rates
        if not isinstance(objective, NetworkObjective):
            if rates:
                raise SettingError("learning_rate of a layer needs a network; a landscape has no layers.")
            return rate
        depth = objective.network.depth
        layers = np.array(objective.network.layer_of) if rates else None
        for layer, own in rates.items():
            if not 1 <= layer <= depth:
                raise SettingError(f"{layer_rate(layer)} must name a layer from 1 to {depth} of {objective.name}.")
            rate = np.where(layers == layer, beside_parameters(own), rate)
        factors = factors_on_rates(objective, self.optimizer)
        return rate if factors is None else factors * rate

    def check_steps(self, steps: int) -> None:
        """Raise SettingError if the schedule is a list of rates, and too short for so many steps."""
        length = length_of(self.schedule.factor)
        if length is not None and length < steps:
            raise SettingError(f"schedule {self.schedule.name} has rates for {length} steps; the run takes {steps}.")

    def _numbers(self, names: Mapping[Any, str]) -> dict[Any, float]:
        """Values under other names. Runs side by side may have arrays here; a method for one run has numbers."""
        return {key: cast(float, self.values[name]) for key, name in names.items() if name in self.values}

    def __hash__(self) -> int:
        """Values may be arrays, and are few: methods with the same optimizer and schedule share a hash."""
        return hash((self.optimizer, self.schedule, tuple(sorted(self.values))))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Method):
            return NotImplemented
        same = (self.optimizer, self.schedule, self.values.keys()) == (
            other.optimizer, other.schedule, other.values.keys()
        )  # fmt: skip
        return same and all(np.array_equal(v, other.values[k], equal_nan=True) for k, v in self.values.items())

    def __repr__(self) -> str:
        """As `method` reads it."""
        optimizer, plan = (
            repr(r.name) if not repr(r).startswith(type(r).__name__) else repr(r)
            for r in (self.optimizer, self.schedule)
        )
        if self.schedule_settings:
            plan = f"{{'name': {plan}, {', '.join(f'{k!r}: {v!r}' for k, v in self.schedule_settings.items())}}}"
        words = [optimizer] if plan == "'constant'" else [optimizer, plan]
        own = {k: v for k, v in self.values.items() if k not in map(schedule_setting, self.schedule.settings)}
        words += [f"{k}={v!r}" if k.isidentifier() else f"**{{{k!r}: {v!r}}}" for k, v in own.items()]
        return f"method({', '.join(words)})"

    def __str__(self) -> str:
        declared = self.optimizer.declared
        always = ("learning_rate", "momentum")
        named = {k: v for k, v in self.settings.items() if k in always or v != declared[k].default}
        words = [self.optimizer.label]
        words += [f"{declared[k].label} {v:g}" for k, v in named.items()]
        words += [f"learning rate of layer {k} {v:g}" for k, v in self.learning_rates.items()]
        if self.schedule.name != "constant":
            words.append(f"schedule {self.schedule.label}")
        return ", ".join(words)


def method(
    name: str | Optimizer = "gradient_descent",
    schedule_: ScheduleLike = "constant",
    steps: int = 100,
    **settings: Any,
) -> Method:
    """A method from names and settings. A setting that is left out has its default.

    Parameters
    ----------
    name
        The optimizer.
    schedule_
        A schedule, or {"name": ..., setting: ...}, or what `fallline.schedule` makes one of.
    steps
        Length of the run: the default of a schedule's own setting "steps".
    **settings
        The optimizer's settings; `learning_rate={1: 0.1, 2: 0.01}` or `**{"learning_rate.2": 0.1}` for single layers.
        Names of other libraries are understood where they mean the same: `lr`, `eps`, `betas`. A learning rate that is a
        schedule, a function of the step or an array is the schedule itself: learning_rate is then 1.

    Raises
    ------
    SettingError
        A value is out of range, or not a number.
    UnknownNameError
        The optimizer has no setting of that name.

    Examples
    --------
    >>> print(method("momentum", learning_rate=8e-5, momentum=0.7))
    momentum, learning rate 8e-05, momentum 0.7
    """
    record = optimizer(name)
    settings = own_settings(settings, record.declared, f"optimizer {record.name}")
    if is_schedule(settings.get("learning_rate")):
        schedule_, settings = _rate_as_schedule(schedule_, settings)
    rate = record.declared.get("learning_rate", SETTINGS["learning_rate"])
    layers = {layer_rate(layer_of(k)): rate.check(settings.pop(k))
              for k in list(settings) if is_layer_rate(k)}  # fmt: skip
    law, values = _schedule_and_values(schedule_, steps)
    return Method(record, law, checked(record.declared, settings, f"optimizer {record.name}") | layers | values)


def factors_on_rates(objective: Objective, optimizer: Optimizer) -> Shaped[Floats, " P"] | None:
    """The factor of a network's parametrization on the learning rate of each parameter; None if all are 1.

    >>> from fallline.problems import objective
    >>> from fallline.textbook.optimizers import OPTIMIZERS
    >>> factors_on_rates(objective("rosenbrock"), OPTIMIZERS["adam"])
    """
    if not isinstance(objective, NetworkObjective) or not objective.network.parametrization.depends_on_width:
        return None
    factors = rate_factors(objective.network, optimizer)
    return factors if (factors != 1).any() else None


def beside_parameters(value: float | Floats) -> float | Floats:
    """A value of a method as a factor of parameters (P,): that of runs side by side, (runs,), as (runs, 1)."""
    return value[:, None] if isinstance(value, np.ndarray) and value.ndim else value


def _rate_as_schedule(schedule_: ScheduleLike, settings: dict[str, Any]) -> tuple[ScheduleLike, dict[str, Any]]:
    """The schedule and the settings where the learning rate is a schedule: its factors on a learning rate of 1."""
    others = [name for name in settings if is_layer_rate(name)]
    if others or not (isinstance(schedule_, str) and schedule_ == "constant"):
        raise rate_as_schedule_error(others[0] if others else "schedule")
    return settings["learning_rate"], settings | {"learning_rate": 1.0}


def refuse_idle_rate(names: Collection[str], objective: Objective) -> None:
    """Refuse a learning rate for all layers, by the flat names of what was given, where each layer has one of its own."""
    if not isinstance(objective, NetworkObjective) or "learning_rate" not in names:
        return
    if sum(is_layer_rate(name) for name in names) >= objective.network.depth:
        raise SettingError("learning_rate must be left out where every layer has a learning rate of its own.")


def rate_as_schedule_error(factor: str) -> SettingError:
    """The error for a learning rate that is a schedule beside a setting that would multiply it."""
    return SettingError(
        f"learning_rate is a schedule, so that {factor} would multiply it. Give the schedule as schedule=..., and numbers as "
        "learning rates."
    )


def _schedule_and_values(schedule_: ScheduleLike, steps: int) -> tuple[Schedule, dict[str, float]]:
    """A schedule, and its settings by flat name. Its setting "steps" is the run's `steps` by default."""
    options: dict[str, Any] = dict(schedule_) if isinstance(schedule_, Mapping) else {"name": schedule_}
    if "name" not in options:
        raise SettingError(f'schedule must be a name or {{"name": ..., setting: ...}}; got {shown(schedule_)}.')
    law = schedule(options.pop("name"))
    options = own_settings(options, law.declared, f"schedule {law.name}")
    if "steps" in law.settings:
        options.setdefault("steps", steps)
        if options["steps"] == 0 < steps:
            raise SettingError(f"steps of schedule {law.name} must be a whole number at least 1; got 0.")
    values = checked(law.declared, options, f"schedule {law.name}")
    return law, {schedule_setting(name): value for name, value in values.items()}
