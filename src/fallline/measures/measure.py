"""What a cell of a map shows: one number folded from a run's curves.

Curves are losses L_0..L_T and gradient norms G_0..G_T, before each step and after the last; with minibatches on the scale
of all samples. A run stops at its first loss that is not finite; from there on all its losses count as +inf.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import SettingError, UnknownNameError, UsageError
from fallline.measures.outcome import Statistics, diverged_at, judge
from fallline.number_text import read_number
from fallline.problems import NetworkObjective, Objective
from fallline.readings.machine.layout import CONVERGENCE_CAP, LAST

__all__ = ["MEASURES", "Curves", "Measure", "Wanted", "measure"]

Floats = NDArray[Any]


@dataclass(frozen=True)
class Curves:
    """Losses and gradient norms, (runs, steps + 1), the last parameters, (runs, P), and the loss to be reached."""

    losses: Floats
    gradient_norms: Floats
    end: Floats
    objective: Objective
    target: float | None = None

    @classmethod
    def stopped(cls, losses: Floats, norms: Floats, end: Floats, objective: Objective, target: float | None) -> Curves:
        """The same curves, with +inf from the first loss on that is not finite."""
        ended = np.logical_or.accumulate(~np.isfinite(losses), axis=-1)
        return cls(np.where(ended, np.inf, losses), norms, end, objective, target)


@dataclass(frozen=True)
class Measure:
    """A measure: its name, meaning, fold, and how it is stored.

    `dtype` is a NumPy type code, or "" for the type that the map computes in. `over_starts` says how several starts of
    one cell become one number: "median", "mean" or "mode".
    """

    name: str
    meaning: str
    of: Callable[[Curves], Floats]
    dtype: str = ""
    over_starts: str = "median"


@dataclass(frozen=True)
class Wanted:
    """A measure as one asks for it: "steps_to=0.5" has a target."""

    measure: Measure
    target: float | None = None

    @property
    def name(self) -> str:
        return self.measure.name

    def __str__(self) -> str:
        return self.name if self.target is None else f"{self.name}={self.target:g}"


def final_loss(c: Curves) -> Floats:
    return np.asarray(c.losses[..., -1])


def best_loss(c: Curves) -> Floats:
    return np.asarray(c.losses.min(axis=-1))


def steps_to(c: Curves) -> Floats:
    reached = c.losses <= c.target
    return np.where(reached.any(axis=-1), reached.argmax(axis=-1), -1)


def accuracy(c: Curves) -> Floats:
    if not isinstance(c.objective, NetworkObjective):
        raise UsageError(f"accuracy needs a network that classifies data; {c.objective.name} is a landscape.")
    alive = np.isfinite(c.losses[..., -1])
    return np.where(alive, c.objective.accuracy(c.end), np.nan)


def outcome(c: Curves) -> Floats:
    return judge(Statistics.of_curves(c.losses, c.gradient_norms, c.end))


def diverged(c: Curves) -> Floats:
    return np.asarray(diverged_at(c.losses) >= 0)


def convergence(c: Curves) -> Floats:
    """v_t = L_t / L_0, 1e6 where not finite, at most 1e6. Converged iff the mean of the last 20 v is below 1: then
    minus the sum of v; else the sum of 1/v (Sohl-Dickstein 2024). Sums run in the order of the steps.
    """
    with np.errstate(all="ignore"):
        v = np.where(np.isfinite(c.losses), c.losses, CONVERGENCE_CAP)
        v = np.minimum(v / v[..., :1], CONVERGENCE_CAP)
        last = v[..., -LAST:]
        converged = np.cumsum(last, axis=-1)[..., -1] / last.shape[-1] < 1
        return np.where(converged, -np.cumsum(v, axis=-1)[..., -1], np.cumsum(1 / v, axis=-1)[..., -1])


MEASURES: dict[str, Measure] = {
    m.name: m
    for m in (
        Measure("final_loss", "loss after the last step; infinite where it stopped being finite", final_loss),
        Measure("best_loss", "lowest loss on the way", best_loss),
        Measure("steps_to", "first step after which the loss is at most the target; -1 for never", steps_to, "<i4"),
        Measure("outcome", "how the run ended: place in OUTCOMES", outcome, "|u1", "mode"),
        Measure("diverged_at", "first step whose loss is not finite or beyond the cap; -1 for never",
                lambda c: diverged_at(c.losses), "<i4"),
        Measure("diverged", "share of the cell's starts that diverged", diverged, "<f8", "mean"),
        Measure("accuracy", "share of samples whose class is right; NaN where the run diverged", accuracy, "", "mean"),
        Measure("convergence", "minus the sum of L/L0 if converged, the sum of L0/L if not", convergence),
    )
}  # fmt: skip


def measure(text: str | Wanted) -> Wanted:
    """A measure from its text.

    >>> str(measure("steps_to=40")), str(measure("final-loss"))
    ('steps_to=40', 'final_loss')
    >>> measure("steps_to")
    Traceback (most recent call last):
    fallline.errors.SettingError: the measure steps_to needs the loss to be reached: write steps_to=40.
    """
    if isinstance(text, Wanted):
        return text
    name, equals, rest = (part.strip() for part in text.partition("="))
    name = name.replace("-", "_")
    if name not in MEASURES:
        raise UnknownNameError("measure", name, MEASURES)
    if name != "steps_to":
        if equals:
            raise SettingError(f"the measure {name} takes no target; got {text!r}.")
        return Wanted(MEASURES[name])
    if not rest:
        raise SettingError("the measure steps_to needs the loss to be reached: write steps_to=40.")
    return Wanted(MEASURES[name], read_number(rest, "the target of steps_to"))


def over_starts(values: Floats, how: str) -> Floats:
    """One number for each cell from those of its starts: (cells, starts) to (cells,)."""
    if values.shape[-1] == 1:
        return np.asarray(values[..., 0])
    if how == "mean":
        return np.asarray(np.cumsum(values.astype(np.float64), axis=-1)[..., -1] / values.shape[-1])
    if how == "mode":
        counts = np.stack([(values == k).sum(axis=-1) for k in range(int(values.max(initial=0)) + 1)], axis=-1)
        return np.asarray(counts.argmax(axis=-1))
    ordered = np.sort(np.where(values == -1, np.inf, values) if values.dtype.kind == "i" else values, axis=-1)
    n = values.shape[-1]
    with np.errstate(invalid="ignore"):
        low, high = ordered[..., (n - 1) // 2], ordered[..., n // 2]
        middle = np.where(low == high, low, (low + high) / 2)
    if values.dtype.kind == "i":
        return np.where(np.isfinite(middle), np.ceil(middle), -1)
    return np.asarray(middle)


def names_of(wanted: Sequence[Wanted]) -> tuple[str, ...]:
    """The measures' names, each once."""
    names = tuple(w.name for w in wanted)
    if len(set(names)) != len(names):
        raise UsageError(f"each measure may be asked for once; got {', '.join(str(w) for w in wanted)}.")
    return names
