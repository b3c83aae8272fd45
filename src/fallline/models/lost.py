"""Which starts of a fit were lost: those that diverged, and those that died."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.models.best_epoch import Members
from fallline.models.fitting import Kind
from fallline.shapes import Shaped

__all__ = ["LEAST_GAIN", "constant_loss", "last_losses", "lost_starts"]

Floats = NDArray[Any]

LEAST_GAIN = 0.1
"""A start is lost if its training loss ends less than this share of the way from a constant's loss to that of the median start."""


def lost_starts(
    last: Shaped[Floats, " runs"], constant: float, median: float | None = None
) -> Shaped[NDArray[np.bool_], " runs"]:
    """Return which starts diverged or died, by their training losses at their end.

    A start that diverged ends above the best constant answer, or with no finite loss. A network whose units died answers a
    constant, and gains nothing. A start that learned slowly, or too much, is not lost: the rows that judge it tell.

    Parameters
    ----------
    last
        The last training loss of each start.
    constant
        Training loss of the best constant answer.
    median
        The last training loss of the median start; that of these starts if None.

    Examples
    --------
    >>> lost_starts(np.array([0.2, 0.3, 0.25, 1.0, np.inf]), 1.0).tolist()
    [False, False, False, True, True]
    """
    reached = float(np.median(last)) if median is None else median
    if not reached < constant:
        return np.ones(len(last), np.bool_)
    return np.asarray(~(last <= constant - LEAST_GAIN * (constant - reached)))


def last_losses(members: Members) -> Shaped[Floats, " runs"]:
    """Return the training loss of each start at its end; infinite if it is not finite.

    >>> losses = np.array([[1.0, 0.2], [1.0, np.nan]])
    >>> ends = np.array([2, 1])
    >>> last_losses(Members(losses, ends, ends, ends < 0, np.array([1, 2]), losses, losses)).tolist()
    [0.2, 1.0]
    """
    place = np.searchsorted(members.epochs, members.last_epoch)
    last = members.curve[np.arange(len(place)), place]
    return np.asarray(np.where(np.isfinite(last) & ~members.diverged, last, np.inf))


def constant_loss(
    T: Shaped[Floats, "rows n_out"], kind: Kind, weights: Shaped[Floats, " rows"] | None = None, smoothing: float = 0.0
) -> float:
    """Return the loss of the best constant answer, as the training counts it.

    Parameters
    ----------
    T, kind, weights
        Targets, what they are, and weights of the rows.
    smoothing
        Label smoothing of the classes.

    Examples
    --------
    >>> round(constant_loss(np.eye(2), "classes"), 4), constant_loss(np.array([[1.0], [3.0]]), "values")
    (0.6931, 0.5)
    """
    if kind == "values":
        return 0.5 * float((T[0] != T).any(axis=0).sum())  # of values with standard deviation 1
    p = np.average(T, axis=0, weights=weights)
    if kind == "classes":
        p = (1 - smoothing) * p + smoothing / T.shape[1]
    parts = p * np.log(np.where(p > 0, p, 1.0))
    if kind == "labels":
        parts = parts + (1 - p) * np.log(np.where(p < 1, 1 - p, 1.0))
    return float(-parts.sum())
