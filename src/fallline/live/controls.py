"""The numbers that a live page can change, with the sentences of their rules; and what it cannot change, in words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import Any

from fallline.errors import FalllineError, SettingError
from fallline.experiment.axis_settings import axis_settings
from fallline.experiment.experiment import Plane, Span, settings_of_schedule
from fallline.experiment.fields import about
from fallline.experiment.rules.plane import PINS_SWAPPED, axes_swapped, pins_outside, pins_removed
from fallline.experiment.setting_names import is_layer_rate, is_offset, layer_of, schedule_setting, within_start
from fallline.lab.controls.axes import describe_axes, describe_axis
from fallline.lab.controls.fields import Json, number
from fallline.lab.controls.groups import axis_controls, batch_slider, measure_control, start_control
from fallline.lab.limits import MOST
from fallline.lab.resolved_state import ResolvedState
from fallline.maps.film import UNPLAYABLE
from fallline.measures.measure import FOLDED, lacking
from fallline.readings.portable import Trace
from fallline.readings.portable import sentences as written
from fallline.sentences import capital
from fallline.settings import SETTINGS, Setting

__all__ = ["changeable_axes", "changeable_controls", "fixed_facts", "measures_of", "notes", "sentences"]


def changeable_controls(resolved: ResolvedState, columns: Collection[str]) -> Json:
    """The groups of controls for the numbers that one kernel takes, whose columns have those names.

    A number has besides "rule", the sentence that refuses a value, up to "; got"; "axes", the names of the axes of the map
    that move it; and "random" if it means nothing while every run has the same start.
    """
    optimizer = [
        _number(f"settings.{name}", declared, [name])
        for name, declared in resolved.spec.method.optimizer.declared.items()
        if name in columns
    ]
    schedule = [
        _number(f"schedule_settings.{name}", s, [schedule_setting(name)], label=f"schedule's {s.label}")
        for name, s in settings_of_schedule(resolved.spec.method.schedule).items()
        if schedule_setting(name) in columns
    ]
    penalty = [_number("objective.l2", SETTINGS["l2"], ["l2"])] if "l2" in columns else []
    groups = [
        ("objective", "Objective", penalty),
        ("optimizer", "Optimizer", [*optimizer, *schedule]),
        ("run", "Run", list(_run(resolved))),
        ("map", "Map", list(_map(resolved))),
    ]
    return {"groups": [{"name": name, "title": title, "fields": fields} for name, title, fields in groups if fields]}


def _number(key: str, declared: Setting, axes: list[str], **more: Any) -> Json:
    return number(key, declared, **more) | {"rule": _rule(declared), "axes": axes}


def _rule(declared: Setting) -> str:
    """The sentence that refuses a value, up to "; got"."""
    try:
        declared.check(float("nan"))
    except SettingError as error:
        return str(error).partition("; got ")[0]
    raise AssertionError("a setting takes no NaN")


def _run(resolved: ResolvedState) -> Iterator[Json]:
    yield start_control(resolved, resolved.state)
    random = {"random": resolved.network is not None and resolved.spec.batch is None}  # shown while starts are drawn
    yield _number("settings.initial_scale", SETTINGS["initial_scale"], ["initial_scale"], label="scale of the start")
    yield _number("seed", _at_most("seed"), ["seed"], **random)
    yield _number("steps", _at_most("steps"), ["steps"])
    yield _number("starts", _at_most("starts"), [], label="starts of each cell", default=1, **random)
    if resolved.network is not None and resolved.spec.batch is not None:
        samples = len(resolved.network.data)
        yield _number("batch", replace(SETTINGS["batch"], high=samples), ["batch"], slider=batch_slider(samples))


def _at_most(name: str) -> Setting:
    """A setting within the lab's limit."""
    return replace(SETTINGS[name], high=MOST[name])


def _map(resolved: ResolvedState) -> Iterator[Json]:
    yield from axis_controls()
    yield measure_control(measures_of(resolved))
    yield _number("map.target", SETTINGS["target"], [], label=about(Plane, "target").label, slider=None) | {
        "measure": "steps_to"
    }


def measures_of(resolved: ResolvedState) -> list[str]:
    """The measures that a page can show."""
    return [name for name, m in FOLDED.items() if not lacking(m, resolved.objective)]


def changeable_axes(resolved: ResolvedState, columns: Collection[str]) -> list[Json]:
    """The settings that may be an axis of the page's map: those of the kernel, those of the start, and the lengths."""
    valid = axis_settings(resolved.objective, resolved.spec.method.optimizer, resolved.spec.method.schedule)
    axes = [
        axis
        for axis in describe_axes(resolved)
        if axis["name"] in (*columns, "seed", "initial_scale")
        or is_offset(axis["name"])
        or within_start(axis["name"]) is not None
    ]
    numbers = {}
    if "steps" not in resolved.spec.method.schedule.settings:  # no map has both, see experiment.cell_checks
        numbers["steps"] = _at_most("steps")
    if resolved.network is not None and resolved.spec.batch is not None:
        numbers["batch"] = replace(SETTINGS["batch"], high=len(resolved.network.data))
    axes += [describe_axis(resolved, name, declared) for name, declared in numbers.items()]
    declared = valid | numbers
    return [axis | {"rule": _rule(declared[axis["name"]]), "whole": declared[axis["name"]].whole} for axis in axes]


def fixed_facts(resolved: ResolvedState) -> list[Json]:
    """What no control of the page changes, as labels and values in words."""
    spec, net = resolved.spec, resolved.network
    facts: dict[str, str] = {"objective": resolved.objective.name}
    if net is not None:
        network = net.network
        names = [f.label for f in network.activations]
        facts["activations"] = ", ".join(dict.fromkeys(names)) or "none"
        facts["loss"] = f"{network.loss.label}, {network.reduction} over the samples"
        if network.parametrization.depends_on_width:
            facts["parametrization"] = f"{network.parametrization.label}, base width {network.base_width}"
        test = "" if net.data.test is None else f", and {len(net.data.test):,} for the test"
        facts["samples"] = f"{len(net.data):,} of {net.data.name}{test}"
        facts["start"] = f"random, {spec.initial.label}" if spec.start is None else "the same weights for every run"
    facts["optimizer"] = spec.method.optimizer.label
    if spec.method.schedule.name != "constant":
        facts["schedule"] = spec.method.schedule.label
    rates = {k: v for k, v in spec.method.keywords.items() if is_layer_rate(k) and k not in spec.axes}
    facts |= {f"learning rate of layer {layer_of(name)}": f"{rate:g}" for name, rate in rates.items()}
    if net is not None:
        facts |= {"samples of a step": "all"} if spec.batch is None else {}
        facts |= {"minibatches": "drawn with replacement"} if spec.replacement else {}
        facts |= {"losses": "those of all samples"} if spec.full_loss else {}
    for name, offset in spec.initial_offsets.items():
        facts["initial offset" + (f" of layer {layer_of(name)}" if "." in name else "")] = f"{offset:g}"
    facts["precision"] = spec.dtype
    return [{"label": capital(label), "value": value} for label, value in facts.items()]


def notes() -> dict[str, Any]:
    """Sentences about what a change of the page's state changed besides, traced from the experiment's own rules.

    >>> notes()["pins_removed"]["tree"][1]
    ['The pin was removed: the map has other axes.']
    """

    def traced(write: Callable[..., str], *names: str) -> Json:
        trace = Trace()
        numbers = [trace.number(name) for name in names]
        return written(trace, lambda: write(*numbers))

    return {
        "axes_swapped": axes_swapped("{letter}", "{label}"), "pins_swapped": PINS_SWAPPED,
        "pins_removed": traced(pins_removed, "pins"), "pins_outside": traced(pins_outside, "lost", "pins"),
    }  # fmt: skip


def sentences() -> dict[str, str]:
    """Sentences of refusals, with places for the name and the ends of an axis: those of the experiment's own rules."""
    ends = {"2": "{low}", "1": "{high}"}
    order = _refusal(low=2, high=1)
    for number_, place in ends.items():
        order = order.replace(number_, place)
    log = _refusal(low=-3, high=1, scale="log").replace("-3", "{low}")
    return {"order": order, "log": log, "film": UNPLAYABLE}


def _refusal(**span: Any) -> str:
    from fallline.experiment.mistakes import mistakes_in

    try:
        Span.model_validate({"name": "{name}", **span})
    except FalllineError as error:
        return str(error)
    except ValueError as error:
        return mistakes_in(error, Span, span)[0].text  # type: ignore[arg-type]  # pydantic's own class of errors
    raise AssertionError("a span with such ends is refused")
