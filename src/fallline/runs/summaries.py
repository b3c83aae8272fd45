"""The numbers of a comparison: one method over all starts, and two methods start by start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.experiment.method import Method
from fallline.measures.statistics import diverged_at
from fallline.runs.intervals import Estimate, median, share
from fallline.shapes import Shaped

__all__ = ["SUMMARISED", "TIE", "Pair", "Summary", "final_losses", "steps_to", "summary", "wins"]

Floats = NDArray[Any]


@dataclass(frozen=True)
class Summary:
    """One method over all starts. Shares and medians carry 95 % intervals; see `fallline.runs.intervals`.

    Attributes
    ----------
    final_loss
        Median of the loss after the last step; a diverged run counts as infinite.
    reached
        Share of starts whose loss came to the target or below.
    steps_to_target
        Median of the first step at which it did; a run that never did counts as infinite.
    diverged
        Share of diverged starts.
    """

    label: str
    method: Method
    final_loss: Estimate
    reached: Estimate
    steps_to_target: Estimate
    diverged: Estimate


SUMMARISED = ("final_loss", "reached", "steps_to_target", "diverged")
"""The numbers of a summary."""

TIE = 1e-9
"""Two final losses that differ by less than this share of the start's loss are tied."""


@dataclass(frozen=True)
class Pair:
    """Two methods, start by start.

    Attributes
    ----------
    wins
        Share of starts at which the first ends with the lower loss (a tie counts half). Losses that differ by less
        than 1e-9 of the loss at the start are tied: two runs that both reached the bottom differ in rounding alone.
    loss_difference
        Median of final loss of the first minus the second, over starts where both are finite.
    faster
        Share of starts at which the first reaches the target in fewer steps (a tie counts half).
    """

    first: str
    second: str
    wins: Estimate
    loss_difference: Estimate
    faster: Estimate


def final_losses(losses: Shaped[Floats, "starts steps+1"]) -> Shaped[Floats, " starts"]:
    """The last loss of each run, infinite if it diverged."""
    return np.where(diverged_at(losses) >= 0, np.inf, losses[:, -1])


def steps_to(losses: Shaped[Floats, "starts steps+1"], target: float) -> Shaped[Floats, " starts"]:
    """The first step of each run whose loss is at most the target, infinite if there is none."""
    reached = losses <= target
    return np.where(reached.any(axis=-1), reached.argmax(axis=-1), np.inf)


def summary(label: str, how: Method, losses: Shaped[Floats, "starts steps+1"], target: float) -> Summary:
    """Sum up the losses of one method."""
    first = steps_to(losses, target)
    n = len(losses)
    return Summary(
        label,
        how,
        median(final_losses(losses)),
        share(int(np.isfinite(first).sum()), n),
        median(first),
        share(int((diverged_at(losses) >= 0).sum()), n),
    )


def wins(
    a: Shaped[Floats, " starts"], b: Shaped[Floats, " starts"], near: Shaped[NDArray[np.bool_], " starts"]
) -> Estimate:
    """The share of starts at which a is below b; a tie, and a start at which they are near, counts half."""
    tied = near | (a == b)
    return share_of_halves(int(2 * ((a < b) & ~tied).sum() + tied.sum()), len(a))


def share_of_halves(halves: int, total: int) -> Estimate:
    """A share counted in halves (a tie is half a win), with Wilson's interval on the rounded count."""
    estimate = share(round(halves / 2), total)
    return Estimate(halves / (2 * total), estimate.low, estimate.high)
