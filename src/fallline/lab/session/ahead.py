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
from fallline.lab.work.kept_runs import KEPT
from fallline.lab.work.pool import Dropped
from fallline.lab.work.pyramid import TilePlace, tile_spec
from fallline.maps.cells import at_cells

__all__ = ["ahead"]

MOST_VALUES = 8
"""The most values of a control for which one message may ask."""

LAST = 9
"""The rank of work ahead."""


def ahead(page: Shown, content: Json) -> None:
    """Compile the kernels of a control's next values; where runs are kept, also train some of them."""
    key, values = content.get("key"), content.get("values")
    if not isinstance(key, str) or not isinstance(values, list) or len(values) > MOST_VALUES:
        raise UsageError(f"work ahead needs the key of a control and at most {MOST_VALUES} values.")
    if page.is_old(content) or page.state is None:
        return
    page.job(content, "kernels ahead", lambda: _kernels(page, key, values), lane="words", rank=LAST)
    if key in KEPT:
        page.job(content, "runs ahead", lambda: _runs(page, key), rank=LAST)


def _kernels(page: Shown, key: str, values: list[Any]) -> Generator[None, None, None]:
    """Train one cell of the map for each value, which compiles the kernel."""
    state, _ = page.current()
    for value in values:
        with contextlib.suppress(FalllineError):  # such a value is refused when the reader takes it
            changed, _ = changed_state(_with(state.json, key.split("."), value), key, state, page.tables)
            spec = resolve_state(changed, page.tables).spec
            at_cells(replace(spec, steps=min(spec.steps, 1)), np.array([0]), np.array([0]))
        yield


def _runs(page: Shown, key: str) -> Generator[None, None, None]:
    """Train runs of the whole map that the control's other values need."""
    (_, resolved), number, place = page.current(), page.state_id, TilePlace(0, 0, 0)
    kept = page.keep(key)

    def look(done: int, of: int) -> None:
        if page.state_id != number or not page.desk.holds("runs ahead"):
            raise Dropped

    if kept is not None and kept.serves(resolved):  # the state may have changed meanwhile
        yield from kept.ahead(tile_spec(resolved, place), place, look)


def _with(value: Any, path: list[str], new: Any) -> Any:
    """A copy of JSON with another value at a path."""
    if not path:
        return new
    if not isinstance(value, dict):
        raise UsageError(f"there is no control {path[0]!r}.")
    return value | {path[0]: _with(value.get(path[0]), path[1:], new)}
