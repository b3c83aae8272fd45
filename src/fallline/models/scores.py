"""How good answers are: accuracy and log loss of classes and labels, root mean squared error and R² of values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.models.fitting import Kind
from fallline.shapes import Shaped

__all__ = ["SCORES", "scores"]

Floats = NDArray[Any]

SCORES: dict[Kind, tuple[str, str]] = {
    "classes": ("accuracy", "log_loss"), "labels": ("accuracy", "log_loss"), "values": ("rmse", "r2"),
}  # fmt: skip
"""The scores of each kind of targets."""


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

    if kind == "values":
        squares = mean(((answers - T) ** 2).sum(axis=-1))
        centre = np.average(T, axis=0, weights=w)
        whole = mean(((T - centre) ** 2).sum(axis=-1))
        return {"rmse": float(np.sqrt(squares / T.shape[1])), "r2": 1 - squares / whole if whole else float("nan")}
    tiny = np.finfo(np.float64).tiny
    if kind == "labels":
        right = ((answers > 0.5) == (T > 0.5)).mean(axis=-1)
        chosen = np.where(T > 0.5, answers, 1 - answers)
        return {"accuracy": mean(right), "log_loss": mean(-np.log(np.maximum(chosen, tiny)).sum(axis=-1))}
    right = answers.argmax(axis=-1) == T.argmax(axis=-1)
    chosen = (answers * T).sum(axis=-1)
    return {"accuracy": mean(right), "log_loss": mean(-np.log(np.maximum(chosen, tiny)))}
