"""Arguments that have no effect beside another one. They are refused, because whoever writes them expects an effect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fallline.errors import SettingError
from fallline.experiment.map_record import MapSpec
from fallline.experiment.method import rate_as_schedule_error, refuse_idle_rate
from fallline.experiment.method_choices import declared_settings
from fallline.experiment.offsets import refuse_idle_offset
from fallline.experiment.other_names import own_settings
from fallline.experiment.setting_names import is_layer_rate, schedule_setting
from fallline.experiment.starts import only_network, refuse_initial
from fallline.problems import LandscapeObjective
from fallline.user_code.schedule import is_schedule

__all__ = ["refuse_idle"]


def refuse_idle(
    spec: MapSpec,
    *,
    settings: Mapping[str, Any],
    schedule: Any = None,
    l2: float | None = None,
    steps: int | None = None,
    batch: int | None = None,
    start: Any = None,
    initial: Any = None,
    seed: int | None = None,
) -> None:
    """Refuse the arguments of a map that its axes, or its other arguments, leave without effect.

    Parameters
    ----------
    spec
        The map.
    settings, schedule, l2, steps, batch, start, initial, seed
        What was written, as `map` takes it; None for what was left out.

    Raises
    ------
    SettingError
        An argument has no effect.

    Examples
    --------
    >>> from fallline.experiment.map_spec import map_spec
    >>> refuse_idle(map_spec("booth", x=("steps", [10, 20])), settings={}, steps=20)
    Traceback (most recent call last):
    fallline.errors.SettingError: steps must be left out where it is an axis of the map.
    """
    own = own_settings(settings, declared_settings(spec.method, spec.axes.values()), "a map")
    written = {**own, **_of_schedule(spec, schedule)}
    minibatches = spec.batch is not None  # their key is the seed, also where random starts have an axis of seeds
    written |= {"l2": l2, "steps": steps, "batch": batch, "initial": initial, "seed": None if minibatches else seed}
    for name in spec.axes:
        if written.get(name) is not None:
            raise SettingError(f"{name} must be left out where it is an axis of the map.")
    if is_schedule(own.get("learning_rate")):
        for name in spec.axes:
            if is_layer_rate(name):
                raise rate_as_schedule_error(name)
    refuse_idle_rate({*own, *spec.axes}, spec.objective)
    refuse_idle_offset({*own, *spec.axes}, spec.objective)
    is_landscape = isinstance(spec.objective, LandscapeObjective)
    if start is not None and (spec.starts > 1 or "seed" in spec.axes):
        why = f"starts={spec.starts}" if spec.starts > 1 else "the seed axis"
        size = spec.objective.dimension
        hint = f" fl.objective(function, {size}) says how many coordinates a function has." if is_landscape else ""
        raise SettingError(f"start must be left out where {why} asks for random starts.{hint}")
    only_network(initial, spec.objective)
    refuse_initial(initial, start)


def _of_schedule(spec: MapSpec, schedule: Any) -> dict[str, Any]:
    """The settings that a schedule was written with, by flat name."""
    if not isinstance(schedule, Mapping):
        return {}
    words = {name: value for name, value in schedule.items() if name != "name"}
    own = own_settings(words, spec.method.schedule.declared, "the schedule")
    return {schedule_setting(name): value for name, value in own.items()}
