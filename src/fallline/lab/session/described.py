"""The description of a state for a page: the state itself, its objective and measure, its controls and axes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from fallline.data.csv_file import CsvFile
from fallline.experiment.setting_names import within_start
from fallline.lab.controls.axes import describe_axes
from fallline.lab.controls.groups import describe_controls
from fallline.lab.controls.measure import describe_measure
from fallline.lab.resolved_state import ResolvedState
from fallline.lab.session.answers import Json
from fallline.lab.state import State
from fallline.sentences import capital

__all__ = ["described", "same_controls", "summary"]

SPEED = 4e10
"""Floating-point operations a second, for the estimate that a page shows."""


def summary(state: State, resolved: ResolvedState) -> Json:
    """The state, its objective, the meaning of the colours, and the time of a tile."""
    objective = resolved.objective
    seconds = resolved.spec.work / SPEED
    title = capital(objective.name).replace("_", " ")
    return {
        "state": state.json,
        "measure": describe_measure(resolved),
        "objective": {
            "kind": state.objective.kind, "name": objective.name, "title": title,
            "dimension": objective.dimension, "labels": list(objective.labels)[:64],
        },
        "labels": {
            "optimizer": resolved.spec.method.optimizer.label,
            "layers": [f.label for f in net.network.activations] if (net := resolved.network) else [],
            "classes": len(net.data.classes) if net else 0,
        },
        "estimate": {"seconds": seconds, "words": f"{resolved.spec.cells:,} runs a tile, about {seconds:.2g} s"},
    }  # fmt: skip


def described(state: State, resolved: ResolvedState, table: CsvFile | None, knows: Any = None) -> Json:
    """Controls and axes, with a digest of the controls; None for the controls if the page `knows` that digest."""
    controls = describe_controls(resolved, table, state)
    digest = hashlib.sha256(json.dumps(controls).encode()).hexdigest()[:16]
    return {"axes": describe_axes(resolved), "controls": None if digest == knows else controls, "digest": digest}


def same_controls(a: State, b: State) -> bool:
    """Whether two states have the same controls and axes, except for numbers in them and the names of start coordinates."""
    return _shape(a) == _shape(b)


def _shape(state: State) -> tuple[Any, ...]:
    axes = [(axis.name, axis.scale) for axis in state.map.axes.values()]
    data = {k: v for k, v in state["data"].items() if k in ("kind", "name", "digest", "target")}
    data |= {"test": state.data.test_share > 0, "drawn": state.data.drawn}
    return (
        _objective(state, axes), data, state.optimizer, state.schedule, axes, state.map.measure, state.dtype, state.start is None,
    )  # fmt: skip


def _objective(state: State, axes: Sequence[tuple[str, str]]) -> Json:
    """The objective without the numbers that change no control: the penalty, and the units of hidden layers unless an axis
    of the map is a start coordinate, whose meaning changes with them.
    """
    objective = {k: v for k, v in state["objective"].items() if k != "l2"}
    if "units" in objective and not any(within_start(name) for name, _ in axes):
        units = objective["units"]
        objective["units"] = [units[0], len(units), units[-1]]
    return objective
