"""The data of a run's view: path, curves and outcome."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.map_record import MapSpec
from fallline.lab.resolved_state import ResolvedState
from fallline.maps.replay import replay
from fallline.problems import NetworkObjective, Objective
from fallline.runs.run import Run

__all__ = ["describe_run", "labels_of", "layers_of", "train_run"]

Arrays = dict[str, NDArray[Any]]


def train_run(resolved: ResolvedState, x: float, y: float) -> Run:
    """The run at exactly (x, y), in the arithmetic of the map."""
    return replay(resolved.run_spec(x, y), 0, 0)


def describe_run(spec: MapSpec, run: Run) -> tuple[dict[str, Any], Arrays]:
    """How a run of a map ended, its numbers, and its curves.

    >>> from fallline.lab.resolved_state import resolve_state
    >>> from fallline.lab.state import default_state
    >>> resolved = resolve_state(default_state(), {})
    >>> facts, arrays = describe_run(resolved.spec, train_run(resolved, 0.006, 0.0))
    >>> facts["numbers"][0], arrays["path"].shape
    ({'label': 'final loss', 'value': 33.51367950439453}, (31, 26))
    """
    losses = np.asarray(run.losses, dtype=np.float64)
    numbers = [
        _entry("final loss", losses[-1]),
        _entry("lowest loss", np.nanmin(losses) if np.isfinite(losses).any() else np.nan),
    ]
    net = spec.objective if isinstance(spec.objective, NetworkObjective) else None
    if net is not None and net.network.loss.targets != "values":
        alive = np.isfinite(run.end).all()
        numbers.append(_entry("accuracy", float(net.accuracy(np.asarray(run.end))) if alive else np.nan))
    on_test: Arrays = {}
    if net is not None and net.data.test is not None:
        on_test["test_losses"] = np.asarray(run.test_losses, dtype=np.float64)
        last = float(on_test["test_losses"][-1])
        numbers += [_entry("test loss", last), _entry("generalization gap", last - float(losses[-1]))]
        if net.network.loss.targets != "values":
            numbers.append(_entry("test accuracy", run.accuracy(net.data.test)))
    if spec.target is not None:
        reached = run.steps_to(spec.target)
        numbers.append({"label": f"steps to {spec.target:g}", "value": reached})
    numbers.append(_entry("gradient norm", run.gradient_norms[-1]))
    told: dict[str, Any] = {
        "steps": run.steps,
        "outcome": {"name": run.outcome.kind, "sentence": run.outcome.sentence, "step": run.outcome.step},
        "numbers": numbers,
        "labels": labels_of(run.objective),
        "layers": None if net is None else layers_of(net),
    }
    path = np.asarray(run.path)
    norms = np.asarray(run.gradient_norms, dtype=np.float64)
    return told, {"losses": losses, "norms": norms, "path": path} | on_test


def labels_of(objective: Objective) -> list[str]:
    """The names of the parameters, if they are few enough to be shown."""
    return list(objective.labels) if objective.dimension <= 500 else []


def layers_of(net: NetworkObjective) -> list[dict[str, Any]]:
    """Where each layer's W and b lie in the parameter vector."""
    layers, at = [], 0
    for (n, m), bias in net.network.shapes:
        layers.append({"W": [n, m], "at": at, "b": at + n * m if bias else None})
        at += n * m + (m if bias else 0)
    return layers


def _entry(label: str, value: float) -> dict[str, Any]:
    return {"label": label, "value": float(value) if np.isfinite(value) else None}
