"""The pictures of the examples, one pixel for each run: `python -m fallline.lab.thumbnails` draws them again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.image import imsave
from numpy.typing import NDArray

from fallline.lab.page_files import PAGE
from fallline.lab.presets import PRESETS
from fallline.lab.resolved_state import resolve_state
from fallline.lab.state import read_state
from fallline.lab.work.pyramid import TilePlace
from fallline.lab.work.tile_training import compute_tile
from fallline.measures.measure import MEASURES
from fallline.views.pictures.theme import THEMES, oklab_ramp

__all__ = ["draw_all", "picture_of"]


def picture_of(preset: dict[str, Any]) -> NDArray[np.float64]:
    """The map of an example, (64, 64, 4), highest row first; colours are ranks, so that a small picture shows all of it."""
    state = read_state(preset["state"])
    measure = MEASURES[state.map.measure]
    values = compute_tile(resolve_state(state, {}), TilePlace(0, 0, 0))[state.map.measure].astype(np.float64)
    theme = THEMES["light"]
    colours = np.empty((*values.shape, 4))
    away = (values > 0) | ~np.isfinite(values) if measure.kind == "ranks" else ~np.isfinite(values)
    sides = [(~away, theme.values)] + ([(away, theme.diverged)] if measure.kind == "ranks" else [])
    colours[:] = to_rgba(theme.faint)
    for cells, ramp in sides:
        if not cells.any():
            continue
        order = np.unique(np.where(np.isfinite(values[cells]), values[cells], np.inf), return_inverse=True)[1]
        shades = order / max(1, order.max())
        if measure.better == "high" or measure.kind == "ranks":
            shades = 1 - shades
        colours[cells] = LinearSegmentedColormap.from_list("ramp", oklab_ramp(ramp, 256))(shades)
    return colours[::-1]


def draw_all(folder: Path = PAGE) -> list[Path]:
    """Draw the picture of every example."""
    paths = []
    for preset in PRESETS:
        paths.append(folder / preset["picture"])
        imsave(paths[-1], picture_of(preset))
    return paths


if __name__ == "__main__":
    draw_all()
