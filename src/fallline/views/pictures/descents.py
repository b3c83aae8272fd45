"""Descents side by side: a small picture of contours and path for each run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fallline.errors import UsageError
from fallline.problems import Objective
from fallline.runs.run import Run
from fallline.views.pictures.landscape import (
    What,
    contours_alt,
    contours_legend,
    contours_on,
    contours_title,
    fate,
    levels_bar,
    of_two,
    path_on,
    tallness,
)
from fallline.views.pictures.paths import Window, fitting_window
from fallline.views.pictures.picture import Picture
from fallline.views.pictures.sheet import SMALLEST, Place, Size, axes_width, on_axes, sheet
from fallline.views.pictures.style import WIDTH, Theme, look, points, wrapped
from fallline.views.pictures.surface import Surface
from fallline.views.words import run_labels

__all__ = ["draw_descents"]


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
    target = of_two(objective)
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
        "\n".join(wrapped(text, 72 * panel - 22, font) for text in (*name.split(", "), fate(run, window)))
        for name, run in zip(labels, runs, strict=True)
    ]
    # All panels of a row are equally high, so the longest heading of the row decides.
    lines = [max(head.count("\n") + 1 for head in heads[k : k + columns]) for k in range(0, len(heads), columns)]
    height = 0.95 + rows * (panel * tallness(window) + 0.25) + 0.15 * sum(lines)
    with sheet(Place(None, size, theme), height, contours_title(target, runs), title, across) as page:
        axes = page.figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for k, (ax, run) in enumerate(zip(axes.flat, runs, strict=False)):
            filled = contours_on(ax, target, surface, page.theme, cmap)
            path_on(ax, run, window, page.theme, 0)
            ax.set_title(heads[k], fontsize=font, color=page.theme.ink)
            ax.label_outer()
            if k + columns >= len(runs):  # nothing below it
                ax.tick_params(labelbottom=True)
                ax.set_xlabel(target.labels[0])
        for ax in axes.flat[len(runs) :]:
            ax.set_visible(False)
        levels_bar(page, filled, surface, axes, target, "bottom")
        contours_legend(page, target, [], [], True)
    return page.picture(contours_alt(target, surface, runs, labels), filled)


def _on_each(
    ax: Any, objective: Objective, surface: Surface, runs: Sequence[Run], labels: Sequence[str], cmap: Any, theme: Theme
) -> Picture:
    """Draw each run on axes of its own."""
    axes = list(np.ravel(np.asarray(ax, dtype=object)))
    if len(axes) < len(runs):
        raise UsageError(f"ax must have axes for each of the {len(runs)} runs; got {len(axes)}.")
    for place, run, label in zip(axes, runs, labels, strict=False):
        with on_axes(place, theme) as theirs:
            filled = contours_on(place, objective, surface, theirs, cmap)
            path_on(place, run, surface.window, theirs, 0)
            place.set_title(wrapped(label, 0.95 * axes_width(place), points(9)), fontsize=points(9), parse_math=False)
    figure = axes[0].get_figure()
    return Picture(
        figure,
        contours_title(objective, runs),
        contours_alt(objective, surface, runs, labels),
        theirs,
        axes[0],
        filled,
        own=False,
    )
