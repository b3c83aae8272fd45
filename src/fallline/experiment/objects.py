"""Builds what an experiment describes: data set, objective, and the spec of its plane. Equal parts share objects."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.data.dataset import Dataset
from fallline.errors import FalllineError
from fallline.experiment.axes import Axis
from fallline.experiment.build import build_landscape, build_network
from fallline.experiment.experiment import Experiment
from fallline.experiment.map_record import MapSpec
from fallline.experiment.map_spec import map_spec
from fallline.experiment.part import PartError, as_json
from fallline.experiment.records import Network
from fallline.experiment.sources import Files, Source
from fallline.experiment.starts import draw_starts
from fallline.measures.measure import MEASURES
from fallline.problems import LandscapeObjective, NetworkObjective, Objective

__all__ = ["dataset_of", "first_parameters", "objective_of", "plane_spec"]


@dataclass(frozen=True)
class _Told:
    """A part with its text, by which it is looked up."""

    text: str
    part: Any = field(compare=False)

    @classmethod
    def of(cls, part: Any) -> _Told:
        return cls(json.dumps(as_json(part)), part)


def dataset_of(source: Source, files: Files) -> Dataset:
    """Make the data set of a source."""
    return _dataset(_Told.of(source), source.needed(files))


@lru_cache(maxsize=16)
def _dataset(source: _Told, files: Files) -> Dataset:
    made: Dataset = source.part.build(files)
    return made


def objective_of(experiment: Experiment, files: Files) -> Objective:
    """Make the objective of an experiment.

    Raises
    ------
    PartError
        If the data set cannot be made, or the network does not fit it.
    """
    if not isinstance(experiment.objective, Network):
        return _landscape(_Told.of(experiment.objective))
    units, activations = experiment.objective.units, experiment.objective.activations
    if len(activations) != len(units) - 2:
        raise PartError(
            f"activations must be one for each hidden layer, {len(units) - 2} here; got {len(activations)}.",
            "objective.activations",
        )
    where = "data"
    try:
        data = dataset_of(experiment.data, files)
        where = "objective.loss"
        return _network(_Told.of(experiment.objective), data)
    except PartError:
        raise
    except FalllineError as error:
        raise PartError(str(error), where) from None


@lru_cache(maxsize=64)
def _landscape(objective: _Told) -> LandscapeObjective:
    return build_landscape(objective.part.landscape)


@lru_cache(maxsize=64)
def _network(objective: _Told, data: Dataset) -> NetworkObjective:
    return NetworkObjective(build_network(objective.part), data)


def plane_spec(experiment: Experiment, objective: Objective, x: Axis, y: Axis, measures: Iterable[str]) -> MapSpec:
    """Make the spec of an experiment's runs over two axes.

    Raises
    ------
    PartError
        If the parts of the experiment do not fit together; `where` is the key at fault, if the sentence names it.
    """
    start = experiment.start
    if start is not None and len(start) != objective.dimension:
        raise PartError(
            f"start must have {objective.dimension} numbers, one for each parameter of {objective.name}; "
            f"got {len(start)}.", "start",
        )  # fmt: skip
    on_axis = {x.name, y.name}
    settings: dict[str, Any] = {
        k: v for k, v in experiment.settings.items() if k not in on_axis and (k, v) != ("initial_scale", 1)
    }
    try:
        return map_spec(
            objective, x=x, y=y, optimizer_=experiment.optimizer, steps=experiment.steps, measures=list(measures),
            schedule_={"name": experiment.schedule} | experiment.schedule_settings,
            start=None if start is None else list(start), initial_=experiment.initial, seed=experiment.seed,
            starts=experiment.starts, batch=experiment.batch, dtype=experiment.dtype, **settings,
        )  # fmt: skip
    except FalllineError as error:
        raise PartError(str(error), _where(str(error), experiment)) from None


def _where(sentence: str, experiment: Experiment) -> str:
    """The key that a sentence is about, by its first word."""
    first = sentence.split()[0].rstrip(",:")
    if first in experiment.settings:
        return f"settings.{first}"
    if first in ("steps", "batch", "seed", "starts", "dtype", "start"):
        return first
    if first in (*MEASURES, "measure"):
        return "map.measure"
    return next((f"map.{letter}" for letter, axis in experiment.map.axes.items() if axis.name in sentence), "map")


def first_parameters(experiment: Experiment, objective: Objective) -> NDArray[np.float64]:
    """The first parameters of the experiment's runs; of the first run where they are drawn."""
    if experiment.start is not None:
        return np.asarray(experiment.start, dtype=np.float64)
    if isinstance(objective, LandscapeObjective) and experiment.starts == 1:
        return np.array(objective.landscape.start, dtype=np.float64)
    return np.asarray(draw_starts(objective, 1, experiment.seed, initial=experiment.initial)[0])
