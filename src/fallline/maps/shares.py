"""Shares of a map's runs, with their 95 % intervals (Wilson)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UsageError
from fallline.experiment.map_record import MapSpec
from fallline.runs.intervals import share

__all__ = ["intervals_of_shares", "share_over_seeds"]


def share_over_seeds(spec: MapSpec, hit: Callable[[], NDArray[np.generic]]) -> dict[str, NDArray[np.generic]]:
    """The share of runs that `hit` names, along the axis that is not the seed: its values, "share", "low" and "high".

    Parameters
    ----------
    hit
        Gives the share of each cell's starts, (rows, columns), or whether its one run is meant.

    Raises
    ------
    UsageError
        The map has no seed axis beside another one.
    """
    if "seed" not in spec.axes or spec.one_dimensional:
        raise UsageError(f"a share along an axis needs a seed axis beside it; this map has {' and '.join(spec.axes)}.")
    shares = np.asarray(hit(), dtype=np.float64)
    other, along = (spec.y, 1) if spec.x.name == "seed" else (spec.x, 0)
    runs = shares.shape[along] * spec.starts
    counts = np.rint(shares.sum(axis=along) * spec.starts).astype(int)
    columns = np.array([share(int(k), runs) for k in counts]).T
    return {other.name: other.values, "share": columns[0], "low": columns[1], "high": columns[2]}


def intervals_of_shares(
    shares: NDArray[np.generic], known: NDArray[np.bool_], starts: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The intervals of the shares of each cell's starts: low and high, NaN where a cell is not known."""
    counts, place = np.unique(np.rint(shares[known].astype(np.float64) * starts), return_inverse=True)
    intervals = np.array([share(int(k), starts)[1:] for k in counts]).reshape(-1, 2)
    low, high = np.full(known.shape, np.nan), np.full(known.shape, np.nan)
    low[known], high[known] = intervals[place.ravel()].T
    return low, high
