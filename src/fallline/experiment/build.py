"""Builds what records describe: networks, data, objectives, starts, methods, maps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fallline.errors import SettingError
from fallline.experiment import records
from fallline.experiment.map_record import MapSpec
from fallline.experiment.map_spec import map_spec
from fallline.experiment.method import Method, method
from fallline.experiment.sources import Files, Source
from fallline.experiment.starts import draw_starts, notebook_start, notebook_uniform
from fallline.experiment.study_records import Example, Map, Study
from fallline.formulas import formula_landscape
from fallline.problems import LandscapeObjective, NetworkObjective, Objective, as_vector
from fallline.textbook.landscapes import landscape
from fallline.textbook.network import Network

__all__ = [
    "build_landscape", "build_map", "build_method", "build_network", "build_objective", "build_start",
    "build_weights", "objective_of", "schedule_words",
]  # fmt: skip

Floats = NDArray[np.float64]


def build_network(network: records.Network) -> Network:
    """Make the network that a record describes."""
    return Network.of(
        network.units, activation=network.activations, loss=network.loss,
        reduction=network.reduction, bias=network.bias, l2=network.l2,  # type: ignore[arg-type]  # read as one of its two values
        parametrization=network.parametrization, base_width=network.base_width,
    )  # fmt: skip


def build_objective(network: records.Network, data: Source, files: Files | None = None) -> NetworkObjective:
    """Make the objective of a network on data, whose tables are in `files`."""
    return NetworkObjective(build_network(network), data.build(files or Files()))


def build_landscape(hill: records.Landscape) -> LandscapeObjective:
    """Make the objective of a landscape."""
    return LandscapeObjective(formula_landscape(hill.formula) if hill.formula else landscape(hill.name))


def objective_of(study: Study, name: str = "") -> Objective:
    """Make the objective that a comparison or map names; the network, if there is one, unless it names one."""
    if (name or ("network" if study.network else "landscape")) == "network":
        if study.network is None or study.data is None:
            raise SettingError("fits need [network] and [data].")
        return build_objective(study.network, study.data, Files(study.folder))
    if study.landscape is None:
        raise SettingError("descents need [landscape].")
    return build_landscape(study.landscape)


def build_method(record: records.Method, steps: int) -> Method:
    """Make the method that a record describes, for runs of so many steps."""
    return method(record.optimizer, schedule_words(record.schedule), steps, **record.settings)


def schedule_words(schedule: records.Schedule) -> dict[str, str | float]:
    """A schedule as `method` and `map_spec` take it: {"name": ..., setting: ...}."""
    return {"name": schedule.name} | schedule.settings


def build_start(start: records.Start | None, objective: Objective) -> Floats | None:
    """Make the first parameters that a record describes; None for the objective's own choice."""
    if not isinstance(start, records.Draw):
        return None if start is None else as_vector(start, objective)
    if start.draw == "notebook_normal":
        if not isinstance(objective, NetworkObjective):
            raise SettingError(f'draw = "notebook_normal" needs a network; {objective.name} is a landscape.')
        return notebook_start(objective, start.seed)
    if start.draw == "notebook_uniform":
        drawn = notebook_uniform(start.seed, start.low, start.high, start.index + 1, objective.dimension)
        return np.asarray(drawn[start.index])
    return np.asarray(draw_starts(objective, 1, start.seed, initial=start.initial, first=start.index)[0])


def build_map(plane: Map, objective: Objective) -> MapSpec:
    """Make the plane of runs that a record describes."""
    return map_spec(
        objective, x=plane.x, y=plane.y or None, size=plane.size if plane.y else plane.size.lower().partition("x")[0], optimizer_=plane.optimizer, steps=plane.steps,
        start=build_start(plane.start, objective), measures=plane.measures, schedule_=schedule_words(plane.schedule),
        batch=plane.batch, replacement=plane.replacement, full_loss=plane.full_loss, seed=plane.seed, starts=plane.starts, initial_=plane.initial, dtype=plane.dtype, keep="values",
        in_memory=True, **plane.settings,
    )  # fmt: skip


def build_weights(example: Example, network: Network) -> Floats:
    """Make one parameter vector of the example's weights and biases."""
    parts, known = [], set()
    for layer, (shape_W, shape_b) in enumerate(network.shapes, start=1):
        for name, shape in ((f"W{layer}", shape_W), (f"b{layer}", shape_b)):
            if shape is None:
                continue
            known.add(name)
            if name not in example.weights:
                raise SettingError(f"example must have {name}, of shape {shape}, for the network {network.text}.")
            values = np.array(example.weights[name], dtype=np.float64)
            if values.shape != shape:
                raise SettingError(
                    f"{name} must have shape {shape} for the network {network.text}; got {values.shape}."
                )
            parts.append(values.ravel())
    for name in example.weights:
        if name not in known:
            raise SettingError(f"{name} is not a parameter of the network {network.text}.")
    return np.concatenate(parts)
