"""The picture of a map: the measure decides how it is drawn, the outcomes which cells count as diverged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import UnknownNameError, UsageError
from fallline.experiment.architectures import architecture_text
from fallline.maps.best import failed_cells
from fallline.maps.map import Map
from fallline.maps.theory import has_bands
from fallline.maps.thinning import strides_to, thinned_axes
from fallline.maps.tiles import STRIDES
from fallline.measures.measure import RequestedMeasure
from fallline.problems import NetworkObjective
from fallline.problems.curvature import stability_bound
from fallline.sentences import capital
from fallline.views.numerals import capitalized
from fallline.views.pictures.map import Mark, draw_map
from fallline.views.pictures.map_axes import borders
from fallline.views.pictures.map_line import draw_map_line
from fallline.views.words import minima_words, objective_words

__all__ = ["bound_curves", "colour_limits", "head_words", "map_picture", "placed_marks"]

FINEST = 2400
"""Largest number of cells along an axis that a picture is made of."""


def map_picture(
    m: Map,
    measure: str | None = None,
    *,
    marks: Sequence[tuple[Any, Any, str]] = (),
    theory: bool = False,
    contours: Sequence[float] = (),
    title: str | None = None,
    theme: str = "light",
    **options: Any,
) -> Any:
    """Draw a map. A cell that is not yet known has the value of its nearest coarser neighbour, or stays empty.

    Parameters
    ----------
    measure
        The measure to draw; by default, the first.
    marks
        Runs to mark: (x, y, label), where x and y are values of the axes: numbers, or names of choices.
    theory
        Whether the stability bound of `theory_curve` is drawn over the map. Choices have a line each, in their band.
    contours
        Values at which lines of equal value are drawn.
    title, theme, **options
        As for `draw_map`: `ax`, `cmap`, `limits`, `log`, `size`, `colorbar`.

    Examples
    --------
    >>> from fallline.maps.mapping import map
    >>> m = map("quadratic", x="learning_rate=1e-3..0.3:log", y="start.x=-1..1", size=8, steps=20)
    >>> picture = map_picture(m, cmap="magma", size=(3.3, 2.5), title="")
    >>> picture.axes.get_xscale(), picture.image.get_array().shape
    ('log', (8, 8))
    """
    placed = placed_marks(m, marks)
    for number in contours:
        if not np.isfinite(number):
            raise UsageError(f"contours must be finite numbers; got {number}.")
    name = measure or m.measures[0]
    if not m.known.any():
        raise UsageError("a map without a single cell has no picture: compute it first.")
    if name not in m.measures:
        raise UnknownNameError("measure of this map", name, m.measures)
    wanted = next(w for w in m.spec.measures if w.name == name)
    drawn, word = wanted.measure, wanted.label
    if title is None and options.get("ax") is None:
        title = f"{capital(word)}: {head_words(m)}"
    if m.spec.one_dimensional:
        if marks or theory:
            raise UsageError("marks and theory are drawn on a map of two axes; this map has one.")
        return draw_map_line(m, wanted, contours=contours, title=title or "", theme=theme, **options)
    m = _thinned(m)
    values = drawn.shown(filled(m, m.plane(name)).astype(np.float64), m.spec.steps)
    lost, known = _diverged(m, wanted, values), filled(m, m.known)
    told = {
        "log": drawn.log,
        "lost_word": drawn.lost_word,
        "names": minima_words(m.spec.objective),
        "better": drawn.better,
    }
    options = told | options
    if drawn.kind == "values":
        bound = bound_of(m, name)
        usual = colour_limits(np.where(known, values, np.nan), lost)
        options.setdefault("limits", usual if bound is None else (0.0, 1.5 * bound))
    curves = bound_curves(m) if theory else None
    return draw_map(
        values, m.x, m.y, measure=word, kind=drawn.kind, diverged=lost, known=known, marks=placed,
        contours=contours, curves=curves, title=title, theme=theme, **options,
    )  # fmt: skip


def bound_of(m: Map, measure: str) -> float | None:
    """The bound of stability, for `sharpness_times_rate` where all cells have the same one. Colours reach to 1.5 times it.

    A contour there would show noise alone: runs at the edge of stability stay near the bound, on both sides.
    """
    method = m.spec.method
    if measure != "sharpness_times_rate" or {"optimizer", "momentum", "beta1"} & set(m.spec.axes):
        return None
    settings = {name: float(method.settings.get(name, 0.0)) for name in ("momentum", "beta1")}
    return stability_bound(method.optimizer.name, **settings)


def placed_marks(m: Map, marks: Sequence[tuple[Any, Any, str]]) -> list[Mark]:
    """The marks at their places on the axes; none on a map of one dimension."""
    placed = [Mark(m.x.position(k[0]), m.y.position(k[1]), k[2], *k[3:]) for k in marks] if m.y.exists else []
    for mark in placed:
        if not np.isfinite([mark.x, mark.y]).all():
            raise UsageError(f"marks must be finite numbers; got {mark.x}, {mark.y}.")
    return placed


def head_words(m: Map) -> str:
    """The objective, optimizer and steps, without what is an axis: "Rosenbrock, momentum, 180 steps"."""
    spec, axes = m.spec, m.spec.axes
    network = isinstance(spec.objective, NetworkObjective)
    words = [capitalized(architecture_text(spec.objective, axes)) if network else objective_words(spec.objective)]
    words += [] if "optimizer" in axes else [spec.method.optimizer.label]
    return ", ".join(words if "steps" in axes else [*words, f"{spec.steps} steps"])


def _thinned(m: Map) -> Map:
    """The map with every second, third ... cell, if it has more cells than `FINEST`: colours take much memory."""
    x, y = thinned_axes(m.x, m.y, FINEST)
    if x is m.x and y is m.y:
        return m
    across, up = strides_to(m.x, m.y, FINEST)
    by = up, across
    thin = Map(m.spec.over(x, y))
    planes = {name: m.plane(name)[:: by[0], :: by[1]] for name in m.measures}
    thin.fill(planes, m.known[:: by[0], :: by[1]])
    return thin


def filled(m: Map, values: NDArray[Any]) -> NDArray[Any]:
    """The values, with each unknown cell filled from the nearest coarser cell that is known."""
    if m.complete:
        return values
    rows, columns = np.indices(m.spec.shape)
    out, known = values.copy(), m.known.copy()
    for s in sorted(STRIDES):
        if s == 1:
            continue
        j, i = rows - rows % s, columns - columns % s
        take = ~known & m.known[j, i]
        out[take] = values[j[take], i[take]]
        known |= take
    return out


def _diverged(m: Map, wanted: RequestedMeasure, values: NDArray[np.float64]) -> NDArray[np.bool_] | None:
    """Cells of failed runs; None if the measure has values for them."""
    return failed_cells(wanted, {name: filled(m, m.plane(name)) for name in m.measures}, values)


def colour_limits(values: NDArray[np.float64], lost: NDArray[np.bool_] | None) -> tuple[float, float] | None:
    """Lowest and highest value of the colours; a few outliers are left out."""
    kept = values[np.isfinite(values) if lost is None else np.isfinite(values) & ~lost]
    if not kept.size:
        return None
    low, high = float(kept.min()), float(kept.max())
    least, most = (float(v) for v in np.quantile(kept, (0.02, 0.98)))
    if low >= 0:
        return low, most if high > 20 * most > 20 * low else high
    usual = OF_SIGNED * max(abs(least), abs(most))
    return least if low < -usual else low, most if high > usual and most > low else high


OF_SIGNED = 5
"""How many times the usual size the ends of values of both signs may be, before they count as outliers."""


def bound_curves(m: Map) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Lines of the stability bound, by their labels."""
    return {f"stability bound with L at the {k}": v for k, v in _bounds(m).items()}


def _bounds(m: Map) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    rates = m.theory()
    if not rates:
        optimizers = m.axes["optimizer"].tolist() if "optimizer" in m.axes else [m.spec.method.optimizer.name]
        known = ("gradient_descent", "momentum", "nesterov")
        raise UnknownNameError("the optimizer of a theory curve", ", ".join(optimizers), known)
    across = m.x.name == "learning_rate"
    other = m.y if across else m.x
    lines = {}
    for where, bounds in rates.items():
        place = other.positions
        apart = has_bands(other.name) or (other.name == "seed" and where == "start")
        if apart:  # a line across each band, and none from band to band
            edges = borders(other)
            place = np.column_stack([edges[:-1], edges[1:], np.full(other.count, np.nan)]).ravel()
            bounds = np.repeat(bounds, 3)
        lines[where] = (bounds, place) if across else (place, bounds)
    return lines
