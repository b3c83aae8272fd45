"""Runs of the map that are kept while the reader drags one control, so that each picture trains only what is new."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.map_record import MapSpec
from fallline.lab.resolved_state import ResolvedState
from fallline.lab.work.paused_runs import PausedRuns
from fallline.lab.work.pyramid import TilePlace
from fallline.lab.work.runs_by_start import RunsByStart
from fallline.maps.cells import Values
from fallline.runs.execution import Progress

__all__ = ["KEPT", "KeptRuns"]


class KeptRuns(Protocol):
    """Runs of one state, whatever the value of one control. Their measures have the bits of runs that were trained at once."""

    def serves(self, resolved: ResolvedState) -> bool:
        """Whether these are runs of a state."""

    def cells(
        self, spec: MapSpec, place: TilePlace, i: NDArray[np.int64], j: NDArray[np.int64], progress: Progress
    ) -> Values:
        """The measures of some cells of a tile, at those columns and rows; the spec is that of the tile."""

    def ahead(self, spec: MapSpec, place: TilePlace, progress: Progress) -> Iterator[None]:
        """Train runs of a tile that the control's other values need. It pauses so that other work gets its turn."""


KEPT: dict[str, type[PausedRuns] | type[RunsByStart]] = {"steps": PausedRuns, "starts": RunsByStart}
"""By the control's key."""
