"""How a run ends: one definition for each outcome, and one sentence for people.

From losses L_0..L_T and gradient norms G_0..G_T (T steps), the first that holds:

diverged          some L_t is not finite, or |L_t| > 1e6 max(1, |L_0|); its step is the first such t.
converged         G_T <= 1e-6 max_t G_t: the gradient has vanished beside what it was.
stalled           |L_T - L_0| <= 1e-3 |L_0|: the run has hardly moved. A single run is also called stalled when it
                  would count as converged, but a hidden unit is dead (slope 0 for every sample) or the point is a
                  saddle (the smallest eigenvalue of the Hessian is below -1e-4 times the largest).
oscillating       over the last quarter of the steps (at least 8) the loss rises in a tenth of them or more, and
                  comes to less than half of the way between its lowest and highest value there.
still descending  otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["CAP", "OUTCOMES", "RISES", "Kind", "Outcome", "diverged_at", "judge"]

Floats = NDArray[Any]
Kind = Literal["converged", "still descending", "stalled", "oscillating", "diverged"]

OUTCOMES: tuple[Kind, ...] = ("converged", "still descending", "stalled", "oscillating", "diverged")
"""All outcomes. `judge` returns places in this tuple; a map stores the same numbers."""

CAP = 1e6
"""A loss above this many times max(1, |first loss|) counts as diverged."""


RISES = 0.1
"""Share of the last quarter's steps in which an oscillating run's loss rises, at least. Relaxation oscillations fall
for long and rise in bursts, so a tenth."""


@dataclass(frozen=True)
class Outcome:
    """What became of a run.

    Parameters
    ----------
    kind: one of `OUTCOMES`.
    sentence: what happened and what to change.
    step: the step at which it diverged; else None.
    evidence: the numbers behind the sentence, by name.

    >>> print(Outcome("diverged", "Diverged at step 3: the loss was no longer a finite number.", 3))
    Diverged at step 3: the loss was no longer a finite number.
    """

    kind: Kind
    sentence: str
    step: int | None = None
    evidence: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.sentence


def diverged_at(losses: Floats) -> NDArray[np.int64]:
    """First step whose loss is not finite or beyond the cap, or -1: (..., steps + 1) to (...).

    >>> diverged_at(np.array([[1.0, 2.0, np.inf], [1.0, 0.5, 0.2]])).tolist()
    [2, -1]
    """
    with np.errstate(invalid="ignore"):
        out = ~(np.abs(losses) <= CAP * np.maximum(1, np.abs(losses[..., :1])))
    return np.where(out.any(axis=-1), out.argmax(axis=-1), -1)


def judge(losses: Floats, gradient_norms: Floats) -> NDArray[np.int64]:
    """The outcome of each run as its place in `OUTCOMES`, from its curves alone: (..., steps + 1) to (...).

    >>> t = np.arange(100.0)
    >>> [OUTCOMES[k] for k in judge(np.stack([0.5**t, 1 / (1 + t), 3 + 0 * t, 2 + (-1) ** t]), np.stack([0.5**t] + 3 * [1 + 0 * t]))]
    ['converged', 'still descending', 'stalled', 'oscillating']
    """  # fmt: skip
    steps = losses.shape[-1] - 1
    with np.errstate(all="ignore"):
        converged = gradient_norms[..., -1] <= 1e-6 * np.max(gradient_norms, axis=-1)
        stalled = np.abs(losses[..., -1] - losses[..., 0]) <= 1e-3 * np.abs(losses[..., 0])
        window = losses[..., -(max(8, steps // 4) + 1) :]
        rises = (np.diff(window, axis=-1) > 0).mean(axis=-1) if window.shape[-1] > 8 else np.zeros(losses.shape[:-1])
        spread = window.max(axis=-1) - window.min(axis=-1)
        oscillating = (rises >= RISES) & (np.abs(window[..., 0] - window[..., -1]) < spread / 2)
    order = [diverged_at(losses) >= 0, converged, stalled, oscillating]
    names: list[Kind] = ["diverged", "converged", "stalled", "oscillating"]
    rest = OUTCOMES.index("still descending")
    return np.asarray(np.select(order, [OUTCOMES.index(name) for name in names], rest))
