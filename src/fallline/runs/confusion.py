"""Confusion matrices of a network: samples counted by their class and by the class that the network decides on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fallline.errors import UsageError
from fallline.problems import NetworkObjective, points_at_once
from fallline.runs.accuracy import on_data

__all__ = ["class_of", "confusion_on", "has_classes", "predicted_classes", "true_classes"]


def confusion_on(
    problem: NetworkObjective, points: NDArray[Any], X: Any = None, y: ArrayLike | None = None
) -> NDArray[np.int64]:
    """Count samples by class (rows) and predicted class (columns) at each of the points (..., P); zeros where one is not finite.

    The samples are those of the problem, or X with classes y.

    Raises
    ------
    UsageError
        The targets are not classes, or y comes without X.

    Examples
    --------
    >>> from fallline.textbook.network import Network
    >>> problem = NetworkObjective(Network.of("1-2", bias=False), ([[-1.0], [1.0], [2.0]], ["ash", "ash", "oak"]))
    >>> confusion_on(problem, np.array([[1.0, 2.0], [0.0, np.nan]])).tolist()
    [[[1, 1], [0, 1]], [[0, 0], [0, 0]]]
    """
    problem = on_data(problem, X, y, "a confusion matrix")
    _check_classes(problem)
    classes = max(2, problem.network.sizes[-1])
    truth = true_classes(problem)
    flat = points.reshape(-1, points.shape[-1])
    counts = np.zeros((len(flat), classes * classes), np.int64)
    many = points_at_once(problem)
    for first in range(0, len(flat), many):
        alive = first + np.flatnonzero(np.isfinite(flat[first : first + many]).all(axis=-1))
        if len(alive):
            cells = classes * truth + predicted_classes(problem, flat[alive])
            rows = np.arange(len(alive))[:, None] * classes * classes
            counts[alive] = np.bincount((rows + cells).ravel(), minlength=counts[alive].size).reshape(len(alive), -1)
    return counts.reshape(*points.shape[:-1], classes, classes)


def predicted_classes(problem: NetworkObjective, points: NDArray[Any]) -> NDArray[np.int64]:
    """The class that the network decides on for each sample: the largest logit; of one logit, class 1 where it is positive.

    Raises
    ------
    UsageError
        The targets are not classes.

    Examples
    --------
    >>> from fallline.textbook.network import Network
    >>> problem = NetworkObjective(Network.of("1-1", bias=False, loss="logistic"), ([[-1.0], [2.0]], ["ash", "oak"]))
    >>> predicted_classes(problem, np.array([[1.0], [-1.0]])).tolist()
    [[0, 1], [1, 0]]
    """
    _check_classes(problem)
    return class_of(problem.logits(points))


def class_of(Z: NDArray[Any]) -> NDArray[np.int64]:
    """The class of the largest logit (..., n_out); of one logit, class 1 where it is positive.

    >>> class_of(np.array([[-1.0], [2.0]])).tolist(), class_of(np.array([[0.0, 1.0, 2.0]])).tolist()
    ([0, 1], [2])
    """
    return np.asanyarray(Z.argmax(axis=-1) if Z.shape[-1] > 1 else (Z[..., 0] > 0).astype(np.int64))


def true_classes(problem: NetworkObjective) -> NDArray[np.int64]:
    """The class of each sample, as a number.

    Raises
    ------
    UsageError
        The targets are not classes.

    Examples
    --------
    >>> from fallline.textbook.network import Network
    >>> true_classes(NetworkObjective(Network.of("1-1", loss="logistic"), ([[-1.0], [2.0]], ["ash", "oak"]))).tolist()
    [0, 1]
    """
    _check_classes(problem)
    T = problem.data.T
    return np.asarray(T.argmax(axis=-1) if T.shape[-1] > 1 else (T[:, 0] > 0.5).astype(np.int64))


def has_classes(problem: NetworkObjective) -> bool:
    """Whether each sample has one class: targets are neither values nor several labels at once."""
    kind, outputs = problem.network.loss.targets, problem.network.sizes[-1]
    return kind == "classes" or (kind == "labels" and outputs == 1)


def _check_classes(problem: NetworkObjective) -> None:
    if not has_classes(problem):
        values = problem.network.loss.targets == "values"
        have = "values as targets" if values else f"{problem.network.sizes[-1]} labels for each sample"
        raise UsageError(f"a confusion matrix needs one class for each sample; {problem.name} has {have}.")
