"""Everything that decides the values of a map: objective, method, two axes, fixed settings, measures, arithmetic.

Two maps with the same canonical text have the same values, to the bit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.data.dataset import Dataset
from fallline.errors import visible
from fallline.experiment.architectures import architecture_text, with_architecture, with_data
from fallline.experiment.axes import Axis
from fallline.experiment.choices import ARCHITECTURE, CHOICES, FAMILIES, NUMBERS, OF_DATA
from fallline.experiment.description.captured import fingerprint_with_objects
from fallline.experiment.description.fingerprints import array_key
from fallline.experiment.description.plain_data import Arrays, canonical, describe_objective, describe_record
from fallline.experiment.method import Method
from fallline.experiment.method_choices import chosen_method
from fallline.experiment.setting_names import schedule_setting
from fallline.measures.measure import RequestedMeasure
from fallline.measures.own import OwnMeasure
from fallline.problems import LandscapeObjective, NetworkObjective, Objective
from fallline.readings.machine.layout import checkpoint_numbers
from fallline.textbook.initial import INITIALS, Initial
from fallline.textbook.optimizers import OPTIMIZERS, Optimizer
from fallline.textbook.schedules import SCHEDULES

__all__ = ["MapSpec"]

_COLUMNS = 40
"""Numbers that a kernel keeps of each run, at most: measures, settings, and room for their results."""


@dataclass(frozen=True, eq=False)
class MapSpec:
    """Everything that decides the values of a map. Build it with `map_spec`.

    Parameters
    ----------
    objective, method
        What is descended, and how. The values of settings that are an axis are ignored. Where an axis chooses the
        optimizer, the schedule, the activation or the loss, those of its first cell; where it has widths or depths, the
        largest of them. `of_cell` has a cell's own. Where an axis changes the data, those without the change.
    x, y
        The axes. y is `NO_AXIS` in a map of one dimension.
    start
        The first parameters, (P,); None for random starts.
    initial, initial_scale, seed, starts
        Distribution, factor, key and number of random starts of each cell. The factor is None unless it was chosen.
    initial_offsets
        What is added to the start after the factor, by name: "initial_offset" for all parameters, "initial_offset.1" for layer 1.
    steps, batch, dtype
        Length of a run; samples in a minibatch (None for all); "float64" or "float32". Where an axis has steps or batches,
        the largest of them; `of_cell` has a cell's own.
    replacement, full_loss
        Whether the samples of a minibatch are drawn with replacement, not by shuffles; and whether losses are those of all
        samples, not of the minibatch of the next step.
    measures
        The measures that are kept of each run.
    kept
        How many numbers are kept of each run besides, its state, from which more steps go on; 0 for none.
    all_data
        The data of the whole map, in the spec of a cell whose axes change them; None in the spec of a map.
    """

    objective: Objective
    method: Method
    x: Axis
    y: Axis
    steps: int
    measures: tuple[RequestedMeasure, ...]
    start: NDArray[np.float64] | None
    initial: Initial
    initial_scale: float | None = None
    seed: int = 0
    starts: int = 1
    batch: int | None = None
    dtype: str = "float64"
    kept: int = 0
    initial_offsets: Mapping[str, float] = field(default_factory=dict)
    replacement: bool = False
    full_loss: bool = False
    all_data: Dataset | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of cells: (y.count, x.count)."""
        return self.y.count, self.x.count

    @property
    def cells(self) -> int:
        return self.x.count * self.y.count

    @property
    def axes(self) -> dict[str, Axis]:
        """The axes by name, x first: two, or one."""
        return {axis.name: axis for axis in (self.x, self.y) if axis.exists}

    @property
    def one_dimensional(self) -> bool:
        """Whether the map has one axis. Its cells are a single row."""
        return not self.y.exists

    @property
    def settings(self) -> dict[str, float]:
        """What no axis changes of the optimizer's settings, the learning rates of layers, and the start's scale and offsets.

        An axis of optimizers holds the settings of each.
        """
        chosen = self.method.settings if "optimizer" in self.axes else {}
        fixed = {k: v for k, v in self.method.keywords.items() if k not in self.axes and k not in chosen}
        scale = {} if self.initial_scale is None else {"initial_scale": self.initial_scale}
        return fixed | scale | dict(self.initial_offsets)

    @property
    def schedule_settings(self) -> dict[str, float]:
        """What no axis changes of the schedule's settings, by the schedule's own names."""
        values = {} if "schedule" in self.axes else self.method.schedule_settings
        return {name: value for name, value in values.items() if schedule_setting(name) not in self.axes}

    @property
    def names(self) -> tuple[str, ...]:
        """The measures' names."""
        return tuple(w.name for w in self.measures)

    def dtype_of(self, wanted: RequestedMeasure) -> np.dtype[Any]:
        """The type in which the values of a measure are kept."""
        return np.dtype(wanted.measure.dtype or self.dtype).newbyteorder("<")

    @property
    def target(self) -> float | None:
        return next((w.target for w in self.measures if w.target is not None), None)

    @property
    def work(self) -> float:
        """Floating-point operations of the whole map, roughly: 6 a weight, sample and step."""
        samples = len(self.objective.data) if isinstance(self.objective, NetworkObjective) else 2
        seen = (self.batch or samples) + (samples if self.full_loss else 0)
        return 6.0 * self.cells * self.starts * max(1, self.steps) * self.objective.dimension * seen

    @property
    def memory(self) -> int:
        """Bytes that all values need, and the states of all runs."""
        return self.cells * (sum(self.dtype_of(w).itemsize for w in self.measures) + self.memory_of_states)

    @property
    def optimizers(self) -> tuple[Optimizer, ...]:
        """The optimizers of the map: one, or those of an axis."""
        chosen = self.axes.get("optimizer")
        records = [chosen.at(k).record for k in range(chosen.count)] if chosen is not None else [self.method.optimizer]
        return tuple(records)

    @property
    def numbers_of_state(self) -> int:
        """How many numbers the state of a run has: of the largest network, with the optimizer that keeps most."""
        return checkpoint_numbers(self.objective.dimension, max(len(record.state) for record in self.optimizers))

    @property
    def memory_of_states(self) -> int:
        """Bytes of the states that are kept of a cell."""
        return self.starts * self.kept * np.dtype(self.dtype).itemsize

    @property
    def memory_of_a_cell(self) -> int:
        """Bytes that the smallest tile needs while it is computed: the starts of one cell, and the minibatches."""
        runs = self.starts * (2 * self.objective.dimension + _COLUMNS + self.kept)
        return 8 * (runs + (0 if self.batch is None else 4 * self.steps * self.batch))

    def describe(self) -> tuple[dict[str, Any], Arrays]:
        """The canonical description, and the arrays that it names by their SHA-256.

        The optimizer, schedule or initial weights are None where an axis has them.
        """
        arrays: Arrays = {}
        d: dict[str, Any] = describe_objective(self.objective, arrays)
        optimizer, schedule = self.method.optimizer, self.method.schedule
        d |= {
            "optimizer": describe_record(optimizer, OPTIMIZERS, optimizer.step),
            "settings": self.settings,
            "schedule": {"name": describe_record(schedule, SCHEDULES, schedule.factor), **self.schedule_settings},
            "x": self.x.describe(),
            "y": self.y.describe(),
            "steps": self.steps,
            "batch": self.batch,
            "seed": self.seed,
            "starts": self.starts,
            "initial": describe_record(self.initial, INITIALS, self.initial.deviation),
            "start": None,
            "dtype": self.dtype,
            "measures": [_describe_measure(w) for w in self.measures],
        }
        d |= {name: True for name in ("replacement", "full_loss") if getattr(self, name)}
        d |= {name: None for name in ("optimizer", "schedule", "initial") if name in self.axes}
        if self.start is not None:
            d["start"] = array_key(self.start)
            arrays[d["start"]] = self.start
        if self.kept:
            d["kept"] = self.kept
        if isinstance(self.objective, LandscapeObjective) and any(w.measure.needs == "minima" for w in self.measures):
            d["minima"] = [[float(v) for v in point] for point in self.objective.landscape.minima]
        return d, arrays

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the canonical text."""
        return hashlib.sha256(canonical(self.describe()[0]).encode()).hexdigest()

    def of_cell(self, column: int, row: int) -> MapSpec:
        """The same map with the choices of one cell: its steps, batch, method, network, data and initial weights."""
        return self._with(
            {axis.name: axis.at(k) for axis, k in ((self.x, column), (self.y, row)) if axis.name in CHOICES}
        )

    def over(self, x: Axis, y: Axis) -> MapSpec:
        """The same map over other axes of the same names: with their first choices, and the largest of their numbers."""
        chosen = {
            axis.name: axis.high if axis.name in NUMBERS else axis.at(0)
            for axis in (x, y)
            if axis.name in CHOICES and axis.name not in OF_DATA
        }
        same = replace(self._with(chosen), x=x, y=y)
        return replace(same, kept=same.numbers_of_state) if self.kept else same

    def _with(self, chosen: Mapping[str, Any]) -> MapSpec:
        """The same map with these choices, by the name of their axis: numbers, and members of families."""
        changes: dict[str, Any] = {name: int(chosen[name]) for name in ("steps", "batch") if name in chosen}
        network: dict[str, Any] = {
            name: chosen[name].record if name in FAMILIES else int(chosen[name])
            for name in ARCHITECTURE
            if name in chosen
        }
        if network:
            changes["objective"] = with_architecture(self.objective, **network)
        of_data: dict[str, Any] = {name: chosen[name] for name in OF_DATA if name in chosen}
        objective = changes.get("objective", self.objective)
        if of_data and isinstance(objective, NetworkObjective):
            whole = self.all_data or objective.data
            changes |= {"objective": with_data(objective, whole, self.seed, **of_data), "all_data": whole}
        if "initial" in chosen:
            changes["initial"] = chosen["initial"].record
        if "optimizer" in chosen or "schedule" in chosen:
            changes["method"] = chosen_method(self.method, chosen.get("optimizer"), chosen.get("schedule"))
        return replace(self, **changes) if changes else self

    @property
    def head(self) -> str:
        """The objective and the optimizer in words, without what is an axis: "rosenbrock, momentum"."""
        words = [architecture_text(self.objective, self.axes)]
        return ", ".join(words if "optimizer" in self.axes else [*words, self.method.optimizer.name])

    @property
    def plane_text(self) -> str:
        """The axes in words: "learning_rate=0..1 by momentum=0..0.9"."""
        return " by ".join(axis.short for axis in self.axes.values())

    @property
    def size_text(self) -> str:
        """The number of cells along each axis: "512 x 256", or "512"."""
        return " x ".join(str(axis.count) for axis in self.axes.values())

    def __repr__(self) -> str:
        return visible(
            f"MapSpec({self.head}, {self.plane_text}, {self.size_text} cells, "
            f"{self.steps} steps, {', '.join(str(w) for w in self.measures)})"
        )


def _describe_measure(wanted: RequestedMeasure) -> str | dict[str, Any]:
    own = wanted.measure
    if isinstance(own, OwnMeasure):
        sha = fingerprint_with_objects(own.function)
        d = {"own": own.name, "sha256": sha, "over": own.over, "starts": own.over_starts}
        return d | {key: value for key in ("better", "log") if (value := getattr(own, key)) is not None}
    return str(wanted) if wanted.target is None else f"{wanted.name}={wanted.target!r}"
