"""A map drawn: what became of every run over two settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.colors import ListedColormap, LogNorm, Normalize, to_rgb
from matplotlib.legend_handler import HandlerLine2D
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from numpy.typing import ArrayLike, NDArray

from fallline.errors import ShapeError, UnknownNameError
from fallline.experiment.axes import Axis
from fallline.measures.outcome import OUTCOMES
from fallline.views.numerals import number, percent
from fallline.views.pictures.map_axes import axis_name, extent, log_ticks, position, set_scale
from fallline.views.pictures.picture import Picture
from fallline.views.pictures.style import Theme, canvas, drawing, legend_below, look, oklab_ramp

__all__ = ["Mark", "draw_map"]

Floats = NDArray[np.float64]
Kind = Literal["values", "outcomes", "ranks"]

FINEST = 1200
"""Cells along an axis beyond which neighbours are averaged in the picture: more than a printed page can show."""


@dataclass(frozen=True)
class Mark:
    """A run to be pointed out on a map: where it lies on the two axes, and what it is called."""

    x: float
    y: float
    label: str


def draw_map(
    values: ArrayLike,
    x_axis: Axis,
    y_axis: Axis,
    *,
    measure: str = "final loss",
    kind: Kind = "values",
    diverged: ArrayLike | None = None,
    log: bool | None = None,
    limits: tuple[float, float] | None = None,
    marks: Sequence[Mark] = (),
    contours: Sequence[float] = (),
    curves: Mapping[str, tuple[ArrayLike, ArrayLike]] | None = None,
    lost_word: str = "diverged",
    title: str | None = None,
    theme: str | Theme = "light",
) -> Picture:
    """A map of a measure over two axes, the origin at the lower left. Diverged cells have a colour of their own.

    Parameters
    ----------
    values
        (y, x), one for each cell; a value that is not finite counts as diverged.
    x_axis, y_axis
        The settings, with their values and whether they are logarithmic.
    measure
        What the values are, with its unit: "final loss", "steps to loss 40", "share of diverged starts".
    kind
        "values"; "outcomes", places in `OUTCOMES`; or "ranks", negative where converged and positive where diverged,
        each side coloured by rank, as the convergence measure of Sohl-Dickstein 2024 wants it.
    diverged
        (y, x), which cells diverged; where the value is not finite unless given.
    log
        Whether colours are logarithmic; where values are positive and span a factor of 20 unless given.
    limits
        Lowest and highest value of the colours; the values' own unless given.
    marks
        Runs to be pointed out, numbered in the picture and named below.
    contours
        Values at which a line of equal value is drawn.
    curves
        By label, points (x, y) of a line laid over the map, such as the bound 2(1 + momentum)/L.
    lost_word
        What the legend calls cells without a value: "diverged", "never reached".
    """
    array, theme = np.asarray(values, dtype=np.float64), look(theme)
    shape = (len(y_axis.values), len(x_axis.values))
    if array.shape != shape:
        raise ShapeError(f"values must have shape {shape}, rows of y by columns of x; got {array.shape}.")
    if kind not in ("values", "outcomes", "ranks"):
        raise UnknownNameError("kind", kind, ("values", "outcomes", "ranks"))
    lost = ~np.isfinite(array) if diverged is None else np.asarray(diverged, dtype=bool) | ~np.isfinite(array)
    if lost.shape != shape:
        raise ShapeError(f"diverged must have the shape of values, {shape}; got {lost.shape}.")
    title = title or f"{measure[:1].upper()}{measure[1:]} over {axis_name(x_axis)} and {axis_name(y_axis)}"
    with drawing(theme):
        figure = canvas(theme, 4.3, title)
        ax = figure.add_subplot()
        handles, texts = _cells(figure, ax, array, lost, x_axis, y_axis, measure, kind, log, limits, lost_word, theme)
        set_scale(ax.xaxis, x_axis)
        set_scale(ax.yaxis, y_axis)
        ax.spines[["top", "right"]].set_visible(True)
        _lines(ax, array, lost, x_axis, y_axis, contours, theme)
        for k, (label, (x, y)) in enumerate((curves or {}).items()):
            handles.append(_curve(ax, x, y, x_axis, y_axis, k, theme))
            texts.append(label)
        for k, mark in enumerate(marks, start=1):
            handles.append(_mark(ax, mark, k, x_axis, y_axis, theme))
            texts.append(mark.label)
        numbered = {handle: _Numbered() for handle in handles[len(handles) - len(marks) :]}
        legend_below(figure, handles, texts, handler_map=numbered)
    return Picture(figure, title, _alt(array, lost, x_axis, y_axis, measure, kind, marks), theme)


def _cells(
    figure: Any, ax: Any, array: Floats, lost: NDArray[np.bool_], x_axis: Axis, y_axis: Axis, measure: str, kind: Kind,
    log: bool | None, limits: tuple[float, float] | None, lost_word: str, theme: Theme,
) -> tuple[list[Any], list[str]]:  # fmt: skip
    if kind == "outcomes":
        places = np.where(lost, OUTCOMES.index("diverged"), np.nan_to_num(array)).astype(int)
        image = np.array([to_rgb(c) for c in theme.outcomes])[np.clip(places, 0, len(OUTCOMES) - 1)]
        present = [k for k in range(len(OUTCOMES)) if (places == k).any()]
        handles = [Patch(facecolor=theme.outcomes[k], edgecolor=theme.muted, linewidth=0.5) for k in present]
        texts = [f"{OUTCOMES[k]}: {percent(float((places == k).mean()))} of runs" for k in present]
    elif kind == "ranks":
        image, handles, texts = _ranked(array, lost, theme)
    else:
        image, handles, texts = _coloured(figure, ax, array, lost, measure, log, limits, lost_word, theme)
    corners = (*extent(x_axis), *extent(y_axis))
    ax.imshow(_fitted(image), origin="lower", extent=corners, aspect="auto", interpolation="none", zorder=0)
    return handles, texts


def _coloured(
    figure: Any, ax: Any, array: Floats, lost: NDArray[np.bool_], measure: str, log: bool | None,
    limits: tuple[float, float] | None, lost_word: str, theme: Theme,
) -> tuple[Floats, list[Any], list[str]]:  # fmt: skip
    kept = array[~lost]
    low, high = limits or ((float(kept.min()), float(kept.max())) if len(kept) else (0.0, 1.0))
    if log is None:
        log = bool(len(kept)) and low > 0 and high > 20 * low
    if high <= low:
        high = low + (abs(low) or 1.0)
    scale = LogNorm(low, high, clip=True) if log else Normalize(low, high, clip=True)
    colours = ListedColormap(oklab_ramp(theme.values, 256))
    image = colours(np.ma.filled(scale(np.where(lost, low, array)), 0.0))[..., :3]
    gone = theme.diverged[1] if lost_word == "diverged" else theme.faint
    image[lost] = to_rgb(gone)
    if len(kept):
        from matplotlib.cm import ScalarMappable

        beyond = {(True, True): "both", (True, False): "min", (False, True): "max", (False, False): "neither"}
        extend = beyond[bool(kept.min() < low), bool(kept.max() > high)]  # a pointed end says that values go on
        bar = figure.colorbar(
            ScalarMappable(scale, colours), ax=ax, aspect=32, pad=0.02, fraction=0.06, extend=extend, extendfrac=0.03
        )
        bar.set_label(measure)
        bar.outline.set_visible(False)
        bar.ax.tick_params(length=2)
        ticks = log_ticks(low, high) if log else [t for t in bar.get_ticks() if low <= t <= high]
        bar.set_ticks(ticks, labels=[number(t) for t in ticks])
        bar.ax.minorticks_off()
    if not lost.any():
        return image, [], []
    patch = Patch(facecolor=gone, edgecolor=theme.muted, linewidth=0.5)
    return image, [patch], [f"{lost_word}: {percent(float(lost.mean()))} of runs"]


def _ranked(array: Floats, lost: NDArray[np.bool_], theme: Theme) -> tuple[Floats, list[Any], list[str]]:
    image = np.empty((*array.shape, 3))
    away = lost | (array > 0)
    handles, texts = [], []
    for mine, ramp, word in ((~away, theme.values, "converged"), (away, theme.diverged, "diverged")):
        if not mine.any():
            continue
        unique, place = np.unique(np.nan_to_num(array[mine], posinf=np.inf), return_inverse=True)
        image[mine] = oklab_ramp(ramp, 256)[(255 * place / max(1, len(unique) - 1)).astype(int)]
        handles.append(Patch(facecolor=oklab_ramp(ramp, 3)[1], edgecolor=theme.muted, linewidth=0.5))
        texts.append(
            f"{word}: {percent(float(mine.mean()))} of runs; lighter the {'faster' if word == 'converged' else 'later'}"
        )
    return image, handles, texts


def _fitted(image: Floats) -> Floats:
    """Cells as pixels: large maps averaged, small ones repeated, since browsers would blur them."""
    for k in (0, 1):
        count = image.shape[k]
        if count > FINEST:
            factor = -(-count // FINEST)
            edges = np.arange(0, count, factor)
            sizes = np.diff(np.append(edges, count))
            image = np.add.reduceat(image, edges, axis=k) / np.expand_dims(sizes, tuple({0, 1, 2} - {k}))
        elif count < FINEST // 2:
            image = np.repeat(image, FINEST // 2 // count, axis=k)
    return np.clip(image, 0, 1)


def _lines(
    ax: Any, array: Floats, lost: NDArray[np.bool_], x_axis: Axis, y_axis: Axis, levels: Sequence[float], theme: Theme
) -> None:
    if not levels or min(array.shape) < 2:
        return
    x, y = position(x_axis.values, x_axis), position(y_axis.values, y_axis)
    drawn = ax.contour(x, y, np.ma.masked_array(array, lost), levels=sorted(levels), colors=["#ffffff"], linewidths=1.1)
    ax.clabel(drawn, fmt=lambda v: number(v), fontsize=8.5, colors=["#ffffff"])


def _curve(ax: Any, x: ArrayLike, y: ArrayLike, x_axis: Axis, y_axis: Axis, k: int, theme: Theme) -> Any:
    from matplotlib.patheffects import Normal, Stroke

    px, py = position(x, x_axis), position(y, y_axis)
    styles: list[Any] = ["-", (0, (4, 2)), (0, (1, 1.6))]
    limits = ax.get_xlim(), ax.get_ylim()
    (line,) = ax.plot(px, py, color="#ffffff", linewidth=1.6, linestyle=styles[k % len(styles)], zorder=3,
                      path_effects=[Stroke(linewidth=3.4, foreground="#14181f"), Normal()])  # fmt: skip
    ax.set(xlim=limits[0], ylim=limits[1])
    return line


def _mark(ax: Any, mark: Mark, k: int, x_axis: Axis, y_axis: Axis, theme: Theme) -> Any:
    x, y = float(position(mark.x, x_axis)), float(position(mark.y, y_axis))
    style: dict[str, Any] = {"marker": "o", "markersize": 12, "color": theme.background, "markeredgecolor": theme.ink,
             "linestyle": "none", "markeredgewidth": 1.2}  # fmt: skip
    ax.plot([x], [y], zorder=5, clip_on=False, **style)
    ax.annotate(str(k), (x, y), ha="center", va="center_baseline", fontsize=8.5, fontweight="bold", color=theme.ink, zorder=6,
                annotation_clip=False)  # fmt: skip
    return Line2D([], [], label=str(k), **style)


class _Numbered(HandlerLine2D):
    """A mark in the legend, with its number inside."""

    def create_artists(self, legend: Any, handle: Any, *place: Any) -> list[Any]:
        artists = super().create_artists(legend, handle, *place)
        x, y, width, height, _, transform = place
        number = Text((width - x) / 2, (height - y) / 2, handle.get_label(), ha="center", va="center_baseline",
                      fontsize=8.5, fontweight="bold", color=handle.get_markeredgecolor(), transform=transform)  # fmt: skip
        return [*artists, number]


def _alt(
    array: Floats, lost: NDArray[np.bool_], x_axis: Axis, y_axis: Axis, measure: str, kind: Kind, marks: Sequence[Mark]
) -> str:
    def span(axis: Axis) -> str:
        scale = ", logarithmic" if axis.scale == "log" else ""
        return f"{axis_name(axis)} ({number(axis.low)} to {number(axis.high)}{scale})"

    text = (
        f"Map of {measure} over {span(x_axis)} to the right and {span(y_axis)} upwards: {array.shape[1]} by "
        f"{array.shape[0]} runs."
    )
    if kind == "outcomes":
        places = np.where(lost, OUTCOMES.index("diverged"), np.nan_to_num(array)).astype(int)
        shares = [(float((places == k).mean()), word) for k, word in enumerate(OUTCOMES) if (places == k).any()]
        text += " " + ", ".join(f"{word} {percent(share)}" for share, word in sorted(shares, reverse=True)) + "."
    else:
        away = lost | (array > 0) if kind == "ranks" else lost
        text += f" {percent(float(away.mean()))} of the runs diverged."
        if kind == "values" and not lost.all():
            row, column = np.unravel_index(int(np.argmin(np.where(lost, np.inf, array))), array.shape)
            text += (
                f" Lowest {measure} {number(float(array[row, column]))} at {axis_name(x_axis)} "
                f"{number(float(x_axis.values[column]))} and {axis_name(y_axis)} {number(float(y_axis.values[row]))}."
            )
        for word, end in (("bottom", 0), ("top", -1)):
            if away[end].any() and not away[end].all() and not away[end, 0]:
                first = float(x_axis.values[int(away[end].argmax())])
                text += f" In the {word} row runs diverge from {axis_name(x_axis)} {number(first)} on."
    if marks:
        text += " Marked: " + "; ".join(f"{k} {mark.label}" for k, mark in enumerate(marks, start=1)) + "."
    return text
