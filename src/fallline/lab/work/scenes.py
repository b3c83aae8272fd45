"""Backgrounds of the views: the samples, the contours of a landscape, the curve of theory on the map."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import FalllineError
from fallline.lab.resolved_state import SIDE, ResolvedState
from fallline.lab.work.details import has_confusion
from fallline.lab.work.input_plane import all_samples, input_plane
from fallline.lab.work.pyramid import TilePlace
from fallline.lab.work.tile_training import compute_tile
from fallline.maps.map import Map
from fallline.maps.theory import theory_curve
from fallline.maps.tiles import Tile
from fallline.problems import LandscapeObjective

__all__ = ["landscape_scene", "samples", "theory_curves"]

Arrays = dict[str, NDArray[Any]]
GRID = 121


def samples(resolved: ResolvedState, inputs: tuple[int, int] | None = None) -> tuple[dict[str, Any], Arrays]:
    """The samples of a network on the plane over which it is drawn: points (n, 2), classes (n,) or values;
    the last `test` of them are for the test.

    The plane is that of two inputs, or else of the first two principal components; a single input has none.
    """
    net = resolved.network
    if net is None:
        return {"names": [], "window": [-1, 1, -1, 1], "dimension": 0}, {"points": np.zeros((0, 2))}
    data, test = all_samples(net.data.raw), net.data.test
    values = not data.classes
    told = {"names": list(data.classes), "columns": list(data.columns), "dimension": data.X.shape[1], "values": values,
            "classified": has_confusion(net), "test": 0 if test is None else len(test)}  # fmt: skip
    points = np.zeros((0, 2))
    if data.X.shape[1] > 1:
        plane = input_plane(data, inputs)
        points, told = plane.coordinates, told | {"window": plane.window, "axes": list(plane.names), "note": plane.note}
    targets = {"targets": data.T[:, 0]} if values else {"classes": data.labels.astype(np.uint8)}
    return told, {"points": points} | targets


def landscape_scene(resolved: ResolvedState, window: list[float] | None) -> tuple[dict[str, Any], Arrays]:
    """Contours of a landscape of two coordinates over a window [x0, x1, y0, y1], and heights 0 to 1 for shading."""
    import contourpy

    from fallline.views.pictures.surface import Surface

    assert isinstance(resolved.objective, LandscapeObjective)
    (x0, x1), (y0, y1) = resolved.objective.landscape.window if window is None else (window[:2], window[2:])
    if window is None and resolved.spec.start is not None:
        x, y = (float(v) for v in resolved.spec.start)
        mx, my = 0.08 * (x1 - x0), 0.08 * (y1 - y0)
        if abs(x - (x0 + x1) / 2) < 2 * (x1 - x0) and abs(y - (y0 + y1) / 2) < 2 * (y1 - y0):  # else it is far off
            x0, x1, y0, y1 = min(x0, x - mx), max(x1, x + mx), min(y0, y - my), max(y1, y + my)
    surface = Surface.of(resolved.objective, ((x0, x1), (y0, y1)), GRID)
    height = surface.loss - surface.base if surface.log else surface.loss
    lines, pieces, at = [], [], 0
    generator = contourpy.contour_generator(surface.x, surface.y, height)
    for level in surface.levels:
        for line in generator.lines(float(level)):
            points = np.asarray(line, dtype=np.float32)
            lines.append({"level": float(level), "start": at, "count": len(points)})
            pieces.append(points)
            at += len(points)
    told = {
        "window": [float(v) for v in (x0, x1, y0, y1)], "levels": [float(v) for v in surface.levels], "lines": lines,
        "minima": [list(m) for m in resolved.objective.landscape.minima],
    }  # fmt: skip
    points = np.concatenate(pieces) if pieces else np.zeros((0, 2), np.float32)
    return told, {"points": points, "grid": _shading(height, surface.levels, surface.log)}


def _shading(height: NDArray[np.float64], levels: NDArray[np.float64], log: bool) -> NDArray[np.float32]:
    low, high = float(levels[0]), float(levels[-1])
    with np.errstate(all="ignore"):
        if log:
            shade = (np.log(np.maximum(height, low)) - np.log(low)) / (np.log(high) - np.log(low))
        else:
            shade = (height - low) / (high - low)
    return np.asarray(np.clip(np.nan_to_num(shade, nan=1.0), 0, 1), dtype=np.float32)


def theory_curves(resolved: ResolvedState) -> list[dict[str, Any]]:
    """Return the bound of stability over the map, for the curvature of the start and of the best end; [] if theory has no bound."""
    spec = resolved.spec
    if "learning_rate" not in spec.axes:
        return []
    m = Map(spec)
    if "final_loss" in spec.names and spec.starts == 1:
        values = compute_tile(resolved, TilePlace(0, 0, 0))
        m.set(Tile(1, 0, 0, 0, SIDE, SIDE), {name: values[name].ravel() for name in spec.names})
    try:
        curves = theory_curve(m)
    except FalllineError:
        return []
    other = spec.y if spec.x.name == "learning_rate" else spec.x
    across = spec.x.name == "learning_rate"
    found = []
    if other.name == "seed":
        curves.pop("start", None)  # the starts of neighbouring seeds have nothing in common that a line could show
    for name, rates in curves.items():
        pair = (rates.tolist(), other.values.tolist())
        x, y = pair if across else pair[::-1]
        found.append({"name": name, "x": x, "y": y})
    return found
