"""The state as a study in TOML, and the state of a study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fallline.experiment.map_record import MapSpec
from fallline.lab.plan import Plan, Table
from fallline.lab.state import State
from fallline.studies.document import to_toml
from fallline.studies.spec import DataPlan, LandscapePlan, MapPlan, NetworkPlan, RunPlan, SchedulePlan, Study

__all__ = ["study_text"]


def study_text(state: State, plan: Plan, spec: MapSpec, tables: Mapping[str, Table]) -> str:
    """A study with the map in view, and the pinned runs where their settings say all."""
    d = state.json
    net = d["objective"]["kind"] == "network"
    schedule: str | SchedulePlan = d["schedule"]
    if d["schedule_settings"]:
        schedule = SchedulePlan(d["schedule"], dict(d["schedule_settings"]))
    start = None if d["start"] is None else tuple(d["start"])
    shared: dict[str, Any] = {
        "optimizer": d["optimizer"], "schedule": schedule, "start": start, "steps": d["steps"], "batch": d["batch"],
        "seed": d["seed"],
    }  # fmt: skip
    one = MapPlan(
        x=str(spec.x), y=str(spec.y), size=f"{spec.x.count}x{spec.y.count}", settings=dict(spec.settings),
        starts=d["starts"], distribution=d["initial"], dtype=d["dtype"],
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


def _runs(d: Mapping[str, Any], spec: MapSpec, shared: Mapping[str, Any]) -> tuple[RunPlan, ...]:
    allowed = {*spec.method.optimizer.settings}
    if not set(spec.axes) <= allowed:
        return ()
    fixed = {k: v for k, v in spec.settings.items() if k in allowed}
    if "initial_scale" in spec.settings:
        return ()
    return tuple(
        RunPlan(settings=fixed | {spec.x.name: pin["x"], spec.y.name: pin["y"]}, **shared) for pin in d["pins"]
    )


def _landscape(part: Mapping[str, Any]) -> LandscapePlan:
    return LandscapePlan(formula=part["text"]) if part["kind"] == "formula" else LandscapePlan(part["name"])


def _network(part: Mapping[str, Any]) -> NetworkPlan:
    names = tuple(part["activations"])
    return NetworkPlan(
        "-".join(map(str, part["units"])), names if len(set(names)) > 1 or len(names) == 0 else names[0], part["loss"],
        part["reduction"], part["bias"], part["l2"],
    )  # fmt: skip


def _data(part: Mapping[str, Any], tables: Mapping[str, Table]) -> DataPlan:
    if part["kind"] == "points":
        return DataPlan(points=tuple(tuple(p) for p in part["points"]))
    if part["kind"] == "table":
        return DataPlan(file=tables[part["digest"]].name, target=part["target"], standardize=part["standardize"])
    options = {k: v for k, v in part.items() if k not in ("kind", "name", "samples", "seed")}
    return DataPlan(name=part["name"], samples=part["samples"], seed=part["seed"], options=options)
