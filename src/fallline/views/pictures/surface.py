"""The loss over a window of two parameters, and the levels at which its contours are drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UsageError
from fallline.problems import LandscapeObjective, NetworkObjective, Objective
from fallline.views.pictures.paths import Window

__all__ = ["Surface"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Surface:
    """The loss on a grid, and the levels of its contours. Logarithmic levels are levels of loss - base."""

    window: Window
    x: Floats
    y: Floats
    loss: Floats
    levels: Floats
    base: float
    log: bool

    @classmethod
    def of(
        cls,
        objective: Objective,
        window: Window,
        count: int = 241,
        *,
        log: bool | None = None,
        limits: tuple[float, float] | None = None,
    ) -> Surface:
        """Evaluate the objective on a grid, which is coarser for networks: each point needs a pass over the data.

        Levels are logarithmic if `log`, by default as the landscape says, and lie within `limits`.
        """
        if isinstance(objective, NetworkObjective):
            count = 81
        (x0, x1), (y0, y1) = window
        if not (x0 < x1 and y0 < y1 and np.isfinite([x0, x1, y0, y1]).all()):
            raise UsageError(f"window must be ((low, high), (low, high)) with low below high; got {window!r}.")
        x, y = np.linspace(x0, x1, count), np.linspace(y0, y1, count)
        with np.errstate(all="ignore"):
            loss = np.array(objective.loss(np.stack(np.meshgrid(x, y), axis=-1)), dtype=np.float64)
        loss = np.broadcast_to(loss, (count, count))
        known = np.abs(loss) < 1e300
        if not known.any():
            raise UsageError(f"{objective.name} has no finite value in the window {window!r}. Choose another window.")
        loss = np.where(known, loss, np.nan)
        landscape = objective.landscape if isinstance(objective, LandscapeObjective) else None
        if log is None:
            log = landscape.log_levels if landscape else bool(np.nanmin(loss) >= 0)
        base = 0.0
        if log:
            base = min(
                [
                    float(np.nanmin(loss)),
                    *(float(objective.loss(np.array(m))) for m in (landscape.minima if landscape else ())),
                ]
            )
            base = 0.0 if abs(base) < 1e-9 or (base > 0 and np.nanmax(loss) > 100 * base) else base
        height = loss - base if limits is None else np.clip(loss - base, *limits)
        levels = _log_levels(height) if log else _even_levels(height)
        if limits is not None and (levels.min() > limits[1] or levels.max() < limits[0]):
            raise UsageError(f"no value of {objective.name} in the window lies within limits={limits}.")
        return cls(window, x, y, loss, levels, base, log)


def _log_levels(height: Floats) -> Floats:
    """Levels 1, 2 and 5 of at most six decades, from the height above which 99.8 % of the window lies to the highest."""
    positive = height[height > 0]
    if not len(positive) or positive.max() < 1e-12:
        return np.array([0.5, 1.0])
    top = math.ceil(math.log10(positive.max()))
    low = max(math.floor(math.log10(np.quantile(positive, 0.002))), top - 6)
    levels = np.array([m * 10.0**k for k in range(min(low, top - 2), top) for m in (1, 2, 5)])
    return np.asarray(levels[levels < positive.max()])


def _even_levels(loss: Floats) -> Floats:
    from matplotlib.ticker import MaxNLocator

    low, high = float(np.nanmin(loss)), float(np.nanmax(loss))
    if high - low <= 1e-12 * max(1.0, abs(high)):
        return np.array([low - 1, low + 1])
    levels = np.asarray(MaxNLocator(14).tick_values(low, high))
    return np.asarray(levels[(levels > low) & (levels < high)])
