"""Contours of an objective of two parameters, and the paths of descents over them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fallline.errors import ShapeError
from fallline.problems import LandscapeObjective, Objective
from fallline.problems import objective as as_objective
from fallline.runs.run import Run
from fallline.textbook.landscapes import Landscape
from fallline.views.numerals import number
from fallline.views.pictures.paths import Window, clipped, fitting_window
from fallline.views.pictures.picture import Picture
from fallline.views.pictures.sheet import Place, Sheet, Size, sheet
from fallline.views.pictures.style import MARKERS, Theme, colours_of, rimmed
from fallline.views.pictures.surface import Surface
from fallline.views.words import ending, loss_words, minima_words, objective_words, run_labels, runs_sentence, shared

__all__ = [
    "What", "contours_alt", "contours_legend", "contours_on", "contours_title", "draw_contours", "fate", "levels_bar",
    "of_two", "path_on", "run_over_contours", "tallness",
]  # fmt: skip

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
    target = of_two(objective)
    runs, labels = list(runs), run_labels(runs, names) if runs else []
    window = fitting_window(target, runs) if window is None else window
    surface = Surface.of(target, window, log=log, limits=limits)
    height = 0.6 + min(4.4, 3.6 * tallness(window))
    with sheet(Place(ax, size, theme), height, contours_title(target, runs), title) as page:
        ax = page.axes()
        filled = contours_on(ax, target, surface, page.theme, cmap)
        levels_bar(page, filled, surface, ax, target)
        handles = [path_on(ax, run, window, page.theme, k, labels[k]) for k, run in enumerate(runs)]
        texts = [f"{name}: {fate(run, window)}" for name, run in zip(labels, runs, strict=True)]
        if len(runs) == 1 and names is None:
            texts = [f"path and end: {fate(runs[0], window)}"]
        if page.own:
            contours_legend(page, target, handles, texts, bool(runs))
    return page.picture(contours_alt(target, surface, runs, labels), filled)


def run_over_contours(page: Sheet, ax: Any, run: Run) -> None:
    """Draw contours and one path on these axes, with a legend under the figure."""
    window = fitting_window(run.objective, [run])
    surface = Surface.of(run.objective, window)
    filled = contours_on(ax, run.objective, surface, page.theme)
    levels_bar(page, filled, surface, ax, run.objective)
    handle = path_on(ax, run, window, page.theme, 0)
    contours_legend(page, run.objective, [handle], [f"path and end: {fate(run, window)}"], True)


def contours_on(ax: Any, objective: Objective, surface: Surface, theme: Theme, cmap: Any = None) -> Any:
    """Fill the contours of a surface on these axes; return what matplotlib drew."""
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


def tallness(window: Window) -> float:
    """Return the ratio of height to width for a window of a landscape, 1 if its own would be extreme."""
    ratio = (window[1][1] - window[1][0]) / (window[0][1] - window[0][0])
    return ratio if 0.4 <= ratio <= 1.6 else 1.0


def levels_bar(
    page: Sheet, filled: Any, surface: Surface, ax: Any, objective: Objective, location: str = "right"
) -> None:
    """Draw the colour bar of contours beside these axes."""
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


def path_on(ax: Any, run: Run, window: Window, theme: Theme, place: int, label: str = "") -> Any:
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


def fate(run: Run, window: Window) -> str:
    """How the run ended, and at which step it left the window."""
    with np.errstate(invalid="ignore"):
        outside = [t for t, point in enumerate(run.path) if np.isfinite(point).all() and not _within(point, window)]
    if not outside:
        return ending(run)
    left = "starts outside the window" if outside[0] == 0 else f"leaves the window at step {outside[0]}"
    return f"{ending(run)}, {left}"


def contours_legend(page: Sheet, objective: Objective, handles: list[Any], texts: list[str], start: bool) -> None:
    """Draw the legend of paths, ends, and, with `start`, of their common start."""
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


def contours_title(objective: Objective, runs: Sequence[Run]) -> str:
    """Return the title of contours, with what all runs over them share."""
    if not runs:
        return f"Contours of {objective_words(objective)}"
    common = shared(runs)
    return f"Descent of {objective_words(objective)}" + (f": {common}" if common else "")


def contours_alt(objective: Objective, surface: Surface, runs: Sequence[Run], names: Sequence[str]) -> str:
    """Return a description of contours, and of the runs over them."""
    (x0, x1), (y0, y1) = surface.window
    a, b = objective.labels
    scale = "logarithmic" if surface.log else "even"
    text = (
        f"Contours of {objective_words(objective)} for {a} from {number(x0)} to {number(x1)} and {b} from {number(y0)} "
        f"to {number(y1)}, on {scale} levels; the loss there lies between {number(float(np.nanmin(surface.loss)))} and "
        f"{number(float(np.nanmax(surface.loss)))}."
    )
    minima = minima_words(objective)
    if minima:
        text += f" Lowest at {', '.join(minima)}."
    if runs:
        left = sum(fate(run, surface.window) != ending(run) for run in runs)
        text += f" Paths: {runs_sentence(runs, names)}."
        text += f" {left} of {len(runs)} paths leave the window." if left else ""
    return text


def of_two(what: What) -> Objective:
    """Return the objective. Raises ShapeError if it does not have two parameters."""
    objective = as_objective(what)
    if objective.dimension != 2:
        raise ShapeError(
            f"contours need an objective of 2 parameters; {objective.name} has {objective.dimension}. "
            "Draw its loss with draw_curves."
        )
    return objective
