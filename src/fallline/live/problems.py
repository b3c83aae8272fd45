"""The problem of a live page: data, starts and numbers of its map's runs, from which the page computes what a kernel is given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from fallline.experiment.axes import NO_AXIS
from fallline.experiment.axis_settings import axis_settings, choices, start_coordinate
from fallline.experiment.offsets import offsets_of_parts
from fallline.experiment.setting_names import (
    OFFSET,
    is_layer_rate,
    layer_offset,
    schedule_setting,
    start_setting,
    within_start,
)
from fallline.experiment.starts import classical_start
from fallline.lab.resolved_state import ResolvedState
from fallline.live.arrays import as_json_array
from fallline.live.kernels import kernel_settings, test_settings
from fallline.problems import LandscapeObjective, NetworkObjective, has_test_samples, on_test_samples
from fallline.random import NORMAL, word_of
from fallline.textbook.initial import Initial
from fallline.textbook.layer_factors import deviation

__all__ = ["describe_problem"]

Json = dict[str, Any]

MOST_COORDINATES = 120
"""The most coordinates of a start of which each may be an axis, as in the lab."""


def describe_problem(resolved: ResolvedState) -> Json:
    """What the runs of a state descend, from where, and with which numbers.

    Returns
    -------
    parameters
        Their number, P.
    samples, X, T, sums
        The number of samples (0: a landscape), the samples, and whether the loss is their sum or their mean.
    values
        By name: the kernel's settings; "steps", "seed", "starts", "batch", "initial_scale"; and "target", None for measures without one.
    keys
        From the keys of controls to those names.
    follows
        From names to others that have their values: the length of a schedule is that of the run.
    whole
        The names of axes that take whole numbers.
    test
        Samples that no step reads: their number, "X", "T", the "weight" of their loss, and "values" of settings that only their
        kernel has; None if there are none.
    x, y
        The axes, as `Axis.describe` has them; None for a second axis that does not exist.
    start, classical
        The first parameters of every run where a cell has one and no axis is the seed, or None: the chosen ones, and those
        without a choice.
    coordinates
        From names of axes, such as "start.x", to places in the vector of parameters.
    offsets
        What may be added to parts of the start: the first place of each part and the place after its last; the names of its
        offsets, the layer's own before that of all layers; and their values, None for those that are not fixed.
    initial
        How starts are drawn, see page/starts.js.
    draws, replacement
        The purpose of the draws of minibatches, and whether these are drawn with replacement, not by shuffles.
    """
    spec, state, objective = resolved.spec, resolved.state, resolved.objective
    net = objective if isinstance(objective, NetworkObjective) else None
    classical = classical_start(objective)
    start = classical if state.start is None else np.array(state.start, dtype=np.float64)
    numbers: Json = {
        "steps": spec.steps, "seed": spec.seed, "starts": spec.starts, "batch": spec.batch,
        "initial_scale": state.settings.get("initial_scale", 1.0), "target": spec.target,
    }  # fmt: skip
    settings = [name for name in kernel_settings(resolved) if name != "target"]
    l2 = {} if net is None else {"l2": net.network.l2}
    values = l2 | dict(spec.method.values)
    axes = axis_settings(objective, spec.method.optimizer, spec.method.schedule) | choices(objective)
    return {
        "parameters": objective.dimension,
        "samples": 0 if net is None else len(net.data),
        **({} if net is None else _data(net, spec.dtype)),
        "test": _test(resolved) if has_test_samples(objective) else None,
        "values": {name: values.get(name, values["learning_rate"]) for name in settings} | numbers,
        "keys": _keys(settings),
        "follows": dict(_followed(resolved, settings)),
        "whole": [name for name, declared in axes.items() if declared.whole],
        "x": spec.x.describe(),
        "y": None if spec.y == NO_AXIS else spec.y.describe(),
        "start": None if start is None else start.tolist(),
        "classical": None if classical is None else classical.tolist(),
        "coordinates": _coordinates(resolved),
        "offsets": list(_offsets(resolved)),
        "initial": _window(objective) if isinstance(objective, LandscapeObjective) else _layers(net, spec.initial),
        "draws": word_of("minibatch" if spec.replacement else "shuffle"),
        "replacement": spec.replacement,
    }  # fmt: skip


def _data(net: NetworkObjective, dtype: str) -> Json:
    X, T = (as_json_array(np.asarray(values, dtype=dtype)) for values in (net.data.X, net.data.T))
    return {"X": X, "T": T, "sums": net.network.reduction == "sum"}


def _test(resolved: ResolvedState) -> Json:
    """The test samples; the settings of a kernel that takes no step do not matter."""
    problem = on_test_samples(resolved.objective)
    X, T = (as_json_array(np.asarray(values, dtype=resolved.spec.dtype)) for values in (problem.data.X, problem.data.T))
    idle = {name: 0.0 for name in test_settings(resolved) if name not in ("l2", "target")}
    samples = len(problem.data)
    return {"samples": samples, "X": X, "T": T, "weight": problem.factor(samples), "values": idle}


def _keys(settings: list[str]) -> Json:
    """From the keys of controls to the names of values."""

    def key(name: str) -> str:
        if name == "l2":
            return "objective.l2"
        return name.replace("schedule.", "schedule_settings.") if name.startswith("schedule.") else f"settings.{name}"

    keys = {key(name): name for name in settings}
    return keys | {
        "steps": "steps", "seed": "seed", "starts": "starts", "batch": "batch", "map.target": "target",
        "settings.initial_scale": "initial_scale",
    }  # fmt: skip


def _followed(resolved: ResolvedState, settings: list[str]) -> Iterator[tuple[str, str]]:
    length = schedule_setting("steps")
    if length in settings:
        yield length, "steps"
    for name in settings:
        if is_layer_rate(name) and name in resolved.spec.axes:  # it has no value beside that axis
            yield name, "learning_rate"


def _coordinates(resolved: ResolvedState) -> dict[str, int]:
    objective = resolved.objective
    labels = objective.labels if objective.dimension <= MOST_COORDINATES else ()
    places = {start_setting(label): k for k, label in enumerate(labels)}
    named = [axis.name for axis in resolved.spec.axes.values() if within_start(axis.name) is not None]
    return places | {name: start_coordinate(objective, name) for name in named}


def _offsets(resolved: ResolvedState) -> Iterator[Json]:
    objective, fixed = resolved.objective, resolved.spec.initial_offsets
    layers = objective.network.depth if isinstance(objective, NetworkObjective) else 0
    own = [layer_offset(layer) for layer in range(1, layers + 1)]
    for name, first, end in offsets_of_parts(objective, own or [OFFSET]):
        names = list(dict.fromkeys([name, OFFSET]))
        yield {"first": first, "end": end, "names": names, "values": [fixed.get(known) for known in names]}


def _window(objective: LandscapeObjective) -> Json:
    window = objective.landscape.window
    low, high = zip(*(window[k % len(window)] for k in range(objective.dimension)), strict=True)
    return {"kind": "window", "purpose": word_of("start"), "low": list(low), "high": list(high)}


def _layers(net: NetworkObjective | None, record: Initial) -> Json:
    assert net is not None
    parts = []
    for layer, (shape_W, shape_b) in enumerate(net.network.shapes, start=1):
        weights, biases = int(np.prod(shape_W)), shape_b[0] if shape_b else 0
        parts.append((f"start W{layer}", weights, deviation(net.network, layer, record)))
        parts.append((f"start b{layer}", biases, 1.0 if record.biases else 0.0))
    return {
        "kind": "layers",
        "variates": record.variates,
        "normal": NORMAL,
        "parts": [{"purpose": word_of(name), "count": n, "factor": factor} for name, n, factor in parts if n],
    }
