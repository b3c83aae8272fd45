"""The state as a study in TOML, and the state of a study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fallline.data.csv_file import CsvFile
from fallline.experiment.formats.toml import to_toml
from fallline.experiment.map_record import MapSpec
from fallline.experiment.records import Data, Generated, Network, Points, Schedule
from fallline.experiment.records import Table as DataTable
from fallline.experiment.study_records import Map, Run, ShownLandscape, Study
from fallline.lab.plan import Plan
from fallline.lab.state import State

__all__ = ["study_text"]


def study_text(state: State, plan: Plan, spec: MapSpec, tables: Mapping[str, CsvFile]) -> str:
    """A study with the map in view, and the pinned runs where their settings say all."""
    d = state.json
    net = d["objective"]["kind"] == "network"
    schedule = Schedule(name=d["schedule"], settings=dict(d["schedule_settings"]))
    start = None if d["start"] is None else tuple(d["start"])
    shared: dict[str, Any] = {
        "optimizer": d["optimizer"], "schedule": schedule, "start": start, "steps": d["steps"], "batch": d["batch"],
        "seed": d["seed"],
    }  # fmt: skip
    one = Map(
        x=str(spec.x), y=str(spec.y), size=f"{spec.x.count}x{spec.y.count}", settings=dict(spec.settings),
        starts=d["starts"], initial=d["initial"], dtype=d["dtype"],
        measures=tuple(f"{w.name}={w.target!r}" if w.target is not None else w.name for w in spec.measures), **shared,
    )  # fmt: skip
    runs = _runs(d, spec, shared) if start is not None or not net else ()
    return to_toml(Study(
        title=f"{plan.objective.name[:1].upper()}{plan.objective.name[1:]}: a map from the lab",
        network=_network(d["objective"]) if net else None,
        data=_data(d["data"], tables) if net else None,
        landscape=None if net else _landscape(d["objective"]),
        descents=() if net else runs, fits=runs if net else (), maps=(one,),
    ))  # fmt: skip


def _runs(d: Mapping[str, Any], spec: MapSpec, shared: Mapping[str, Any]) -> tuple[Run, ...]:
    allowed = {*spec.optimizer.settings}
    if not set(spec.axes) <= allowed:
        return ()
    fixed = {k: v for k, v in spec.settings.items() if k in allowed}
    if "initial_scale" in spec.settings:
        return ()
    return tuple(Run(settings=fixed | {spec.x.name: pin["x"], spec.y.name: pin["y"]}, **shared) for pin in d["pins"])


def _landscape(part: Mapping[str, Any]) -> ShownLandscape:
    return ShownLandscape(formula=part["text"]) if part["kind"] == "formula" else ShownLandscape(name=part["name"])


def _network(part: Mapping[str, Any]) -> Network:
    return Network(**{k: v for k, v in part.items() if k != "kind"})


def _data(part: Mapping[str, Any], tables: Mapping[str, CsvFile]) -> Data:
    if part["kind"] == "points":
        return Points(points=part["points"])
    if part["kind"] == "table":
        return DataTable(file=tables[part["digest"]].name, target=part["target"], standardize=part["standardize"])
    return Generated(**{k: v for k, v in part.items() if k != "kind"})
