"""Every control of the page, described from the one declaration of its setting."""

from __future__ import annotations

from typing import Any

from fallline.data.csv_file import CsvFile
from fallline.data.generated import GENERATED
from fallline.formulas import EXAMPLES, LONGEST
from fallline.lab.controls.fields import choice, number, options
from fallline.lab.controls.words import sentence
from fallline.lab.plan import Plan
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
from fallline.measures.measure import MEASURES
from fallline.problems import LandscapeObjective, NetworkObjective
from fallline.settings import SETTINGS
from fallline.textbook.activations import ACTIVATIONS
from fallline.textbook.initial import INITIALS
from fallline.textbook.landscapes import LANDSCAPES
from fallline.textbook.losses import LOSSES
from fallline.textbook.optimizers import OPTIMIZERS
from fallline.textbook.schedules import SCHEDULES
from fallline.views.words import measure_word

__all__ = ["describe_controls"]

Json = dict[str, Any]


def describe_controls(plan: Plan, table: CsvFile | None, state: State) -> Json:
    """The groups of controls that apply to a state."""
    d = state.json
    net = d["objective"]["kind"] == "network"
    groups = [("objective", "Objective", _objective(d))]
    if net:
        groups.append(("data", "Data", _data(d, table)))
    groups += [("optimizer", "Optimizer", _optimizer(d)), ("run", "Run", _run(plan)), ("map", "Map", _map(d))]
    return {"groups": [{"name": name, "title": title, "fields": fields} for name, title, fields in groups]}


def _objective(d: Json) -> list[Json]:
    kind = d["objective"]["kind"]
    kinds = [("network", "network"), ("landscape", "landscape"), ("formula", "formula")]
    fields = [choice("objective.kind", "kind", "What is descended: a network's loss on data, or a function of x and y.",
                      ({"value": v, "label": text} for v, text in kinds))]  # fmt: skip
    if kind == "landscape":
        return [*fields, choice("objective.name", "landscape", "A function of two coordinates.", options(LANDSCAPES))]
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
        "meaning": "Activation of each hidden layer.", "options": options(ACTIVATIONS),
    }  # fmt: skip
    reductions = [{"value": "sum", "label": "sum"}, {"value": "mean", "label": "mean"}]
    return [
        *fields, units, activations,
        choice("objective.loss", "loss", "What is minimised.", options(LOSSES)),
        choice("objective.reduction", "over samples", "Sum or mean of the loss over the samples.", reductions),
        {"key": "objective.bias", "kind": "toggle", "label": "biases", "symbol": None, "meaning": "Whether layers have biases."},
        number("objective.l2", SETTINGS["l2"], d, label="L2 penalty"),
    ]  # fmt: skip


def _data(d: Json, table: CsvFile | None) -> list[Json]:
    data = d["data"]
    kinds = [("generated", "generated"), ("points", "by hand"), ("table", "CSV")]
    fields = [choice("data.kind", "source", "Where the samples come from.",
                      ({"value": v, "label": text} for v, text in kinds))]  # fmt: skip
    if data["kind"] == "points":
        return [*fields, {
            "key": "data.points", "kind": "points", "label": "points", "symbol": None, "classes": 4, "max": MOST_POINTS,
            "meaning": f"Samples drawn by hand, of up to {MOST_CLASSES} classes.",
        }]  # fmt: skip
    if data["kind"] == "table":
        columns = [] if table is None else table.columns
        field = {
            "key": "data.digest", "kind": "table", "label": "table", "symbol": None, "columns": columns,
            "meaning": "A CSV file with a line of names. It stays on this machine.",
        }  # fmt: skip
        targets = ({"value": c, "label": c} for c in columns)
        return [
            *fields, field, choice("data.target", "target", "The column to be learned.", targets),
            {"key": "data.standardize", "kind": "toggle", "label": "standardize", "symbol": None,
             "meaning": "Bring each input to mean 0 and standard deviation 1."},
        ]  # fmt: skip
    fields.append(choice("data.name", "set", "A generated set.", options(GENERATED)))
    declared = GENERATED[data["name"]].declared
    for name in options_of(data["name"]):
        bounds = declared[name].slider_range
        fields.append(number(f"data.{name}", declared[name], low=bounds.low, high=bounds.high))
    fields.append(number("data.samples", declared["samples"], label="samples a class", high=MOST_SAMPLES))
    return [*fields, number("data.seed", SETTINGS["seed"], label="seed of the data", symbol=None, high=LARGEST_SEED)]


def _optimizer(d: Json) -> list[Json]:
    fields = [choice("optimizer", "optimizer", "The update rule.", options(OPTIMIZERS))]
    fields += [number(f"settings.{n}", s, d) for n, s in OPTIMIZERS[d["optimizer"]].declared.items()]
    fields.append(choice("schedule", "schedule", "How the learning rate changes with the steps.", options(SCHEDULES)))
    declared = {n: s for n, s in SCHEDULES[d["schedule"]].declared.items() if n != "steps"}
    return fields + [number(f"schedule_settings.{n}", s, d, label=f"schedule's {s.label}") for n, s in declared.items()]


def _run(plan: Plan) -> list[Json]:
    d, objective = plan.state.json, plan.objective
    net = isinstance(objective, NetworkObjective)
    fields = []
    if net:
        fields.append(choice("initial", "initial weights", "Distribution of random starts.", options(INITIALS)))
    classical = isinstance(objective, LandscapeObjective) and d["starts"] == 1
    fields.append({
        "key": "start", "kind": "vector", "label": "start", "symbol": None, "dimension": objective.dimension,
        "labels": list(objective.labels)[:8], "nullable": True, "now": [float(v) for v in plan.start[:4]],
        "null_label": "the classical start" if classical else "drawn from the seed",
        "meaning": "First parameters of every run.",
    })  # fmt: skip
    fields += [
        number("settings.initial_scale", SETTINGS["initial_scale"], d, label="scale of the start"),
        number("seed", SETTINGS["seed"], d, high=LARGEST_SEED),
        number("steps", SETTINGS["steps"], d, high=MOST_STEPS),
        number("starts", SETTINGS["starts"], d, high=MOST_STARTS, label="starts of each cell", default=1),
    ]
    if net:
        assert isinstance(objective, NetworkObjective)
        samples = len(objective.data)
        slider = {"low": 1, "high": samples, "scale": "log" if samples > 20 else "linear", "step": 1}
        fields.append(number("batch", SETTINGS["batch"], d, high=samples, nullable=True, null_label="all samples",
                              default=None, slider=slider))  # fmt: skip
    types = [{"value": "float32", "label": "float32"}, {"value": "float64", "label": "float64"}]
    return [*fields, choice("dtype", "precision", "Of the arithmetic; float64 zooms deeper.", types)]


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
    measures = ({"value": n, "label": measure_word(n), "meaning": sentence(m.meaning)} for n, m in MEASURES.items()
                if n != "accuracy" or d["objective"]["kind"] == "network")  # fmt: skip
    fields.append(choice("map.measure", "colour shows", "What of each run the colour shows.", measures))
    if d["map"]["measure"] == "steps_to":
        fields.append(number("map.target", SETTINGS["target"], label="loss to be reached", slider=None))
    return fields
