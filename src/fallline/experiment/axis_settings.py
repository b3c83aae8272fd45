"""Which settings may be an axis of a map, and whether the values of an axis are in range."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from fallline.errors import SettingError, UnknownNameError, UsageError
from fallline.experiment.architectures import with_data
from fallline.experiment.axes import LARGEST_WHOLE, Axis
from fallline.experiment.choices import FAMILIES, NUMBERS, OF_DATA
from fallline.experiment.minibatches import checked_batch
from fallline.experiment.other_names import hint_of_setting
from fallline.experiment.setting_names import (
    OFFSET,
    layer_offset,
    layer_rate,
    schedule_setting,
    start_setting,
    within_start,
)
from fallline.number_text import is_whole
from fallline.problems import NetworkObjective, Objective
from fallline.settings import SETTINGS, Setting
from fallline.textbook.optimizers import Optimizer
from fallline.textbook.schedules import Schedule

__all__ = ["axis_settings", "check_axis", "choices", "same_setting", "start_coordinate"]


def axis_settings(objective: Objective, optimizer: Optimizer, schedule: Schedule) -> dict[str, Setting]:
    """Every setting that may be an axis of a map of this objective, optimizer and schedule.

    >>> from fallline.problems import objective
    >>> from fallline.textbook.optimizers import OPTIMIZERS
    >>> from fallline.textbook.schedules import SCHEDULES
    >>> sorted(axis_settings(objective("rosenbrock"), OPTIMIZERS["momentum"], SCHEDULES["constant"]))
    ['initial_offset', 'initial_scale', 'learning_rate', 'momentum', 'seed', 'start.x', 'start.y']
    """
    names = [start_setting(label) for label in objective.labels]
    start = {name: Setting(name, "w_0", "coordinate of the start", 0.0) for name in names}
    return _besides_start(objective, optimizer, schedule) | start


def _besides_start(objective: Objective, optimizer: Optimizer, schedule: Schedule) -> dict[str, Setting]:
    """The settings that may be an axis, without the coordinates of the start, of which there may be thousands."""
    declared: dict[str, Setting] = {}
    if isinstance(objective, NetworkObjective):
        rate = optimizer.declared.get("learning_rate", SETTINGS["learning_rate"])
        declared |= {layer_rate(layer): rate for layer in range(1, objective.network.depth + 1)}
    declared |= optimizer.declared
    declared |= {name: SETTINGS[name] for name in ("initial_scale", OFFSET, "seed")}
    if isinstance(objective, NetworkObjective):
        declared |= {layer_offset(layer): SETTINGS[OFFSET] for layer in range(1, objective.network.depth + 1)}
        declared["l2"] = SETTINGS["l2"]
    return declared | {schedule_setting(name): s for name, s in schedule.declared.items() if name != "steps"}


def choices(objective: Objective) -> dict[str, Setting]:
    """The numbers of which each value needs a kernel or a length of its own.

    >>> from fallline.problems import objective
    >>> list(choices(objective("rosenbrock")))
    ['steps']
    """
    return dict(NUMBERS) if isinstance(objective, NetworkObjective) else {"steps": NUMBERS["steps"]}


def start_coordinate(objective: Objective, name: str) -> int:
    """The index in the parameter vector that "start.x", "start.W1[0,0]" or "start.7" names.

    Raises
    ------
    UnknownNameError
        The objective has no such parameter.
    """
    label = within_start(name) or name
    labels = objective.labels
    if label in labels:
        return labels.index(label)
    if is_whole(label) and int(label) < objective.dimension:
        return int(label)
    raise UnknownNameError("coordinate of the start", label, labels)


def same_setting(a: Axis, b: Axis, objective: Objective) -> bool:
    """Whether two axes change the same number, as "start.x" and "start.0" do."""
    if within_start(a.name) is not None and within_start(b.name) is not None:
        return start_coordinate(objective, a.name) == start_coordinate(objective, b.name)
    return a.name == b.name


def check_axis(axis: Axis, objective: Objective, optimizer: Optimizer, schedule: Schedule) -> None:
    """Refuse an axis that names no setting, or whose values leave the setting's range.

    Raises
    ------
    UnknownNameError
        There is no such setting.
    SettingError
        A value is out of range.
    """
    if within_start(axis.name) is not None:
        start_coordinate(objective, axis.name)
        return
    network = isinstance(objective, NetworkObjective)
    named = [name for name, family in FAMILIES.items() if network or not family.of_network]
    if axis.name in named:
        return
    valid = _besides_start(objective, optimizer, schedule) | choices(objective)
    if axis.name not in valid and (axis.name in FAMILIES or axis.name in ("width", "depth", *OF_DATA)):
        raise UsageError(f"{axis.name} needs a network on data; {objective.name} is none.")
    if axis.name not in valid:
        starts = [start_setting(label) for label in objective.labels]
        shown = [*valid, *named]
        shown += starts if len(starts) <= 4 else [starts[0], starts[-1]]
        raise UnknownNameError("an axis", axis.name, shown, hint_of_setting(axis.name, optimizer.name))
    for value in _decisive(axis, valid[axis.name]):
        number = float(value)
        try:
            valid[axis.name].check(int(number) if number == int(number) else number)
        except SettingError as error:
            raise SettingError(f"axis {axis}: {error}") from None
    if axis.name == "batch":
        checked_batch(int(axis.high), objective)
    if axis.name in OF_DATA and isinstance(objective, NetworkObjective):
        ends: dict[str, Any] = {axis.name: axis.high}
        with_data(objective, objective.data, 0, **ends)


def _decisive(axis: Axis, declared: Setting) -> list[float]:
    """Values that are all in range only if every value of the axis is. An axis may have millions of values."""
    if declared.whole and max(abs(axis.low), abs(axis.high)) >= LARGEST_WHOLE:
        raise SettingError(f"axis {axis}: {axis.name} must be below 2^53 = {LARGEST_WHOLE:,} on an axis.")
    if axis.listed:
        return list(axis.listed)
    if not declared.whole or axis.count == 1:
        return [axis.low, axis.high]
    if axis.part is not None:  # takes the nearest whole numbers
        return [float(v) for v in axis.values[[0, -1]]]
    step = (Fraction(axis.high) - Fraction(axis.low)) / (axis.count - 1)
    second = Fraction(axis.low) + step
    return [axis.low, float(second), axis.high]
