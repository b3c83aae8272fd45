"""Several starts of a cell become one number."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.shapes import Shaped

__all__ = ["over_starts"]

Floats = NDArray[Any]


def over_starts(values: Shaped[Floats, "*cells starts"], how: str) -> Shaped[Floats, "*cells"]:
    """One number for each cell from those of its starts."""
    if values.shape[-1] == 1:
        return np.asarray(values[..., 0])
    if how == "mean":
        return np.asarray(np.cumsum(values.astype(np.float64), axis=-1)[..., -1] / values.shape[-1])
    if how == "mode":
        first = int(values.min(initial=0))
        counts = np.stack([(values == k).sum(axis=-1) for k in range(first, int(values.max(initial=0)) + 1)], axis=-1)
        return np.asarray(first + counts.argmax(axis=-1))
    ordered = np.sort(np.where(values == -1, np.inf, values) if values.dtype.kind == "i" else values, axis=-1)
    n = values.shape[-1]
    with np.errstate(invalid="ignore", over="ignore"):
        low, high = ordered[..., (n - 1) // 2], ordered[..., n // 2]
        middle = np.where(low == high, low, (low + high) / 2)
    if values.dtype.kind == "i":
        return np.where(np.isfinite(middle), np.ceil(middle), -1)
    return np.asarray(middle)
