"""A state with the objects that it describes: its objective and the spec of its plane, within the lab's limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Literal

from fallline.data.csv_file import CsvFile
from fallline.errors import FalllineError
from fallline.experiment.axes import Axis
from fallline.experiment.axis_ranges import Ranges
from fallline.experiment.experiment import Span
from fallline.experiment.map_record import MapSpec
from fallline.experiment.objects import objective_of, plane_spec
from fallline.experiment.part import PartError
from fallline.experiment.sources import Files
from fallline.experiment.starts import draw_starts
from fallline.lab.limits import refuse_slow_map
from fallline.lab.state import State
from fallline.measures.measure import MEASURES
from fallline.problems import NetworkObjective, Objective

__all__ = ["SIDE", "ResolvedState", "resolve_state", "whole_axis"]

SIDE = 64
"""Cells along each side of a tile."""


@dataclass(frozen=True, eq=False)
class ResolvedState:
    """A state with the objects that it describes: the objective, and the whole plane as one tile.

    States that differ only in view, pins and look share one of these; `state` is the first of them.
    """

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
        return draw_starts(self.objective, 1, self.spec.seed, initial=self.spec.initial)[0]

    @cached_property
    def ranges(self) -> Ranges:
        """The ranges of axes."""
        return Ranges(self.objective, self.spec.method.optimizer.name, self.start)

    def run_spec(self, x: float, y: float) -> MapSpec:
        """The spec of the one run at (x, y)."""
        return self.spec.over(Axis.of(self.spec.x.name, [x]), Axis.of(self.spec.y.name, [y]))


def resolve_state(state: State, tables: Mapping[str, CsvFile]) -> ResolvedState:
    """Make the objective and the spec of a state. Equal states share their objects.

    Raises
    ------
    PartError
        If the parts of the state do not fit together, or take too long for a page.

    Examples
    --------
    >>> from fallline.lab.state import default_state
    >>> resolve_state(default_state(), {}).spec
    MapSpec(2-3-2-3 on three Gaussians, momentum, learning_rate=1e-05..0.01:log:0-63/64 by momentum=0..0.99:0-63/64,
    64 x 64 cells, 30 steps, final_loss, outcome, diverged_at)
    """
    needed = state.data.needed(Files(kept=tables)) if state.is_network else Files()
    return _resolved(_Computing(state.computing, state), needed)


@dataclass(frozen=True)
class _Computing:
    """A state, equal to others that have the same results."""

    text: str
    state: State = field(compare=False)


@lru_cache(maxsize=64)
def _resolved(computing: _Computing, files: Files) -> ResolvedState:
    state = computing.state
    objective = objective_of(state, files)
    axes = {}
    for letter, span in state.map.axes.items():
        try:
            axes[letter] = whole_axis(span)
        except FalllineError as error:
            raise PartError(str(error), f"map.{letter}") from None
    measure = state.map.measure
    wanted = [f"{measure}={state.map.target!r}" if MEASURES[measure].needs == "target" else measure]
    wanted += [name for name in ("outcome", "diverged_at") if name != measure]
    spec = plane_spec(state, objective, axes["x"], axes["y"], wanted)
    refuse_slow_map(spec)
    return ResolvedState(state, objective, spec)


def whole_axis(span: Span, count: int = SIDE, part: tuple[int, int] | None = None) -> Axis:
    """An axis of the state in cells: all of `count`, or a piece of a division."""
    return _axis(span.name, span.low, span.high, count, span.scale, part or (0, count))


@lru_cache(maxsize=256, typed=True)
def _axis(
    name: str, low: float, high: float, count: int, scale: Literal["linear", "log"], part: tuple[int, int]
) -> Axis:
    """Kept while other settings change: exact values of an axis take a few milliseconds."""
    return Axis(name, low, high, count, scale, part=part)
