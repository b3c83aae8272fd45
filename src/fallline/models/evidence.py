"""What a model was fitted to, and which of its rows can judge which of its networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.data.reading import Table
from fallline.models.ensemble import Ensemble
from fallline.models.fitting import Fit
from fallline.shapes import Shaped

__all__ = ["Evidence", "Judgement", "judgement"]

Floats = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a model was fitted to.

    Attributes
    ----------
    table
        The table.
    X, T
        Inputs and targets of all its rows.
    test
        Which rows were kept for the test.
    weights
        Of the rows; None if all are equal.
    linear
        The fit of a linear model to the same rows.
    """

    table: Table
    X: Shaped[Floats, "rows n_in"]
    T: Shaped[Floats, "rows n_out"]
    test: Shaped[NDArray[np.bool_], " rows"]
    weights: Shaped[Floats, " rows"] | None
    linear: Fit


@dataclass(frozen=True, eq=False)
class Judgement:
    """Rows that judge networks which did not learn from them.

    Attributes
    ----------
    words
        Which rows they are, as the beginning of a sentence.
    seen
        Whether the networks have learned from these rows, because none were kept.
    groups
        Networks, and the rows of the table that judge them.
    """

    words: str
    seen: bool
    groups: list[tuple[Ensemble, NDArray[np.int64]]]

    @property
    def rows(self) -> Shaped[NDArray[np.int64], " judged"]:
        """The rows of the table, in the order of the groups."""
        return np.concatenate([rows for _, rows in self.groups])

    def answers(self, X: Shaped[Floats, "rows n_in"]) -> Shaped[Floats, "judged n_out"]:
        """Return the answers for these rows of the inputs of the whole table."""
        return np.concatenate([ensemble.answers(X[rows]) for ensemble, rows in self.groups])


def judgement(fit: Fit, evidence: Evidence) -> Judgement:
    """Return the rows that judge a fit: those of the test; without them, each row by the members that did not see it."""
    tested = np.flatnonzero(evidence.test)
    if len(tested):
        return Judgement(f"The {len(tested):,} rows kept for the test", False, [(fit.ensemble, tested)])
    fold = np.full(0, -1) if fit.row_fold is None else fit.row_fold
    groups = []
    for k in np.unique(fold[fold >= 0]):
        members = np.flatnonzero(fit.fold[fit.alive] == k)
        if len(members):
            groups.append((fit.judges.some(members), np.flatnonzero(fold == k)))
    if groups:
        count = sum(len(rows) for _, rows in groups)
        return Judgement(f"{count:,} rows, each judged by networks that did not learn from it", False, groups)
    return Judgement(
        "The rows of the training, because none were kept", True, [(fit.ensemble, np.arange(len(evidence.X)))]
    )
