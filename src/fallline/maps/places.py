"""The cell of a map that values of its axes name, and parts of its axes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fallline.errors import UnknownNameError, UsageError
from fallline.experiment.axes import Axis
from fallline.experiment.choice_axis import ChoiceAxis
from fallline.experiment.map_record import MapSpec
from fallline.experiment.other_names import own_axis

__all__ = ["part_of_axis", "place_on"]


def place_on(spec: MapSpec, x: Any, y: Any, axes: Mapping[str, Any]) -> tuple[int, int]:
    """Column and row of the cell nearest to values of the axes.

    Parameters
    ----------
    x, y
        The values by place. x may be a cell as `cell` and `best` return it: its measures are not looked at.
    axes
        The values by name, which may be that of another library: lr for learning_rate.

    Raises
    ------
    UsageError
        A value is missing, named twice, no axis of the map, or outside of its axis.

    Examples
    --------
    >>> from fallline.experiment.map_spec import map_spec
    >>> spec = map_spec("rosenbrock", x="start.x=-2..2", y="start.y=-1..3", size=5)
    >>> place_on(spec, -2, 1, {}), place_on(spec, None, None, {"start.y": 1, "start.x": -2})
    ((0, 2), (0, 2))
    """
    names = list(spec.axes)
    values: dict[str, Any] = {}
    if isinstance(x, Mapping):
        values |= {own_axis(name, names): value for name, value in x.items() if name not in spec.names}
    elif x is not None:
        values[names[0]] = x
    if y is not None:
        if spec.one_dimensional:
            raise UsageError(f"this map has one axis, {names[0]}; got a second value, {y}.")
        _put(values, names[1], y)
    for name, value in axes.items():
        _put(values, own_axis(name, names), value)
    for name in values:
        if name not in names:
            raise UnknownNameError("an axis of this map", name, names)
    for name in names:
        if name not in values:
            raise UsageError(f"a cell of this map has a value of {' and of '.join(names)}; {name} is missing.")
    places = [axis.place(values[name]) for name, axis in spec.axes.items()]
    return places[0], places[1] if len(places) > 1 else 0


def _put(values: dict[str, Any], name: str, value: Any) -> None:
    if name in values:
        raise UsageError(f"{name} is named twice: as {values[name]} and as {value}.")
    values[name] = value


def part_of_axis(axis: Axis, ends: tuple[float, float] | None, count: int | None) -> Axis:
    """The axis over another range, or with another number of values. Listed values stay unless there is a range."""
    if ends is None and (count is None or axis.listed or isinstance(axis, ChoiceAxis)):
        return axis
    return axis.between(*(ends or (axis.low, axis.high)), count)
