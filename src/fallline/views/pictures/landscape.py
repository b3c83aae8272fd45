"""Contours of an objective of two parameters, and the paths of descents over them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import ShapeError, UsageError
from fallline.problems import LandscapeObjective, Objective
from fallline.problems import objective as as_objective
from fallline.runs.run import Run
from fallline.textbook.landscapes import Landscape
from fallline.views.numerals import number
from fallline.views.pictures.paths import Window, clipped, fitting_window
from fallline.views.pictures.picture import Picture
from fallline.views.pictures.sheet import SMALLEST, Place, Sheet, Size, axes_width, on_axes, sheet
from fallline.views.pictures.style import MARKERS, WIDTH, Theme, colours_of, look, points, rimmed, wrapped
from fallline.views.pictures.surface import Surface
from fallline.views.words import ending, loss_words, objective_words, run_labels, runs_sentence, shared

__all__ = ["draw_contours", "draw_descents"]

Floats = NDArray[np.float64]
What = str | Landscape | Callable[..., Any] | Objective


def draw_contours(
    objective: What,
    runs: Sequence[Run] = (),
    *,
    window: Window | None = None,
    names: Sequence[str] | None = None,
    cmap: Any = None,
    limits: tuple[float, float] | None = None,
    log: bool | None = None,
    title: str | None = None,
    ax: Any = None,
    size: Size = None,
    theme: str | Theme = "light",
) -> Picture:
    """Draw contours with the paths of runs. Marks show where each path starts, ends and leaves the window.

    Parameters
    ----------
    objective
        A landscape, its name, a function of two coordinates, or a network of two parameters on data.
    runs
        Descents of it.
    window
        ((x low, x high), (y low, y high)); by default, the landscape's own, widened to starts and ends.
    names
        Names of the runs; by default, the settings in which they differ.
    cmap
        A colour map of matplotlib, or its name.
    limits
        The contours are levels between these two values.
    log
        Whether the levels are logarithmic; by default, as the landscape says.
    title
        The heading; "" for none.
    ax
        Axes of a figure of your own to draw on.
    size
        Width, or (width, height), of the picture in inches.

    Examples
    --------
    >>> draw_contours("himmelblau").alt[:64]
    'Contours of Himmelblau for x from −5 to 5 and y from −5 to 5, on'
    """
    target = _of_two(objective)
    runs, labels = list(runs), run_labels(runs, names) if runs else []
    window = fitting_window(target, runs) if window is None else window
    surface = Surface.of(target, window, log=log, limits=limits)
    height = 0.6 + min(4.4, 3.6 * _tallness(window))
    with sheet(Place(ax, size, theme), height, _title(target, runs), title) as page:
        ax = page.axes()
        filled = _contours(ax, target, surface, page.theme, cmap)
        _colour_bar(page, filled, surface, ax, target)
        handles = [_path(ax, run, window, page.theme, k, labels[k]) for k, run in enumerate(runs)]
        texts = [f"{name}: {_fate(run, window)}" for name, run in zip(labels, runs, strict=True)]
        if len(runs) == 1 and names is None:
            texts = [f"path and end: {_fate(runs[0], window)}"]
        if page.own:
            _legend(page, target, handles, texts, bool(runs))
    return page.picture(_alt(target, surface, runs, labels), filled)


def draw_descents(
    objective: What,
    runs: Sequence[Run],
    *,
    window: Window | None = None,
    names: Sequence[str] | None = None,
    cmap: Any = None,
    limits: tuple[float, float] | None = None,
    log: bool | None = None,
    title: str | None = None,
    columns: int = 2,
    ax: Any = None,
    size: Size = None,
    theme: str | Theme = "light",
) -> Picture:
    """Draw a small picture of contours and path for each run, all with the same window.

    Parameters
    ----------
    objective, runs, window, names, cmap, limits, log, title, size
        As for `draw_contours`.
    columns
        Number of pictures side by side.
    ax
        Axes of a figure of your own, one for each run, as `plt.subplots(2, 3)` gives them.
    """
    target = _of_two(objective)
    if not runs:
        raise UsageError("draw_descents needs at least one run; got none. For contours alone use draw_contours.")
    labels = run_labels(runs, names)
    window = fitting_window(target, runs) if window is None else window
    surface = Surface.of(target, window, 161, log=log, limits=limits)
    if ax is not None:
        return _on_each(ax, target, surface, runs, labels, cmap, look(theme))
    columns = max(1, min(columns, len(runs)))
    rows = math.ceil(len(runs) / columns)
    across = WIDTH if size is None else float(np.ravel(size)[0])
    panel = (across - 0.6) / columns
    font = 8.5 if size is None else 8.5 * max(SMALLEST, min(1.0, across / WIDTH))
    heads = [
        "\n".join(wrapped(text, 72 * panel - 22, font) for text in (*name.split(", "), _fate(run, window)))
        for name, run in zip(labels, runs, strict=True)
    ]
    # All panels of a row are equally high, so the longest heading of the row decides.
    lines = [max(head.count("\n") + 1 for head in heads[k : k + columns]) for k in range(0, len(heads), columns)]
    height = 0.95 + rows * (panel * _tallness(window) + 0.25) + 0.15 * sum(lines)
    with sheet(Place(None, size, theme), height, _title(target, runs), title, across) as page:
        axes = page.figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for k, (ax, run) in enumerate(zip(axes.flat, runs, strict=False)):
            filled = _contours(ax, target, surface, page.theme, cmap)
            _path(ax, run, window, page.theme, 0)
            ax.set_title(heads[k], fontsize=font, color=page.theme.ink)
            ax.label_outer()
            if k + columns >= len(runs):  # nothing below it
                ax.tick_params(labelbottom=True)
                ax.set_xlabel(target.labels[0])
        for ax in axes.flat[len(runs) :]:
            ax.set_visible(False)
        _colour_bar(page, filled, surface, axes, target, "bottom")
        _legend(page, target, [], [], True)
    return page.picture(_alt(target, surface, runs, labels), filled)


def _on_each(
    ax: Any, objective: Objective, surface: Surface, runs: Sequence[Run], labels: Sequence[str], cmap: Any, theme: Theme
) -> Picture:
    """Draw each run on axes of its own."""
    axes = list(np.ravel(np.asarray(ax, dtype=object)))
    if len(axes) < len(runs):
        raise UsageError(f"ax must have axes for each of the {len(runs)} runs; got {len(axes)}.")
    for place, run, label in zip(axes, runs, labels, strict=False):
        with on_axes(place, theme) as theirs:
            filled = _contours(place, objective, surface, theirs, cmap)
            _path(place, run, surface.window, theirs, 0)
            place.set_title(wrapped(label, 0.95 * axes_width(place), points(9)), fontsize=points(9), parse_math=False)
    figure = axes[0].get_figure()
    return Picture(
        figure, _title(objective, runs), _alt(objective, surface, runs, labels), theirs, axes[0], filled, own=False
    )


def run_over_contours(page: Sheet, ax: Any, run: Run) -> None:
    """Draw contours and one path on these axes, with a legend under the figure."""
    window = fitting_window(run.objective, [run])
    contours_on(page, ax, run.objective, window)
    handle = _path(ax, run, window, page.theme, 0)
    _legend(page, run.objective, [handle], [f"path and end: {_fate(run, window)}"], True)


def contours_on(page: Sheet, ax: Any, objective: Objective, window: Window) -> None:
    """Draw contours on these axes, with their colour bar."""
    surface = Surface.of(objective, window)
    _colour_bar(page, _contours(ax, objective, surface, page.theme), surface, ax, objective)


def _contours(ax: Any, objective: Objective, surface: Surface, theme: Theme, cmap: Any = None) -> Any:
    from matplotlib.colors import BoundaryNorm

    height, levels = surface.loss - surface.base, surface.levels
    colours = colours_of(cmap, theme.heights)
    filled = ax.contourf(
        surface.x, surface.y, height, levels=levels, cmap=colours, norm=BoundaryNorm(levels, colours.N, extend="both"),
        extend="both",
    )  # fmt: skip
    ax.contour(surface.x, surface.y, height, levels=levels, colors=[theme.muted], linewidths=0.5, alpha=0.45)
    minima = objective.landscape.minima if isinstance(objective, LandscapeObjective) else ()
    for x, y in minima:
        ax.plot([x], [y], "*", markersize=11, color=theme.ink, markeredgecolor=theme.background, zorder=6)
    (x0, x1), (y0, y1) = surface.window
    ax.set(xlim=(x0, x1), ylim=(y0, y1), xlabel=objective.labels[0], ylabel=objective.labels[1])
    if 0.4 <= (x1 - x0) / (y1 - y0) <= 2.5:
        ax.set_aspect("equal")
    ax.spines[["top", "right"]].set_visible(True)
    return filled


def _tallness(window: Window) -> float:
    ratio = (window[1][1] - window[1][0]) / (window[0][1] - window[0][0])
    return ratio if 0.4 <= ratio <= 1.6 else 1.0


def _colour_bar(
    page: Sheet, filled: Any, surface: Surface, ax: Any, objective: Objective, location: str = "right"
) -> None:
    if len(surface.levels) < 2:
        return
    bar = page.figure.colorbar(filled, ax=ax, location=location, aspect=32, pad=0.02, fraction=0.06, extendfrac=0.03)
    ticks = surface.levels
    if surface.log:
        ticks = np.array([v for v in ticks if abs(math.log10(v) - round(math.log10(v))) < 1e-9])
    ticks = ticks[:: max(1, math.ceil(len(ticks) / 8))]
    bar.set_ticks(list(ticks), labels=[number(float(v)) for v in ticks])
    bar.ax.minorticks_off()
    if page.own:
        bar.outline.set_visible(False)
        bar.ax.tick_params(length=2)
    text = loss_words(objective) if page.own else loss_words(objective).partition(":")[0]
    if surface.base:
        text += f", above {number(surface.base)}"
    bar.set_label(text)


def _path(ax: Any, run: Run, window: Window, theme: Theme, place: int, label: str = "") -> Any:
    """Draw a run's path; return its handle for the legend."""
    from matplotlib.lines import Line2D

    colour, shape = theme.series[place % len(theme.series)], MARKERS[place % len(MARKERS)]
    pieces, exits, inside = clipped(run.path, window)
    for k, piece in enumerate(pieces):
        ax.plot(
            *piece.T,
            color=colour,
            label=label if k == 0 else "",
            linewidth=1.3,
            path_effects=rimmed(theme, 1.3),
            zorder=5,
        )
    if len(inside) <= 400:
        ax.plot(*inside.T, ".", color=colour, markersize=4, zorder=5)
    for at, direction in exits:
        ax.annotate(
            "", at, at - 0.05 * direction, zorder=7, annotation_clip=False,
            arrowprops={"arrowstyle": "-|>,head_width=0.32,head_length=0.6", "color": colour, "linewidth": 1.5,
                        "shrinkA": 0, "shrinkB": 0, "clip_on": False},
        )  # fmt: skip
    mark = {"markeredgecolor": theme.background, "zorder": 6, "clip_on": False, "linestyle": "none"}
    finite = run.path[np.isfinite(run.path).all(axis=-1)]
    if _within(finite[0], window):
        ax.plot(*finite[:1].T, marker="o", markersize=8, color=theme.background, **mark | {"markeredgecolor": colour, "markeredgewidth": 1.8})  # fmt: skip
    diverged = run.outcome.failed
    if not diverged and _within(finite[-1], window):
        ax.plot(*finite[-1:].T, marker=shape, markersize=8, color=colour, **mark)
    return Line2D([], [], color=colour, linewidth=1.5, marker="X" if diverged else shape, markersize=7,
                  markeredgecolor=theme.background)  # fmt: skip


def _within(point: Floats, window: Window) -> bool:
    return all(low <= p <= high for p, (low, high) in zip(point, window, strict=True))


def _fate(run: Run, window: Window) -> str:
    """How the run ended, and at which step it left the window."""
    with np.errstate(invalid="ignore"):
        outside = [t for t, point in enumerate(run.path) if np.isfinite(point).all() and not _within(point, window)]
    if not outside:
        return ending(run)
    left = "starts outside the window" if outside[0] == 0 else f"leaves the window at step {outside[0]}"
    return f"{ending(run)}, {left}"


def _legend(page: Sheet, objective: Objective, handles: list[Any], texts: list[str], start: bool) -> None:
    from matplotlib.lines import Line2D

    theme = page.theme
    marks, words = [], []
    if start:
        marks.append(Line2D([], [], marker="o", linestyle="none", markersize=8, color=theme.background,
                            markeredgecolor=theme.series[0] if len(handles) < 2 else theme.ink, markeredgewidth=1.8))  # fmt: skip
        words.append("start")
    if start and not handles:
        marks.append(Line2D([], [], marker=MARKERS[0], linestyle="none", markersize=8, color=theme.series[0]))
        words.append("end")
    if isinstance(objective, LandscapeObjective) and objective.landscape.minima:
        marks.append(Line2D([], [], marker="*", linestyle="none", markersize=11, color=theme.ink,
                            markeredgecolor=theme.background))  # fmt: skip
        words.append("lowest point" if len(objective.landscape.minima) == 1 else "lowest points")
    if handles:
        page.legend(handles + marks, texts + words)
    else:
        page.legend(marks, words, max(1, len(marks)))


def _title(objective: Objective, runs: Sequence[Run]) -> str:
    if not runs:
        return f"Contours of {objective_words(objective)}"
    common = shared(runs)
    return f"Descent of {objective_words(objective)}" + (f": {common}" if common else "")


def _alt(objective: Objective, surface: Surface, runs: Sequence[Run], names: Sequence[str]) -> str:
    (x0, x1), (y0, y1) = surface.window
    a, b = objective.labels
    scale = "logarithmic" if surface.log else "even"
    text = (
        f"Contours of {objective_words(objective)} for {a} from {number(x0)} to {number(x1)} and {b} from {number(y0)} "
        f"to {number(y1)}, on {scale} levels; the loss there lies between {number(float(np.nanmin(surface.loss)))} and "
        f"{number(float(np.nanmax(surface.loss)))}."
    )
    minima = objective.landscape.minima if isinstance(objective, LandscapeObjective) else ()
    if minima:
        points = ", ".join(f"({number(x)}, {number(y)})" for x, y in minima)
        text += f" Lowest at {points}."
    if runs:
        left = sum(_fate(run, surface.window) != ending(run) for run in runs)
        text += f" Paths: {runs_sentence(runs, names)}."
        text += f" {left} of {len(runs)} paths leave the window." if left else ""
    return text


def _of_two(what: What) -> Objective:
    objective = as_objective(what)
    if objective.dimension != 2:
        raise ShapeError(
            f"contours need an objective of 2 parameters; {objective.name} has {objective.dimension}. "
            "Draw its loss with draw_curves."
        )
    return objective
