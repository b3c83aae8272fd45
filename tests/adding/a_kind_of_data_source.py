"""A source "grid" was added: it is read, written, drawn as controls, built, and trained on like the others."""

import json

from fallline.data.csv_file import CsvFile
from fallline.experiment.build import objective_of
from fallline.experiment.formats.python import to_python
from fallline.experiment.formats.schema import study_schema
from fallline.experiment.formats.toml import parse, to_toml
from fallline.lab.changed import changed_state
from fallline.lab.controls.groups import describe_controls
from fallline.lab.resolved_state import resolve_state
from fallline.lab.state import default_state, read_state
from fallline.lab.study import study_of
from fallline.lab.work.pyramid import view_spec

TABLES: dict[str, CsvFile] = {}
study = parse("title = 'x'\n[network]\nsizes = '2-3-1'\nloss = 'squared_error'\n[data]\ngrid = 'x - y'\nside = 5")
data = objective_of(study).data
assert (len(data), data.T[1, 0]) == (25, 0.5)
assert parse(to_toml(study)) == study
assert "grid" in json.dumps(study_schema())

state, notes = changed_state({"data": {"kind": "grid"}}, "data.kind", default_state(), TABLES)
assert "The loss is now squared error: the targets are values." in notes, notes
assert state["data"] == {"kind": "grid", "grid": "x*y", "side": 12}
assert read_state(json.loads(state.text)) == state
resolved = resolve_state(state, TABLES)
data_group = next(g for g in describe_controls(resolved, None, state)["groups"] if g["name"] == "data")
assert [f["key"] for f in data_group["fields"]] == ["data.kind", "data.grid", "data.side"]
assert {"value": "grid", "label": "formula on a grid"} in data_group["fields"][0]["options"]

saved = study_of(state, view_spec(resolved, state.view, 4), TABLES)
assert objective_of(parse(to_toml(saved))).data.X.tobytes() == resolved.objective.data.X.tobytes()
lines, space = to_python(saved).splitlines(), {}
exec("\n".join(lines[: lines.index("how = {")]), space)
assert space["data"].T.tobytes() == resolved.objective.data.T.tobytes()
