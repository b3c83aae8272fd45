"""A map's spec with the user's own functions in the places of their stand-ins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from fallline.errors import UsageError
from fallline.experiment.choice_axis import ChoiceAxis
from fallline.experiment.description.plain_data import differences
from fallline.experiment.map_record import MapSpec
from fallline.measures.measure import RequestedMeasure
from fallline.measures.own import OwnMeasure
from fallline.problems import NetworkObjective, Objective, objective_at
from fallline.textbook.initial import Initial, initial
from fallline.textbook.landscapes import Landscape
from fallline.textbook.optimizers import Optimizer, optimizer
from fallline.textbook.schedules import Schedule, schedule

__all__ = ["with_functions"]


def with_functions(
    spec: MapSpec,
    *,
    objective: str | Landscape | Callable[..., Any] | Objective | None = None,
    optimizer_: Optimizer | None = None,
    schedule_: Schedule | None = None,
    initial_: Initial | None = None,
    measures: Mapping[str, Callable[[Any], Any] | OwnMeasure] | None = None,
) -> MapSpec:
    """The same spec, whose functions can be called. Each is compared with what the spec says of it.

    Raises
    ------
    UsageError
        A function computes something else than the one that the spec was made with.

    Examples
    --------
    >>> from fallline.experiment.map_spec import map_spec, rebuild_map_spec
    >>> bowl = lambda x, y: x * x + y * y
    >>> d, arrays = map_spec(bowl, x=("start.x", -1, 1), size=3, start=(1, 1)).describe()
    >>> with_functions(rebuild_map_spec(d, arrays), objective=bowl).objective.loss([3.0, 4.0]).item()
    25.0
    >>> with_functions(rebuild_map_spec(d, arrays), objective=lambda x, y: x * x + 2 * y * y)
    Traceback (most recent call last):
    fallline.errors.UsageError: these functions are not those of the map: landscape is another function there.
    """
    how = spec.method
    target = spec.objective if objective is None else objective_at(objective, spec.start)
    rule = how.optimizer if optimizer_ is None else optimizer(optimizer_)
    law = how.schedule if schedule_ is None else schedule(schedule_)
    weights = spec.initial if initial_ is None else initial(initial_)
    whole = replace(
        spec,
        objective=target,
        method=replace(how, optimizer=rule, schedule=law),
        initial=weights,
        measures=_measures(spec.measures, measures or {}),
    )
    own: dict[str, tuple[Any, ...]] = {"optimizer": (rule,), "schedule": (law,), "initial": (weights,)}
    if isinstance(target, NetworkObjective):
        own |= {"activation": target.network.activations, "loss": (target.network.loss,)}
    x, y = (
        axis.with_records(own[axis.name]) if isinstance(axis, ChoiceAxis) and axis.name in own else axis
        for axis in (spec.x, spec.y)
    )
    whole = whole.over(x, y)
    different = differences(spec.describe()[0], whole.describe()[0])
    if different:
        raise UsageError(f"these functions are not those of the map: {'; '.join(different)}.")
    return whole


def _measures(
    wanted: tuple[RequestedMeasure, ...], functions: Mapping[str, Callable[[Any], Any] | OwnMeasure]
) -> tuple[RequestedMeasure, ...]:
    """The measures, with the user's functions by name."""
    own = {w.name: w.measure for w in wanted if isinstance(w.measure, OwnMeasure)}
    for name in functions:
        if name not in own:
            has = ", ".join(own) or "none"
            raise UsageError(f"{name!r} is no measure of your own in this map; it has {has}.")
    replaced = {
        name: RequestedMeasure(
            _like(own[name], value) if isinstance(value, OwnMeasure) else replace(own[name], function=value)
        )
        for name, value in functions.items()
    }
    return tuple(replaced.get(w.name, w) for w in wanted)


def _like(known: OwnMeasure, value: OwnMeasure) -> OwnMeasure:
    """A measure under the name that a map has for it, drawn and compared as the map says where it does not say so itself."""
    same = value.named(known.name)
    return replace(
        same,
        better=known.better if value.better is None else value.better,
        log=known.log if value.log is None else value.log,
    )
