"""Neighbourhoods of settings: starts that each have settings of their own, within 20 % of a centre."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline import random
from fallline.models.fitting import Fit, Kind, fit_samples
from fallline.models.folds import row_folds, row_order
from fallline.models.lost import constant_loss, last_losses, lost_starts
from fallline.models.scores import scores
from fallline.models.settings import FitSettings
from fallline.settings import Setting
from fallline.shapes import Shaped

__all__ = [
    "AROUND", "MOST_LOST", "MOST_MARGIN", "MOST_RISE", "PARTS", "Neighbourhood", "around", "bounds_of", "centre_of", "fresh", "train_around",
]  # fmt: skip

Floats = NDArray[Any]
Show = Callable[[int, int], Any]

AROUND = 0.2
"""How far a neighbourhood reaches in every setting, relative to it."""

MOST_LOST = 0.01
"""The largest share of starts that may diverge or die in the neighbourhood."""

MOST_MARGIN, MOST_RISE = 0.1, 0.01
"""By how much the loss at the edges of the neighbourhood may lie above that of the whole: relative to it, or, where it is next to
nothing, relative to the loss of a constant."""

PARTS = 3
"""Parts of the rows; each judges the starts that were fitted to the others. The rows that choose the best epoch cannot judge: the
minimum of a noisy curve is lower than that of a calm one, so they would prefer high learning rates."""

_LOSS: dict[Kind, str] = {"classes": "log_loss", "labels": "log_loss", "values": "rmse"}


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """What became of starts around some settings.

    Attributes
    ----------
    centre
        The settings in the middle, by name.
    starts, lost
        How many starts there were, and how many of them diverged or died.
    loss
        Log loss, or root mean squared error, of the median start on rows that neither its training nor its stopping saw.
        Infinite if half of the starts are lost.
    edge
        The highest such loss at an edge: of the quarter of the starts with the lowest, or with the highest, values of a setting.
    together
        The loss of the starts' mean answers.
    constant
        The loss of the best constant answer.
    reached
        Last training loss of the median start.
    """

    centre: Mapping[str, float]
    starts: int
    lost: int
    loss: float
    edge: float
    together: float
    constant: float
    reached: float

    @property
    def margin(self) -> float:
        """By how much the loss at the edges lies above that of all, relative to it.

        >>> Neighbourhood({}, 100, 0, 0.5, 0.55, 0.4, 0.7, 0.1).margin.__round__(3)
        0.1
        """
        if not np.isfinite(self.edge) or self.loss <= 0:
            return float("inf") if self.edge > self.loss else 0.0
        return max(0.0, self.edge / self.loss - 1)

    @property
    def rise(self) -> float:
        """By how much the loss at the edges lies above that of all, relative to the loss of a constant.

        >>> Neighbourhood({}, 100, 0, 0.001, 0.002, 0.001, 1.0, 0.1).rise
        0.001
        """
        return max(0.0, self.edge - self.loss) / self.constant if np.isfinite(self.edge) else float("inf")

    @property
    def fulfils(self) -> bool:
        """Whether at most 1 % of the starts are lost, and the loss at the edges is at most 10 % higher.

        A rise by at most 1 % of a constant's loss is allowed, too.

        >>> Neighbourhood({}, 100, 2, 0.5, 0.5, 0.4, 0.7, 0.1).fulfils
        False
        """
        return self.lost <= MOST_LOST * self.starts and (self.margin <= MOST_MARGIN or self.rise <= MOST_RISE)


def centre_of(settings: FitSettings, samples: int) -> dict[str, float]:
    """Return every setting of a fit that is a number of a lane, with its value for so many samples.

    >>> centre_of(FitSettings(), 1000)
    {'learning_rate': 0.002, 'beta1': 0.9, 'beta2': 0.999, 'epsilon': 1e-08, 'l2': 0.002}
    """
    own = {name: float(value) for name, value in settings.how.settings.items()}
    if "learning_rate" in own:
        own["learning_rate"] = settings.rate_of(samples)
    return own | {"l2": settings.l2_of(samples)}


def fresh(seed: int, number: int) -> int:
    """Return the key of other draws than those of `seed`.

    >>> fresh(0, 1), fresh(2**64 - 1, 1)
    (1, 0)
    """
    return (seed + number) % 2**64


def around(centre: Mapping[str, float], settings: FitSettings, starts: int) -> dict[str, Shaped[Floats, " starts"]]:
    """Draw settings around a centre, independently and uniformly.

    A setting with the range from 0 to 1, such as momentum or beta2, is a share that is kept; its distance from 1 is varied.
    Whole numbers are not varied.

    >>> from fallline.experiment.method import method
    >>> drawn = around({"learning_rate": 0.1, "momentum": 0.9}, FitSettings(how=method("momentum")), 1000)
    >>> [(v.min().round(3).item(), v.max().round(3).item()) for v in drawn.values()]
    [(0.08, 0.12), (0.88, 0.92)]
    """
    shares = random.uniform(settings.seed, "around", len(centre), np.arange(starts))
    declared = settings.how.optimizer.declared
    values = {}
    for k, (name, value) in enumerate(centre.items()):
        low, high = bounds_of(declared.get(name), value)
        values[name] = low + (high - low) * shares[:, k]
    return values


def bounds_of(declared: Setting | None, value: float) -> tuple[float, float]:
    """Return the lowest and highest value of a setting in the neighbourhood of a value; see `around`.

    >>> from fallline.settings import SETTINGS
    >>> bounds_of(SETTINGS["learning_rate"], 1.0), bounds_of(SETTINGS["momentum"], 0.5), bounds_of(SETTINGS["every"], 10)
    ((0.8, 1.2), (0.4, 0.6), (10, 10))
    """
    if declared is not None and declared.whole:
        return value, value
    if declared is not None and (declared.low, declared.high) == (0, 1):
        return 1 - (1 - value) * (1 + AROUND), 1 - (1 - value) * (1 - AROUND)
    return value * (1 - AROUND), value * (1 + AROUND)


def train_around(
    X: Shaped[Floats, "rows n_in"],
    T: Shaped[Floats, "rows n_out"],
    kind: Kind,
    settings: FitSettings,
    centres: Sequence[Mapping[str, float]],
    weights: Shaped[Floats, " rows"] | None = None,
    *,
    vary: bool = True,
    reached: float | None = None,
    threads: int | None = None,
    progress: Show = lambda done, total: None,
) -> list[Neighbourhood]:
    """Train starts around each of some centres, side by side; a third of the rows judges those that are fitted to the others.

    Parameters
    ----------
    X, T, kind, settings, weights, threads, progress
        As for `fit_samples`; `settings.ensemble` is the number of starts around each centre, and the seed the key of all draws.
    centres
        Settings by name, the same names in all.
    vary
        Whether each start has settings of its own; else all have those of the centre.
    reached
        Last training loss by which starts are judged; that of the median start around each centre if None.

    Examples
    --------
    >>> X = np.linspace(-1, 1, 60)[:, None]
    >>> few = FitSettings(hidden=(), ensemble=6, folds=2, epochs=150, batch=0)
    >>> [n.lost for n in train_around(X, 3 * X, "values", few, [{"learning_rate": 0.05}, {"learning_rate": 1e9}])]
    [0, 6]
    """
    order = row_order(X, T)  # so that the order of the rows does not reach a bit
    X, T, weights = X[order], T[order], None if weights is None else weights[order]
    part = row_folds(X, T, kind, PARTS, settings.seed)
    starts = max(1, settings.ensemble // PARTS)
    plain = replace(settings, ensemble=starts, refit=False)  # other rows judge the starts of the folds
    if "l2" in centres[0]:
        plain = replace(plain, l2=0.0)
    judged: list[list[_Judged]] = [[] for _ in centres]
    for k in range(PARTS):
        own = replace(plain, seed=fresh(settings.seed, k << 32))
        drawn = [around(c, own, starts) if vary else {n: np.full(starts, v) for n, v in c.items()} for c in centres]
        values = {name: np.concatenate([each[name] for each in drawn]) for name in centres[0]}
        if not values.get("l2", np.ones(1)).any():
            del values["l2"]
        some, judges = part != k, part == k

        def told(done: int, total: int, first: int = k) -> None:
            progress(round(1000 * (first + done / total)), 1000 * PARTS)

        fit = fit_samples(
            X[some], T[some], kind, own, None if weights is None else weights[some], values=values, copies=len(centres),
            threads=threads, refuse=False, progress=told, judge=False,
        )  # fmt: skip
        of_judges = None if weights is None else weights[judges]
        for c in range(len(centres)):
            which = np.arange(c * starts, (c + 1) * starts)
            judged[c].append(_judged(fit, which, X[judges], T[judges], kind, of_judges, drawn[c]))
    constant = constant_loss(T, kind, weights, settings.label_smoothing)
    plain_answer = np.broadcast_to(np.average(T, axis=0, weights=weights), T.shape)
    of_constant = scores(plain_answer, T, kind, weights)[_LOSS[kind]]
    return [_summed(c, parts, constant, of_constant, reached, vary) for c, parts in zip(centres, judged, strict=True)]


@dataclass(frozen=True, eq=False)
class _Judged:
    """Starts of one part: last training losses, losses on the part's rows, that of their mean answers, and their settings."""

    last: Floats
    losses: Floats
    together: float
    drawn: Mapping[str, Floats]


def _judged(
    fit: Fit, which: NDArray[Any], X: Floats, T: Floats, kind: Kind, weights: Floats | None, drawn: Mapping[str, Floats]
) -> _Judged:
    """Judge some starts of a fit on rows that it did not see."""
    members = fit.members.some(which)
    alive = np.isfinite(members.parameters).all(axis=-1)
    losses, together = np.full(len(which), np.inf), np.inf
    if alive.any():
        every = replace(fit.ensemble, parameters=members.parameters[alive]).each(X)
        losses[alive] = [scores(each, T, kind, weights)[_LOSS[kind]] for each in every]
        together = scores(every.mean(axis=0), T, kind, weights)[_LOSS[kind]]
    return _Judged(last_losses(members), losses, together, drawn)


def _summed(
    centre: Mapping[str, float],
    parts: Sequence[_Judged],
    constant: float,
    of_constant: float,
    reached: float | None,
    vary: bool,
) -> Neighbourhood:
    """Return what became of the starts of all parts."""
    middle = float(np.median(np.concatenate([p.last for p in parts])))
    lost = [lost_starts(p.last, constant, middle if reached is None else reached) for p in parts]
    losses = [np.where(gone, np.inf, p.losses) for gone, p in zip(lost, parts, strict=True)]
    edge = float("nan")
    if vary:
        for name in centre:
            for sign in (1, -1):
                sides = [sign * p.drawn[name] for p in parts]
                if all((side == side[0]).all() for side in sides):
                    continue
                quarters = [each[side <= np.quantile(side, 0.25)] for each, side in zip(losses, sides, strict=True)]
                edge = np.fmax(edge, np.mean([np.median(q) for q in quarters]))
    return Neighbourhood(
        centre, sum(len(p.last) for p in parts), sum(int(gone.sum()) for gone in lost),
        float(np.mean([np.median(each) for each in losses])), float(edge), float(np.mean([p.together for p in parts])),
        of_constant, middle,
    )  # fmt: skip
