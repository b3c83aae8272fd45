"""Every control of the page, described from the one declaration of its setting."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from fallline.data.generated import GENERATED
from fallline.experiment.axis_settings import axis_settings
from fallline.formulas import EXAMPLES, LONGEST
from fallline.lab.plan import Plan, Table
from fallline.lab.state import (
    LARGEST_SEED,
    MOST_CLASSES,
    MOST_LAYERS,
    MOST_POINTS,
    MOST_SAMPLES,
    MOST_STARTS,
    MOST_STEPS,
    MOST_UNITS,
    State,
    options_of,
)  # fmt: skip
from fallline.maps.picture import measure_word
from fallline.measures.measure import MEASURES
from fallline.problems import LandscapeObjective, NetworkObjective
from fallline.settings import SETTINGS, Setting
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.families import Member
from fallline.textbook.initial import INITIALS
from fallline.textbook.landscapes import LANDSCAPES
from fallline.textbook.losses import LOSSES
from fallline.textbook.optimizers import OPTIMIZERS
from fallline.textbook.schedules import SCHEDULES

__all__ = ["describe_axes", "describe_controls", "describe_measure"]

Json = dict[str, Any]

_LOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def describe_controls(plan: Plan, table: Table | None, state: State) -> Json:
    """The groups of controls that apply to a state."""
    d = state.json
    net = d["objective"]["kind"] == "network"
    groups = [("objective", "Objective", _objective(d))]
    if net:
        groups.append(("data", "Data", _data(d, table)))
    groups += [("optimizer", "Optimizer", _optimizer(d)), ("run", "Run", _run(plan)), ("map", "Map", _map(d))]
    return {"groups": [{"name": name, "title": title, "fields": fields} for name, title, fields in groups]}


def _choice(key: str, label: str, meaning: str, options: Iterable[Any]) -> Json:
    return {"key": key, "kind": "choice", "label": label, "symbol": None, "meaning": meaning, "options": list(options)}


def _options(family: Mapping[str, Member]) -> list[Json]:
    return [{"value": name, "label": record.label} for name, record in family.items()]


def _number(key: str, declared: Setting, d: Mapping[str, Any] | None = None, **more: Any) -> Json:
    """A number's control from its declaration."""
    slider = declared.slider_range
    low, high = (None if math.isinf(v) else v for v in (declared.low, declared.high))
    field: Json = {
        "key": key, "kind": "number", "label": declared.label, "symbol": declared.unicode_symbol or None,
        "meaning": _sentence(declared.meaning), "low": low, "high": high, "low_included": declared.low_included,
        "high_included": declared.high_included, "whole": declared.whole, "default": declared.default, "nullable": False,
        "slider": {**asdict(slider), "step": 1 if declared.whole else None},
    }  # fmt: skip
    if d is not None:
        for which in ("x", "y"):
            if d["map"][which]["name"] in (declared.name, key.replace("schedule_settings.", "schedule.")):
                field["axis"] = which
    return field | more


def _objective(d: Json) -> list[Json]:
    kind = d["objective"]["kind"]
    kinds = [("network", "network"), ("landscape", "landscape"), ("formula", "formula")]
    fields = [_choice("objective.kind", "kind", "What is descended: a network's loss on data, or a function of x and y.",
                      ({"value": v, "label": text} for v, text in kinds))]  # fmt: skip
    if kind == "landscape":
        return [*fields, _choice("objective.name", "landscape", "A function of two coordinates.", _options(LANDSCAPES))]
    if kind == "formula":
        text = {
            "key": "objective.text", "kind": "text", "label": "f(x, y) =", "symbol": None, "max": LONGEST,
            "meaning": "A formula in x and y: + - * / ^, brackets, abs, cos, exp, log, max, min, sin, sqrt, tanh, pi, e.",
            "examples": list(EXAMPLES),
        }  # fmt: skip
        return [*fields, text]
    units = {
        "key": "objective.units", "kind": "units", "label": "layers", "symbol": None, "max_layers": MOST_LAYERS,
        "max_units": MOST_UNITS, "meaning": "Units of each layer; inputs and outputs are the data's.",
    }  # fmt: skip
    activations = {
        "key": "objective.activations", "kind": "activations", "label": "activations", "symbol": None,
        "meaning": "Activation of each hidden layer.", "options": _options(ACTIVATIONS),
    }  # fmt: skip
    reductions = [{"value": "sum", "label": "sum"}, {"value": "mean", "label": "mean"}]
    return [
        *fields, units, activations,
        _choice("objective.loss", "loss", "What is minimised.", _options(LOSSES)),
        _choice("objective.reduction", "over samples", "Sum or mean of the loss over the samples.", reductions),
        {"key": "objective.bias", "kind": "toggle", "label": "biases", "symbol": None, "meaning": "Whether layers have biases."},
        _number("objective.l2", SETTINGS["l2"], d, label="L2 penalty"),
    ]  # fmt: skip


def _data(d: Json, table: Table | None) -> list[Json]:
    data = d["data"]
    kinds = [("generated", "generated"), ("points", "by hand"), ("table", "CSV")]
    fields = [_choice("data.kind", "source", "Where the samples come from.",
                      ({"value": v, "label": text} for v, text in kinds))]  # fmt: skip
    if data["kind"] == "points":
        return [*fields, {
            "key": "data.points", "kind": "points", "label": "points", "symbol": None, "classes": 4, "max": MOST_POINTS,
            "meaning": f"Samples drawn by hand, of up to {MOST_CLASSES} classes.",
        }]  # fmt: skip
    if data["kind"] == "table":
        columns = [] if table is None else columns_of(table)
        field = {
            "key": "data.digest", "kind": "table", "label": "table", "symbol": None, "columns": columns,
            "meaning": "A CSV file with a line of names. It stays on this machine.",
        }  # fmt: skip
        targets = ({"value": c, "label": c} for c in columns)
        return [
            *fields, field, _choice("data.target", "target", "The column to be learned.", targets),
            {"key": "data.standardize", "kind": "toggle", "label": "standardize", "symbol": None,
             "meaning": "Bring each input to mean 0 and standard deviation 1."},
        ]  # fmt: skip
    fields.append(_choice("data.name", "set", "A generated set.", _options(GENERATED)))
    declared = GENERATED[data["name"]].declared
    for name in options_of(data["name"]):
        bounds = declared[name].slider_range
        fields.append(_number(f"data.{name}", declared[name], low=bounds.low, high=bounds.high))
    fields.append(_number("data.samples", declared["samples"], label="samples a class", high=MOST_SAMPLES))
    return [*fields, _number("data.seed", SETTINGS["seed"], label="seed of the data", symbol=None, high=LARGEST_SEED)]


def columns_of(table: Table) -> list[str]:
    """Names of a table's columns."""
    from pathlib import Path

    from fallline.data.tables import columns_and_rows

    return columns_and_rows(table.text, Path(table.name))[0]


def _optimizer(d: Json) -> list[Json]:
    fields = [_choice("optimizer", "optimizer", "The update rule.", _options(OPTIMIZERS))]
    fields += [_number(f"settings.{n}", s, d) for n, s in OPTIMIZERS[d["optimizer"]].declared.items()]
    fields.append(_choice("schedule", "schedule", "How the learning rate changes with the steps.", _options(SCHEDULES)))
    declared = {n: s for n, s in SCHEDULES[d["schedule"]].declared.items() if n != "steps"}
    return fields + [
        _number(f"schedule_settings.{n}", s, d, label=f"schedule's {s.label}") for n, s in declared.items()
    ]


def _run(plan: Plan) -> list[Json]:
    d, objective = plan.state.json, plan.objective
    net = isinstance(objective, NetworkObjective)
    fields = []
    if net:
        fields.append(_choice("initial", "initial weights", "Distribution of random starts.", _options(INITIALS)))
    classical = isinstance(objective, LandscapeObjective) and d["starts"] == 1
    fields.append({
        "key": "start", "kind": "vector", "label": "start", "symbol": None, "dimension": objective.dimension,
        "labels": list(objective.labels)[:8], "nullable": True, "now": [float(v) for v in plan.start[:4]],
        "null_label": "the classical start" if classical else "drawn from the seed",
        "meaning": "First parameters of every run.",
    })  # fmt: skip
    fields += [
        _number("settings.initial_scale", SETTINGS["initial_scale"], d, label="scale of the start"),
        _number("seed", SETTINGS["seed"], d, high=LARGEST_SEED),
        _number("steps", SETTINGS["steps"], d, high=MOST_STEPS),
        _number("starts", SETTINGS["starts"], d, high=MOST_STARTS, label="starts of each cell", default=1),
    ]
    if net:
        assert isinstance(objective, NetworkObjective)
        samples = len(objective.data)
        slider = {"low": 1, "high": samples, "scale": "log" if samples > 20 else "linear", "step": 1}
        fields.append(_number("batch", SETTINGS["batch"], d, high=samples, nullable=True, null_label="all samples",
                              default=None, slider=slider))  # fmt: skip
    types = [{"value": "float32", "label": "float32"}, {"value": "float64", "label": "float64"}]
    return [*fields, _choice("dtype", "precision", "Of the arithmetic; float64 zooms deeper.", types)]


def _map(d: Json) -> list[Json]:
    fields = [
        {
            "key": f"map.{k}",
            "kind": "axis",
            "label": text,
            "symbol": None,
            "meaning": f"The setting {place}, and its range.",
        }
        for k, text, place in (("x", "x axis", "from left to right"), ("y", "y axis", "from bottom to top"))
    ]
    measures = ({"value": n, "label": measure_word(n), "meaning": _sentence(m.meaning)} for n, m in MEASURES.items()
                if n != "accuracy" or d["objective"]["kind"] == "network")  # fmt: skip
    fields.append(_choice("map.measure", "colour shows", "What of each run the colour shows.", measures))
    if d["map"]["measure"] == "steps_to":
        fields.append(_number("map.target", SETTINGS["target"], label="loss to be reached", slider=None))
    return fields


def describe_measure(plan: Plan) -> Json:
    """What the colours of the map mean."""
    name = plan.state["map"]["measure"]
    kind = {"outcome": "outcomes", "convergence": "ranks"}.get(name, "values")
    word = f"steps to loss {plan.spec.target:g}" if name == "steps_to" else measure_word(name)
    log = False if name in ("diverged_at", "accuracy", "diverged", "steps_to") else None
    return {"name": name, "label": word, "kind": kind, "log": log,
            "lost_word": "never reached" if name == "steps_to" else "diverged"}  # fmt: skip


@lru_cache(maxsize=64)
def describe_axes(plan: Plan) -> list[Json]:
    """Every setting that may be an axis of this state's map, with a range to begin with."""
    found = axis_settings(plan.objective, plan.spec.method.optimizer, plan.spec.method.schedule)
    coordinates = [n for n in found if n.startswith("start.")]
    shown = [n for n in (*plan.spec.method.optimizer.settings, *found) if n not in coordinates]
    shown = list(dict.fromkeys(shown)) + (coordinates if len(coordinates) <= 120 else [])
    out = []
    for name in shown:
        declared = found[name]
        low, high, scale = axis_range(name, declared, plan)
        label = declared.label
        if name.startswith("learning_rate."):
            label = f"learning rate of layer {name.partition('.')[2]}"
        elif name.startswith("start."):
            label = f"start {name[6:]}"
        elif name.startswith("schedule."):
            label = f"schedule's {declared.label}"
        bounds = [None if math.isinf(v) else v for v in (declared.low, declared.high)]
        own = declared.unicode_symbol if not name.startswith("start.") else None
        if name.startswith("learning_rate.") and own:
            own += name.partition(".")[2].translate(_LOW)
        out.append({
            "name": name, "label": label, "symbol": own or None, "meaning": _sentence(declared.meaning), "low": bounds[0],
            "high": bounds[1], "range": [low, high], "scale": scale,
        })  # fmt: skip
    return out


def axis_range(name: str, declared: Setting, plan: Plan) -> tuple[float, float, str]:
    """A range of an axis to begin with: for learning rates around the bound that the curvature at the start allows."""
    if name.startswith("start."):
        k = plan.objective.labels.index(name[6:])
        if isinstance(plan.objective, LandscapeObjective):
            low, high = plan.objective.landscape.window[k % 2]
            return float(low), float(high), "linear"
        at = float(plan.start[k])
        return round(at - 2, 3), round(at + 2, 3), "linear"
    if declared.name == "learning_rate":
        if plan.bound is not None and math.isfinite(plan.bound) and plan.bound > 0:
            first, last = math.floor(math.log10(plan.bound / 60)), math.ceil(math.log10(plan.bound * 2))
            return float(f"1e{first}"), float(f"1e{last}"), "log"  # pow of C's library may err in the last place
        return 1e-4, 1.0, "log"
    if declared.name == "seed":
        return 0.0, 63.0, "linear"
    slider = declared.slider_range
    return float(slider.low), float(slider.high), slider.scale


def _sentence(meaning: str) -> str:
    return f"{meaning[:1].upper()}{meaning[1:]}." if meaning else ""
