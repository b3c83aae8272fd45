"""Accuracy of a network on data that it was not trained on, whose classes are those of its own data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fallline.data.dataset import Dataset, one_hot
from fallline.errors import DataError, ShapeError, UsageError
from fallline.problems import NetworkObjective, points_at_once

__all__ = ["accuracy_on", "data_like", "on_data"]

Floats = NDArray[Any]


def accuracy_on(problem: NetworkObjective, points: Floats, X: Any = None, y: ArrayLike | None = None) -> Floats:
    """Return the share of samples whose class is right at each of the points (..., P); NaN where a point is not finite.

    The samples are those of the problem, or X with classes y.
    """
    problem = on_data(problem, X, y, "accuracy")
    flat = points.reshape(-1, points.shape[-1])
    many = points_at_once(problem)
    right = np.concatenate([problem.accuracy(flat[k : k + many]) for k in range(0, len(flat), many)])
    right = np.where(np.isfinite(flat).all(axis=-1), right, np.nan)
    return np.asarray(right.reshape(points.shape[:-1]))


def on_data(problem: NetworkObjective, X: Any, y: ArrayLike | None, what: str) -> NetworkObjective:
    """Return the network's problem on samples X with classes y, or the problem itself if there are neither.

    Raises
    ------
    UsageError
        y comes without X, of which `what` is to be computed.
    """
    if X is not None:
        return NetworkObjective(problem.network, data_like(problem, X, y, what))
    if y is not None:
        raise UsageError(f"{what} needs X together with y, or neither.")
    return problem


def data_like(problem: NetworkObjective, X: Any, y: ArrayLike | None = None, what: str = "accuracy") -> Dataset:
    """Return X and y as a data set of the problem's classes: a class keeps its number, even where y lacks others.

    `what` is to be computed of them, for the sentences of errors.

    Raises
    ------
    DataError
        y has a class that the problem's data do not have.

    Examples
    --------
    >>> from fallline.textbook.network import Network
    >>> problem = NetworkObjective(Network.of("1-3"), ([[0.0], [1.0], [2.0]], ["ash", "elm", "oak"]))
    >>> data_like(problem, [[5.0]], ["oak"]).T.tolist()
    [[0.0, 0.0, 1.0]]
    """
    own = problem.data
    if y is None and isinstance(X, tuple) and len(X) == 2:
        X, y = X
    if isinstance(X, Dataset):
        if y is not None:
            raise UsageError(f"{what} takes a data set alone, or X and y; it got a data set and y.")
        other = X
    elif y is None:
        raise UsageError(f"{what} needs X and y, or a data set, or nothing for the run's own data.")
    else:
        other = Dataset.of(X, y)
    if not own.classes or (other.T.shape == (len(other), own.T.shape[1]) and not other.classes):
        return other
    names = other.classes or tuple(f"{v:g}" for v in np.unique(other.T))
    numbers = other.labels if other.classes else np.searchsorted(np.unique(other.T), other.T[:, 0])
    if not other.classes and other.T.shape[1] != 1:
        raise ShapeError(f"y must have one class for each sample; got shape {other.T.shape}.")
    unknown = [name for name in names if name not in own.classes]
    if unknown:
        raise DataError(f"y has the class {unknown[0]!r}; the classes of {own.name} are {', '.join(own.classes)}.")
    labels = np.array([own.classes.index(name) for name in names])[numbers]
    targets = one_hot(labels, len(own.classes))
    if own.T.shape[1] == 1:
        targets = targets[:, 1:]
    return replace(other, T=targets, classes=own.classes)
