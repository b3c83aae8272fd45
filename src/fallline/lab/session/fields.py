"""Fields of a message that are not part of the state: numbers, places of tiles, windows."""

from __future__ import annotations

import math
from typing import Any

from fallline.errors import UsageError
from fallline.lab.session.answers import Json
from fallline.lab.work.pyramid import TilePlace, read_place

__all__ = ["MOST_CHANGES", "MOST_TILES", "POINTED", "changes", "number", "pin", "places", "plane", "whole", "window"]

MOST_TILES = 512
"""The most tiles that one message may ask for."""

MOST_CHANGES = 1000
"""The most weights that a what-if may change."""

POINTED = 4
"""The number of the run under the pointer; the pinned runs have 0 to 3."""


def number(content: Json, key: str) -> float:
    """A finite number."""
    value = content.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300 or math.isnan(value):
        raise UsageError(f"{key} must be a finite number; got {repr(value)[:40]}.")
    return float(value)


def whole(content: Json, key: str, low: int, high: int) -> int:
    """A whole number within bounds."""
    value = content.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise UsageError(f"{key} must be a whole number from {low} to {high:,}; got {repr(value)[:40]}.")
    return value


def pin(content: Json) -> tuple[int, float, float]:
    """The number of a run, and its place on the map."""
    return whole(content, "pin", 0, POINTED), number(content, "x"), number(content, "y")


def places(value: Any) -> list[TilePlace]:
    """The places of tiles."""
    if not isinstance(value, list) or len(value) > MOST_TILES:
        shown = f"{len(value):,}, which are {4096 * len(value):,} runs" if isinstance(value, list) else repr(value)[:40]
        raise UsageError(f"tiles must be a list of at most {MOST_TILES}; got {shown}.")
    return [read_place(entry) for entry in value]


def window(value: Any) -> list[float] | None:
    """A rectangle of a landscape's plane, or None for the landscape's own."""
    if value is None:
        return None
    good = isinstance(value, list) and len(value) == 4
    if not good or not all(isinstance(v, int | float) and not isinstance(v, bool) and abs(v) < 1e12 for v in value):
        raise UsageError(f"window must be [x0, x1, y0, y1]; got {repr(value)[:60]}.")
    return [float(v) for v in value]


def plane(content: Json) -> tuple[int, int] | None:
    """The two inputs over which a network is drawn, or None for the first two principal components."""
    value = content.get("plane")
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2 or not all(type(v) is int for v in value):
        raise UsageError(f"plane must be the numbers of two inputs, [0, 1]; got {repr(value)[:40]}.")
    return value[0], value[1]


def changes(content: Json) -> dict[int, float]:
    """The weights that a what-if changes: the values by their numbers in the vector of parameters."""
    pairs = content.get("changes")
    if (
        not isinstance(pairs, list)
        or len(pairs) > MOST_CHANGES
        or not all(isinstance(p, list) and len(p) == 2 for p in pairs)
    ):
        raise UsageError(
            f"changes must be a list of at most {MOST_CHANGES} pairs [number, value]; got {repr(pairs)[:40]}."
        )
    return {whole({"number": k}, "number", 0, 2**31): number({"value": v}, "value") for k, v in pairs}
