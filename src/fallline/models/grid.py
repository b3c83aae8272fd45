"""Fit many settings at once: each setting that code reads when it runs is a number of a lane, so a grid is one training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.models.ensemble import Ensemble
from fallline.models.fitting import Kind, fit_samples
from fallline.models.settings import FitSettings
from fallline.shapes import Shaped

__all__ = ["GridFit", "fit_grid", "in_lanes"]

Floats = NDArray[Any]


class GridFit:
    """The ensembles of a grid.

    Attributes
    ----------
    ensembles
        Of each combination; None where all its starts diverged.
    diverged
        The share of starts of each combination that diverged.
    """

    def __init__(self, ensembles: list[Ensemble | None], diverged: Shaped[Floats, " combinations"]) -> None:
        self.ensembles, self.diverged = ensembles, diverged


def in_lanes(settings: FitSettings) -> tuple[str, ...]:
    """Return the names of the settings that may differ from lane to lane.

    >>> in_lanes(FitSettings())
    ('learning_rate', 'beta1', 'beta2', 'epsilon', 'l2')
    """
    return (*settings.how.settings, "l2")


def fit_grid(
    X: Shaped[Floats, "rows n_in"],
    T: Shaped[Floats, "rows n_out"],
    kind: Kind,
    settings: FitSettings,
    combinations: Sequence[Mapping[str, float]],
    weights: Shaped[Floats, " rows"] | None = None,
    *,
    threads: int | None = None,
) -> GridFit:
    """Fit the same ensemble with each combination of settings, all in one training.

    Each combination has the starts, folds and minibatches that `fit_samples` has, and so its weights.

    Parameters
    ----------
    X, T, kind, settings, weights, threads
        As for `fit_samples`.
    combinations
        Values by name; the names are those of `in_lanes`, the same in all.

    Examples
    --------
    >>> X = np.linspace(-1, 1, 40)[:, None]
    >>> tried = [{"learning_rate": 0.05}, {"learning_rate": 1e9}]
    >>> grid = fit_grid(X, 3 * X, "values", FitSettings(hidden=(), ensemble=2, folds=2, epochs=20), tried)
    >>> len(grid.ensembles), grid.ensembles[0].members
    (2, 2)
    """
    count, starts = len(combinations), settings.ensemble
    values = {name: np.repeat([c[name] for c in combinations], starts) for name in combinations[0]}
    if "l2" in values:
        settings = replace(settings, l2=0.0)
        if not values["l2"].any():
            del values["l2"]
    fit = fit_samples(
        X, T, kind, settings, weights, values=values, copies=count, threads=threads, refuse=False
    )  # fmt: skip
    alive = fit.alive.reshape(count, starts)
    diverged = fit.members.diverged.reshape(count, starts).mean(axis=1)
    place = np.cumsum(alive.ravel()) - 1
    ensembles = [
        fit.ensemble.some(place.reshape(count, starts)[k][alive[k]]) if alive[k].any() else None for k in range(count)
    ]
    return GridFit(ensembles, diverged)
