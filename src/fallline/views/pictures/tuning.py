"""The map of a tuning: the loss of each neighbourhood, those in which starts are lost, and the chosen one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fallline.experiment.axes import Axis
from fallline.views.numerals import number, percent
from fallline.views.pictures.map import draw_map
from fallline.views.pictures.map_axes import set_scale, shown_log
from fallline.views.pictures.picture import Picture
from fallline.views.pictures.sheet import Place, Size, sheet
from fallline.views.pictures.style import Theme
from fallline.views.words import axis_words

if TYPE_CHECKING:
    from fallline.models.tuning import Tuning

__all__ = ["draw_tuning"]


def draw_tuning(
    tuning: Tuning,
    *,
    cmap: Any = None,
    log: bool | None = None,
    limits: tuple[float, float] | None = None,
    title: str | None = None,
    ax: Any = None,
    size: Size = None,
    theme: str | Theme = "light",
) -> Picture:
    """Draw the grid of a tuning: a map of two settings, or a curve of one.

    Parameters
    ----------
    tuning
        The tuning.
    cmap, log, limits, ax, size, theme
        As for `draw_map`.
    title
        The heading; "" for none.
    """
    axes = [_axis(name, values) for name, values in tuning.grid.items()]
    bounds = tuning.bounds
    heading = title if title is not None else "Loss of each neighbourhood, on rows that its starts did not see"
    gone = ~np.isfinite(tuning.losses) | (tuning.lost > tuning.most_lost)
    lost_words = f"over {percent(tuning.most_lost)} of starts diverged or died"
    low, high = bounds[axes[0].name]
    chosen = f"the chosen neighbourhood: {', '.join(f'{axis_words(k)} {number(v, 3)}' for k, v in tuning.chosen.items())}, ±{percent(tuning.reach)}"
    if len(axes) == 2:
        bottom, top = bounds[axes[1].name]
        box = (np.array([low, high, high, low, low]), np.array([bottom, bottom, top, top, bottom]))
        return draw_map(
            tuning.losses.T, *axes, measure=tuning.measure, diverged=gone.T, curves={chosen: box}, cmap=cmap, log=log, limits=limits,
            lost_word=lost_words, lost_unit="neighbourhoods",
            title=heading, ax=ax, size=size, theme=theme,
        )  # fmt: skip
    with sheet(Place(ax, size, theme), 3.4, heading, title) as page:
        ax, theme = page.axes(), page.theme
        ax.set_xscale("log" if shown_log(axes[0]) else "linear")
        set_scale(ax.xaxis, axes[0], own=page.own)
        shown = np.where(gone, np.nan, tuning.losses)
        (line,) = ax.plot(axes[0].values, shown, marker="o", color=theme.series[0])
        band = ax.axvspan(low, high, color=theme.series[1], alpha=0.35, linewidth=0)
        handles, texts = [line, band], ["loss of a neighbourhood", chosen]
        if gone.any():
            cross = ax.scatter(
                axes[0].values[gone], np.full(int(gone.sum()), 0.03), marker="x", color=theme.diverged[1],
                transform=ax.get_xaxis_transform(), clip_on=False,
            )  # fmt: skip
            handles.append(cross)
            texts.append(lost_words)
        if log:
            ax.set_yscale("log")
        if limits is not None:
            ax.set_ylim(*limits)
        ax.set_ylabel(tuning.measure)
        page.legend(handles, texts)
    return page.picture(f"{heading}. {tuning}")


def _axis(name: str, values: tuple[float, ...]) -> Axis:
    """Return the axis of a setting's values."""
    return Axis(name, values[0], values[-1], len(values), listed=values)
