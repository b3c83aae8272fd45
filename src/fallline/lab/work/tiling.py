"""The work on one tile that a page wished for: a sketch where it is slow, how far it has come, and the tile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from typing import Any

from numpy.typing import NDArray

from fallline.lab.plan import Plan
from fallline.lab.work.pool import Dropped
from fallline.lab.work.pyramid import Place, sketch, tile_in_strips

__all__ = ["TileWork"]

Answer = Callable[[str, dict[str, Any], dict[str, NDArray[Any]] | None], None]

PATIENCE = 0.5
"""Seconds of a tile's work after which the page is told how far it is."""

EVERY = 0.2
"""Seconds between such words."""


class TileWork:
    """A tile as jobs of a desk.

    Parameters
    ----------
    plan, place
        Which tile.
    told
        What each of its messages says.
    answer
        Sends a message: its kind, what it says, its arrays.
    wanted
        Whether the job of a key is still wished for; asked every few milliseconds.
    after
        No message goes out before this is set.
    """

    def __init__(
        self, plan: Plan, place: Place, told: dict[str, Any], answer: Answer, wanted: Callable[[Any], bool],
        after: threading.Event | None = None,
    ) -> None:  # fmt: skip
        self.plan, self.place = plan, place
        self.told = told | {"z": place.z, "i": place.i, "j": place.j, "measure": plan.state["map"]["measure"]}
        self.answer, self.wanted, self.after = answer, wanted, after
        self.keys = {"sketch": ("sketch", place), "whole": place}
        self._next = 0.0

    def sketch(self) -> Generator[None, None, None]:
        """A sixteenth of the tile's runs, to be shown before the whole."""
        values = sketch(self.plan, self.place, lambda done, of: self._look("sketch"))
        if values is not None:
            self._tell(values, {"sketch": True})
        yield

    def whole(self) -> Generator[None, None, None]:
        """The tile. A page that waits for its first picture hears how far it is."""
        self._next = time.monotonic() + PATIENCE

        def look(done: int, of: int) -> None:
            self._look("whole")
            if self.after is not None and time.monotonic() > self._next:
                self._next = time.monotonic() + EVERY
                self.answer("progress", self.told | {"done": done / of}, None)

        self._tell((yield from tile_in_strips(self.plan, self.place, look)), {})

    def _look(self, job: str) -> None:
        if not self.wanted(self.keys[job]):
            raise Dropped

    def _tell(self, values: dict[str, NDArray[Any]], more: dict[str, Any]) -> None:
        if self.after is not None:
            self.after.wait()
        name = self.told["measure"]
        first = {name: values[name]}  # the page takes the first for the map's values
        self.answer("tile", self.told | more, first | {k: v for k, v in values.items() if k != name})
