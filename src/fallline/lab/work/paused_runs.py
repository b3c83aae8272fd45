"""Runs that are kept as they stand before some of their steps, so that a picture of more or fewer steps trains only the rest.

While a reader drags the number of steps, nothing else about the runs changes. The runs of a tile pause on their way, and those
of another length go on from the last pause that serves them. They have the bits of runs that were trained at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.map_record import MapSpec
from fallline.lab.resolved_state import SIDE, ResolvedState
from fallline.lab.work.pyramid import TilePlace, cells_of_sketch
from fallline.lab.work.runs_of_state import MOST_WORK, RunsOfState
from fallline.maps.cell_training import training_of
from fallline.maps.cells import Values, at_cells
from fallline.runs import engine
from fallline.runs.checkpoints import Checkpoints, checkpoint_step
from fallline.runs.execution import Execution, Progress
from fallline.settings import SETTINGS

__all__ = ["PausedRuns", "pauses"]

MOST_BYTES = 96 * 2**20
"""The most memory that paused runs may take."""

FIRST, RATIO = 8, 1.1
"""The step of the first pause, and the ratio of the steps of two pauses."""


def pauses(last: int) -> list[int]:
    """The steps before which runs pause, up to a last one.

    >>> pauses(30)
    [8, 9, 10, 11, 13, 15, 17, 19, 21, 24, 27, 30]
    """
    steps, step = [], FIRST
    while step <= last:
        steps.append(step)
        step = max(step + 1, int(np.ceil(step * RATIO)))
    return steps


class PausedRuns(RunsOfState):
    """The paused runs of one state, whatever its number of steps. See `KeptRuns` for the methods."""

    control = "steps"

    def __init__(self, resolved: ResolvedState) -> None:
        super().__init__(resolved)
        self._rows: dict[tuple[TilePlace, int], tuple[NDArray[np.bool_], NDArray[Any]]] = {}
        self._bytes = 0

    @classmethod
    def can_keep(cls, resolved: ResolvedState) -> bool:
        """Also whether the runs can pause, and no step of theirs depends on their number."""
        state, spec = resolved.state, resolved.spec
        steady = state.schedule == "constant" and spec.starts == 1
        return super().can_keep(resolved) and steady and engine.name_of(spec.objective) == "machine"

    def cells(
        self, spec: MapSpec, place: TilePlace, i: NDArray[np.int64], j: NDArray[np.int64], progress: Progress
    ) -> Values:
        """The measures of some cells of a tile, whose runs go on from their last pause."""
        after = None
        for after in self._on_the_way(spec, place, i, j, lambda done, of: progress(0, of)):  # noqa: B007  # the last counts
            pass
        return at_cells(spec, i, j, Execution(progress=progress), after)

    def ahead(self, spec: MapSpec, place: TilePlace, progress: Progress) -> Iterator[None]:
        """Train the runs of a tile as far as they can pause in the longest runs of the slider: a sketch's first, then all."""
        spec = replace(spec, steps=int(SETTINGS["steps"].slider_range.high))
        for apart in (2, 1) if spec.work < MOST_WORK else ():
            for _ in self._on_the_way(spec, place, *cells_of_sketch(apart), progress):
                yield

    def _on_the_way(
        self,
        spec: MapSpec,
        place: TilePlace,
        i: NDArray[np.int64],
        j: NDArray[np.int64],
        progress: Progress,
    ) -> Iterator[Checkpoints]:
        """The pauses of some cells of a tile from the last known one on, up to the last that serves runs of this length."""
        steps = pauses(checkpoint_step(spec.steps))
        known = max((step for step in steps if self._has(place, step, i, j)), default=0)
        after = None
        if known:
            after = Checkpoints(known, self._rows[place, known][1][j, i])
            yield after
        from fallline.runs import lanes  # late: it loads LLVM, and the server answers without it

        training = training_of(spec, i, j)
        names = [wanted.name for wanted in spec.measures]
        for step in (step for step in steps if step > known):
            after = lanes.paused(
                training, step, names, target=spec.target, execution=Execution(progress=progress), after=after
            )
            self._keep(place, after, i, j)
            yield after

    def _has(self, place: TilePlace, step: int, i: NDArray[np.int64], j: NDArray[np.int64]) -> bool:
        return (place, step) in self._rows and bool(self._rows[place, step][0][j, i].all())

    def _keep(self, place: TilePlace, paused: Checkpoints, i: NDArray[np.int64], j: NDArray[np.int64]) -> None:
        key, numbers = (place, paused.step), paused.values.shape[1]
        if key not in self._rows:
            size = SIDE * SIDE * numbers * paused.values.itemsize
            if self._bytes + size > MOST_BYTES:
                return
            self._rows[key] = np.zeros((SIDE, SIDE), bool), np.empty((SIDE, SIDE, numbers), paused.values.dtype)
            self._bytes += size
        there, values = self._rows[key]
        values[j, i] = paused.values
        there[j, i] = True
