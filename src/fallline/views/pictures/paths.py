"""The part of a path inside a window, and the points where the path leaves it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fallline.problems import LandscapeObjective, Objective
from fallline.runs.run import Run

__all__ = ["Window", "clipped", "fitting_window"]

Floats: TypeAlias = NDArray[np.float64]
Window: TypeAlias = tuple[tuple[float, float], tuple[float, float]]

ROOM = 1.5
"""Largest growth of a window on each side to include a start or an end, in widths of the window."""


def fitting_window(objective: Objective, runs: Sequence[Run]) -> Window:
    """The landscape's window, widened to include the starts of all runs and the ends of those that did not diverge."""
    points = np.array([r.start for r in runs] + [r.end for r in runs if not r.outcome.failed], dtype=np.float64)
    points = points.reshape(-1, 2)
    if isinstance(objective, LandscapeObjective):
        base = np.array(objective.landscape.window, dtype=np.float64)
    elif len(points):
        base = np.column_stack([points.min(axis=0), points.max(axis=0)])
        base += np.array([-0.5, 0.5]) * np.maximum(np.diff(base, axis=1), 1.0)
    else:
        base = np.array([[-3.0, 3.0], [-3.0, 3.0]])
    size = base[:, 1] - base[:, 0]
    widest = base + ROOM * np.column_stack([-size, size])
    for point in points:
        if ((point < widest[:, 0]) | (point > widest[:, 1])).any():
            continue  # too far away: its path is drawn as leaving the window
        margin = np.where((point < base[:, 0]) | (point > base[:, 1]), 0.08 * size, 0)
        base[:, 0] = np.minimum(base[:, 0], point - margin)
        base[:, 1] = np.maximum(base[:, 1], point + margin)
    (x0, x1), (y0, y1) = base.tolist()
    return (x0, x1), (y0, y1)


def clipped(path: ArrayLike, window: Window) -> tuple[list[Floats], list[tuple[Floats, Floats]], Floats]:
    """Return the pieces of a path inside a window, its exits (point, direction), and its points inside.

    Directions are in units of the window's size. The path ends at the first point that is not finite. A far point
    contributes only a direction, so that no drawing routine receives it. The exits are the first one, and the last
    one if the path does not return after it.

    >>> pieces, exits, inside = clipped([[0, 0], [2, 0], [2, 2]], ((-1, 1), (-1, 1)))
    >>> pieces[0].tolist(), exits[0][0].tolist()
    ([[0.0, 0.0], [1.0, 0.0]], [1.0, 0.0])
    """
    low, high = np.array(window, dtype=np.float64).T
    points = np.asarray(path, dtype=np.float64)
    finite = np.isfinite(points).all(axis=-1)
    points = points[: int(finite.argmin()) if not finite.all() else None]
    with np.errstate(over="ignore"):
        # Limited to 1e9 windows, so that differences of the largest floats do not overflow.
        u = np.clip((points / 2 - low / 2) / (high / 2 - low / 2), -1e9, 1e9)
    within = ((u >= 0) & (u <= 1)).all(axis=-1)
    pieces: list[list[Floats]] = []
    exits: list[tuple[Floats, Floats]] = []
    joined = False
    if len(u) and within[0]:
        pieces.append([u[0]])
        joined = True
    for k in range(len(u) - 1):
        if within[k] and within[k + 1]:
            pieces[-1].append(u[k + 1])
            continue
        ends = _segment_inside(u[k], u[k + 1])
        if ends is None:
            joined = False
            continue
        if not joined:
            pieces.append([ends[0]])
        pieces[-1].append(ends[1])
        joined = bool(within[k + 1])
        if not joined:
            step = u[k + 1] - u[k]
            exits.append((ends[1], step / np.linalg.norm(step)))
    shown = exits[:1]
    if len(exits) > 1 and not within[-1]:
        shown.append(exits[-1])
    size = high - low
    return (
        [low + size * np.array(piece) for piece in pieces],
        [(low + size * at, size * direction) for at, direction in shown],
        low + size * u[within],
    )


def _segment_inside(a: Floats, b: Floats) -> tuple[Floats, Floats] | None:
    """The part of a segment inside the unit square (Liang and Barsky 1984), or None."""
    first, last = 0.0, 1.0
    for start, step in zip(a, b - a, strict=True):
        for p, q in ((-step, start), (step, 1 - start)):
            if p == 0:
                if q < 0:
                    return None
            elif p < 0:
                first = max(first, q / p)
            else:
                last = min(last, q / p)
    if first > last:
        return None
    # If an end is a million windows away, the products are wrong by a few millionths, so clip them to the edge.
    return np.clip(a + first * (b - a), 0, 1), np.clip(a + last * (b - a), 0, 1)
