"""Which settings may be an axis of a map, and whether the values of an axis are in range."""

from __future__ import annotations

from fractions import Fraction

from fallline.errors import SettingError, UnknownNameError
from fallline.experiment.axes import LARGEST_WHOLE, Axis
from fallline.number_text import is_whole
from fallline.problems import NetworkObjective, Objective
from fallline.settings import SETTINGS, Setting
from fallline.textbook.optimizers import Optimizer
from fallline.textbook.schedules import Schedule

__all__ = ["axis_settings", "check_axis", "same_setting", "start_coordinate"]


def axis_settings(objective: Objective, optimizer: Optimizer, schedule: Schedule) -> dict[str, Setting]:
    """Every setting that may be an axis of a map of this objective, optimizer and schedule.

    >>> from fallline.problems import objective
    >>> from fallline.textbook.optimizers import OPTIMIZERS
    >>> from fallline.textbook.schedules import SCHEDULES
    >>> sorted(axis_settings(objective("rosenbrock"), OPTIMIZERS["momentum"], SCHEDULES["constant"]))
    ['initial_scale', 'learning_rate', 'momentum', 'seed', 'start.x', 'start.y']
    """
    found: dict[str, Setting] = {}
    if isinstance(objective, NetworkObjective):
        rate = optimizer.declared.get("learning_rate", SETTINGS["learning_rate"])
        found |= {f"learning_rate.{layer}": rate for layer in range(1, objective.network.depth + 1)}
    found |= {**optimizer.declared, "initial_scale": SETTINGS["initial_scale"], "seed": SETTINGS["seed"]}
    if isinstance(objective, NetworkObjective):
        found["l2"] = SETTINGS["l2"]
    found |= {f"schedule.{name}": declared for name, declared in schedule.declared.items() if name != "steps"}
    labels = objective.labels
    start = {f"start.{k}": Setting(f"start.{k}", "w_0", "coordinate of the start", 0.0) for k in labels}
    return found | start


def start_coordinate(objective: Objective, name: str) -> int:
    """The place in the parameter vector that "start.x", "start.W1[0,0]" or "start.7" names."""
    label = name.removeprefix("start.")
    labels = objective.labels
    if label in labels:
        return labels.index(label)
    if is_whole(label) and int(label) < objective.dimension:
        return int(label)
    raise UnknownNameError("coordinate of the start", label, labels)


def same_setting(a: Axis, b: Axis, objective: Objective) -> bool:
    """Whether two axes move the same number: "start.x" and "start.0" do."""
    if a.name.startswith("start.") and b.name.startswith("start."):
        return start_coordinate(objective, a.name) == start_coordinate(objective, b.name)
    return a.name == b.name


def check_axis(one: Axis, objective: Objective, optimizer: Optimizer, schedule: Schedule) -> None:
    """Refuse an axis that names no setting, or whose values leave the setting's range."""
    valid = axis_settings(objective, optimizer, schedule)
    if one.name.startswith("start."):
        start_coordinate(objective, one.name)
        return
    if one.name not in valid:
        shown = [name for name in valid if not name.startswith("start.")]
        starts = [name for name in valid if name.startswith("start.")]
        shown += starts if len(starts) <= 4 else [starts[0], starts[-1]]
        raise UnknownNameError("an axis", one.name, shown)
    for value in _decisive(one, valid[one.name]):
        number = float(value)
        try:
            valid[one.name].check(int(number) if number == int(number) else number)
        except SettingError as error:
            raise SettingError(f"axis {one}: {error}") from None


def _decisive(one: Axis, declared: Setting) -> list[float]:
    """Values that are all in range only if every value of the axis is. An axis may have millions of values."""
    if declared.whole and max(abs(one.low), abs(one.high)) >= LARGEST_WHOLE:
        raise SettingError(f"axis {one}: {one.name} must be below 2^53 = {LARGEST_WHOLE:,} on an axis.")
    if one.listed:
        return list(one.listed)
    if not declared.whole or one.count == 1:
        return [one.low, one.high]
    if one.part is not None:  # takes the nearest whole numbers
        return [float(v) for v in one.values[[0, -1]]]
    step = (Fraction(one.high) - Fraction(one.low)) / (one.count - 1)
    second = Fraction(one.low) + step
    return [one.low, float(second), one.high]
