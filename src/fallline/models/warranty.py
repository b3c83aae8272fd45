"""Settings under warranty: how far they lie from the cliff, and what becomes of fresh starts around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline import random
from fallline.models.fitting import Fit, Kind, fit_samples
from fallline.models.settings import FitSettings
from fallline.runs.intervals import Estimate, share
from fallline.shapes import Shaped

__all__ = ["Warranty", "warranty"]

Floats = NDArray[Any]

AROUND = 0.2
"""How far the neighbourhood reaches in every setting, relative to it."""

MOST_LOST = 0.01
"""The largest share of starts that may diverge or die in the neighbourhood."""


@dataclass(frozen=True)
class Warranty:
    """What was found around some settings.

    Attributes
    ----------
    learning_rate
        The centre of the neighbourhood.
    starts
        Fresh starts, each with settings of its own in the neighbourhood.
    lost
        The share of them that diverged or died, with its interval of 95 %: their best validation loss is nearer to that of a
        constant than to the median of all.
    margin
        By how much the upper quartile of their validation losses lies above the median, relative to it.
    cliff
        How many times higher the learning rate is at which more than half of the starts are lost; None if none was found.
    """

    learning_rate: float
    starts: int
    lost: Estimate
    margin: float
    cliff: float | None

    @property
    def holds(self) -> bool:
        """Whether at most 1 % of the starts diverged or died.

        >>> Warranty(0.02, 1000, Estimate(0.0, 0.0, 0.004), 0.1, 6.0).holds
        True
        """
        return self.lost.value <= MOST_LOST

    def __str__(self) -> str:
        """In words.

        >>> print(Warranty(0.02, 1000, Estimate(0.0, 0.0, 0.004), 0.1, 6.0))
        learning rate 0.02: of 1,000 starts within ±20 % none diverged or died; a quarter has a validation loss more than 10 % above the \
median; the cliff is 6 times higher.
        """
        count = round(self.lost.value * self.starts)
        cliff = (
            "no cliff was found up to 1,000 times the rate"
            if self.cliff is None
            else f"the cliff is {self.cliff:g} times higher"
        )
        return (
            f"learning rate {self.learning_rate:g}: of {self.starts:,} starts within ±20 % {count or 'none'} diverged or died; a quarter has "
            f"a validation loss more than {100 * self.margin:.0f} % above the median; {cliff}."
        )


def warranty(
    X: Shaped[Floats, "rows n_in"],
    T: Shaped[Floats, "rows n_out"],
    kind: Kind,
    settings: FitSettings,
    weights: Shaped[Floats, " rows"] | None = None,
    *,
    starts: int = 256,
    factors: Sequence[float] = (3, 10, 30, 100, 300, 1000),
    threads: int | None = None,
) -> Warranty:
    """Train fresh starts around the settings, and at higher learning rates, and return what became of them.

    Parameters
    ----------
    X, T, kind, settings, weights, threads
        As for `fit_samples`.
    starts
        How many starts are trained in the neighbourhood; their seed is another than that of the fit.
    factors
        The multiples of the learning rate at which the cliff is sought, an eighth as many starts at each.

    Examples
    --------
    >>> X = np.linspace(-1, 1, 40)[:, None]
    >>> found = warranty(X, X**2, "values", FitSettings(hidden=(8,), folds=2, epochs=40), starts=16)
    >>> found.starts, found.cliff > 1
    (16, True)
    """
    rate = settings.rate_of(len(X) - len(X) // max(2, settings.folds))
    fresh = replace(settings, seed=settings.seed + 1, ensemble=starts, own_rate=True)
    drawn = 1 + AROUND * (2 * random.uniform(fresh.seed, "warranty", 2, np.arange(starts)) - 1)
    values = {"learning_rate": rate * drawn[:, 0]}
    if l2 := settings.l2_of(len(X)):
        values["l2"] = l2 * drawn[:, 1]
    around = fit_samples(X, T, kind, fresh, weights, values=values, threads=threads, refuse=False)
    best = _best(around)
    middle = float(np.median(best))
    worst = (
        middle + _constant_loss(T, kind)
    ) / 2  # a start above has died: it is nearer to a constant than to the others
    lost = share(int((best > worst).sum()), starts)
    few = max(4, starts // 8)
    higher = fit_samples(
        X, T, kind, replace(fresh, ensemble=few), weights, values={"learning_rate": np.repeat(rate * np.array(factors), few)},
        copies=len(factors), threads=threads, refuse=False,
    )  # fmt: skip
    parts = (_best(higher) > worst).reshape(len(factors), few).mean(axis=1)
    beyond = [factor for factor, part in zip(factors, parts, strict=True) if part > 0.5]
    upper = float(np.quantile(best, 0.75))
    margin = upper / middle - 1 if middle > 0 and np.isfinite(upper) else float("inf")
    return Warranty(rate, starts, lost, margin, float(min(beyond)) if beyond else None)


def _best(fit: Fit) -> Shaped[Floats, " runs"]:
    """Return the lowest validation loss of each start; without validation, its last loss."""
    curve = fit.members.validation_curve if fit.members.validation_curve.size else fit.members.curve[:, -1:]
    return np.asarray(np.where(np.isfinite(curve), curve, np.inf).min(axis=1))


def _constant_loss(T: Shaped[Floats, "rows n_out"], kind: Kind) -> float:
    """Return the loss of the best constant answer, as the training counts it."""
    if kind == "values":
        return 0.5 * float(T.shape[1])  # of values with standard deviation 1
    p = T.mean(axis=0)
    parts = p * np.log(np.where(p > 0, p, 1.0))
    if kind == "labels":
        parts = parts + (1 - p) * np.log(np.where(p < 1, 1 - p, 1.0))
    return float(-parts.sum())
