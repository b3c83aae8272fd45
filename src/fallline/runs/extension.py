"""More steps for a recorded descent, from the optimizer's state."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.method import Method
from fallline.experiment.minibatches import minibatches
from fallline.problems import Objective
from fallline.runs.recording import Recording, check_room, record
from fallline.runs.trajectory import State

__all__ = ["extended"]

Floats = NDArray[Any]


def extended(
    objective: Objective,
    method: Method,
    curves: tuple[Floats, Floats, Floats],
    state: State,
    more: int,
    batch: int | None,
    seed: int,
    replacement: bool = False,
    **stops: Any,
) -> Recording:
    """Return the recording of all steps at once: of those in `curves` (path, losses, gradient norms), and `more` of them.

    `stops` are the arguments `full_loss`, `until`, `callback` and `progress` of `record`.
    """
    path, losses, norms = curves
    done = len(losses) - 1
    check_room(objective, done + more)
    if not np.isfinite(losses[:-1]).all():  # the descent has ended
        return Recording(_padded(path, more), _padded(losses, more), _padded(norms, more), state, "")
    # The last loss is of all samples. A run of more steps has that of the next minibatch there, so it is recorded anew.
    rows = minibatches(objective, batch, done + more, seed, replacement)
    part = record(objective, method, path[-1], done + more, rows=rows, first=done, state=state, **stops)
    return Recording(
        np.concatenate([path[:-1], part.path]),
        np.concatenate([losses[:-1], part.losses]),
        np.concatenate([norms[:-1], part.gradient_norms]),
        part.state,
        part.stopped,
    )


def _padded(curve: Floats, more: int) -> Floats:
    return np.concatenate([curve, np.full((more, *curve.shape[1:]), np.nan, curve.dtype)])
