"""Whether each cell of a map has runs: every map of one choice alone must be one that may be made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from fallline.errors import SettingError, UnknownNameError, UsageError
from fallline.experiment.axes import NO_AXIS, Axis
from fallline.experiment.axis_settings import check_axis
from fallline.experiment.choices import ARCHITECTURE, CHOICES, FAMILIES, OF_DATA
from fallline.experiment.map_record import MapSpec
from fallline.experiment.minibatches import checked_batch, refuse_without_batch
from fallline.experiment.one_rate import check_sharpness
from fallline.experiment.setting_names import layer_rate
from fallline.measures.measure import check_objective
from fallline.measures.own import OwnMeasure

__all__ = ["checked_cells", "refuse_given_twice"]

MOST_PARAMETERS = 2**22
"""Parameters of the objective of a map, at most."""


def refuse_given_twice(axes: tuple[Axis, ...], **arguments: Any) -> None:
    """Refuse an optimizer, schedule or initial weights beside an axis of them. Their defaults are not seen as given."""
    defaults = {"optimizer": "gradient_descent", "schedule": "constant", "initial": "normal"}
    for axis in axes:
        if axis.name not in defaults:
            continue
        value, default = arguments[axis.name], defaults[axis.name]
        if isinstance(value, Mapping):
            value = value.get("name")
        if not (isinstance(value, str) and value == default):
            raise SettingError(f"{axis.name} must be left out where it is an axis of the map.")


def checked_cells(spec: MapSpec) -> MapSpec:
    """The spec with its largest network and the choices of its first cell, after the maps of each choice alone are checked.

    Of widths, depths and axes of the data the smallest and the largest value are checked.

    Raises
    ------
    UsageError
        With the sentence of the first choice that does not fit.
    """
    for axis in spec.axes.values():
        if axis.name in CHOICES:  # before a network of that width is made
            check_axis(axis, spec.objective, spec.method.optimizer, spec.method.schedule)
    spec = spec.over(spec.x, spec.y)
    if spec.objective.dimension > MOST_PARAMETERS:
        raise UsageError(
            f"a map may be of at most {MOST_PARAMETERS:,} parameters; {spec.objective.name} has "
            f"{spec.objective.dimension:,}. Choose a smaller objective."
        )
    for cell in _decisive_cells(spec):
        _check_cell(cell)
    _check_starts(spec)
    return spec


def _decisive_cells(spec: MapSpec) -> Iterator[MapSpec]:
    """A cell for each combination of named choices, with the smallest and the largest network and data."""
    for column, row in product(_decisive(spec.x), _decisive(spec.y)):
        yield spec.of_cell(column, row)


def _decisive(axis: Axis) -> Sequence[int]:
    if axis.name in FAMILIES:
        return range(axis.count)
    return sorted({0, axis.count - 1}) if axis.name in ("width", "depth", *OF_DATA) else (0,)


def _check_cell(cell: MapSpec) -> None:
    objective, how = cell.objective, cell.method
    how.check_steps(cell.steps)
    rates = [Axis.of(layer_rate(layer), [rate]) for layer, rate in how.learning_rates.items()]
    offsets = [Axis.of(name, [value]) for name, value in cell.initial_offsets.items()]
    for axis in (*rates, *offsets, cell.x, *([] if cell.y == NO_AXIS else [cell.y])):
        if axis.name in OF_DATA:  # is checked with the data of the whole map
            continue
        try:
            check_axis(axis, objective, how.optimizer, how.schedule)
        except UnknownNameError as error:
            if "optimizer" not in cell.axes and "schedule" not in cell.axes:
                raise
            raise UsageError(
                "every choice of an axis must have the setting of the other axis; for "
                f"{how.optimizer.name}, schedule {how.schedule.name}: {error}"
            ) from None
    if "steps" in cell.axes and "steps" in how.schedule.settings:
        raise UsageError(
            f"steps cannot be an axis with the schedule {how.schedule.name}, whose shape depends on the number of steps."
        )
    checked_batch(cell.batch, objective)
    refuse_without_batch(cell.batch, replacement=cell.replacement, full_loss=cell.full_loss)
    check_objective((w.measure for w in cell.measures), objective)
    check_sharpness((w.measure for w in cell.measures), how, cell.axes)


def _check_starts(spec: MapSpec) -> None:
    """Refuse start parameters, and measures of last parameters, that cannot be those of every network of the map."""
    for name in ("width", "depth", "initial"):
        if name in spec.axes and spec.start is not None:
            why = "chooses how starts are drawn" if name == "initial" else "changes the number of parameters"
            raise UsageError(f"start must be left out where {name} is an axis: the axis {why}.")
    changed = [name for name in ARCHITECTURE if name in spec.axes]
    for wanted in spec.measures:
        if changed and isinstance(wanted.measure, OwnMeasure) and wanted.measure.over == "ends":
            raise UsageError(
                f"the measure {wanted.name!r} is given parameters alone, and cannot know which network of the {changed[0]} axis "
                "has them: take a function of a run, which knows its network (over='runs')."
            )
