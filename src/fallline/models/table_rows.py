"""Rows of a table as inputs and targets, prepared by the statistics of some of them alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.data.preparing import Preparation, Target
from fallline.data.preparing.fitting import Missing
from fallline.data.reading import Table
from fallline.models.fitting import Kind, fit_samples
from fallline.models.nested import Nested, nested_estimate
from fallline.models.settings import FitSettings
from fallline.models.tuning import tune_samples
from fallline.models.tuning_grid import TuneLike
from fallline.shapes import Shaped

__all__ = ["TableRows"]

Floats = NDArray[Any]
Rows = Shaped[NDArray[np.bool_], " rows"]
Show = Callable[[int, int], Any]


@dataclass(frozen=True, eq=False)
class TableRows:
    """A table, which of its columns are read and learned, and how its rows count.

    Attributes
    ----------
    table, columns, target, kind
        The table, its input columns, its target, and the kind of the target.
    missing, categories
        How missing cells and categories are treated.
    weights
        Of all rows; None if they are equal.
    balanced
        Whether all classes of the learned rows get the same weight together.
    """

    table: Table
    columns: Sequence[str]
    target: Target
    kind: Kind
    missing: Missing
    categories: Sequence[str]
    weights: Shaped[Floats, " rows"] | None
    balanced: bool

    def preparation(self, learned: Rows) -> Preparation:
        """Return what makes inputs of columns, by the statistics of the learned rows."""
        return Preparation.of(
            self.table, list(self.columns), rows=learned, missing=self.missing, categories=self.categories
        )

    def shares(self, learned: Rows, T: Shaped[Floats, "rows n_out"]) -> Shaped[Floats, " rows"] | None:
        """Return the weight of each row, or None if all are equal. Sizes of classes are those of the learned rows."""
        if not self.balanced:
            return self.weights
        w = np.ones(len(T)) if self.weights is None else self.weights
        sizes = (T * w[:, None])[learned].sum(axis=0)
        return np.asarray(w / (T * np.where(sizes > 0, sizes, 1.0)).sum(axis=-1))

    def estimate(
        self, learned: Rows, settings: FitSettings, folds: int, tune: TuneLike, threads: int | None, progress: Show
    ) -> Nested:
        """Return the nested estimate of a fit of the learned rows: preparation, tuning and fit are done anew for each outer fold."""
        T, X = self.target(self.table), self.preparation(learned)(self.table)
        places = np.flatnonzero(learned)

        def made(some: Rows, show: Show) -> Floats:
            rows = np.zeros(len(T), np.bool_)
            rows[places[some]] = True
            inputs, weights = self.preparation(rows)(self.table), self.shares(rows, T)
            own = None if weights is None else weights[rows]
            used = settings
            if tune is not False:
                used = tune_samples(
                    inputs[rows], T[rows], self.kind, settings, tune, own, starts=0, threads=threads,
                    progress=lambda done, total: show(done * 19, total * 20),
                ).settings(settings)  # fmt: skip
            fit = fit_samples(inputs[rows], T[rows], self.kind, used, own, threads=threads,
                              progress=show if tune is False else lambda done, total: show(19 * total + done, 20 * total))  # fmt: skip
            return fit.ensemble.answers(inputs[learned & ~rows])

        weights = self.shares(learned, T)
        return nested_estimate(
            X[learned], T[learned], self.kind, folds, settings.seed, made, None if weights is None else weights[learned],
            tuned=tune is not False, progress=progress,
        )  # fmt: skip
