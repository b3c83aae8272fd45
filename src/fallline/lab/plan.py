"""From a state to what is computed: data, objective, and the spec of the plane, within the lab's budget."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal

from fallline.data.csv_file import CsvFile
from fallline.data.dataset import Dataset
from fallline.data.generated import generate
from fallline.data.points import points_by_hand
from fallline.data.tables import table
from fallline.errors import FalllineError
from fallline.experiment.axes import Axis
from fallline.experiment.estimate import estimate
from fallline.experiment.map_record import MapSpec
from fallline.experiment.map_spec import map_spec
from fallline.experiment.starts import draw_starts
from fallline.formulas import formula_landscape
from fallline.lab.state import MOST_PARAMETERS, State, StateError
from fallline.problems import LandscapeObjective, NetworkObjective, Objective
from fallline.problems.curvature import eigenvalues, stable_learning_rate
from fallline.textbook.landscapes import LANDSCAPES
from fallline.textbook.network import Network

__all__ = ["SIDE", "Plan", "build_plan"]

SIDE = 64
"""Cells along each side of a tile."""

MOST_WORK = 2e12
"""Floating-point operations of a tile, at most: about a minute."""

MOST_MEMORY = 64 * 2**20
"""Bytes that the starts of a tile, and the samples on their way through a network, may take."""

MOST_PATH = 16 * 2**20
"""Bytes of a run's path, at most."""


@dataclass(frozen=True, eq=False)
class Plan:
    """What a state means: the objective and the whole plane as one tile. Its state is without view, pins and look."""

    state: State
    objective: Objective
    spec: MapSpec

    @property
    def network(self) -> NetworkObjective | None:
        """The objective, where it is a network."""
        return self.objective if isinstance(self.objective, NetworkObjective) else None

    @cached_property
    def start(self) -> Any:
        """The first parameters of the run in the middle of the plane."""
        if self.spec.start is not None:
            return self.spec.start
        return draw_starts(self.objective, 1, self.spec.seed, distribution=self.spec.initial)[0]

    @cached_property
    def bound(self) -> float | None:
        """The learning rate that the curvature at the start allows, where theory knows one and it is quickly found."""
        if self.objective.dimension > 300:
            return None
        return stable_learning_rate(self.spec.optimizer.name, eigenvalues(self.objective, self.start)[1])

    def run_spec(self, x: float, y: float) -> MapSpec:
        """The spec of the one run at (x, y)."""
        return self.spec.over(Axis.of(self.spec.x.name, [x]), Axis.of(self.spec.y.name, [y]))


def build_plan(state: State, tables: Mapping[str, CsvFile]) -> Plan:
    """The plan of a state, or a sentence with the key that it is about. Equal states share their objects.

    >>> from fallline.lab.state import default_state
    >>> build_plan(default_state(), {}).spec
    MapSpec(2-3-2-3 on three Gaussians, momentum, learning_rate=1e-05..0.01:log:0-63/64 by momentum=0..0.99:0-63/64,
    64 x 64 cells, 30 steps, final_loss, outcome, diverged_at)
    """
    used = None
    if state["objective"]["kind"] == "network" and state["data"]["kind"] == "table":
        used = tables.get(state["data"]["digest"])
        if used is None:
            raise StateError(
                "the table of this state is not here: choose its CSV file again. A link holds the name of a table, "
                "not its contents.", "data.digest",
            )  # fmt: skip
    return _plan(state.computing, used)


@lru_cache(maxsize=64)
def _plan(text: str, used: CsvFile | None) -> Plan:
    state = State(text)
    objective = build_objective(state, used)
    return Plan(state, objective, _spec(state, objective))


def build_objective(state: State, used: CsvFile | None) -> Objective:
    """The objective of a state."""
    d = state["objective"]
    if d["kind"] == "landscape":
        return _landscape(d["name"])
    if d["kind"] == "formula":
        return _formula(d["text"])
    data = None
    try:
        data = build_data(json.dumps(state["data"]), used)
        units = d["units"]
        if len(d["activations"]) != len(units) - 2:
            raise StateError(
                f"activations must be one for each hidden layer, {len(units) - 2} here; got {len(d['activations'])}.",
                "objective.activations",
            )
        return _network(json.dumps(d), data)
    except StateError:
        raise
    except FalllineError as error:
        raise StateError(str(error), "data" if data is None else "objective.loss") from None


@lru_cache(maxsize=64)
def _landscape(name: str) -> LandscapeObjective:
    return LandscapeObjective(LANDSCAPES[name])


@lru_cache(maxsize=64)
def _formula(text: str) -> LandscapeObjective:
    return LandscapeObjective(formula_landscape(text))


@lru_cache(maxsize=16)
def build_data(text: str, used: CsvFile | None) -> Dataset:
    """The data set of a state's part."""
    d = json.loads(text)
    kind = d.pop("kind")
    if kind == "generated":
        return generate(**d)
    if kind == "table":
        assert used is not None
        return table(used.text, used.name, d["target"], standardize=d["standardize"])
    return points_by_hand(d["points"])


@lru_cache(maxsize=64)
def _network(text: str, data: Dataset) -> NetworkObjective:
    d = json.loads(text)
    network = Network.of(
        d["units"], activation=d["activations"], loss=d["loss"], reduction=d["reduction"], bias=d["bias"], l2=d["l2"]
    )
    if network.parameter_count > MOST_PARAMETERS:
        raise StateError(
            f"units must give a network of at most {MOST_PARAMETERS:,} parameters; {network.text} has "
            f"{network.parameter_count:,}. Take smaller layers.", "objective.units",
        )  # fmt: skip
    return NetworkObjective(network, data)


def whole_axis(d: Mapping[str, Any], count: int = SIDE, part: tuple[int, int] | None = None) -> Axis:
    """An axis of the state in cells: all of `count`, or a piece of a division."""
    return _axis(d["name"], d["low"], d["high"], count, d["scale"], part or (0, count))


@lru_cache(maxsize=256, typed=True)
def _axis(
    name: str, low: float, high: float, count: int, scale: Literal["linear", "log"], part: tuple[int, int]
) -> Axis:
    """Kept while other settings change: exact values of an axis take a few milliseconds."""
    return Axis(name, low, high, count, scale, part=part)


def _spec(state: State, objective: Objective) -> MapSpec:
    d, plane = state.json, state["map"]
    measure = plane["measure"]
    wanted = [f"steps_to={plane['target']!r}" if measure == "steps_to" else measure]
    wanted += [name for name in ("outcome", "diverged_at") if name != measure]
    settings = {k: v for k, v in d["settings"].items() if k != "initial_scale" or v != 1}
    on_axis = {plane["x"]["name"], plane["y"]["name"]}
    settings = {k: v for k, v in settings.items() if k not in on_axis}
    if d["start"] is not None and len(d["start"]) != objective.dimension:
        raise StateError(
            f"start must have {objective.dimension} numbers, one for each parameter of {objective.name}; "
            f"got {len(d['start'])}.", "start",
        )  # fmt: skip
    axes = {}
    for which in ("x", "y"):
        try:
            axes[which] = whole_axis(plane[which])
        except FalllineError as error:
            raise StateError(str(error), f"map.{which}") from None
    try:
        spec = map_spec(
            objective, x=axes["x"], y=axes["y"], optimizer_=d["optimizer"], steps=d["steps"], measures=wanted,
            schedule_={"name": d["schedule"]} | d["schedule_settings"], start=d["start"], initial_=d["initial"],
            seed=d["seed"], starts=d["starts"], batch=d["batch"], dtype=d["dtype"], **settings,
        )  # fmt: skip
    except FalllineError as error:
        raise StateError(str(error), _where(str(error), d)) from None
    _afford(spec)
    return spec


def _where(sentence: str, d: Mapping[str, Any]) -> str:
    """The key that a sentence of the package is about, by its first words."""
    first = sentence.split()[0].rstrip(",:")
    if first in d["settings"]:
        return f"settings.{first}"
    if first in ("steps", "batch", "seed", "starts", "dtype", "start"):
        return first
    if first in ("accuracy", "measure"):
        return "map.measure"
    if first in (d["data"] or {}):
        return f"data.{first}"
    for which in ("x", "y"):
        if d["map"][which]["name"] in sentence:
            return f"map.{which}"
    return "map"


def _afford(spec: MapSpec) -> None:
    """Refuse, before anything is computed, what a page would have to wait for too long."""
    if isinstance(spec.objective, NetworkObjective):
        net, samples = spec.objective.network, len(spec.objective.data)
        # Curvature at a point takes the gradient beside it along every parameter of a small network, all at once.
        side_by_side = spec.objective.dimension if spec.objective.dimension <= 300 else 2
        if 8 * samples * max(net.sizes) * side_by_side > MOST_MEMORY:
            raise StateError(
                f"{samples:,} samples are too many for a live page with the network {net.text}. Take fewer samples or smaller "
                "layers; `fallline map` has no such bound.", "data.samples",
            )  # fmt: skip
    if spec.work > MOST_WORK:
        raise StateError(
            f"one tile of this map is too much for a live page: {estimate(spec)}. Take fewer steps, samples or starts, or a "
            "smaller network; or let `fallline map` compute it in the background.", "steps",
        )  # fmt: skip
    path, starts = 8 * spec.steps * spec.objective.dimension, 8 * spec.cells * spec.starts * spec.objective.dimension
    if spec.starts > 1 and starts > MOST_MEMORY:
        raise StateError(
            f"starts must be fewer: those of one tile take {starts / 2**20:,.0f} MB, and {MOST_MEMORY / 2**20:.0f} MB are "
            "allowed.", "starts",
        )  # fmt: skip
    if path > MOST_PATH:
        raise StateError(
            f"steps must be fewer: the path of one run takes {path / 2**20:,.0f} MB, and {MOST_PATH / 2**20:.0f} MB are "
            "allowed.", "steps",
        )  # fmt: skip
