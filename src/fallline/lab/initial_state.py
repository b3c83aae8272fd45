"""The state that a page begins with: the built-in one, that of a study, or of a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fallline.data.csv_file import CsvFile, read_csv_file
from fallline.errors import UsageError
from fallline.experiment.build import build_map, objective_of
from fallline.experiment.choices import CHOICES
from fallline.experiment.experiment import Pin, Plane, Span
from fallline.experiment.objectives import Formula, NamedLandscape
from fallline.experiment.part import Part, PartError, as_json
from fallline.experiment.records import Network
from fallline.experiment.setting_names import is_layer_rate
from fallline.experiment.sources import Generated, KeptTable, Table
from fallline.experiment.studies import study as read_study
from fallline.experiment.study_records import Map, Run, Study
from fallline.lab.changed import changed_state
from fallline.lab.limits import MOST_PINS
from fallline.lab.resolved_state import resolve_state
from fallline.lab.state import State, default_state, read_state
from fallline.problems import NetworkObjective

__all__ = ["initial_state"]


def initial_state(
    study: str | Path | Study | None, data: str | Path | None, **of_table: str | None
) -> tuple[State, dict[str, CsvFile]]:
    """Return the first state, and the tables that it names. `of_table`: target, task and missing, of the table `data`.

    >>> state, _ = initial_state("three-gaussians", None)
    >>> state["map"]["x"], state["pins"][0]
    ({'name': 'learning_rate', 'low': 0.0001, 'high': 0.02, 'scale': 'log'}, {'x': 0.006, 'y': 0.0})
    """
    tables: dict[str, CsvFile] = {}
    if isinstance(study, str | Path) and Path(study).suffix.lower() == ".fallmap":
        raise UsageError(
            f"{study} is a map file: the command `fallline lab {study}` opens it in the browser, `fallline.load_map` in Python."
        )
    state = default_state() if study is None else _of_study(read_study(study), tables)
    told = {name: value for name, value in of_table.items() if value is not None}
    if data is None and told:
        raise UsageError(f"{next(iter(told))} is of a table; give its file as data.")
    if data is not None:
        table = read_csv_file(Path(data))
        tables = {table.digest: table}
        part = {"kind": KeptTable.kind, "digest": table.digest, "target": table.columns[-1]} | told
        table.table[part["target"]]
        objective = state["objective"] if state.is_network else {"kind": Network.kind}
        state, _ = changed_state({"data": part, "objective": objective}, "data.digest", state, tables)
    resolve_state(state, tables)
    return state, tables


def _of_study(study: Study, tables: dict[str, CsvFile]) -> State:
    """The state of a study: its first map, and its first runs pinned where they lie on it."""
    plane = study.maps[0] if study.maps else None
    parts = _parts(study, plane, tables)
    try:
        if plane is None:
            return changed_state({"start": None} | as_json(parts), "objective.kind", None, tables)[0]
        return read_state({**parts, **_runs(study, plane)})
    except PartError as error:
        raise UsageError(f"the lab cannot show this study: {error}") from None


def _parts(study: Study, plane: Map | None, tables: dict[str, CsvFile]) -> dict[str, Part]:
    """The objective of a study's map, and the data of its network."""
    wanted = (plane.objective if plane else "") or ("network" if study.network and study.data else "landscape")
    if wanted == "network" and study.network is not None and study.data is not None:
        return {"objective": study.network, "data": _source(study.data, study.folder, tables)}
    if study.landscape is None:
        raise UsageError(f"the study {study.name} has neither a network on data nor a landscape for the lab to show.")
    hill = study.landscape
    return {"objective": Formula(text=hill.formula) if hill.formula else NamedLandscape(name=hill.name)}


def _source(data: Any, folder: Path, tables: dict[str, CsvFile]) -> Part:
    """The source of a study as the lab has it: tables are kept."""
    if not isinstance(data, Table):
        return data.complete() if isinstance(data, Generated) else data
    if not isinstance(data.target, str) or data.inputs or data.categories:
        raise UsageError("the lab takes a table with one target and all other columns as inputs.")
    if data.dialect is not None:
        raise UsageError(
            "the lab detects how a table is written: leave out separator, decimal, thousands, header, encoding."
        )
    table = read_csv_file(folder / data.file)
    tables[table.digest] = table
    return KeptTable.of_file(data, table.digest)


def _runs(study: Study, plane: Map) -> dict[str, Any]:
    """Method, start, axes and pins of a study's map."""
    spec = build_map(plane, objective_of(study, plane.objective))
    if spec.one_dimensional or spec.axes.keys() & {*CHOICES}:
        raise UsageError(
            f"the lab cannot show a map over {' and '.join(spec.axes)}{' alone' if spec.one_dimensional else ''}: its two axes "
            "are numbers that one kernel can take, such as learning_rate, momentum or seed. Draw it with `fallline map`."
        )
    fixed = [*spec.initial_offsets, *(name for name in spec.settings if is_layer_rate(name))]
    if fixed:
        raise UsageError(
            f"the lab cannot show a map with {' and '.join(fixed)} for all cells; it has offsets and learning rates of layers as axes "
            "alone. Draw it with `fallline map`."
        )
    if spec.replacement or spec.full_loss:
        raise UsageError(
            "the lab draws minibatches by shuffles and shows their own losses; leave out replacement and full_loss, or draw the map "
            "with `fallline map`."
        )
    x, y = (Span(name=a.name, low=a.low, high=a.high, scale=a.scale) for a in (spec.x, spec.y))
    measure = spec.measures[0]
    target = {} if measure.target is None else {"target": measure.target}
    return {
        "optimizer": plane.optimizer, "steps": plane.steps, "dtype": plane.dtype, "seed": plane.seed,
        "starts": plane.starts, "initial": plane.initial, "batch": plane.batch, "schedule": spec.method.schedule.name,
        "schedule_settings": {k: v for k, v in spec.schedule_settings.items() if k != "steps"},
        "start": None if plane.start is None or spec.start is None else tuple(spec.start.tolist()),
        "settings": spec.settings,
        "map": Plane(x=x, y=y, measure=measure.name, **target),
        "pins": _pins(study.fits if isinstance(spec.objective, NetworkObjective) else study.descents, x, y),
    }  # fmt: skip


def _pins(runs: Sequence[Run], x: Span, y: Span) -> tuple[Pin, ...]:
    """The runs that lie on the map, the first four. Gradient descent is momentum with momentum 0."""
    pins = []
    for run in runs:
        settings = ({"momentum": 0.0} if run.optimizer == "gradient_descent" else {}) | run.settings
        at = settings.get(x.name), settings.get(y.name)
        if at[0] is not None and at[1] is not None and x.low <= at[0] <= x.high and y.low <= at[1] <= y.high:
            pins.append(Pin(x=at[0], y=at[1]))
    return tuple(pins[:MOST_PINS])
