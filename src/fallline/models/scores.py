"""How good answers are: accuracy and log loss of classes and labels, root mean squared error and R² of values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.models.kinds import SCORES, Kind
from fallline.shapes import Shaped

__all__ = ["SCORES", "sample_losses", "scores"]

Floats = NDArray[Any]


def scores(
    answers: Shaped[Floats, "rows n_out"],
    T: Shaped[Floats, "rows n_out"],
    kind: Kind,
    weights: Shaped[Floats, " rows"] | None = None,
) -> dict[str, float]:
    """Return the scores of answers; rows without an answer (NaN) do not count.

    Accuracy is the share of right classes; of labels, the share of right labels. R² is 1 minus the squared error divided by
    that of the mean.

    Examples
    --------
    >>> scores(np.array([[0.5], [2.0]]), np.array([[1.0], [2.0]]), "values")
    {'rmse': 0.3535533905932738, 'r2': 0.5}
    """
    known = np.isfinite(answers).all(axis=-1)
    w = np.ones(len(T)) if weights is None else weights
    answers, T, w = np.asarray(answers[known], np.float64), T[known], w[known]
    if not len(T) or not w.sum():
        return dict.fromkeys(SCORES[kind], float("nan"))

    def mean(values: Floats) -> float:
        return float(np.average(values, weights=w))

    lost = mean(sample_losses(answers, T, kind))
    if kind == "values":
        centre = np.average(T, axis=0, weights=w)
        whole = mean(sample_losses(centre, T, kind))
        return {"rmse": float(np.sqrt(lost / T.shape[1])), "r2": 1 - lost / whole if whole else float("nan")}
    if kind == "labels":
        return {"accuracy": mean(((answers > 0.5) == (T > 0.5)).mean(axis=-1)), "log_loss": lost}
    return {"accuracy": mean(answers.argmax(axis=-1) == T.argmax(axis=-1)), "log_loss": lost}


def sample_losses(
    answers: Shaped[Floats, "... rows n_out"], T: Shaped[Floats, "rows n_out"], kind: Kind
) -> Shaped[Floats, "... rows"]:
    """Return the loss of each answer: minus the logarithm of the probability of what is true, or the squared error.

    >>> sample_losses(np.array([[0.5, 0.5], [0.0, 1.0]]), np.eye(2), "classes").round(4).tolist()
    [0.6931, -0.0]
    """
    if kind == "values":
        return np.asarray(((answers - T) ** 2).sum(axis=-1))
    true = (answers * T).sum(axis=-1, keepdims=True) if kind == "classes" else np.where(T > 0.5, answers, 1 - answers)
    return np.asarray(-np.log(np.maximum(true, np.finfo(np.float64).tiny)).sum(axis=-1))
