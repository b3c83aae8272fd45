"""After a change of one control, what no longer fits is brought in line: the page sends the change, we mend the rest."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from fallline.data.csv_file import CsvFile
from fallline.data.dataset import Dataset
from fallline.data.generated import GENERATED
from fallline.errors import FalllineError
from fallline.experiment.axis_settings import axis_settings
from fallline.experiment.map_spec import map_spec
from fallline.experiment.starts import draw_starts
from fallline.lab.controls.axes import axis_range
from fallline.lab.plan import Plan, build_data, build_objective
from fallline.lab.state import (
    DATA_KINDS,
    LARGEST,
    OBJECTIVES,
    Key,
    State,
    StateError,
    data_keys,
    default_state,
    read_state,
    setting_keys,
)  # fmt: skip
from fallline.problems import LandscapeObjective, NetworkObjective, Objective
from fallline.problems.deaths import deaths
from fallline.textbook.initial import INITIALS
from fallline.textbook.optimizers import OPTIMIZERS
from fallline.textbook.schedules import SCHEDULES

__all__ = ["repaired"]

Json = dict[str, Any]

FIRST_AXES = ("learning_rate", "momentum", "beta1", "decay", "start.x", "start.y", "initial_scale", "seed")
"""Which settings a map's axes are when the old ones no longer exist, in this order."""

FRESH = ("objective", "data")
"""Parts of the state after whose change a start is drawn anew."""

TRIES = 50
"""Seeds that are tried for a start without dead units."""


def repaired(given: Any, changed: str, before: State | None, tables: Mapping[str, CsvFile]) -> State:
    """The state that the user means by a change of one key; what he typed himself is not touched, but checked.

    >>> state = repaired({"optimizer": "gradient_descent"}, "optimizer", None, {})
    >>> state["settings"], state["map"]["y"]["name"]
    ({'learning_rate': 0.001, 'initial_scale': 1.0}, 'initial_scale')
    """
    if not isinstance(given, dict):
        return read_state(given)
    old = (before or default_state()).json
    d: Json = {**old, **json.loads(json.dumps(given))}
    if not _mendable(d):
        return read_state(d)  # which says what is wrong
    _fit_objective(d, changed, old, tables)
    _fit_settings(d)
    return _with_axes(d, changed, old, tables)


def _mendable(d: Json) -> bool:
    """Whether each part has the shape that mending relies on: the JSON types of the default state's."""
    kinds: tuple[tuple[str, Callable[[str, Json], Mapping[str, Key]], Iterable[str]], ...] = (
        ("objective", lambda kind, _: OBJECTIVES[kind], OBJECTIVES), ("data", data_keys, DATA_KINDS),
    )  # fmt: skip
    for key, keys, known in kinds:
        part = d[key]
        if not isinstance(part, dict) or not isinstance(part.get("kind"), str) or part["kind"] not in known:
            return False
        given = {k: v for k, v in part.items() if k != "kind"}
        defaults = {k: one.default for k, one in keys(part["kind"], given).items()}
        if not _shaped_like(defaults | given, defaults):
            return False
    return all(
        _shaped_like(d[key], like) or (d[key] is None and key in ("start", "batch"))
        for key, like in default_state().json.items()
        if key not in ("objective", "data")
    )


def _shaped_like(value: Any, like: Any) -> bool:
    """Whether the values have the same JSON type, and so have the parts that both hold; nothing may be anything."""
    if like is None:
        return True
    if isinstance(like, dict):
        return isinstance(value, dict) and all(_shaped_like(value[k], v) for k, v in like.items() if k in value)
    if isinstance(like, list):
        return isinstance(value, list) and all(_shaped_like(v, like[0]) for v in value if like)
    if isinstance(like, bool) or not isinstance(like, int | float):
        return type(value) is type(like)
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST


def _fit_objective(d: Json, changed: str, old: Json, tables: Mapping[str, CsvFile]) -> None:
    """Objective and data that go together."""
    part = d["objective"]
    keys: Mapping[str, Key] = OBJECTIVES[part["kind"]]
    d["objective"] = part = {"kind": part["kind"]} | {k: part.get(k, key.default) for k, key in keys.items()}
    data = d["data"]
    rest = {k: v for k, v in data.items() if k != "kind"}
    if changed in ("data.name", "data.kind", "data"):
        rest = {k: v for k, v in rest.items() if k not in ("seed", "noise")}
    if data["kind"] != "generated" or rest.get("name", "three-gaussians") in GENERATED:
        keys = data_keys(data["kind"], rest)
        d["data"] = {"kind": data["kind"]} | {k: rest.get(k, key.default) for k, key in keys.items()}
    if part["kind"] != "network":
        return
    if d["data"].get("kind") == "table" and d["data"]["digest"] not in tables:
        if len(tables):  # the page chose "CSV" again
            d["data"]["digest"] = list(tables)[-1]
        elif changed == "data.kind":
            raise StateError("choose a CSV file: click the field below, or drop the file on the page.", "data.digest")
    if d["data"].get("kind") == "table" and d["data"]["digest"] in tables:
        columns = tables[d["data"]["digest"]].columns
        if d["data"]["target"] not in columns:
            d["data"]["target"] = columns[-1]
    units, names = part["units"], part["activations"]
    if len(units) < 2:
        return
    data_set = _data_of(d, tables)
    if data_set is not None:
        units[0], units[-1] = data_set.X.shape[1], data_set.T.shape[1]
        if not data_set.classes and part["loss"] in ("cross_entropy", "logistic"):
            part["loss"] = "squared_error"
        elif (
            data_set.classes
            and not changed.startswith("objective.loss")
            and part["loss"] != "cross_entropy"
            and not (changed.startswith("objective"))
        ):
            part["loss"] = "cross_entropy"
    wanted = len(units) - 2
    if len(names) != wanted:
        removed = _removed(old["objective"].get("units"), units)
        if removed is not None and len(names) == wanted + 1:
            names = names[:removed] + names[removed + 1 :]
        part["activations"] = (names + [names[-1] if names else "relu"] * wanted)[:wanted]


def _removed(before: Any, after: list[Any]) -> int | None:
    """Which hidden layer was taken away."""
    if not isinstance(before, list) or len(before) != len(after) + 1:
        return None
    return next((k for k in range(len(after) - 1) if k + 1 >= len(after) or before[k + 1] != after[k + 1]), None)


def _data_of(d: Json, tables: Mapping[str, CsvFile]) -> Dataset | None:
    try:
        data = read_state({"data": d["data"]})["data"]
        return build_data(json.dumps(data), tables.get(data.get("digest", "")) if data["kind"] == "table" else None)
    except (FalllineError, AssertionError):
        return None


def _fit_settings(d: Json) -> None:
    for key, part, table in (("settings", "optimizer", OPTIMIZERS), ("schedule_settings", "schedule", SCHEDULES)):
        if isinstance(d[part], str) and d[part] in table and isinstance(d[key], dict):
            keys = setting_keys(key, d)
            d[key] = {k: d[key].get(k, one.default) for k, one in keys.items()}


def _with_axes(d: Json, changed: str, old: Json, tables: Mapping[str, CsvFile]) -> State:
    """The rest: start, batch, measure, axes and pins that exist for this objective."""
    plain = read_state({k: v for k, v in d.items() if k not in ("map", "start", "batch", "pins")})
    part = plain["data"]
    used = tables.get(part["digest"]) if part["kind"] == "table" and plain["objective"]["kind"] == "network" else None
    if part["kind"] == "table" and plain["objective"]["kind"] == "network" and used is None:
        raise StateError("the table of this state is not here: choose its CSV file again.", "data.digest")
    objective = build_objective(plain, used)
    if isinstance(d["start"], list) and len(d["start"]) != objective.dimension:
        d["start"] = None
    if (
        changed.startswith("objective.")
        and changed in ("objective.kind", "objective.name")
        and d["start"] == old["start"]
    ):
        d["start"] = None
    if changed == "seed" and isinstance(objective, NetworkObjective):
        d["start"] = None  # who turns the seed wants another start
    if changed == "initial":
        d["start"] = None
    if isinstance(objective, NetworkObjective) and d["start"] is None and changed.partition(".")[0] in FRESH:
        _fit_start(d, objective, old)
        plain = read_state({**plain.json, "initial": d["initial"], "seed": d["seed"]})
    samples = len(objective.data) if isinstance(objective, NetworkObjective) else 0
    if isinstance(d["batch"], int | float) and changed != "batch" and d["batch"] > samples:
        d["batch"] = None
    if isinstance(d["map"], dict):
        d["map"] = plane = old["map"] | d["map"]
        if plane.get("measure") == "accuracy" and not _classifies(objective):
            plane["measure"] = "final_loss"
        _fit_axes(d, plain, objective, old, changed)
        axes = [plane.get("x"), plane.get("y")]
        if axes != [old["map"]["x"], old["map"]["y"]]:
            d["pins"] = _pins_within(d["pins"], axes, old["map"])
    return read_state(d)


def _fit_start(d: Json, objective: NetworkObjective, old: Json) -> None:
    """Another network or other data than the start was made for: drawn as its activations want it, and with life in it.

    With the standard normal distribution most small networks begin with a layer that is off for every sample, and then
    no setting of the map moves them.
    """
    if old["start"] is not None and d["initial"] == old["initial"] == default_state()["initial"]:
        kinked = any("relu" in activation.name for activation in objective.network.activations)
        d["initial"] = "he_normal" if kinked else "glorot_normal"
    if isinstance(d["seed"], int) and d["seed"] == old["seed"] and d["initial"] in INITIALS:
        seeds = range(d["seed"], d["seed"] + TRIES)
        d["seed"] = next((seed for seed in seeds if _lives(objective, d["initial"], seed)), 0)


def _lives(objective: NetworkObjective, initial: str, seed: int) -> bool:
    return not deaths(objective, draw_starts(objective, 1, seed, distribution=initial))


def _classifies(objective: Objective) -> bool:
    return isinstance(objective, NetworkObjective) and objective.network.loss.targets != "values"


def _fit_axes(d: Json, plain: State, objective: Objective, old: Json, changed: str) -> None:
    plane, optimizer, plan = d["map"], OPTIMIZERS[plain["optimizer"]], SCHEDULES[plain["schedule"]]
    valid = axis_settings(objective, optimizer, plan)
    x, y = plane.get("x"), plane.get("y")
    if not isinstance(x, dict) or not isinstance(y, dict):
        return
    if x.get("name") == y.get("name"):  # the other axis takes the place that this one had
        if changed.startswith("map.x"):
            plane["y"] = old["map"]["x"]
        else:
            plane["x"] = old["map"]["y"]
    sketch: Plan | None = None
    for which in ("x", "y"):
        other = plane["y" if which == "x" else "x"].get("name")
        known = plane[which].get("name") in valid
        moved = plane[which].get("name") in ("start.x", "start.y") and changed in ("objective.name", "objective.kind")
        # Another objective has other learning rates; a range that nobody typed follows it.
        moved = moved or (
            plane[which].get("name") == "learning_rate"
            and _other_hill(plain.json, old)
            and not changed.startswith("map")
        )
        if known and not moved:
            continue
        name = plane[which]["name"] if known else next(n for n in (*FIRST_AXES, *valid) if n in valid and n != other)
        sketch = sketch or _sketch(d, plain, objective)
        low, high, scale = axis_range(name, valid[name], sketch)
        plane[which] = {"name": name, "low": low, "high": high, "scale": scale}


def _other_hill(d: Json, old: Json) -> bool:
    a, b = d["objective"], old["objective"]
    if a["kind"] != b["kind"] or d["optimizer"] != old["optimizer"]:
        return True
    return bool(a["kind"] == "landscape" and a["name"] != b["name"])


def _sketch(d: Json, plain: State, objective: Objective) -> Plan:
    """A plan with axes that always exist, to ask the curvature at the start of."""
    start = np.asarray(d["start"], dtype=np.float64) if isinstance(d["start"], list) else None
    if isinstance(objective, LandscapeObjective) and start is None:
        start = np.array(objective.landscape.start, dtype=np.float64)
    spec = map_spec(
        objective, x="initial_scale=0.5..1", y="seed=0..1", size=2, optimizer_=plain["optimizer"], start=None,
        initial_=plain["initial"], seed=plain["seed"],
    )  # fmt: skip
    return Plan(plain, objective, replace(spec, start=start))


def _pins_within(pins: Any, axes: list[Any], old: Json) -> Any:
    if not isinstance(pins, list) or [a.get("name") for a in axes] != [old["x"]["name"], old["y"]["name"]]:
        return []
    kept = []
    for pin in pins:
        try:
            inside = all(a["low"] <= pin[k] <= a["high"] for a, k in zip(axes, ("x", "y"), strict=True))
        except (KeyError, TypeError):
            return pins
        if inside:
            kept.append(pin)
    return kept
