"""A picture of a map: a measure or the outcome of every run, over two settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from matplotlib.colors import Colormap, ListedColormap, Normalize, to_rgb
from matplotlib.legend_handler import HandlerLine2D
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from numpy.typing import ArrayLike, NDArray

from fallline.errors import ShapeError, UnknownNameError
from fallline.experiment.axes import Axis
from fallline.measures.outcome import OUTCOMES, place
from fallline.sentences import capital
from fallline.views.numerals import percent
from fallline.views.pictures.cells import cells_on, colour_bar, colour_scale, cover_unknown, lines_on
from fallline.views.pictures.map_words import map_alt
from fallline.views.pictures.picture import Picture
from fallline.views.pictures.sheet import Place, Size, sheet
from fallline.views.pictures.style import Theme, colours_of, oklab_ramp, points
from fallline.views.words import axis_words

__all__ = ["Mark", "draw_map"]

Floats = NDArray[np.float64]
Kind = Literal["values", "outcomes", "minima", "ranks"]
Limits = tuple[float, float] | None


@dataclass(frozen=True)
class Mark:
    """A run that is marked on a map: its values on the two axes, its name, and its number; 0 for its place in the list."""

    x: float
    y: float
    label: str
    number: int = 0


def draw_map(
    values: ArrayLike,
    x_axis: Axis,
    y_axis: Axis,
    *,
    measure: str = "final loss",
    kind: Kind = "values",
    diverged: ArrayLike | None = None,
    known: ArrayLike | None = None,
    log: bool | None = None,
    limits: tuple[float, float] | None = None,
    marks: Sequence[Mark] = (),
    contours: Sequence[float] = (),
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]] | None = None,
    lost_word: str = "diverged",
    lost_unit: str = "runs",
    names: Sequence[str] = (),
    better: Literal["low", "high"] | None = None,
    cmap: str | Colormap | None = None,
    colorbar: bool = True,
    title: str | None = None,
    ax: Any = None,
    size: Size = None,
    theme: str | Theme = "light",
) -> Picture:
    """Draw a measure over two axes, with the origin at the lower left. Diverged cells have their own colour.

    The picture's axes have the values of the map's axes, and a logarithmic scale where those are logarithmic, so other
    drawings land where they should.

    Parameters
    ----------
    values
        (y, x), one value for each cell. A value that is not finite counts as diverged.
    x_axis, y_axis
        The settings, with their values and whether they are logarithmic.
    measure
        What the values are, with the unit: "final loss", "steps to loss 40", "share of diverged starts".
    kind
        "values"; or "outcomes", which are indices into `OUTCOMES`; or "minima", which are indices into `names`; or "ranks",
        which are negative for converged runs and positive for diverged ones, and are coloured by rank, as for the
        convergence measure of Sohl-Dickstein 2024.
    diverged
        (y, x), whether each cell diverged; by default, whether its value is not finite.
    known
        (y, x), whether each cell is computed; by default, all are. Others stay empty, and count in no share.
    log
        Whether colours are logarithmic. By default they are if all values are positive and span a factor of 20.
    limits
        Lowest and highest value of the colours; by default, of the values.
    marks
        Runs to mark: numbered in the picture, and named below it.
    contours
        Values at which a line of equal value is drawn.
    curves
        By label, points (x, y) of a line drawn over the map, such as the bound 2(1 + momentum)/L.
    lost_word, lost_unit
        The name of cells without a value in the legend, "diverged" or "never reached", and what cells are.
    names
        The names of minima in the legend.
    better
        Which values are dark: the high ones for "high", otherwise the low ones.
    cmap
        A colour map of matplotlib, or its name.
    colorbar
        Whether a colour bar is drawn.
    title
        The heading; "" for none.
    ax
        Axes of a figure of your own to draw on. `ax.legend()` then names diverged cells, curves and marks.
    size
        Width, or (width, height), of the picture in inches.
    """
    array = np.asarray(values, dtype=np.float64)
    shape = (y_axis.count, x_axis.count)
    if array.shape != shape:
        raise ShapeError(f"values must have shape {shape}, rows of y by columns of x; got {array.shape}.")
    if kind not in get_args(Kind):
        raise UnknownNameError("kind", kind, get_args(Kind))
    lost = ~np.isfinite(array) if diverged is None else np.asarray(diverged, dtype=bool) | ~np.isfinite(array)
    there = np.ones(shape, dtype=bool) if known is None else np.asarray(known, dtype=bool)
    for what, cells in (("diverged", lost), ("known", there)):
        if cells.shape != shape:
            raise ShapeError(f"{what} must have the shape of values, {shape}; got {cells.shape}.")
    lost &= there
    default = f"{capital(measure)} over {axis_words(x_axis.name)} and {axis_words(y_axis.name)}"
    with sheet(Place(ax, size, theme), 4.3, default, title) as page:
        ax = page.axes()
        shown = _shown(kind, array, lost, there, page.theme, cmap, limits, log, names, better)
        gone = page.theme.diverged[1] if lost_word == "diverged" else page.theme.faint
        lost_text = f"{lost_word}: {percent(float(lost[there].mean()))} of {lost_unit}"
        image = cells_on(page, ax, shown.values, x_axis, y_axis, shown.colours, shown.norm, (gone, lost_text))
        if colorbar and len(shown.values.compressed()) and (kind == "values" or not page.own):
            bar = colour_bar(page, ax, image, measure, shown.extend)
            if shown.names:
                bar.set_ticks(list(shown.names.values()), labels=list(shown.names))
                bar.ax.minorticks_off()
        if kind in ("values", "minima") and lost.any():
            shown.legend[lost_text] = _patch(to_rgb(gone), page.theme)
        if not there.all():
            cover_unknown(page, ax, there, x_axis, y_axis)
            shown.legend[f"not computed: {percent(float((~there).mean()))} of the map"] = _patch(
                to_rgb(page.theme.background), page.theme
            )
        lines_on(ax, array, lost | ~there, x_axis, y_axis, contours)
        drawn = [_curve(ax, x, y, k, label) for k, (label, (x, y)) in enumerate((curves or {}).items())]
        numbered = [_mark(ax, mark, mark.number or k, page.theme) for k, mark in enumerate(marks, start=1)]
        if page.own:  # a legend on the user's axes would hide cells: it is drawn where the user calls `ax.legend()`
            texts = [*shown.legend, *(curves or {}), *(mark.label for mark in marks)]
            handles = [*shown.legend.values(), *drawn, *numbered]
            page.legend(handles, texts, handler_map={handle: _Numbered() for handle in numbered})
    alt_word = lost_word if diverged is not None or lost.any() else ""
    alt = map_alt(array, lost, x_axis, y_axis, measure, kind, alt_word, names, there)
    if marks:
        alt += (
            " Marked: " + "; ".join(f"{mark.number or k} {mark.label}" for k, mark in enumerate(marks, start=1)) + "."
        )
    return page.picture(alt, image)


@dataclass(frozen=True)
class _Shown:
    """The numbers of the cells' image, and how they are coloured.

    `legend` has the handle of each text. `names` are the ticks of a colour bar whose numbers mean nothing.
    """

    values: Any
    colours: Colormap
    norm: Normalize
    legend: dict[str, Any]
    names: dict[str, float]
    extend: str = "neither"


def _shown(
    kind: Kind, array: Floats, lost: NDArray[np.bool_], there: NDArray[np.bool_], theme: Theme, cmap: str | Colormap | None,
    limits: Limits, log: bool | None, names: Sequence[str], better: Literal["low", "high"] | None,
) -> _Shown:  # fmt: skip
    if kind == "values":
        scale = colour_scale(array[there & ~lost], limits, log)
        ramp = theme.values[::-1] if better == "high" else theme.values
        return _Shown(
            np.ma.masked_array(array, lost | ~there), colours_of(cmap, ramp), scale.norm, {}, {}, scale.extend
        )
    if kind == "outcomes":
        return _outcomes(array, lost, there, theme, cmap)
    if kind == "minima":
        return _minima(array, lost, there, theme, cmap, names)
    return _ranked(array, lost, there, theme, cmap)


def _outcomes(
    array: Floats, lost: NDArray[np.bool_], there: NDArray[np.bool_], theme: Theme, cmap: str | Colormap | None
) -> _Shown:
    places = np.where(lost, place("diverged"), np.nan_to_num(array)).astype(int)
    count = len(OUTCOMES)
    colours = ListedColormap([theme.outcomes[kind] for kind in OUTCOMES], "fallline outcomes")
    if cmap is not None:
        colours = colours_of(cmap, ()).resampled(count)
    shares = {kind: share for k, kind in enumerate(OUTCOMES) if (share := float((places == k)[there].mean()))}
    legend = {
        f"{kind}: {percent(share)} of runs": _patch(colours(OUTCOMES.index(kind)), theme)
        for kind, share in shares.items()
    }
    names: dict[str, float] = {kind: float(k) for k, kind in enumerate(OUTCOMES)}
    return _Shown(np.ma.masked_array(places, ~there), colours, Normalize(-0.5, count - 0.5), legend, names)


def _minima(
    array: Floats,
    lost: NDArray[np.bool_],
    there: NDArray[np.bool_],
    theme: Theme,
    cmap: str | Colormap | None,
    names: Sequence[str],
) -> _Shown:
    """The colour of a run or class for each minimum that is reached."""
    count = max(1, len(names))
    colours = ListedColormap([theme.series[k % len(theme.series)] for k in range(count)], "fallline minima")
    if cmap is not None:
        colours = colours_of(cmap, ()).resampled(count)
    shares = [float(((array == k) & ~lost)[there].mean()) for k in range(len(names))]
    legend = {
        f"{name}: {percent(share)} of runs": _patch(colours(k), theme)
        for k, (name, share) in enumerate(zip(names, shares, strict=True))
        if share
    }
    ticks = {name: float(k) for k, name in enumerate(names)}
    return _Shown(np.ma.masked_array(array, lost | ~there), colours, Normalize(-0.5, count - 0.5), legend, ticks)


def _ranked(
    array: Floats, lost: NDArray[np.bool_], there: NDArray[np.bool_], theme: Theme, cmap: str | Colormap | None
) -> _Shown:
    """Colours 0 to 255 for the ranks of converged runs, 256 to 511 for those of diverged ones, the highest first: dark is better."""
    ranks = np.zeros(array.shape, dtype=int)
    away = lost | (array > 0)
    colours = ListedColormap(np.concatenate([oklab_ramp(theme.values, 256), oklab_ramp(theme.diverged, 256)]))
    if cmap is not None:
        colours = colours_of(cmap, ()).resampled(512)
    legend = {}
    for mine, first, word in ((there & ~away, 0, "converged"), (there & away, 256, "diverged")):
        if not mine.any():
            continue
        unique, index = np.unique(np.nan_to_num(array[mine], posinf=np.inf), return_inverse=True)
        ranks[mine] = first + (255 * (1 - index / max(1, len(unique) - 1))).astype(int)
        text = f"{word}: {percent(float(mine[there].mean()))} of runs; darker the {'faster' if word == 'converged' else 'later'}"
        legend[text] = _patch(colours(first + 128), theme)
    names = {"converged": 128.0, "diverged": 384.0}
    return _Shown(np.ma.masked_array(ranks, ~there), colours, Normalize(-0.5, 511.5), legend, names)


def _patch(colour: Any, theme: Theme) -> Patch:
    return Patch(facecolor=to_rgb(colour[:3]), edgecolor=theme.muted, linewidth=0.5)


def _curve(ax: Any, x: ArrayLike, y: ArrayLike, k: int, label: str) -> Any:
    from matplotlib.patheffects import Normal, Stroke

    styles: list[Any] = ["-", (0, (4, 2)), (0, (1, 1.6))]
    limits = ax.get_xlim(), ax.get_ylim()
    (line,) = ax.plot(np.asarray(x, dtype=float), np.asarray(y, dtype=float), color="#ffffff", linewidth=1.6, zorder=3,
                      linestyle=styles[k % len(styles)], label=label,
                      path_effects=[Stroke(linewidth=3.4, foreground="#14181f"), Normal()])  # fmt: skip
    ax.set(xlim=limits[0], ylim=limits[1])
    return line


def _mark(ax: Any, mark: Mark, k: int, theme: Theme) -> Any:
    style: dict[str, Any] = {"marker": "o", "markersize": points(12), "color": theme.background, "linestyle": "none",
             "markeredgecolor": theme.ink, "markeredgewidth": 1.2}  # fmt: skip
    ax.plot([mark.x], [mark.y], zorder=5, clip_on=False, label=f"{k} {mark.label}", **style)
    ax.annotate(str(k), (mark.x, mark.y), ha="center", va="center_baseline", fontsize=points(8.5), fontweight="bold",
                color=theme.ink, zorder=6, annotation_clip=False)  # fmt: skip
    return Line2D([], [], label=str(k), **style)


class _Numbered(HandlerLine2D):
    """Draws a mark in the legend, with its number inside."""

    def create_artists(self, legend: Any, handle: Any, *place: Any) -> list[Any]:
        artists = super().create_artists(legend, handle, *place)
        x, y, width, height, _, transform = place
        number = Text((width - x) / 2, (height - y) / 2, handle.get_label(), ha="center", va="center_baseline",
                      fontsize=points(8.5), fontweight="bold", color=handle.get_markeredgecolor(), transform=transform)  # fmt: skip
        return [*artists, number]
