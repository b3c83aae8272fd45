"""How a run ends: one table of rules over a few statistics of its losses and gradients.

A kernel folds the same `Statistics` step by step as `Statistics.of_curves` takes from whole curves, so a map and a
single run are judged by the same rules. `docs/outcomes.md` shows the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fallline.readings.machine.layout import CAP

__all__ = [
    "CAP",
    "OUTCOMES",
    "RULES",
    "Kind",
    "Outcome",
    "Rule",
    "Statistics",
    "diverged_at",
    "gradient_norm",
    "half",
    "hardly_moved",
    "judge",
    "smallest_gradient",
    "window",
]

Floats = NDArray[Any]
Kind = Literal["converged", "still descending", "stalled", "oscillating", "diverged", "rising"]

OUTCOMES: tuple[Kind, ...] = ("converged", "still descending", "stalled", "oscillating", "diverged", "rising")
"""All outcomes. `judge` returns places in this tuple, and map files keep them: a new outcome goes to the end."""

VANISHED = 1e-6
"""A gradient has vanished when its norm is at most this share of its largest."""

NEGLIGIBLE = 1e-3
"""A gradient is negligible when it would change the loss by at most this share over a distance as long as the largest
parameter. Both are measured against 1 where they are smaller: the relative gradient of Dennis & Schnabel 1983, 7.2."""

HARDLY = 1e-3
"""Share of the first loss within which a run that hardly moved stays."""

FLAT = 1e-6
"""Share of the loss within which it stays over the last steps when it has stopped moving."""


@dataclass(frozen=True)
class Outcome:
    """What became of a run.

    Parameters
    ----------
    kind
        One of `OUTCOMES`.
    sentence
        What happened, and what is known of the cause.
    step
        The step at which it diverged; else None.
    evidence
        The numbers behind the sentence, by name.

    Examples
    --------
    >>> print(Outcome("diverged", "Diverged at step 3: the loss was no longer a finite number.", 3))
    Diverged at step 3: the loss was no longer a finite number.
    """

    kind: Kind
    sentence: str
    step: int | None = None
    evidence: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.sentence


def window(steps: int) -> int:
    """How many of the last steps tell where a run is heading: a quarter, but at least 8 (or all).

    >>> window(5), window(30), window(1000)
    (5, 8, 250)
    """
    return min(steps, max(8, steps // 4))


def half(steps: int) -> int:
    """How many losses at either end of the window are averaged: about half, an even number.

    An oscillation of period 2 has the same mean over any even number of its losses.

    >>> half(1), half(5), half(30), half(1000)
    (1, 2, 4, 124)
    """
    return max(1, 2 * ((window(steps) + 1) // 4))


@dataclass(frozen=True)
class Statistics:
    """What a run is judged by. L_0..L_T are its losses and G_0..G_T its gradient norms; arrays hold one entry a run.

    Parameters
    ----------
    steps
        T.
    diverged_at
        First step whose loss is not finite or beyond the cap; -1 for none. If it is not -1, nothing else counts.
    first, last, lowest, highest
        L_0, L_T, and the extremes over all steps.
    window_first, window_low, window_high
        The first loss of the last `window(steps)` steps, and the extremes there.
    climbed
        The sum of all rises of the loss in the window.
    drift
        Mean of the last `half(steps)` losses of the window minus the mean of the first ones.
    last_gradient, largest_gradient
        G_T and the largest G_t. NaN or infinite where it overflowed.
    smallest_gradient
        The norm below which squares underflow: a smaller G_T counts as this.
    largest_parameter
        The largest absolute value of a parameter after the last step.
    """

    steps: int
    diverged_at: NDArray[np.int64]
    first: Floats
    last: Floats
    lowest: Floats
    highest: Floats
    window_first: Floats
    window_low: Floats
    window_high: Floats
    climbed: Floats
    drift: Floats
    last_gradient: Floats
    largest_gradient: Floats
    largest_parameter: Floats
    smallest_gradient: float

    @classmethod
    def of_curves(cls, losses: Floats, gradient_norms: Floats, end: Floats) -> Statistics:
        """From losses and gradient norms, (..., steps + 1), and the last parameters, (..., P).

        Sums are taken in the precision of the parameters and in the order of the steps, as a kernel takes them.
        """
        real = np.asarray(end).dtype
        losses, norms = np.asarray(losses, dtype=real), np.asarray(gradient_norms, dtype=np.float64)
        norms = np.where(norms > np.sqrt(np.finfo(real).max), np.inf, norms).astype(real)  # a kernel squares them
        steps = losses.shape[-1] - 1
        late, h = losses[..., -(window(steps) + 1) :], half(steps)
        with np.errstate(all="ignore"):
            rises = np.maximum(np.diff(late, axis=-1, prepend=late[..., :1]), 0)
            ends = np.concatenate([-late[..., :h], late[..., late.shape[-1] - h :]], axis=-1)
            return cls(
                steps, diverged_at(losses),
                losses[..., 0], losses[..., -1], losses.min(axis=-1), losses.max(axis=-1),
                late[..., 0], late.min(axis=-1), late.max(axis=-1),
                np.cumsum(rises, axis=-1)[..., -1], np.cumsum(ends, axis=-1)[..., -1] / real.type(h),
                norms[..., -1], norms.max(axis=-1), np.abs(end).max(axis=-1, initial=0), smallest_gradient(real),
            )  # fmt: skip

    @property
    def gradient_is_known(self) -> NDArray[np.bool_]:
        """Whether neither the last gradient norm nor the largest overflowed."""
        return np.isfinite(self.last_gradient) & np.isfinite(self.largest_gradient)

    @property
    def change(self) -> Floats:
        """How far the loss came over the window: negative for a fall."""
        return np.asarray(self.last - self.window_first)

    @property
    def spread(self) -> Floats:
        """Highest minus lowest loss in the window."""
        return np.asarray(self.window_high - self.window_low)


def gradient_norm(gradient: Floats) -> Floats:
    """The Euclidean norm over the last axis, in float64; scaled where squares would leave its range.

    >>> print(f"{gradient_norm(np.array([3e200, 4e200])):.3g}, {gradient_norm(np.array([3e-30, 4e-30], np.float32)):.3g}")
    5e+200, 5e-30
    """
    gradient = np.asarray(gradient, dtype=np.float64)
    with np.errstate(all="ignore"):
        norm = np.asarray(np.linalg.norm(gradient, axis=-1))
        if ((norm > 1e-140) & (norm < np.inf) | np.isnan(norm)).all():
            return norm
        largest = np.abs(gradient).max(axis=-1, initial=0)
        scale = np.where((largest > 0) & np.isfinite(largest), largest, 1)
        return np.asarray(scale * np.linalg.norm(gradient / scale[..., None], axis=-1))


def smallest_gradient(real: np.dtype[Any]) -> float:
    """The norm whose square is the smallest normal number of that type."""
    return float(np.sqrt(np.finfo(real).tiny))


def diverged_at(losses: Floats) -> NDArray[np.int64]:
    """First step whose loss is not finite or beyond the cap, or -1: (..., steps + 1) to (...).

    >>> diverged_at(np.array([[1.0, 2.0, np.inf], [1.0, 0.5, 0.2]])).tolist()
    [2, -1]
    """
    with np.errstate(all="ignore"):
        limit = CAP * np.maximum(1, np.abs(losses[..., :1]))
        out = ~(np.isfinite(losses) & (np.abs(losses) <= limit))
    return np.where(out.any(axis=-1), out.argmax(axis=-1), -1)


@dataclass(frozen=True)
class Rule:
    """One outcome's rule.

    Parameters
    ----------
    kind
        The outcome.
    definition
        The rule in words.
    holds
        The rule on statistics.
    """

    kind: Kind
    definition: str
    holds: Callable[[Statistics], NDArray[np.bool_]]


def _converged(s: Statistics) -> NDArray[np.bool_]:
    last = np.maximum(s.last_gradient, s.smallest_gradient)
    vanished = last <= VANISHED * s.largest_gradient
    reach = s.last_gradient * np.maximum(1, s.largest_parameter)
    return np.asarray(s.gradient_is_known & vanished & (reach <= NEGLIGIBLE * np.maximum(1, np.abs(s.last))))


def hardly_moved(s: Statistics) -> NDArray[np.bool_]:
    """Whether the loss stayed near its first value all the way."""
    return np.asarray(s.highest - s.lowest <= HARDLY * np.abs(s.first))


def _flat(s: Statistics) -> NDArray[np.bool_]:
    return np.asarray(s.spread <= FLAT * np.maximum(np.abs(s.window_low), np.abs(s.window_high)))


def _oscillating(s: Statistics) -> NDArray[np.bool_]:
    quarter = s.spread / 4
    both_ways = np.minimum(s.climbed, s.climbed - s.change) >= quarter
    trend = (np.abs(s.change) >= quarter) & (np.abs(s.drift) >= quarter) & (np.sign(s.change) == np.sign(s.drift))
    return np.asarray(both_ways & ~trend)


RULES: tuple[Rule, ...] = (
    Rule("diverged", "a loss is not finite, or its absolute value is above 10⁶ max(1, |L₀|)",
         lambda s: np.asarray(s.diverged_at >= 0)),
    Rule("converged", "the last gradient norm is at most 10⁻⁶ of the largest, and at most 10⁻³ max(1, |L|) / max(1, |w|)",
         _converged),
    Rule("stalled", "all losses lie within 0.1 % of |L₀|, or those of the window within 10⁻⁶ of |L|",
         lambda s: hardly_moved(s) | _flat(s)),
    Rule("oscillating", "in the window the loss rises and falls, each by a quarter of its spread or more in sum, and it has no "
         "trend: the change from end to end and the drift of its mean are not both a quarter of the spread in one direction",
         _oscillating),
    Rule("rising", "the loss is higher at the end of the window than at its beginning", lambda s: np.asarray(s.change > 0)),
    Rule("still descending", "the loss is lower at the end of the window than at its beginning",
         lambda s: np.ones(np.shape(s.last), dtype=bool)),
)  # fmt: skip
"""The first rule that holds gives the outcome."""


def judge(s: Statistics) -> NDArray[np.int64]:
    """The outcome of each run as its place in `OUTCOMES`.

    >>> t = np.arange(101.0)
    >>> losses = np.stack([0.5**t, 1 / (1 + t), 3 + 0 * t, 2 + (-1) ** t, 1e9**(t / 60), 1 + t / 9])
    >>> norms = np.stack([0.5**t, *5 * [1 + 0 * t]])
    >>> [OUTCOMES[k] for k in judge(Statistics.of_curves(losses, norms, np.ones((6, 2))))]
    ['converged', 'still descending', 'stalled', 'oscillating', 'diverged', 'rising']
    """
    with np.errstate(all="ignore"):
        held = [rule.holds(s) for rule in RULES]
    return np.asarray(np.select(held, [OUTCOMES.index(rule.kind) for rule in RULES]))
