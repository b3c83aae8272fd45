"""Recording one descent: every step in arrays, until the last step or an earlier stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UsageError, shown
from fallline.experiment.method import Method
from fallline.limits import check_memory
from fallline.measures.statistics import gradient_norm
from fallline.problems import Objective
from fallline.runs.penalised import penalised
from fallline.runs.progress import Progress, showing
from fallline.runs.trajectory import State, moments
from fallline.settings import SETTINGS

__all__ = ["Callback", "Recording", "Until", "check_room", "record"]

Floats = NDArray[Any]
Callback: TypeAlias = Callable[[int, float, Floats], Any]
"""A function of the number of steps done, the loss, and the parameters, which it cannot write to."""

Until: TypeAlias = float | Callback
"""A loss to come to, or a function that returns whether to stop."""


@dataclass(frozen=True, eq=False)
class Recording:
    """What one descent leaves behind.

    Attributes
    ----------
    path, losses, gradient_norms
        Before each step and after the last, beginning with the first moment that was recorded.
    state
        The optimizer's state after the last step.
    stopped
        Why it ended before its last step, as a sentence; else "".
    """

    path: Floats
    losses: Floats
    gradient_norms: Floats
    state: State
    stopped: str


def check_room(objective: Objective, steps: int) -> None:
    """Refuse a run whose path would not fit into memory."""
    check_memory(8.0 * (steps + 1) * (objective.dimension + 4), f"a run of {steps:,} steps", "Take fewer steps.")


def record(
    objective: Objective,
    method: Method,
    w: Floats,
    steps: int,
    *,
    rows: NDArray[np.int64] | None = None,
    full_loss: bool = False,
    first: int = 0,
    state: State | None = None,
    until: Until | None = None,
    callback: Callback | None = None,
    progress: Progress = False,
) -> Recording:
    """Descend from w and record every moment from `first` on; see `fallline.runs.trajectory.moments`.

    What follows a loss that is not finite is NaN. A stop by `until` or by StopIteration from `callback` leaves the arrays
    of a descent that was planned for so many steps: its last loss is that of all samples.
    """
    stops, target = _stops(until), method.values.get("l2")
    if callback is not None and not callable(callback):
        raise UsageError(f"callback must be a function of (step, loss, w); got {shown(callback)}.")
    path = np.full((steps - first + 1, objective.dimension), np.nan, dtype=w.dtype)
    losses, norms = np.full((2, steps - first + 1), np.nan)
    stopped = ""
    with showing(progress, "descend") as show:
        for moment in moments(objective, method, w, steps, rows=rows, full_loss=full_loss, first=first, state=state):
            k = moment.step - first
            path[k], losses[k], norms[k] = moment.w, moment.loss, gradient_norm(moment.gradient)
            state = moment.state
            show(moment.step, steps)
            seen = path[k]
            seen.flags.writeable = False
            if callback is not None:
                try:
                    callback(moment.step, float(losses[k]), seen)
                except StopIteration:
                    stopped = f"Stopped after {_counted(moment.step)} by the callback."
            if not stopped and stops is not None:
                stopped = stops(moment.step, float(losses[k]), seen)
            if stopped:
                path, losses, norms = path[: k + 1].copy(), losses[: k + 1].copy(), norms[: k + 1].copy()
                if rows is not None and moment.step < steps:
                    whole = objective if target is None else penalised(objective, target)
                    loss, gradient = whole.loss_and_gradient(moment.w)
                    losses[k], norms[k] = loss, gradient_norm(gradient)
            if stopped or not np.isfinite(losses[k]):
                break
    assert state is not None  # there is at least one moment
    return Recording(path, losses, norms, state, stopped)


def _stops(until: Until | None) -> Callable[[int, float, Floats], str] | None:
    """Return a function to the sentence of the stop; "" while the descent goes on."""
    if until is None:
        return None
    if callable(until):
        asked = until
        return lambda step, loss, w: f"Stopped after {_counted(step)} by `until`." if asked(step, loss, w) else ""
    if isinstance(until, str | bool | list | tuple | dict):
        raise UsageError(
            f"until must be a loss, or a function of (step, loss, w) that returns whether to stop; got {shown(until)}."
        )
    target = SETTINGS["target"].check(until)
    return lambda step, loss, w: (
        f"Stopped after {_counted(step)}: the loss came to {loss:.6g}, at most {target:g}." if loss <= target else ""
    )


def _counted(steps: int) -> str:
    return "1 step" if steps == 1 else f"{steps} steps"
