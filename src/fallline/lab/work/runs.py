"""The data of a run's view: path, curves, outcome, and a network's answers over the plane at each step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.data.dataset import Dataset
from fallline.lab.resolved_state import ResolvedState
from fallline.lab.work.units import MOST_UNITS, UNIT_SIDE, living_units
from fallline.maps.replay import replay
from fallline.problems import NetworkObjective, has_plane
from fallline.runs.run import Run

__all__ = ["all_samples", "describe_run", "frames", "plane_window", "train_run"]

Arrays = dict[str, NDArray[Any]]

SIDE = 48
"""Cells along each side of the plane of a network's answers."""

MOST_NUMBERS = 4_000_000
"""Numbers of one chunk of frames on their way through the network."""


def train_run(resolved: ResolvedState, x: float, y: float) -> Run:
    """The run at exactly (x, y), in the arithmetic of the map."""
    return replay(resolved.run_spec(x, y), 0, 0)


def describe_run(resolved: ResolvedState, run: Run) -> tuple[dict[str, Any], Arrays]:
    """How a run ended, its numbers, and its curves.

    >>> from fallline.lab.resolved_state import resolve_state
    >>> from fallline.lab.state import default_state
    >>> resolved = resolve_state(default_state(), {})
    >>> facts, arrays = describe_run(resolved, train_run(resolved, 0.006, 0.0))
    >>> facts["numbers"][0], arrays["path"].shape
    ({'label': 'final loss', 'value': 33.51367950439453}, (31, 26))
    """
    losses = np.asarray(run.losses, dtype=np.float64)
    numbers = [
        _entry("final loss", losses[-1]),
        _entry("lowest loss", np.nanmin(losses) if np.isfinite(losses).any() else np.nan),
    ]
    net = resolved.network
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
    if resolved.spec.target is not None:
        reached = run.steps_to(resolved.spec.target)
        numbers.append({"label": f"steps to {resolved.spec.target:g}", "value": reached})
    numbers.append(_entry("gradient norm", run.gradient_norms[-1]))
    told: dict[str, Any] = {
        "steps": run.steps,
        "outcome": {"name": run.outcome.kind, "sentence": run.outcome.sentence, "step": run.outcome.step},
        "numbers": numbers,
        "labels": list(run.objective.labels) if run.objective.dimension <= 500 else [],
        "layers": None if net is None else _layers(net),
    }
    path = np.asarray(run.path)
    norms = np.asarray(run.gradient_norms, dtype=np.float64)
    return told, {"losses": losses, "norms": norms, "path": path} | on_test


def frames(resolved: ResolvedState, run: Run, first: int, last: int) -> tuple[dict[str, Any], Arrays]:
    """The network's answers at steps first, ..., last (fewer if they are many), (n, 48, 48), row 0 at the bottom.

    Classes by number; a single output or a value as 0 to 255 over `scale`. After a divergence the last answer stays.
    Beside them what each hidden unit answers (`living_units`), if there are not too many.
    """
    net = resolved.network
    if net is None or not has_plane(net):
        return {"window": [0, 1, 0, 1]}, {"regions": np.zeros((0, SIDE, SIDE), np.uint8)}
    window = plane_window(net)
    points = net.data.inputs_at(_grid(window, SIDE))
    most = max(1, int(MOST_NUMBERS // (len(points) * max(net.network.sizes))))
    steps = np.arange(first, min(last, run.steps, first + most - 1) + 1)
    alive = np.flatnonzero(np.isfinite(np.asarray(run.path)).all(axis=-1) & np.isfinite(run.losses))
    at = alive[np.maximum(0, np.searchsorted(alive, steps, side="right") - 1)] if len(alive) else steps * 0
    with np.errstate(all="ignore"):
        answer = net.predict(np.asarray(run.path, dtype=np.float64)[at], points)
    told: dict[str, Any] = {"window": window}
    if net.network.loss.targets == "values":
        low, high = _span(net.data.T[:, 0])
        shade = np.nan_to_num((answer[..., 0] - low) / (high - low), nan=0.0, posinf=1.0, neginf=0.0)
        regions, told["scale"] = np.clip(255 * shade, 0, 255).astype(np.uint8), [low, high]
    elif answer.shape[-1] == 1:
        regions = (answer[..., 0] > 0.5).astype(np.uint8)
    else:
        regions = np.nan_to_num(answer).argmax(axis=-1).astype(np.uint8)
    arrays = {"regions": regions.reshape(len(steps), SIDE, SIDE)}
    if 0 < sum(net.network.sizes[1:-1]) <= MOST_UNITS:
        told["unit_side"] = UNIT_SIDE
        arrays |= living_units(
            net, np.asarray(run.path, dtype=np.float64)[at], net.data.inputs_at(_grid(window, UNIT_SIDE))
        )
    return told, arrays


def all_samples(data: Dataset) -> Dataset:
    """The samples for the training, then those for the test."""
    if data.test is None:
        return data
    X, T = (np.concatenate([getattr(data, name), getattr(data.test, name)]) for name in ("X", "T"))
    return replace(data, X=X, T=T, test=None)


def plane_window(net: NetworkObjective) -> list[float]:
    """[x0, x1, y0, y1] around the raw inputs of the data, those for the test among them."""
    X = all_samples(net.data.raw).X
    (x0, x1), (y0, y1) = (_span(X[:, k], 0.08) for k in (0, 1))
    return [x0, x1, y0, y1]


def _span(values: NDArray[np.float64], margin: float = 0.0) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    room = margin * (high - low) if high > low else 1.0
    return low - room, high + room


def _grid(window: list[float], side: int) -> NDArray[np.float64]:
    x0, x1, y0, y1 = window
    centres = (np.arange(side) + 0.5) / side
    across, up = np.meshgrid(x0 + (x1 - x0) * centres, y0 + (y1 - y0) * centres)
    return np.column_stack([across.ravel(), up.ravel()])


def _layers(net: NetworkObjective) -> list[dict[str, Any]]:
    """Where each layer's W and b lie in the parameter vector."""
    layers, at = [], 0
    for (n, m), bias in net.network.shapes:
        layers.append({"W": [n, m], "at": at, "b": at + n * m if bias else None})
        at += n * m + (m if bias else 0)
    return layers


def _entry(label: str, value: float) -> dict[str, Any]:
    return {"label": label, "value": float(value) if np.isfinite(value) else None}
