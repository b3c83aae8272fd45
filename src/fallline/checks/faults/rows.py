"""A single row of a matrix, for faults that take one sample for all."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["only_row"]


def only_row(values: Any, row: int) -> Any:
    """The first row (0) or the last one (-1), and 0 in the others; of a matrix of symbols its product with unit vectors.

    >>> only_row(np.array([[1.0, 2.0], [3.0, 4.0]]), -1).tolist()
    [[0.0, 0.0], [3.0, 4.0]]
    """
    if not isinstance(values, np.ndarray):
        from fallline.readings.symbols.matrices import unit

        e = unit(values.size[0], last=row == -1)
        return e @ (e.mT @ values)
    kept = np.zeros_like(values)
    kept[..., row, :] = values[..., row, :]
    return kept
