"""Settings under warranty: what becomes of fresh starts around them, and how far they lie from the cliff."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.models.fitting import Kind
from fallline.models.neighbourhood import (
    AROUND,
    MOST_LOST,
    MOST_MARGIN,
    MOST_RISE,
    PARTS,
    centre_of,
    fresh,
    train_around,
)
from fallline.models.settings import FitSettings
from fallline.runs.intervals import Estimate, share
from fallline.shapes import Shaped

__all__ = ["FARTHEST", "Warranty", "warranty"]

Floats = NDArray[Any]

FARTHEST = 1024
"""The largest multiple of the learning rate at which the cliff is sought."""

_COARSE, _FINE, _FEW = 2.0, 8, 24


@dataclass(frozen=True)
class Warranty:
    """What was found around some settings, by starts that did not choose them.

    Attributes
    ----------
    settings
        The centre of the neighbourhood: every setting that was varied, by name.
    starts
        Fresh starts, each with settings of its own within 20 % of the centre.
    lost
        The share of them that diverged or died, with its interval of 95 %.
    margin
        By how much the loss at the edges of the neighbourhood lies above that of the whole, relative to it.
    cliff
        How many times higher the learning rate is at which half of the starts are lost; None if none was found.
    """

    settings: Mapping[str, float]
    starts: int
    lost: Estimate
    margin: float
    rise: float
    cliff: float | None

    @property
    def learning_rate(self) -> float:
        """The learning rate in the middle; NaN for an optimizer without one."""
        return self.settings.get("learning_rate", float("nan"))

    @property
    def holds(self) -> bool:
        """Whether at most 1 % of the starts were lost, and the loss at the edges is at most 10 % higher.

        >>> Warranty({"learning_rate": 0.02}, 1000, Estimate(0.0, 0.0, 0.004), 0.03, 0.01, 6.0).holds
        True
        """
        return self.lost.value <= MOST_LOST and (self.margin <= MOST_MARGIN or self.rise <= MOST_RISE)

    def __str__(self) -> str:
        """In words.

        >>> print(Warranty({"learning_rate": 0.02}, 1000, Estimate(0.0, 0.0, 0.004), 0.03, 0.01, 6.0))
        learning rate 0.02: of 1,000 starts within ±20 % none diverged or died, and the loss at the edges is at most 3 % higher; \
the cliff is 6 times higher.
        """
        count = round(self.lost.value * self.starts)
        cliff = (
            f"no cliff was found up to {FARTHEST:,} times the rate"
            if self.cliff is None
            else f"the cliff is {float(f'{self.cliff:.2g}'):g} times higher"
        )
        if not np.isfinite(self.margin):
            edges = "half of those at an edge are lost"
        elif self.margin > MOST_MARGIN and self.rise <= MOST_RISE:
            edges = f"the loss at the edges is higher by at most {100 * self.rise:.1g} % of a constant's"
        else:
            edges = f"the loss at the edges is at most {np.ceil(100 * self.margin - 1e-9):.0f} % higher"
        centre = f"learning rate {self.learning_rate:.3g}: of" if "learning_rate" in self.settings else "of"
        return (
            f"{centre} {self.starts:,} starts within ±{100 * AROUND:.0f} % {count or 'none'} diverged or died, and {edges}"
            + ("." if "learning_rate" not in self.settings else f"; {cliff}.")
        )


def warranty(
    X: Shaped[Floats, "rows n_in"],
    T: Shaped[Floats, "rows n_out"],
    kind: Kind,
    settings: FitSettings,
    weights: Shaped[Floats, " rows"] | None = None,
    *,
    starts: int = 1000,
    threads: int | None = None,
    progress: Callable[[int, int], Any] = lambda done, total: None,
) -> Warranty:
    """Train fresh starts around the settings, and at higher learning rates, and return what became of them.

    Every setting that is a number of a lane is varied by 20 %: learning rate, L2 penalty, and the numbers of the optimizer. The
    starts have other first weights, folds and minibatches than the fit. The cliff is the learning rate at which half of the
    starts are lost: it is sought among the doubled rates, then between the last that is safe and the first that is not.

    Parameters
    ----------
    X, T, kind, settings, weights, threads, progress
        As for `fit_samples`.
    starts
        How many starts are trained in the neighbourhood.

    Examples
    --------
    >>> X = np.linspace(-1, 1, 40)[:, None]
    >>> found = warranty(X, X**2, "values", FitSettings(hidden=(8,), folds=2, epochs=40), starts=16)
    >>> found.starts, found.cliff > 1
    (16, True)
    """
    centre = centre_of(settings, len(X) - len(X) // max(2, settings.folds))
    anew = replace(settings, seed=fresh(settings.seed, 1), ensemble=starts)

    def told(first: float, part: float) -> Callable[[int, int], Any]:
        return lambda done, total: progress(round(1000 * (first + part * done / total)), 1000)

    (here,) = train_around(
        X, T, kind, anew, [centre], weights, threads=threads, progress=told(0, 0.8)
    )  # fmt: skip
    cliff = None
    if "learning_rate" in centre and centre["learning_rate"] > 0:
        few = replace(anew, ensemble=max(_FEW, PARTS * settings.folds))

        def first_lost(factors: Sequence[float], show: Callable[[int, int], Any]) -> int | None:
            """Return the place of the first factor at which half of the starts are lost."""
            higher = [{**centre, "learning_rate": centre["learning_rate"] * factor} for factor in factors]
            found = train_around(
                X, T, kind, few, higher, weights, vary=False, reached=here.reached, threads=threads, progress=show
            )  # fmt: skip
            return next((k for k, each in enumerate(found) if 2 * each.lost >= each.starts), None)

        coarse = [_COARSE**k for k in range(1, round(np.log2(FARTHEST)) + 1)]
        place = first_lost(coarse, told(0.8, 0.1))
        if place is not None:
            low = coarse[place] / _COARSE
            fine = [low * _COARSE ** (k / _FINE) for k in range(1, _FINE)]
            between = first_lost(fine, told(0.9, 0.1))
            cliff = coarse[place] if between is None else fine[between]
    progress(1000, 1000)
    return Warranty(centre, starts, share(here.lost, starts), here.margin, here.rise, cliff)
