"""Every control of the page, described from the declarations of experiments and their settings."""

from __future__ import annotations

from collections.abc import Iterable

from fallline.data.csv_file import CsvFile
from fallline.experiment.experiment import Experiment, Plane, settings_of_schedule
from fallline.experiment.fields import about, kind_of
from fallline.experiment.objectives import OBJECTIVES
from fallline.experiment.sources import SOURCES
from fallline.lab.controls.fields import Json, choice, number, options
from fallline.lab.controls.parts import kind_control, part_controls
from fallline.lab.limits import MOST
from fallline.lab.resolved_state import ResolvedState
from fallline.lab.state import State, default_state
from fallline.measures.measure import MEASURES, lacking
from fallline.problems import LandscapeObjective, has_plane
from fallline.sentences import sentence
from fallline.settings import SETTINGS
from fallline.textbook.optimizers import OPTIMIZERS

__all__ = ["axis_controls", "batch_slider", "describe_controls", "measure_control", "start_control"]


def describe_controls(resolved: ResolvedState, table: CsvFile | None, state: State) -> Json:
    """The groups of controls that apply to a state."""
    kind = kind_control(
        "objective", "kind", "What is descended: a network's loss on data, or a function of x and y.", OBJECTIVES
    )
    groups = [("objective", "Objective", [kind, *part_controls("objective", state.objective)])]
    if state.is_network:
        source = kind_control("data", "source", "Where the samples come from.", SOURCES)
        fields = [
            field for field in part_controls("data", state.data, table) if not _idle(field["key"], state, resolved)
        ]
        groups.append(("data", "Data", [source, *fields]))
    groups += [
        ("optimizer", "Optimizer", _optimizer(state)),
        ("run", "Run", _run(resolved, state)),
        ("map", "Map", _map(resolved, state)),
    ]
    return {"groups": [{"name": name, "title": title, "fields": fields} for name, title, fields in groups]}


def _idle(key: str, state: State, resolved: ResolvedState) -> bool:
    """Whether a control of the data means nothing: the seed of what is not drawn, features of data that do not have two inputs."""
    if key == "data.features":
        return not has_plane(resolved.objective)
    if key == "data.draw_seed":
        return not state.data.drawn
    return key == "data.split_seed" and not state.data.test_share


def _choice(name: str) -> Json:
    """The choice of a field of experiments."""
    facts, kind = about(Experiment, name), kind_of(Experiment.model_fields[name])
    return choice(name, facts.label, sentence(facts.meaning), options(kind.family))


def _optimizer(state: State) -> list[Json]:
    plane = state.map
    own = [number(f"settings.{n}", s, plane) for n, s in OPTIMIZERS[state.optimizer].declared.items()]
    scheduled = [
        number(f"schedule_settings.{n}", s, plane, label=f"schedule's {s.label}")
        for n, s in settings_of_schedule(state.schedule).items()
    ]
    return [_choice("optimizer"), *own, _choice("schedule"), *scheduled]


def _run(resolved: ResolvedState, state: State) -> list[Json]:
    net, plane = resolved.network, state.map
    start = start_control(resolved, state)
    scale = number("settings.initial_scale", SETTINGS["initial_scale"], plane, label="scale of the start")
    several = {"label": "starts of each cell", "default": 1}
    numbers = [
        number(name, SETTINGS[name], plane, high=MOST[name], **(several if name == "starts" else {}))
        for name in ("seed", "steps", "starts")
    ]
    batch = []
    if net is not None:
        samples = len(net.data)
        batch.append(number("batch", SETTINGS["batch"], plane, high=samples, nullable=True, null_label="all samples",
                            default=None, slider=batch_slider(samples)))  # fmt: skip
    if net is not None and state.start is not None and state.batch is None:
        return [
            start,
            scale,
            *numbers[1:],
            *batch,
            _choice("dtype"),
        ]  # no run depends on the seed or on initial weights
    return [start, *([_choice("initial")] if net else []), scale, *numbers, *batch, _choice("dtype")]


def start_control(resolved: ResolvedState, state: State) -> Json:
    """Where the runs begin: coordinates of a landscape; of a network known weights or random ones."""
    objective = resolved.objective
    meaning = sentence(about(Experiment, "start").meaning)
    if resolved.network is not None:
        return choice("start", "start", meaning, _starts(objective.dimension, state))
    classical = isinstance(objective, LandscapeObjective) and state.starts == 1
    return {
        "key": "start", "kind": "vector", "label": "start", "symbol": None, "dimension": objective.dimension,
        "labels": list(objective.labels)[:8], "nullable": True, "now": [float(v) for v in resolved.start[:4]],
        "null_label": "the classical start" if classical else "drawn from the seed", "meaning": meaning,
    }  # fmt: skip


def _starts(dimension: int, state: State) -> list[Json]:
    """The weights that a network can begin with: the notebook's if it has as many, those of the state, or random ones."""
    notebook = default_state().start
    known = {"the notebook's": notebook} if notebook is not None and len(notebook) == dimension else {}
    if state.start is not None and state.start not in known.values():
        known = {"as given": state.start} | known
    return [*({"value": list(start), "label": label} for label, start in known.items()),
            {"value": None, "label": "random"}]  # fmt: skip


def batch_slider(samples: int) -> Json:
    """The slider of a minibatch's size, for data of so many samples."""
    return {"low": 1, "high": samples, "scale": "log" if samples > 20 else "linear", "step": 1}


def axis_controls() -> list[Json]:
    """The controls of the map's axes."""
    fields: list[Json] = []
    for letter in ("x", "y"):
        facts = about(Plane, letter)
        meaning = f"{sentence(facts.meaning)[:-1]}, and its range."
        fields.append(
            {"key": f"map.{letter}", "kind": "axis", "label": facts.label, "symbol": None, "meaning": meaning}
        )
    return fields


def measure_control(names: Iterable[str]) -> Json:
    """The choice of what the map's colours show, among these measures."""
    facts = about(Plane, "measure")
    entries = ({"value": n, "label": MEASURES[n].label, "meaning": sentence(MEASURES[n].meaning)} for n in names)
    return choice("map.measure", facts.label, sentence(facts.meaning), entries)


def _map(resolved: ResolvedState, state: State) -> list[Json]:
    names = (n for n, m in MEASURES.items()
             if (state.is_network if m.needs == "classes" else not lacking(m, resolved.objective)))  # fmt: skip
    fields = [*axis_controls(), measure_control(names)]
    if MEASURES[state.map.measure].needs == "target":
        label = about(Plane, "target").label
        fields.append(number("map.target", SETTINGS["target"], label=label, slider=None))
    return fields
