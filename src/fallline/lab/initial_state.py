"""The state that a page begins with: the built-in one, that of a study, or of a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fallline.data.csv_file import CsvFile, read_csv_file
from fallline.errors import UsageError
from fallline.lab.plan import build_plan
from fallline.lab.repair import repaired
from fallline.lab.state import MOST_PINS, State, StateError, default_state, read_state

if TYPE_CHECKING:
    from fallline.experiment.studies import Study

__all__ = ["initial_state"]


def initial_state(study: str | Path | Study | None, data: str | Path | None) -> tuple[State, dict[str, CsvFile]]:
    """The first state and the tables that it names.

    >>> state, _ = initial_state("three-gaussians", None)
    >>> state["map"]["x"], state["pins"][0]
    ({'name': 'learning_rate', 'low': 0.0001, 'high': 0.02, 'scale': 'log'}, {'x': 0.006, 'y': 0.0})
    """
    tables: dict[str, CsvFile] = {}
    state = default_state()
    if study is not None:
        state = _of_study(study, tables)
    if data is not None:
        read = read_csv_file(Path(data))
        tables = {read.digest: read}
        part = {"kind": "table", "digest": read.digest, "target": read.columns[-1]}
        objective = state["objective"] if state["objective"]["kind"] == "network" else {"kind": "network"}
        state = repaired(state.json | {"data": part, "objective": objective}, "data.digest", state, tables)
    build_plan(state, tables)
    return state, tables


def _of_study(what: str | Path | Study, tables: dict[str, CsvFile]) -> State:
    """The state of a study: its first map, and its first runs pinned where they lie on it."""
    from fallline.experiment.axes import axis
    from fallline.experiment.build import build_map, objective_of
    from fallline.experiment.records import Points
    from fallline.experiment.records import Table as DataTable
    from fallline.experiment.studies import study as read_study

    study = read_study(what)
    if study.network is None and study.landscape is None:
        raise UsageError(f"the study {study.name} has neither a network nor a landscape for the lab to show.")
    d: dict[str, Any] = {"start": None}
    kind = (study.maps[0].objective if study.maps else "") or (
        "network" if study.network and study.data else "landscape"
    )
    if kind == "network" and study.network is not None and study.data is not None:
        n, p = study.network, study.data
        d["objective"] = {"kind": "network"} | n.model_dump(mode="json")
        if isinstance(p, Points):
            d["data"] = {"kind": "points", "points": [[float(x), float(y), int(k)] for x, y, k in p.points]}
        elif isinstance(p, DataTable):
            read = read_csv_file(study.folder / p.file)
            tables[read.digest] = read
            if not isinstance(p.target, str) or p.inputs:
                raise UsageError("the lab takes a table with one target and all other columns as inputs.")
            d["data"] = {"kind": "table", "digest": read.digest, "target": p.target, "standardize": p.standardize}
        else:
            seed = {} if p.seed is None else {"seed": p.seed}
            d["data"] = {"kind": "generated", "name": p.name, "samples": p.samples} | seed | p.options
    else:
        assert study.landscape is not None
        hill = study.landscape
        d["objective"] = (
            {"kind": "formula", "text": hill.formula} if hill.formula else {"kind": "landscape", "name": hill.name}
        )
    if not study.maps:
        try:
            return repaired(d, "objective.kind", default_state(), tables)
        except StateError as error:
            raise UsageError(f"the lab cannot show this study: {error}") from None
    plan = study.maps[0]
    spec = build_map(plan, objective_of(study, plan.objective))
    d |= {
        "optimizer": plan.optimizer, "steps": plan.steps, "dtype": plan.dtype, "seed": plan.seed, "starts": plan.starts,
        "initial": plan.initial, "batch": plan.batch, "schedule": spec.schedule.name,
        "schedule_settings": {k: v for k, v in spec.schedule_settings.items() if k != "steps"},
        "start": None if plan.start is None or spec.start is None else spec.start.tolist(),
        "settings": {k: v for k, v in spec.settings.items() if not k.startswith("learning_rate.")},
        "map": {
            which: {"name": one.name, "low": one.low, "high": one.high, "scale": one.scale}
            for which, one in (("x", axis(plan.x)), ("y", axis(plan.y)))
        },
    }  # fmt: skip
    first = spec.measures[0]
    d["map"] |= {"measure": first.name} | ({} if first.target is None else {"target": first.target})
    d["pins"] = _pins(study.fits if kind == "network" else study.descents, d["map"])
    try:
        return read_state(d)
    except StateError as error:
        raise UsageError(f"the lab cannot show this study: {error}") from None


def _pins(runs: Any, plane: dict[str, Any]) -> list[dict[str, float]]:
    """The runs that lie on the map, the first four. Gradient descent is momentum with momentum 0."""
    pins = []
    for run in runs:
        settings = ({"momentum": 0.0} if run.optimizer == "gradient_descent" else {}) | run.settings
        pin = {which: settings.get(plane[which]["name"]) for which in ("x", "y")}
        if all(v is not None and plane[k]["low"] <= v <= plane[k]["high"] for k, v in pin.items()):
            pins.append({k: float(v) for k, v in pin.items()})
    return pins[:MOST_PINS]
