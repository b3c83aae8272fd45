"""The Python lines that make the map of a study, to the bit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fallline.errors import UsageError
from fallline.experiment.axis_forms import axis_of
from fallline.experiment.build import build_start, objective_of
from fallline.experiment.experiment import Pin
from fallline.experiment.records import Draw, Network
from fallline.experiment.sources import Files, Source
from fallline.experiment.study_records import Map, ShownLandscape, Study
from fallline.formulas import COORDINATES, formula_landscape, names_in, parse_formula, python_text

__all__ = ["to_python"]


def to_python(study: Study, pins: Iterable[Pin] = (), picture: str = "map.png") -> str:
    """Return a program: the objective of the study's first map, the map, its picture, and the runs at the pins.

    >>> from fallline.experiment.studies import study
    >>> print(to_python(study()).splitlines()[2])
    data = fl.generate('three-gaussians', samples=100, seed=123)

    Raises
    ------
    UsageError
        If the study has no map.
    """
    if not study.maps:
        raise UsageError(f"the study {study.name} must have a map to be written in Python.")
    plane = study.maps[0]
    network = (plane.objective or ("network" if study.network else "landscape")) == "network"
    if network and study.network is not None and study.data is not None:
        lines = _network(study.network, study.data, Files(study.folder))
    else:
        assert study.landscape is not None
        lines = _landscape(study.landscape)
    how = {name: value for name, value in _options(study, plane).items() if value is not None}
    names = [axis_of(text).name for text in (plane.x, plane.y) if text]
    if "optimizer" in names:
        del how["optimizer"]
    lines += ["", "how = {", *(f"    {name!r}: {value!r}," for name, value in how.items()), "}"]
    size = plane.size.lower().partition("x")
    up = f"y={plane.y!r}, size=({size[0]}, {size[2] or size[0]})" if plane.y else f"size={size[0]}"
    lines.append(f"m = fl.map(objective, x={plane.x!r}, {up}, **how)")
    lines += ["print(m.sha256)", f"m.plot().save({picture!r}, overwrite=True)"]
    for pin in pins:
        x, y = names
        call = f"fl.map(objective, x={f'{x}={pin.x!r}'!r}, y={f'{y}={pin.y!r}'!r}, **how)"
        lines += ["", f"run = {call}.run_at({pin.x!r}, {pin.y!r})", "print(run)"]
    return "\n".join(lines) + "\n"


def _options(study: Study, plane: Map) -> dict[str, Any]:
    """The arguments of `map` besides the objective and the axes; None where a default is meant."""
    start = plane.start
    if isinstance(start, Draw):
        drawn = build_start(start, objective_of(study, plane.objective))
        start = None if drawn is None else tuple(drawn.tolist())
    schedule = {"name": plane.schedule.name} | plane.schedule.settings
    default = {"schedule": {"name": "constant"}, "initial": "normal", "seed": 0, "starts": 1, "batch": None,
               "replacement": False, "full_loss": False}  # fmt: skip
    choices = {
        "schedule": schedule, "initial": plane.initial, "seed": plane.seed, "starts": plane.starts, "batch": plane.batch,
        "replacement": plane.replacement, "full_loss": plane.full_loss,
    }  # fmt: skip
    return {
        "optimizer": plane.optimizer, "steps": plane.steps, "measures": plane.measures,
        **{name: value for name, value in choices.items() if value != default[name]},
        "dtype": plane.dtype, "start": None if start is None else list(start), **plane.settings,
    }  # fmt: skip


def _network(network: Network, data: Source, files: Files) -> list[str]:
    call = data.python(files)
    imports = ["import fallline as fl", *([call.needs] if call.needs != "import fallline as fl" else [])]
    words = {
        "activation": list(network.activations), "loss": network.loss, "reduction": network.reduction,
        "bias": network.bias, "l2": network.l2,
    }  # fmt: skip
    widths = {"parametrization": "standard", "base_width": 1}
    words |= {name: getattr(network, name) for name, default in widths.items() if getattr(network, name) != default}
    text = ", ".join(f"{name}={value!r}" for name, value in words.items())
    made = f"network = fl.Network.of({network.text!r}, {text})"
    return [*imports, "", f"data = {call.text}", made, "objective = fl.NetworkObjective(network, data)"]


def _landscape(hill: ShownLandscape) -> list[str]:
    if not hill.formula:
        return ["import fallline as fl", "", f"objective = {hill.name!r}"]
    tree, record = parse_formula(hill.formula), formula_landscape(hill.formula)
    text = python_text(tree)
    text += "".join(f" + 0 * {name}" for name in COORDINATES if name not in names_in(tree))
    return [
        "import numpy as np", "", "import fallline as fl", "", "", "def formula(x, y):", f"    return {text}", "", "",
        f"objective = fl.landscape(formula, start={record.start!r}, window={record.window!r}, name='own formula')",
    ]  # fmt: skip
