"""Work ahead of a change: the reader's pointer is on a control, so what its next values need is made while he looks.

It has the last rank, and nothing is sent to the page. A kernel takes a tenth of a second to compile, and long runs take long to
train; without this a reader who then moves the control would wait for both.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import numpy as np

from fallline.errors import FalllineError, UsageError
from fallline.lab.changed import changed_state
from fallline.lab.resolved_state import resolve_state
from fallline.lab.session.answers import Json
from fallline.lab.session.shown import Shown
from fallline.lab.work.pool import Dropped
from fallline.lab.work.pyramid import TilePlace, tile_spec
from fallline.lab.work.tile_training import cells_of_sketch
from fallline.maps.cells import at_cells
from fallline.settings import SETTINGS

__all__ = ["ahead"]

MOST_VALUES = 8
"""The most values of a control for which one message may ask."""

MOST_WORK = 1.5e11
"""Floating-point operations of runs that are trained ahead: some seconds on two cores."""

LAST = 9
"""The rank of work ahead."""


def ahead(page: Shown, content: Json) -> None:
    """Compile the kernels of a control's next values; of the number of steps, also train the runs of the whole map."""
    key, values = content.get("key"), content.get("values")
    if not isinstance(key, str) or not isinstance(values, list) or len(values) > MOST_VALUES:
        raise UsageError(f"work ahead needs the key of a control and at most {MOST_VALUES} values.")
    if page.is_old(content) or page.state is None:
        return
    page.job(content, "kernels ahead", lambda: _kernels(page, key, values), lane="words", rank=LAST)
    if key == "steps":
        page.job(content, "steps ahead", lambda: _steps(page), rank=LAST)


def _kernels(page: Shown, key: str, values: list[Any]) -> Generator[None, None, None]:
    """Train one cell of the map for each value, which compiles the kernel."""
    state, _ = page.current()
    for value in values:
        with contextlib.suppress(FalllineError):  # such a value is refused when the reader takes it
            changed, _ = changed_state(_with(state.json, key.split("."), value), key, state, page.tables)
            spec = resolve_state(changed, page.tables).spec
            at_cells(replace(spec, steps=min(spec.steps, 1)), np.array([0]), np.array([0]))
        yield


def _steps(page: Shown) -> Generator[None, None, None]:
    """Train the runs of the whole map up to the most steps of the slider: a quarter of them first, then the others."""
    (_, resolved), number, place = page.current(), page.state_id, TilePlace(0, 0, 0)
    paused = page.pausing(begin=True)
    most = int(SETTINGS["steps"].slider_range.high)
    spec = replace(tile_spec(resolved, place), steps=most)
    if paused is None or spec.work > MOST_WORK:
        return

    def look(done: int, of: int) -> None:
        if page.state_id != number or not page.desk.holds("steps ahead"):
            raise Dropped

    for apart in (2, 1):
        for _ in paused.on_the_way(spec, place, *cells_of_sketch(apart), look):
            yield


def _with(value: Any, path: list[str], new: Any) -> Any:
    """A copy of JSON with another value at a path."""
    if not path:
        return new
    if not isinstance(value, dict):
        raise UsageError(f"there is no control {path[0]!r}.")
    return value | {path[0]: _with(value.get(path[0]), path[1:], new)}
