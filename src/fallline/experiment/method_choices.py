"""Methods where the optimizer or the schedule is an axis of a map: the settings of each choice, and a cell's method."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
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
    on_axis = {axis.name for axis in axes}
    chosen = {axis.name: axis for axis in axes if isinstance(axis, ChoiceAxis)}
    if "schedule" in chosen:
        choices = chosen["schedule"].choices
        for choice in choices:
            own = own_settings(dict(choice.settings), choice.record.declared, f"schedule {choice.record.name}")
            _refuse_axes(map(schedule_setting, own), on_axis, choice.record)
        laws = [method(optimizer_, _schedule_words(choice), steps) for choice in choices]
        chosen["schedule"] = chosen["schedule"].with_choices(
            [Choice(how.schedule, _besides(how.schedule_settings, on_axis, schedule_setting)) for how in laws]
        )
        schedule_ = _schedule_words(choices[0])
    if "optimizer" not in chosen:
        return method(optimizer_, schedule_, steps, **settings), [chosen.get(axis.name, axis) for axis in axes]
    methods = _methods(chosen["optimizer"].choices, schedule_, steps, settings, on_axis)
    chosen["optimizer"] = chosen["optimizer"].with_choices(
        [Choice(how.optimizer, _besides(how.settings, on_axis)) for how in methods]
    )
    return methods[0], [chosen.get(axis.name, axis) for axis in axes]


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


def _besides(
    settings: Mapping[str, float], on_axis: Iterable[str], flat: Callable[[str], str] = str
) -> tuple[tuple[str, float], ...]:
    """The settings that are no axis. `flat` makes the name of the axis from that of the setting."""
    return tuple((name, value) for name, value in settings.items() if flat(name) not in on_axis)


def _refuse_axes(names: Iterable[str], on_axis: set[str], record: Any) -> None:
    """Refuse settings of a choice that are an axis."""
    for name in on_axis.intersection(names):
        raise SettingError(f"{name} must be left out of {record.name} where it is an axis of the map.")


def _schedule_words(choice: Choice) -> dict[str, Any]:
    return {"name": choice.record, **dict(choice.settings)}


def _methods(
    choices: Sequence[Choice], schedule_: ScheduleLike, steps: int, settings: Mapping[str, Any], on_axis: set[str]
) -> list[Method]:
    """The method of each optimizer of an axis: with the settings that all cells share as far as it has them, and its own."""
    _refuse_unknown(settings, choices)
    methods = []
    for choice in choices:
        record = choice.record
        shared = {name: value for name, value in settings.items() if _has(record, name, value)}
        own = own_settings(dict(choice.settings), record.declared, f"optimizer {record.name}")
        _refuse_axes(own, on_axis, record)
        shared = own_settings(shared, record.declared, f"optimizer {record.name}")
        methods.append(method(record, schedule_, steps, **(shared | own)))
    first = methods[0]
    for how in methods:
        if (how.schedule, how.schedule_settings, how.learning_rates) != (
            first.schedule, first.schedule_settings, first.learning_rates
        ):  # fmt: skip
            raise SettingError(
                "the optimizers of an axis must have the same schedule and the same learning rates of layers; those of "
                f"{how.optimizer.name} differ from those of {first.optimizer.name}."
            )
    return methods


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
