"""Runs that are kept by their start, so that a picture with more or fewer starts of each cell trains only what is new.

While a reader drags the number of starts, nothing else about the runs changes, and start k depends on the seed and k alone. So
the cells of a map with 9 starts have the runs of the map with 7, and two more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.map_record import MapSpec
from fallline.lab.resolved_state import SIDE, ResolvedState
from fallline.lab.work.pyramid import TilePlace, cells_of_sketch
from fallline.lab.work.runs_of_state import MOST_WORK, RunsOfState
from fallline.maps.cell_training import training_of
from fallline.maps.cells import Values, of_runs
from fallline.runs import engine
from fallline.runs.execution import Execution, Progress
from fallline.settings import SETTINGS

__all__ = ["RunsByStart"]

MOST = int(SETTINGS["starts"].slider_range.high)
"""The most starts of a cell whose runs are kept."""

MOST_TILES = 8
"""The most tiles whose runs are kept: some megabytes each."""

AT_A_TIME = 3
"""Starts that are trained ahead before another job gets its turn."""


class RunsByStart(RunsOfState):
    """The runs of one state, whatever its number of starts. See `KeptRuns` for the methods."""

    control = "starts"

    def __init__(self, resolved: ResolvedState) -> None:
        super().__init__(resolved)
        self._count: dict[TilePlace, NDArray[np.int64]] = {}
        self._runs: dict[TilePlace, Values] = {}

    @classmethod
    def can_keep(cls, resolved: ResolvedState) -> bool:
        """Also whether there are few starts, all random: the classical start of a landscape is not the first of several."""
        return super().can_keep(resolved) and resolved.spec.start is None and resolved.spec.starts <= MOST

    def cells(
        self, spec: MapSpec, place: TilePlace, i: NDArray[np.int64], j: NDArray[np.int64], progress: Progress
    ) -> Values:
        """The measures of some cells of a tile; only starts that are new to them are trained."""
        count = self._count.setdefault(place, np.zeros((SIDE, SIDE), np.int64))
        new = count[j, i] < spec.starts
        if new.any():
            self._train(spec, place, i[new], j[new], int(count[j, i][new].min()), progress)
            count[j[new], i[new]] = spec.starts
        while len(self._count) > MOST_TILES:
            oldest = next(iter(self._count))
            del self._count[oldest], self._runs[oldest]
        return of_runs(spec, {name: runs[j, i, : spec.starts] for name, runs in self._runs[place].items()})

    def ahead(self, spec: MapSpec, place: TilePlace, progress: Progress) -> Iterator[None]:
        """Train the runs of a tile for the starts of the slider: those of a sketch first, then of all cells."""
        one = spec.work / spec.starts
        for apart in (2, 1):
            i, j = cells_of_sketch(apart)
            for starts in range(2, min(MOST, int(MOST_WORK / one)) + 1, AT_A_TIME):
                self.cells(replace(spec, starts=starts), place, i, j, progress)
                yield

    def _train(
        self,
        spec: MapSpec,
        place: TilePlace,
        i: NDArray[np.int64],
        j: NDArray[np.int64],
        known: int,
        progress: Progress,
    ) -> None:
        """Train the starts from `known` on."""
        new = np.tile(np.arange(spec.starts) >= known, len(i))
        training = training_of(spec, i, j).some(new)
        names = [wanted.name for wanted in spec.measures]
        results = engine.train(training, names, target=spec.target, execution=Execution(progress=progress))
        kept = self._runs.setdefault(place, {})
        for name in names:
            runs = np.asarray(results[name])
            values = kept.setdefault(name, np.empty((SIDE, SIDE, MOST), runs.dtype))
            values[j, i, known : spec.starts] = runs.reshape(len(i), -1)
