"""The colours of a map's cells, a rectangle at a time: those that the picture of its small copy has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.maps.best import failed_cells
from fallline.maps.map import Map
from fallline.measures.outcome import place
from fallline.views.pictures.map_picture import map_picture

__all__ = ["MapColours"]


class MapColours:
    """The colours of a measure of a map. The limits of the colours are those of a small copy of the map, as are the ranks.

    Attributes
    ----------
    picture
        The picture of the small copy, with the same colours and their legend.

    Examples
    --------
    >>> from fallline.maps.mapping import map
    >>> m = map("booth", x="learning_rate=1e-3..0.3:log", y="start.x=-1..1", size=8, steps=20)
    >>> MapColours(m).of({"final_loss": m.values[:2]}, m.known[:2]).shape
    (2, 8, 4)
    """

    def __init__(self, small: Map, measure: str | None = None, theme: str = "light") -> None:
        name = measure or small.measures[0]
        self.picture = map_picture(small, name, theme=theme)
        self._wanted = next(w for w in small.spec.measures if w.name == name)
        self._steps = small.spec.steps
        self._least, self._ranks = np.inf, (np.empty(0), np.empty(0))
        values = self._shown({name: small.plane(name)})[small.known]
        self._least = float(np.min(np.abs(values), initial=np.inf, where=~np.isnan(values)))
        if self._wanted.measure.kind == "ranks":
            values = values[~np.isnan(values)]
            self._ranks = np.unique(values[values <= 0]), np.unique(values[values > 0])

    def of(self, planes: Mapping[str, NDArray[Any]], known: NDArray[np.bool_]) -> NDArray[np.uint8]:
        """Red, green, blue and opacity of cells, (rows, columns, 4). Cells that are not known are transparent.

        Parameters
        ----------
        planes
            The values of each of the map's measures, (rows, columns).
        known
            Which cells are known, (rows, columns).
        """
        values = self._shown(planes)
        failed = failed_cells(self._wanted, planes, values, self._least)
        lost = ~np.isfinite(values) if failed is None else failed | ~np.isfinite(values)
        kind, image = self._wanted.measure.kind, self.picture.image
        if kind == "outcomes":
            numbers = np.ma.masked_array(np.where(lost, place("diverged"), np.nan_to_num(values)))
        elif kind == "ranks":
            numbers = np.ma.masked_array(self._ranked(values, lost))
        else:
            numbers = np.ma.masked_array(values, lost)
        colours: NDArray[np.uint8] = image.cmap(image.norm(numbers), bytes=True)
        colours[~known] = 0
        return colours

    def _shown(self, planes: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
        shown: NDArray[np.float64] = self._wanted.measure.shown(
            np.asarray(planes[self._wanted.name], np.float64), self._steps
        )
        return shown

    def _ranked(self, values: NDArray[np.float64], lost: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Colours 0 to 255 for the ranks of converged runs, 256 to 511 for those of diverged ones, the highest first, as in the picture."""
        away = lost | (values > 0)
        ranks = np.zeros(values.shape, dtype=np.int64)
        for mine, first, among in ((~away, 0, self._ranks[0]), (away, 256, self._ranks[1])):
            last = max(1, len(among) - 1)
            place_among = np.minimum(np.searchsorted(among, np.nan_to_num(values[mine], posinf=np.inf)), last)
            ranks[mine] = first + (255 * (1 - place_among / last)).astype(np.int64)
        return ranks
