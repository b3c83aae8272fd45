"""The state as a study: its objective, the map in view, and the pinned runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fallline.data.csv_file import CsvFile
from fallline.experiment.map_record import MapSpec
from fallline.experiment.records import Network
from fallline.experiment.sources import Files
from fallline.experiment.study_records import Map, Run, ShownLandscape, Study
from fallline.lab.state import State
from fallline.sentences import capital

__all__ = ["study_of"]


def study_of(state: State, spec: MapSpec, tables: Mapping[str, CsvFile]) -> Study:
    """Return a study with the map of `spec`, and the pinned runs where a study can say all of their settings."""
    shared: dict[str, Any] = {
        "optimizer": state.optimizer, "schedule": state.scheduled, "start": state.start, "steps": state.steps,
        "batch": state.batch, "seed": state.seed,
    }  # fmt: skip
    plane = Map(
        x=str(spec.x), y=str(spec.y), size=f"{spec.x.count}x{spec.y.count}", settings=dict(spec.settings),
        starts=state.starts, initial=state.initial, dtype=state.dtype,
        measures=tuple(f"{w.name}={w.target!r}" if w.target is not None else w.name for w in spec.measures), **shared,
    )  # fmt: skip
    name = spec.objective.name
    title = f"{capital(name)}: a map from the lab"
    if not isinstance(state.objective, Network):
        hill = ShownLandscape(**state.objective.landscape.write())
        return Study(title=title, landscape=hill, descents=_runs(state, spec, shared), maps=(plane,))
    data = state.data.of_study(Files(kept=tables))
    fits = _runs(state, spec, shared) if state.start is not None else ()
    return Study(title=title, network=state.objective, data=data, fits=fits, maps=(plane,))


def _runs(state: State, spec: MapSpec, shared: Mapping[str, Any]) -> tuple[Run, ...]:
    allowed = {*spec.method.optimizer.settings}
    if not {*spec.axes} <= allowed or "initial_scale" in spec.settings:
        return ()
    fixed = {k: v for k, v in spec.settings.items() if k in allowed}
    return tuple(Run(settings=fixed | {spec.x.name: pin.x, spec.y.name: pin.y}, **shared) for pin in state.pins)
