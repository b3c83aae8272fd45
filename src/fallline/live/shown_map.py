"""A map as the lab shows it: a state with the objects that it describes, made of the map's spec.

The lab reads a state from a page and makes objects of it. Here the objects are known, and may be what no state of the lab
can name, such as a table of the user's own or a function of his. The state only has to say what the page shows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fallline.errors import UsageError
from fallline.experiment.axes import Axis
from fallline.experiment.choices import CHOICES, NUMBERS, OF_DATA
from fallline.experiment.experiment import Plane, Span
from fallline.experiment.fields import key
from fallline.experiment.map_record import MapSpec
from fallline.experiment.objectives import Formula, NamedLandscape
from fallline.experiment.part import Part
from fallline.experiment.records import Network
from fallline.experiment.setting_names import is_layer_rate
from fallline.formulas import formula_of
from fallline.lab.limits import refuse_slow_map
from fallline.lab.resolved_state import ResolvedState, whole_axis
from fallline.lab.state import State
from fallline.measures.measure import measure
from fallline.measures.own import OwnMeasure
from fallline.problems import LandscapeObjective, NetworkObjective, Objective

__all__ = ["LENGTHS", "SamplesOfPage", "show_map"]

LENGTHS = ("steps", "batch")
"""The choices of an axis that one kernel serves: numbers that it reads when it runs."""


class SamplesOfPage(Part):
    """The samples that stand in the page itself."""

    kind, label = "page", "the samples of this page"

    name: str = key("data", "the name of the data set")
    features: tuple[str, ...] = key((), "the inputs, where they are functions of two raw inputs")


def show_map(spec: MapSpec) -> ResolvedState:
    """The state that shows a map, and its objects; the whole plane is one tile.

    Raises
    ------
    UsageError
        A page cannot train the map's runs. The sentence says why.

    Examples
    --------
    >>> from fallline.experiment.map_spec import map_spec
    >>> axes = {"x": "learning_rate=0.01..0.1:log", "y": "start.x=-2..2"}
    >>> show_map(map_spec("booth", size=32, **axes)).state["map"]["x"]
    {'name': 'learning_rate', 'low': 0.01, 'high': 0.1, 'scale': 'log'}
    >>> show_map(map_spec("booth", size=32, x="learning_rate=0.01..0.1:log"))
    Traceback (most recent call last):
    fallline.errors.UsageError: a live page needs a map of two axes; this one has learning_rate alone.
    """
    _check(spec)
    x, y = (_span(axis) for axis in (spec.x, spec.y))
    first = spec.measures[0]
    plane = Plane(x=x, y=y, measure=first.name, **({} if first.target is None else {"target": first.target}))
    kept = [first, *(measure(name) for name in ("outcome", "diverged_at") if name != first.name)]
    whole = replace(spec.over(whole_axis(x), whole_axis(y)), measures=tuple(kept), kept=0)
    refuse_slow_map(whole)
    return ResolvedState(_state(spec, plane), spec.objective, whole)


def _check(spec: MapSpec) -> None:
    if spec.one_dimensional:
        raise UsageError(f"a live page needs a map of two axes; this one has {spec.x.name} alone.")
    for name in spec.axes:
        if name in CHOICES and name not in LENGTHS:
            has = "data set" if name in OF_DATA else "kernel"
            what = "value" if name in OF_DATA else "network" if name in NUMBERS else name
            raise UsageError(
                f"a live page has one {has}, and an axis of {name} needs one for each {what}. Choose another axis, such as "
                "learning_rate, steps or seed."
            )
    for wanted in spec.measures:
        if wanted.measure.reads_sharpness:
            raise UsageError(
                f"a live page cannot compute {wanted.name}, because its kernel has no products of the Hessian; leave it out."
            )
        if isinstance(wanted.measure, OwnMeasure):
            raise UsageError(
                f"a live page cannot compute {wanted.name}, a measure of your own, which is Python code; leave it out."
            )
    for axis in spec.axes.values():
        if axis.low == axis.high:
            raise UsageError(f"a live page needs a range on each axis; {axis.name} has one value, {axis.low:g}.")


def _span(axis: Axis) -> Span:
    return Span(name=axis.name, low=axis.low, high=axis.high, scale=axis.scale)


def _state(spec: MapSpec, plane: Plane) -> State:
    """The state. It is not read, and so not checked: its parts may have names that no family has."""
    method = spec.method
    settings = {name: value for name, value in method.keywords.items() if not is_layer_rate(name)}
    scale = 1.0 if spec.initial_scale is None else spec.initial_scale
    return State.model_construct(
        objective=_objective(spec.objective), data=_data(spec.objective), optimizer=method.optimizer.name,
        settings={name: float(value) for name, value in settings.items()} | {"initial_scale": float(scale)},
        schedule=method.schedule.name,
        schedule_settings={name: v for name, v in method.schedule_settings.items() if name != "steps"},
        initial=spec.initial.name, start=None if spec.start is None else tuple(spec.start.tolist()), seed=spec.seed,
        starts=spec.starts, steps=spec.steps, batch=spec.batch, dtype=spec.dtype, map=plane, pins=(),
    )  # fmt: skip


def _objective(objective: Objective) -> Part:
    if isinstance(objective, NetworkObjective):
        network = objective.network
        return Network.model_construct(
            units=tuple(network.sizes), activations=tuple(a.name for a in network.activations), loss=network.loss.name,
            reduction=network.reduction, bias=network.bias, l2=float(network.l2),
            parametrization=network.parametrization.name, base_width=network.base_width,
        )  # fmt: skip
    assert isinstance(objective, LandscapeObjective)
    text = formula_of(objective.landscape)
    return Formula.model_construct(text=text) if text else NamedLandscape.model_construct(name=objective.landscape.name)


def _data(objective: Objective) -> Any:
    if not isinstance(objective, NetworkObjective):
        return SamplesOfPage(name="")
    data = objective.data
    return SamplesOfPage(name=data.name, features=() if data.features is None else tuple(data.columns))
