"""Gradients along the path of a run."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.problems import Objective, points_at_once

__all__ = ["gradients_along"]

Floats = NDArray[Any]


def gradients_along(objective: Objective, path: Floats, rows: NDArray[np.int64] | None = None) -> Floats:
    """Return the gradient at each point of a path, (steps + 1, P), on the scale of all samples.

    With `rows`, (steps, batch), each is that of the samples that the next step sees, and the last of all samples. It is
    NaN where the path is.
    """
    parts = []
    many = 1 if rows is not None else points_at_once(objective)
    with np.errstate(all="ignore"):
        for t in range(0, len(path), many):
            if rows is None or t == len(path) - 1:
                gradient = objective.loss_and_gradient(path[t : t + many])[1]
            else:
                gradient = objective.minibatch(path[t : t + many], rows[t])[1]
            parts.append(gradient)
    return np.concatenate(parts)
