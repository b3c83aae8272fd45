"""The Python lines that make what the page shows, to the bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fallline.data.csv_file import CsvFile
from fallline.experiment.map_record import MapSpec
from fallline.formulas import COORDINATES, formula_landscape, names_in, parse_formula, python_text
from fallline.lab.plan import Plan
from fallline.lab.state import State

__all__ = ["python_lines"]


def python_lines(state: State, plan: Plan, spec: MapSpec, tables: Mapping[str, CsvFile]) -> str:
    """A whole program: the objective, the map in view, and the pinned runs.

    >>> from fallline.lab.plan import build_plan
    >>> from fallline.lab.work.pyramid import view_spec
    >>> from fallline.lab.state import default_state
    >>> state = default_state()
    >>> plan = build_plan(state, {})
    >>> text = python_lines(state, plan, view_spec(plan, state["view"], 64), {})
    >>> print(text.splitlines()[2])
    data = fl.generate('three-gaussians', samples=100, seed=123)
    """
    d = state.json
    lines = [*_objective(d, tables), ""]
    options: dict[str, Any] = {"optimizer": d["optimizer"], "steps": d["steps"]}
    options["measures"] = tuple(f"{w.name}={w.target!r}" if w.target is not None else w.name for w in spec.measures)
    if d["schedule"] != "constant":
        options["schedule"] = {"name": d["schedule"]} | d["schedule_settings"]
    for name, plain in (("initial", "normal"), ("seed", 0), ("starts", 1), ("batch", None)):
        if d[name] != plain:
            options[name] = d[name]
    options["dtype"] = d["dtype"]
    if d["start"] is not None:
        options["start"] = d["start"]
    options |= spec.settings
    lines += ["how = {", *(f"    {name!r}: {value!r}," for name, value in options.items()), "}"]
    size = f", size=({spec.x.count}, {spec.y.count})"
    lines += [f"m = fl.map(objective, x={str(spec.x)!r}, y={str(spec.y)!r}{size}, **how)", "print(m.sha256)"]
    lines.append("m.plot().save('lab.png', overwrite=True)")
    for pin in d["pins"]:
        x, y = f"{spec.x.name}={pin['x']!r}", f"{spec.y.name}={pin['y']!r}"
        lines += [
            "",
            f"run = fl.map(objective, x={x!r}, y={y!r}, **how).run_at({pin['x']!r}, {pin['y']!r})",
            "print(run)",
        ]
    return "\n".join(lines) + "\n"


def _objective(d: Mapping[str, Any], tables: Mapping[str, CsvFile]) -> list[str]:
    part = d["objective"]
    if part["kind"] == "landscape":
        return ["import fallline as fl", "", f"objective = {part['name']!r}"]
    if part["kind"] == "formula":
        tree, record = parse_formula(part["text"]), formula_landscape(part["text"])
        text = python_text(tree)
        text += "".join(f" + 0 * {name}" for name in COORDINATES if name not in names_in(tree))
        return [
            "import numpy as np", "", "import fallline as fl", "", "",
            "def formula(x, y):", f"    return {text}", "", "",
            f"objective = fl.landscape(formula, start={record.start!r}, window={record.window!r}, name='own formula')",
        ]  # fmt: skip
    data = d["data"]
    lines = ["import fallline as fl"]
    if data["kind"] == "generated":
        options = ", ".join(f"{k}={v!r}" for k, v in data.items() if k not in ("kind", "name"))
        lines += ["", "", f"data = fl.generate({data['name']!r}, {options})"][1:]
    elif data["kind"] == "points":
        lines += ["from fallline.data.points import points_by_hand", "", f"data = points_by_hand({data['points']!r})"]
    else:
        name = tables[data["digest"]].name
        call = f"read_csv({name!r}, {data['target']!r}, standardize={data['standardize']!r})"
        lines += ["from fallline.data.tables import read_csv", "", f"data = {call}"]
    network = f"fl.Network.of({'-'.join(map(str, part['units']))!r}, activation={part['activations']!r}, loss={part['loss']!r}"
    network += f", reduction={part['reduction']!r}, bias={part['bias']!r}, l2={part['l2']!r})"
    return [*lines, f"network = {network}", "objective = fl.NetworkObjective(network, data)"]
