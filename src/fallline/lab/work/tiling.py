"""The work on one tile that a page wants: its sketches, its progress, and the tile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from typing import Any

from numpy.typing import NDArray

from fallline.lab.resolved_state import ResolvedState
from fallline.lab.work.kept_runs import KeptRuns
from fallline.lab.work.pool import Dropped
from fallline.lab.work.pyramid import TilePlace
from fallline.lab.work.tile_training import TileTraining

__all__ = ["TileWork"]

Answer = Callable[[str, dict[str, Any], dict[str, NDArray[Any]] | None], None]

PATIENCE = 0.5
"""Seconds of work on a tile after which progress is sent."""

EVERY = 0.2
"""Seconds between two messages about progress."""


class TileWork:
    """A tile as jobs of a desk.

    Parameters
    ----------
    resolved, place
        The state and the tile's place.
    facts
        The content that all of its messages have.
    answer
        Sends a message: its kind, its content, its arrays.
    wanted
        Returns whether the job of a key is still wanted; called every few milliseconds.
    after
        No message is sent before this is set.
    kept
        Runs that may be runs of the tile.
    """

    def __init__(
        self, resolved: ResolvedState, place: TilePlace, facts: dict[str, Any], answer: Answer, wanted: Callable[[Any], bool],
        after: threading.Event | None = None, kept: KeptRuns | None = None,
    ) -> None:  # fmt: skip
        self.resolved, self.place = resolved, place
        self.facts = facts | {"z": place.z, "i": place.i, "j": place.j, "measure": resolved.state.map.measure}
        self.answer, self.wanted, self.after = answer, wanted, after
        self.training = TileTraining(resolved, place, kept)
        self._next = 0.0

    def sketch_key(self, apart: int) -> Any:
        """The key of the job of a sketch; that of the whole tile is its place."""
        return ("sketch", self.place, apart)

    def sketch(self, apart: int) -> Generator[None, None, None]:
        """Train every `apart`-th of the tile's cells in both directions, to be shown before the whole."""
        if self.training.known is None:
            self.training.progress = lambda done, of: self._look(self.sketch_key(apart))
            self._tell(self.training.sketch(apart), {"sketch": apart})
        yield

    def whole(self) -> Generator[None, None, None]:
        """Train the tile's other cells. A page that waits for its first picture is sent the progress."""
        self._next = time.monotonic() + PATIENCE

        def look(done: int, of: int) -> None:
            self._look(self.place)
            if self.after is not None and time.monotonic() > self._next:
                self._next = time.monotonic() + EVERY
                self.answer("progress", self.facts | {"done": done / of}, None)

        self.training.progress = look
        self._tell((yield from self.training.whole()), {})

    def _look(self, key: Any) -> None:
        if not self.wanted(key):
            raise Dropped

    def _tell(self, values: dict[str, NDArray[Any]], more: dict[str, Any]) -> None:
        if self.after is not None:
            self.after.wait()
        name = self.facts["measure"]
        # The page takes the first array for the values of the map.
        wanted = self.resolved.spec.measures[0].measure
        first = {name: wanted.shown(values[name], self.resolved.spec.steps)}
        self.answer("tile", self.facts | more, first | {k: v for k, v in values.items() if k != name})
