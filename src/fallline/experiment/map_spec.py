"""The spec of a map from names and texts, or from its description, with all checks."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fallline.errors import SettingError, UnknownNameError, UsageError
from fallline.experiment.axes import NO_AXIS, Axis
from fallline.experiment.axis_forms import AxisForm, axis_of, name_of, renamed
from fallline.experiment.axis_settings import same_setting
from fallline.experiment.cell_checks import checked_cells, refuse_given_twice
from fallline.experiment.choice_axis import ChoiceAxis
from fallline.experiment.description.absent import absent_measure
from fallline.experiment.description.plain_data import Arrays, canonical, differences, rebuild_objective, rebuild_record
from fallline.experiment.estimate import refuse_large_map, refuse_large_values
from fallline.experiment.map_record import MapSpec
from fallline.experiment.method import ScheduleLike
from fallline.experiment.method_choices import method_of_axes
from fallline.experiment.offsets import offset_settings
from fallline.experiment.other_names import own_axis
from fallline.experiment.setting_names import is_layer_rate, is_offset
from fallline.experiment.starts import classical_start
from fallline.measures.own import MeasureForms, wanted_measures
from fallline.number_text import read_whole
from fallline.problems import Objective, as_vector, objective_at
from fallline.settings import SETTINGS, checked_dtype
from fallline.textbook.initial import INITIALS, Initial, initial
from fallline.textbook.landscapes import Landscape
from fallline.textbook.optimizers import OPTIMIZERS, Optimizer, optimizer
from fallline.textbook.schedules import SCHEDULES

__all__ = ["map_spec", "own_axis_forms", "parse_size", "rebuild_map_spec"]


def map_spec(
    objective: str | Landscape | Callable[..., Any] | Objective,
    *,
    x: AxisForm,
    y: AxisForm | None = None,
    size: int | str | tuple[int, int] = 512,
    optimizer_: str | Optimizer = "gradient_descent",
    steps: int = 100,
    measures: MeasureForms = "final_loss",
    schedule_: ScheduleLike = "constant",
    start: ArrayLike | None = None,
    initial_: str | Initial = "normal",
    seed: int = 0,
    starts: int = 1,
    batch: int | None = None,
    replacement: bool = False,
    full_loss: bool = False,
    dtype: str = "float64",
    keep: Literal["values", "state"] = "values",
    in_memory: bool = True,
    **settings: Any,
) -> MapSpec:
    """A checked spec from names and texts; see `fallline.maps.mapping.map` for the arguments.

    A map whose values must be `in_memory` may not be too large for that.

    >>> map_spec("rosenbrock", x="start.x=-2..2", y="start.y=-1..3", size=64, learning_rate=1e-3)
    MapSpec(rosenbrock, gradient_descent, start.x=-2..2 by start.y=-1..3, 64 x 64 cells, 100 steps, final_loss)
    """
    target = objective_at(objective, start)
    x, y = own_axis_forms(x, y, optimizer_)
    across, up = _plane(x, y, size, target)
    refuse_given_twice((across, up), optimizer=optimizer_, schedule=schedule_, initial=initial_)
    steps, batch = (_largest(name, value, across, up) for name, value in (("steps", steps), ("batch", batch)))
    steps = int(SETTINGS["steps"].check(steps))
    scale = SETTINGS["initial_scale"].check(settings.pop("initial_scale")) if "initial_scale" in settings else None
    offsets = offset_settings(settings)
    settings = {name: value for name, value in settings.items() if name not in offsets}
    how, (across, up) = method_of_axes(optimizer_, schedule_, steps, settings, (across, up))
    if same_setting(across, up, target):
        raise UsageError(f"the two axes of a map must differ; both are {across.name}.")
    checked_dtype(dtype)
    wanted = wanted_measures(measures)
    on_axis = {chosen.name for chosen in (across, up)}
    for w in wanted:
        if w.name in on_axis:
            raise UsageError(f"{w.name} is an axis of this map: give your measure another name.")
    spec = MapSpec(
        target, how, across, up, steps, wanted, _start(target, start, starts, on_axis), initial(initial_),
        None if "initial_scale" in on_axis else scale, int(SETTINGS["seed"].check(seed)),
        int(SETTINGS["starts"].check(starts)), batch, dtype,
        initial_offsets={name: value for name, value in offsets.items() if name not in on_axis},
        replacement=replacement, full_loss=full_loss,
    )  # fmt: skip
    if keep not in ("values", "state"):
        raise UnknownNameError("keep", keep, ("values", "state"))
    spec = checked_cells(spec)
    if keep == "state":
        spec = replace(spec, kept=spec.numbers_of_state)
    refuse_large_map(spec)
    if in_memory:
        refuse_large_values(spec)
    return spec


def rebuild_map_spec(d: Mapping[str, Any], arrays: Arrays) -> MapSpec:
    """The inverse of `MapSpec.describe`, with the checks of `map_spec`; a user's own functions cannot be rebuilt.

    A description that is not, to the letter, the one of the spec that it builds is refused.
    """
    law: Any = "constant"
    if d["schedule"] is not None:
        law = dict(d["schedule"])
        law["name"] = rebuild_record(law["name"], SCHEDULES, "schedule")
    record = None if d["optimizer"] is None else rebuild_record(d["optimizer"], OPTIMIZERS, "optimizer")
    valid = () if record is None else record.settings
    for name in d["settings"]:
        if name not in valid and name != "initial_scale" and not is_layer_rate(name) and not is_offset(name):
            raise UnknownNameError("setting of this map", name, valid)
    spec = map_spec(
        rebuild_objective(d, arrays),
        x=_axis(d["x"]),
        y=_second(_axis(d["y"])),
        optimizer_=record or "gradient_descent",
        steps=d["steps"],
        measures=[absent_measure(m) if isinstance(m, Mapping) else m for m in d["measures"]],
        schedule_=law,
        start=None if d["start"] is None else arrays[d["start"]],
        initial_="normal" if d["initial"] is None else rebuild_record(d["initial"], INITIALS, "initial weights"),
        seed=d["seed"],
        starts=d["starts"],
        batch=d["batch"],
        replacement=d.get("replacement", False),
        full_loss=d.get("full_loss", False),
        dtype=d["dtype"],
        in_memory=False,
        **d["settings"],
    )
    spec = replace(spec, kept=d.get("kept", 0))
    refuse_large_map(spec)
    if canonical(spec.describe()[0]) != canonical(d):
        different = differences(d, spec.describe()[0])
        raise UsageError(f"a description must be that of the map which it describes; {'; '.join(different)}.")
    return spec


def own_axis_forms(x: AxisForm, y: AxisForm | None, optimizer_: str | Optimizer) -> tuple[AxisForm, AxisForm | None]:
    """Both axes under our own names, where they are named as other libraries name settings.

    >>> own_axis_forms(("lr", 0.1, 0.2), {"batch_size": [8, 32]}, "adam")
    (('learning_rate', 0.1, 0.2), {'batch': [8, 32]})
    """
    forms: list[AxisForm] = [x] if y is None else [x, y]
    declared = set(optimizer(optimizer_).declared)
    for form in forms:
        if name_of(form) == "optimizer" and isinstance(axis := axis_of(form), ChoiceAxis):
            declared = {name for choice in axis.choices for name in choice.record.declared}
    for k, form in enumerate(forms):
        name = own_axis(name_of(form), declared)
        forms[k] = form if name == name_of(form) else renamed(form, name)
    return forms[0], None if y is None else forms[1]


def parse_size(size: int | str | tuple[int, int]) -> tuple[int, int]:
    """Columns and rows from 512, "512", "512x256" or (512, 256)."""
    try:
        if isinstance(size, str):
            numbers = [read_whole(part, "size") for part in size.lower().replace("×", "x").split("x")]
        else:
            numbers = [operator.index(part) for part in (size if isinstance(size, Iterable) else [size])]
        width, height = numbers if len(numbers) == 2 else numbers * 2
    except (TypeError, ValueError):
        raise SettingError(f"size must be columns x rows such as 512x512; got {size!r}.") from None
    if width < 1 or height < 1:
        raise SettingError(f"size must be at least 1x1; got {width}x{height}.")
    return width, height


def _plane(
    x: AxisForm, y: AxisForm | None, size: int | str | tuple[int, int], objective: Objective
) -> tuple[Axis, Axis]:
    """Both axes, or one axis and `NO_AXIS`."""
    width, height = parse_size(size)
    if y is not None:
        return axis_of(x, width, objective), axis_of(y, height, objective)
    if height not in (1, width):
        raise SettingError(
            f"size of a map of one axis must be one number; got {width}x{height}. To have two axes, give y."
        )
    return axis_of(x, width, objective), NO_AXIS


def _largest(name: str, value: Any, *axes: Axis) -> Any:
    """The largest value that an axis has of that setting; otherwise the value itself."""
    for axis in axes:
        if axis.name == name and axis.high == int(axis.high):
            return int(axis.high)
    return value


def _start(objective: Objective, start: ArrayLike | None, starts: int, on_axis: set[str]) -> NDArray[np.float64] | None:
    if starts > 1 or "seed" in on_axis:
        return None
    chosen = classical_start(objective) if start is None else as_vector(start, objective)
    if chosen is None:
        return None
    chosen = np.array(chosen)  # the user's own array may change later
    chosen.setflags(write=False)
    return chosen


def _axis(d: Mapping[str, Any]) -> Axis:
    return ChoiceAxis.from_description(d) if "choices" in d else Axis.from_description(d)


def _second(axis: Axis) -> Axis | None:
    """The second axis that a description names; None for a map of one dimension."""
    return None if axis == NO_AXIS else axis
