"""The named statistics of a run that outcomes and measures are read from.

Whole curves and the columns of a kernel provide the same statistics: `Statistics.of_curves` takes them from losses and
gradient norms, and `fallline.runs.columns` from what a kernel folded step by step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.readings.machine.layout import CAP, CONVERGENCE_CAP, LAST
from fallline.shapes import Shaped

__all__ = ["CAP", "Statistics", "diverged_at", "gradient_norm", "half", "smallest_gradient", "window"]

Floats = NDArray[Any]


def window(steps: int) -> int:
    """How many of the last steps tell where a run is heading: a quarter, but at least 8 (or all).

    >>> window(5), window(30), window(1000)
    (5, 8, 250)
    """
    width: int = np.minimum(steps, np.maximum(8, steps // 4)).item()
    return width


def half(steps: int) -> int:
    """How many losses at either end of the window are averaged: about half, an even number.

    An oscillation of period 2 has the same mean over any even number of its losses.

    >>> half(1), half(5), half(30), half(1000)
    (1, 2, 4, 124)
    """
    count: int = np.maximum(1, 2 * ((window(steps) + 1) // 4)).item()
    return count


@dataclass(frozen=True)
class Statistics:
    """Statistics of runs. L_0..L_T are the losses of a run and G_0..G_T its gradient norms.

    Parameters
    ----------
    steps
        T.
    diverged_at
        First step whose loss is not finite or beyond the cap; -1 for none. If it is not -1, no outcome but "diverged"
        is possible.
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
    reached_at
        First step whose loss is at most the target; -1 if there is no such step or no target.
    relative_sum, inverse_sum, mean_last
        With v_t = L_t / L_0, which is at most 1e6 and is 1e6 where L_t is not finite: the sum of all v, the sum of all
        1/v, and the mean of the last 20 v. Sums run in the order of the steps.
    right
        Share of samples whose class is right after the last step; NaN where the loss is not finite or the share was not requested.
    distance
        Euclidean distance from the first to the last parameters; infinite where the loss is not finite. None if it was not
        requested.
    minimum
        Place of the landscape's minimum that the run has reached; -1 for none. None if it was not requested.
    test_last, test_right
        Loss on the test samples and share of those whose class is right, both after the last step; not finite where the
        loss is not. None if they were not requested.
    """

    steps: int
    diverged_at: Shaped[NDArray[np.int64], "*runs"]
    first: Shaped[Floats, "*runs"]
    last: Shaped[Floats, "*runs"]
    lowest: Shaped[Floats, "*runs"]
    highest: Shaped[Floats, "*runs"]
    window_first: Shaped[Floats, "*runs"]
    window_low: Shaped[Floats, "*runs"]
    window_high: Shaped[Floats, "*runs"]
    climbed: Shaped[Floats, "*runs"]
    drift: Shaped[Floats, "*runs"]
    last_gradient: Shaped[Floats, "*runs"]
    largest_gradient: Shaped[Floats, "*runs"]
    largest_parameter: Shaped[Floats, "*runs"]
    smallest_gradient: float
    reached_at: Shaped[NDArray[np.int64], "*runs"]
    relative_sum: Shaped[Floats, "*runs"]
    inverse_sum: Shaped[Floats, "*runs"]
    mean_last: Shaped[Floats, "*runs"]
    right: Shaped[Floats, "*runs"]
    distance: Shaped[Floats, "*runs"] | None = None
    minimum: Shaped[NDArray[np.int64], "*runs"] | None = None
    test_last: Shaped[Floats, "*runs"] | None = None
    test_right: Shaped[Floats, "*runs"] | None = None

    @classmethod
    def of_curves(
        cls,
        losses: Shaped[Floats, "*runs steps+1"],
        gradient_norms: Shaped[Floats, "*runs steps+1"],
        end: Shaped[Floats, "*runs P"],
        target: float | None = None,
        right: Shaped[Floats, "*runs"] | float = np.nan,
    ) -> Statistics:
        """From losses, gradient norms and the last parameters.

        Sums are taken in the precision of the parameters and in the order of the steps, as a kernel takes them.
        """
        real = np.asarray(end).dtype
        losses, norms = np.asarray(losses, dtype=real), np.asarray(gradient_norms, dtype=np.float64)
        norms = np.where(norms > np.sqrt(np.finfo(real).max), np.inf, norms).astype(real)  # a kernel squares them
        steps = losses.shape[-1] - 1
        late, h = losses[..., -(window(steps) + 1) :], half(steps)
        reached = losses <= (-np.inf if target is None else target)
        with np.errstate(all="ignore"):
            rises = np.maximum(np.diff(late, axis=-1, prepend=late[..., :1]), 0)
            ends = np.concatenate([-late[..., :h], late[..., late.shape[-1] - h :]], axis=-1)
            v = np.where(np.isfinite(losses), losses, CONVERGENCE_CAP)
            v = np.minimum(v / v[..., :1], CONVERGENCE_CAP)
            last = v[..., -LAST:]
            return cls(
                steps, diverged_at(losses),
                losses[..., 0], losses[..., -1], losses.min(axis=-1), losses.max(axis=-1),
                late[..., 0], late.min(axis=-1), late.max(axis=-1),
                _sum(rises), _sum(ends) / real.type(h),
                norms[..., -1], norms.max(axis=-1), np.abs(end).max(axis=-1, initial=0), smallest_gradient(real),
                np.where(reached.any(axis=-1), reached.argmax(axis=-1), -1),
                _sum(v), _sum(1 / v), _sum(last) / last.shape[-1],
                np.where(np.isfinite(losses[..., -1]), right, np.nan),
            )  # fmt: skip

    @property
    def gradient_is_known(self) -> Shaped[NDArray[np.bool_], "*runs"]:
        """Whether neither the last gradient norm nor the largest overflowed."""
        return np.isfinite(self.last_gradient) & np.isfinite(self.largest_gradient)

    @property
    def change(self) -> Shaped[Floats, "*runs"]:
        """The change of the loss over the window: negative for a fall."""
        return np.asanyarray(self.last - self.window_first)

    @property
    def spread(self) -> Shaped[Floats, "*runs"]:
        """Highest minus lowest loss in the window."""
        return np.asanyarray(self.window_high - self.window_low)


def _sum(values: Shaped[Floats, "*runs steps"]) -> Shaped[Floats, "*runs"]:
    """The sum over the last axis in its order; NumPy's `sum` takes pairs."""
    return np.asarray(np.cumsum(values, axis=-1)[..., -1])


def gradient_norm(gradient: Shaped[Floats, "*runs P"]) -> Shaped[Floats, "*runs"]:
    """The Euclidean norm, in float64; scaled where squares would leave its range.

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


def diverged_at(losses: Shaped[Floats, "*runs steps+1"]) -> Shaped[NDArray[np.int64], "*runs"]:
    """First step whose loss is not finite or beyond the cap, or -1.

    >>> diverged_at(np.array([[1.0, 2.0, np.inf], [1.0, 0.5, 0.2]])).tolist()
    [2, -1]
    """
    with np.errstate(all="ignore"):
        limit = CAP * np.maximum(1, np.abs(losses[..., :1]))
        out = ~(np.isfinite(losses) & (np.abs(losses) <= limit))
    return np.where(out.any(axis=-1), out.argmax(axis=-1), -1)
