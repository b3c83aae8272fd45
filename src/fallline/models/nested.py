"""An estimate that no choice has seen: each part of the rows is kept from everything once, and judges the model of the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline import random
from fallline.models.fitting import Kind
from fallline.models.folds import row_folds
from fallline.models.scores import scores
from fallline.runs.intervals import Estimate, share
from fallline.shapes import Shaped

__all__ = ["HEADLINE", "Nested", "nested_estimate", "score_interval"]

Floats = NDArray[Any]

HEADLINE: dict[Kind, str] = {"classes": "accuracy", "labels": "accuracy", "values": "r2"}
"""The score that is stated with an interval, by the kind of targets."""

_DRAWS = 1000


@dataclass(frozen=True)
class Nested:
    """How good models made in this way are on rows that no part of them saw.

    Attributes
    ----------
    score
        "accuracy" or "r2".
    estimate
        Its value, and its interval of 95 %.
    scores
        All scores.
    folds, rows
        Outer folds, and the rows that judged.
    tuned
        Whether settings were tuned anew for each outer fold.
    """

    score: str
    estimate: Estimate
    scores: dict[str, float]
    folds: int
    rows: int
    tuned: bool


def nested_estimate(
    X: Shaped[Floats, "rows n_in"],
    T: Shaped[Floats, "rows n_out"],
    kind: Kind,
    folds: int,
    seed: int,
    made: Callable[[Shaped[NDArray[np.bool_], " rows"], Callable[[int, int], Any]], Floats],
    weights: Shaped[Floats, " rows"] | None = None,
    *,
    tuned: bool = False,
    progress: Callable[[int, int], Any] = lambda done, total: None,
) -> Nested:
    """Judge a way to make models by outer folds.

    Parameters
    ----------
    X, T, kind, weights
        Rows, as for `fit_samples`; X puts them in an order of their own, and does nothing else.
    folds, seed
        Number of outer folds, balanced over the classes, and the key of their draw.
    made
        A function of the rows to learn from and of what is told the progress. It makes a model of those rows alone, and returns
        its answers for all other rows.
    tuned
        Whether `made` tunes its settings.
    progress
        Called with the finished and all parts.

    Examples
    --------
    >>> X = np.arange(40.0)[:, None]
    >>> mean = lambda learned, show: np.full((int((~learned).sum()), 1), X[learned].mean())
    >>> nested_estimate(X, X, "values", 4, 0, mean).scores["r2"] < 0
    True
    """
    fold = row_folds(X, T, kind, folds, seed)
    answers = np.full(T.shape, np.nan)
    for k in range(folds):

        def told(done: int, total: int, first: int = k) -> None:
            progress(round(1000 * (first + done / total)), 1000 * folds)

        answers[fold == k] = made(fold != k, told)
    return Nested(
        HEADLINE[kind],
        score_interval(answers, T, kind, weights, seed),
        scores(answers, T, kind, weights),
        folds,
        len(T),
        tuned,
    )


def score_interval(
    answers: Shaped[Floats, "rows n_out"],
    T: Shaped[Floats, "rows n_out"],
    kind: Kind,
    weights: Shaped[Floats, " rows"] | None = None,
    seed: int = 0,
) -> Estimate:
    """Return the accuracy or R² of answers, with the interval of 95 % that the number of rows allows.

    Accuracy of classes has Wilson's interval; with unequal weights, of as many rows as count. Of labels and values, rows are drawn
    anew, with replacement, 1,000 times.

    Examples
    --------
    >>> T = np.eye(2)[[0] * 50 + [1] * 50]
    >>> print(score_interval(T, T, "classes"))
    1 [0.963, 1]
    """
    known = np.isfinite(answers).all(axis=-1)
    answers, T = answers[known], T[known]
    w = np.ones(len(T)) if weights is None else weights[known]
    name = HEADLINE[kind]
    if not len(T) or not w.sum():
        return Estimate(float("nan"), float("nan"), float("nan"))
    value = scores(answers, T, kind, w)[name]
    if not np.isfinite(value):  # R² of targets that are all the same
        return Estimate(value, float("nan"), float("nan"))
    if kind == "classes":
        counted = w.sum() ** 2 / (w**2).sum()
        whole = share(round(value * counted), round(counted))
        return Estimate(value, min(value, whole.low), max(value, whole.high))
    drawn = np.floor(len(T) * random.uniform(seed, "rows anew", len(T), np.arange(_DRAWS))).astype(np.int64)
    again = np.array([scores(answers[rows], T[rows], kind, w[rows])[name] for rows in drawn])
    low, high = np.nanquantile(again, [0.025, 0.975])
    return Estimate(value, float(low), float(high))
