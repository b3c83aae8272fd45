"""Methods where the optimizer or the schedule is an axis of a map: the settings of each choice, and a cell's method."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from fallline.errors import SettingError, UnknownNameError
from fallline.experiment.axes import Axis
from fallline.experiment.choice_axis import Choice, ChoiceAxis
from fallline.experiment.method import Method, ScheduleLike, method
from fallline.experiment.other_names import own_settings
from fallline.experiment.setting_names import is_layer_rate, schedule_setting
from fallline.settings import Setting
from fallline.textbook.optimizers import Optimizer

__all__ = ["chosen_method", "declared_settings", "method_of_axes"]


def method_of_axes(
    optimizer_: str | Optimizer,
    schedule_: ScheduleLike,
    steps: int,
    settings: Mapping[str, Any],
    axes: Iterable[Axis],
) -> tuple[Method, list[Axis]]:
    """The method of a map's first cell, and the axes, in which each optimizer and schedule has a value for its settings.

    Settings that are the same for all cells go to each optimizer of an axis that has them. A choice's own settings,
    {"name": "momentum", "momentum": 0.5}, come first.

    Raises
    ------
    UnknownNameError
        No optimizer of the axis has a setting of that name.
    SettingError
        A choice has a value for a setting that is itself an axis.

    Examples
    --------
    >>> from fallline.experiment.axis_forms import axis_of
    >>> y = axis_of(("optimizer", ["sgd", "momentum"]))
    >>> how, (y,) = method_of_axes("gradient_descent", "constant", 100, {"learning_rate": 0.1, "momentum": 0.5}, [y])
    >>> how.values, dict(y.choices[1].settings)
    ({'learning_rate': 0.1}, {'learning_rate': 0.1, 'momentum': 0.5})
    """
    axes = list(axes)
    chosen = {axis.name: axis for axis in axes if isinstance(axis, ChoiceAxis)}
    on_axis = {axis.name for axis in axes}
    optimizers = chosen["optimizer"].choices if "optimizer" in chosen else ()
    schedules = chosen["schedule"].choices if "schedule" in chosen else ()
    for choice in (*optimizers, *schedules):
        for name, _ in choice.settings:
            if name in on_axis or (choice in schedules and schedule_setting(name) in on_axis):
                raise SettingError(f"{name} must be left out of {choice.record.name} where it is an axis of the map.")
    if schedules:
        schedule_ = _schedule_words(schedules[0])
    if not optimizers:
        first = method(optimizer_, schedule_, steps, **settings)
    else:
        _refuse_unknown(settings, optimizers)
        own = [_own(choice, settings) for choice in optimizers]
        methods = [method(c.record, schedule_, steps, **s) for c, s in zip(optimizers, own, strict=True)]
        first = methods[0]
        for how in methods:
            if (how.schedule, how.schedule_settings, how.learning_rates) != (
                first.schedule, first.schedule_settings, first.learning_rates
            ):  # fmt: skip
                raise SettingError(
                    f"the optimizers of an axis must have the same schedule and the same learning rates of layers; those of "
                    f"{how.optimizer.name} differ from those of {first.optimizer.name}."
                )
        chosen["optimizer"] = chosen["optimizer"].with_choices(
            [Choice(how.optimizer, _besides(how.settings, on_axis)) for how in methods]
        )
    if schedules:
        methods = [method(optimizer_, _schedule_words(choice), steps) for choice in schedules]
        flat = {schedule_setting(name): name for how in methods for name in how.schedule.settings}
        kept = {name for name in on_axis if name in flat}
        chosen["schedule"] = chosen["schedule"].with_choices(
            [Choice(how.schedule, _besides(how.schedule_settings, {flat[name] for name in kept})) for how in methods]
        )
    return first, [chosen.get(axis.name, axis) for axis in axes]


def chosen_method(how: Method, optimizer: Choice | None = None, schedule: Choice | None = None) -> Method:
    """The method of a cell: the same with the optimizer or the schedule that the cell's choices say."""
    record = how.optimizer if optimizer is None else optimizer.record
    law = how.schedule if schedule is None else schedule.record
    settings = how.settings if optimizer is None else _all(record.declared, optimizer)
    of_schedule = how.schedule_settings if schedule is None else _all(law.declared, schedule)
    layers = {name: value for name, value in how.values.items() if is_layer_rate(name)}
    values = settings | layers | {schedule_setting(name): value for name, value in of_schedule.items()}
    return replace(how, optimizer=record, schedule=law, values=values)


def declared_settings(how: Method, axes: Iterable[Axis]) -> dict[str, Setting]:
    """The declarations of the settings of all optimizers of a map."""
    declared = dict(how.optimizer.declared)
    for axis in axes:
        if isinstance(axis, ChoiceAxis) and axis.name == "optimizer":
            declared |= {name: s for choice in axis.choices for name, s in choice.record.declared.items()}
    return declared


def _all(declared: Mapping[str, Setting], choice: Choice) -> dict[str, float]:
    """A value for each setting of a choice. Settings that are an axis have their default, which a cell replaces."""
    return {name: s.default for name, s in declared.items()} | dict(choice.settings)


def _besides(settings: Mapping[str, float], on_axis: Iterable[str]) -> tuple[tuple[str, float], ...]:
    return tuple((name, value) for name, value in settings.items() if name not in on_axis)


def _schedule_words(choice: Choice) -> dict[str, Any]:
    return {"name": choice.record, **dict(choice.settings)}


def _own(choice: Choice, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that all cells share as far as this optimizer has them, and the choice's own in their place."""
    shared: dict[str, Any] = {}
    for name, value in settings.items():
        if _has(choice.record, name, value):
            shared |= own_settings({name: value}, choice.record.declared, f"optimizer {choice.record.name}")
    return shared | own_settings(dict(choice.settings), choice.record.declared, f"optimizer {choice.record.name}")


def _has(record: Optimizer, name: str, value: Any) -> bool:
    try:
        own = own_settings({name: value}, record.declared, f"optimizer {record.name}")
    except UnknownNameError:
        return False
    return all(key in record.declared or is_layer_rate(key) for key in own)


def _refuse_unknown(settings: Mapping[str, Any], optimizers: Iterable[Choice]) -> None:
    """Refuse a setting that no optimizer of the axis has."""
    records = [choice.record for choice in optimizers]
    for name, value in settings.items():
        if not any(_has(record, name, value) for record in records):
            declared = {key for record in records for key in record.declared}
            names = ", ".join(dict.fromkeys(record.name for record in records))
            raise UnknownNameError(f"setting of the optimizers {names}", name, declared)
