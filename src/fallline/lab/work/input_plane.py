"""The plane of inputs over which a network is drawn: two of its inputs, or the first two principal components."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.data.dataset import Dataset
from fallline.errors import UsageError
from fallline.views.numerals import percent

__all__ = ["InputPlane", "all_samples", "input_plane"]

Floats = NDArray[np.float64]

MARGIN = 0.08
"""Room around the data, as a share of their width."""


@dataclass(frozen=True, eq=False)
class InputPlane:
    """The inputs `centre` + u `across` + v `up`, for (u, v) in a window around the data.

    Attributes
    ----------
    centre, across, up
        Points of the space of inputs, (n_in,).
    coordinates
        (u, v) of each sample, (batch, 2).
    names
        What u and v are called.
    note
        What holds for the other inputs, as a sentence; "" if there are none.

    Examples
    --------
    >>> data = Dataset([[0.0, 1.0, 5.0], [2.0, 4.0, 7.0]], ["rose", "tulip"])
    >>> plane = input_plane(data, (2, 0))
    >>> plane.coordinates.tolist(), plane.names, plane.note
    ([[5.0, 0.0], [7.0, 2.0]], ('x3', 'x1'), 'The other input is at its mean.')
    >>> plane.points(2).round(2).tolist()
    [[0.42, 2.5, 5.42], [0.42, 2.5, 6.58], [1.58, 2.5, 5.42], [1.58, 2.5, 6.58]]
    >>> input_plane(data).note
    'The first two principal components: 100 % of the variance. The rest is at its mean.'
    """

    centre: Floats
    across: Floats
    up: Floats
    coordinates: Floats
    names: tuple[str, str]
    note: str

    @property
    def window(self) -> list[float]:
        """[u0, u1, v0, v1] around the data."""
        ends = []
        for values in self.coordinates.T:
            low, high = float(values.min()), float(values.max())
            room = MARGIN * (high - low) if high > low else 1.0
            ends += [low - room, high + room]
        return ends

    def points(self, side: int) -> Floats:
        """The inputs at the middles of side x side cells of the window, (side side, n_in), row 0 at the bottom."""
        u0, u1, v0, v1 = self.window
        centres = (np.arange(side) + 0.5) / side
        u, v = np.meshgrid(u0 + (u1 - u0) * centres, v0 + (v1 - v0) * centres)
        return self.at(u.ravel(), v.ravel())

    def at(self, u: Floats, v: Floats) -> Floats:
        """The inputs at coordinates of the plane, (points, n_in)."""
        return self.centre + u[..., None] * self.across + v[..., None] * self.up


def input_plane(data: Dataset, inputs: tuple[int, int] | None = None) -> InputPlane:
    """The plane of two inputs, by their numbers from 0; without them, of the first two principal components.

    Two inputs alone are a plane by themselves.

    Raises
    ------
    UsageError
        If there is one input only, or no input has such a number.
    """
    count = data.X.shape[1]
    if count < 2:
        raise UsageError("a plane of inputs needs two of them; these data have one.")
    if inputs is None and count > 2:
        return _principal(data)
    pair = (0, 1) if inputs is None else inputs
    if pair[0] == pair[1] or not all(0 <= k < count for k in pair):
        raise UsageError(f"plane must be two different inputs, numbers from 0 to {count - 1}; got {list(pair)}.")
    centre, (across, up) = data.X.mean(axis=0), np.eye(count)[list(pair)]
    centre[list(pair)] = 0.0
    names = data.columns or tuple(f"x{k + 1}" for k in range(count))
    note = {2: "", 3: "The other input is at its mean."}.get(count, "The other inputs are at their means.")
    return InputPlane(centre, across, up, data.X[:, list(pair)], (names[pair[0]], names[pair[1]]), note)


def all_samples(data: Dataset) -> Dataset:
    """The samples for the training, then those for the test."""
    if data.test is None:
        return data
    X, T = (np.concatenate([getattr(data, name), getattr(data.test, name)]) for name in ("X", "T"))
    return replace(data, X=X, T=T, test=None)


def _principal(data: Dataset) -> InputPlane:
    """The plane through the mean along which the data vary most."""
    size = float(np.abs(data.X).max()) or 1.0  # so that no square overflows
    centre = (data.X / size).mean(axis=0)
    _, lengths, directions = np.linalg.svd(data.X / size - centre, full_matrices=True)
    plane = directions[:2]
    # The largest entry of each direction is positive: a direction and its opposite are equally good.
    largest = plane[np.arange(2), np.abs(plane).argmax(axis=1)]
    plane = plane * np.where(largest < 0, -1.0, 1.0)[:, None]
    variance: Any = lengths**2
    share = variance[:2].sum() / variance.sum() if variance.sum() else 1.0
    note = f"The first two principal components: {percent(share)} of the variance. The rest is at its mean."
    coordinates = (data.X / size - centre) @ plane.T * size
    return InputPlane(centre * size, plane[0], plane[1], coordinates, ("component 1", "component 2"), note)
