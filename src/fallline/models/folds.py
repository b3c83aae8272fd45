"""Which samples are kept from the training of which members: folds that are balanced over the classes, drawn by a key."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline import random
from fallline.shapes import Shaped

__all__ = ["folds_of", "row_folds", "row_order", "share_of"]


def folds_of(
    classes: Shaped[NDArray[np.int64], " batch"], folds: int, seed: int
) -> Shaped[NDArray[np.int64], " batch"]:
    """Return the fold of each sample. The samples of each class are dealt out in turn, in an order drawn at random.

    Parameters
    ----------
    classes
        Of the samples; all 0 where the targets are values.
    folds
        Their number.
    seed
        Key of the order.

    Examples
    --------
    >>> folds_of(np.array([0, 0, 0, 0, 1, 1]), 2, seed=0).tolist()
    [0, 1, 0, 1, 1, 0]
    """
    order = _drawn(classes, seed)
    fold = np.empty(len(classes), np.int64)
    fold[order] = np.arange(len(classes)) % folds
    return fold


def share_of(
    classes: Shaped[NDArray[np.int64], " batch"], share: float, seed: int
) -> Shaped[NDArray[np.bool_], " batch"]:
    """Return which samples are kept from the training: about that share of them, with all classes.

    >>> share_of(np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 1]), 0.2, seed=0).sum().item()
    2
    """
    order = _drawn(classes, seed)
    kept = np.zeros(len(classes), np.bool_)
    # every (1/share)-th sample in the order of the classes: as many of each class as its size allows
    places = np.floor((np.arange(round(share * len(classes))) + 0.5) / share).astype(np.int64)
    kept[order[np.minimum(places, len(classes) - 1)]] = True
    return kept


def row_folds(
    X: Shaped[NDArray[Any], "rows n_in"], T: Shaped[NDArray[Any], "rows n_out"], kind: str, folds: int, seed: int
) -> Shaped[NDArray[np.int64], " rows"]:
    """Return the fold of each row of a table, such that the order of its rows does not matter. Equal rows may lie apart.

    Parameters
    ----------
    X, T
        Inputs and targets.
    kind
        "classes" for folds that are balanced over the classes.
    folds, seed
        Their number, and the key of the draw.

    Examples
    --------
    >>> X, T = np.arange(4.0)[:, None], np.eye(2)[[0, 0, 1, 1]]
    >>> row_folds(X, T, "classes", 2, seed=0).tolist(), row_folds(X[::-1], T[::-1], "classes", 2, seed=0).tolist()
    ([0, 1, 1, 0], [0, 1, 1, 0])
    """
    order = row_order(X, T)
    classes = T.argmax(axis=-1) if kind == "classes" else np.zeros(len(T), np.int64)
    fold = np.empty(len(T), np.int64)
    fold[order] = folds_of(classes[order], folds, seed)
    return fold


def row_order(
    X: Shaped[NDArray[Any], "rows n_in"], T: Shaped[NDArray[Any], "rows n_out"]
) -> Shaped[NDArray[np.int64], " rows"]:
    """Return the order of the rows by their numbers, the first column first.

    >>> row_order(np.array([[2.0], [1.0]]), np.zeros((2, 1))).tolist()
    [1, 0]
    """
    return np.lexsort(np.column_stack([X, T]).T[::-1])


def _drawn(classes: Shaped[NDArray[np.int64], " batch"], seed: int) -> NDArray[Any]:
    """Return the samples class by class, in an order drawn at random within each."""
    drawn = random.uniform(seed, "folds", 1, np.arange(len(classes)))[:, 0]
    return np.lexsort((drawn, classes))
