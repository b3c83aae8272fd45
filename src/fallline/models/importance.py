"""What each column is worth: how much worse the answers get where its cells stand in other rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline import random
from fallline.data.preparing import Preparation
from fallline.models.ensemble import Ensemble
from fallline.models.evidence import Evidence, Judgement
from fallline.models.fitting import Kind
from fallline.models.scores import scores
from fallline.shapes import Shaped

__all__ = ["REPEATS", "importance", "score_name"]

Floats = NDArray[Any]

REPEATS = 5
"""How often a column is shuffled."""

MOST_ROWS = 2000
"""The most rows that are shuffled; of more, so many are drawn."""


def score_name(kind: Kind) -> str:
    """Return the score by which a column is judged: accuracy, or R² of values."""
    return "r2" if kind == "values" else "accuracy"


def importance(
    preparation: Preparation, kind: Kind, evidence: Evidence, judged: Judgement, seed: int = 0
) -> dict[str, Shaped[Floats, " repeats"]]:
    """Return for each column the fall of the score when the column is shuffled, once for each repeat.

    All inputs that are made of a column are shuffled together, among rows that judge the same networks. The networks are not
    trained again. scikit-learn's `permutation_importance` does the same for a single estimator. Source: Breiman 2001.
    """
    groups = [(ensemble, _some(rows, len(judged.rows), seed, k)) for k, (ensemble, rows) in enumerate(judged.groups)]
    column_of = [part.column for part in preparation.inputs for _ in part.names]
    base = _score(groups, evidence, kind, [evidence.X[rows] for _, rows in groups])
    falls = {}
    for column in preparation.columns:
        own = np.flatnonzero([name == column for name in column_of])
        shuffled = []
        for repeat in range(REPEATS):
            inputs = []
            for k, (_, rows) in enumerate(groups):
                X = evidence.X[rows]
                order = np.argsort(random.uniform(seed, f"shuffled column {column}", len(rows), repeat * len(groups) + k), kind="stable")  # fmt: skip
                X[:, own] = X[np.ix_(order, own)]
                inputs.append(X)
            shuffled.append(base - _score(groups, evidence, kind, inputs))
        falls[column] = np.array(shuffled)
    return falls


def _some(rows: NDArray[np.int64], total: int, seed: int, k: int) -> NDArray[np.int64]:
    """At most the group's part of `MOST_ROWS`."""
    count = max(1, len(rows) * MOST_ROWS // total)
    if count >= len(rows):
        return rows
    return np.sort(
        rows[np.argsort(random.uniform(seed, "rows of the importance", len(rows), k), kind="stable")[:count]]
    )


def _score(
    groups: list[tuple[Ensemble, NDArray[np.int64]]], evidence: Evidence, kind: Kind, inputs: list[Floats]
) -> float:
    rows = np.concatenate([rows for _, rows in groups])
    answers = np.concatenate([ensemble.answers(X) for (ensemble, _), X in zip(groups, inputs, strict=True)])
    weights = None if evidence.weights is None else evidence.weights[rows]
    return scores(answers, evidence.T[rows], kind, weights)[score_name(kind)]
